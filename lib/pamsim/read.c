/* SPDX-License-Identifier: ISC */
/* What is written here follows pam.conf(5), and libpam where that is silent; tests/pam/libpam compares. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "pamsim/lines.h"
#include "pamsim/stack.h"

#define ANY_TYPE BG_PAM_TYPES

/* Memory of a stack: pieces in a chain, freed at once. */
struct piece {
    struct piece *next;
    max_align_t data[];
};

struct reader {
    const struct bg_pam_source *source;
    struct bg_pam_stack *out;
    const char *service; /* in lower case */
    size_t steps, files, bytes;
};

/* The file that is being read. */
struct open_file {
    const char *path;
    const char *known;    /* the service whose lines these are; NULL in pam.conf, where each says it */
    unsigned wanted;      /* the type that was asked for, or ANY_TYPE */
    unsigned deep, level; /* of includes and of substacks */
    struct bg_pam_lines lines;
};

/* A line on its way into a list. */
struct draft {
    struct bg_pam_step step;
    unsigned type;
    bool other, include, substack, at;
    char *rest;
};

/* PAM's own outcome of reading: it may go on, or this file counts as broken. */
enum outcome {
    FINE,
    BROKEN
};

static void *keep(struct reader *r, size_t n)
{
    struct piece *p = calloc(1, sizeof *p + n);

    if (p == NULL)
        return NULL;
    p->next = r->out->memory;
    r->out->memory = p;
    return p->data;
}

static const char *keep_text(struct reader *r, const char *s)
{
    char *copy = keep(r, strlen(s) + 1);

    return copy == NULL ? NULL : strcpy(copy, s);
}

static void note(struct reader *r, const struct open_file *f, const char *text)
{
    struct bg_pam_stack *s = r->out;
    size_t at = s->notes < BG_PAM_NOTES ? s->notes++ : BG_PAM_NOTES - 1; /* the last one is the newest */

    s->note[at] = (struct bg_pam_note){f == NULL ? NULL : f->path, f == NULL ? 0 : f->lines.number, text};
}

void bg_pam_stack_free(struct bg_pam_stack *s)
{
    struct piece *p = s->memory, *next;

    for (; p != NULL; p = next) {
        next = p->next;
        free(p);
    }
    for (int i = 0; i < BG_PAM_TYPES; i++) {
        free(s->conf[i].step);
        free(s->other[i].step);
    }
    memset(s, 0, sizeof *s);
}

/* ---- modules */

/* The name that libpam keeps for its audit trail; it refuses a file with one that has none. */
static bool nameable(const char *module)
{
    struct bg_pam_step s = {.module = module};
    char name[BG_PAM_PATH];

    bg_pam_module_name(&s, name, sizeof name);
    return name[0] != '\0' && strcmp(name, "?") != 0;
}

static const char *if_there(struct reader *r, const char *a, const char *b, const char *c)
{
    char path[BG_PAM_PATH * 4];
    int n = snprintf(path, sizeof path, "%s%s%s", a, b, c);

    if (n < 0 || (size_t)n >= sizeof path || !r->source->has(r->source->arg, path, false))
        return NULL;
    return keep_text(r, path);
}

/* The module's file: where libpam looks for it, in its order. */
static const char *find_module(struct reader *r, const char *module)
{
    const struct bg_pam_kind *k = &r->out->kind;
    const char *isa = strstr(module, "$ISA"), *found, *dir = k->modules;
    char before[BG_PAM_PATH];

    if (module[0] == '/')
        dir = "";
    found = if_there(r, dir, module, "");
    if (found == NULL && k->debian && module[0] != '/')
        found = if_there(r, k->isa, "/", module);
    if (found != NULL || isa == NULL || isa - module >= BG_PAM_PATH / 2)
        return found;
    if ((size_t)snprintf(before, sizeof before, "%s%.*s", k->debian ? "" : dir, (int)(isa - module),
                         module) >= sizeof before)
        return NULL;
    return if_there(r, before, k->isa, isa + strlen("$ISA"));
}

/* ---- lists */

static enum bg_err append(struct bg_pam_list *l, const struct bg_pam_step *step)
{
    if ((l->n & (l->n - 1)) == 0) { /* a power of two, or none: it is full */
        struct bg_pam_step *more = realloc(l->step, (l->n == 0 ? 1 : l->n * 2) * sizeof *more);
        if (more == NULL)
            return BG_E_NOMEM;
        l->step = more;
    }
    l->step[l->n++] = *step;
    return BG_OK;
}

static enum bg_err add(struct reader *r, struct open_file *f, const struct draft *d, enum outcome *o)
{
    struct bg_pam_stack *s = r->out;
    struct bg_pam_step step = d->step;

    if (d->type >= BG_PAM_TYPES) { /* an @include that names no file there is */
        note(r, f, "the file that is included cannot be read");
        *o = BROKEN;
        return BG_OK;
    }
    if (step.module != NULL && !nameable(step.module)) {
        note(r, f, "the module has no name");
        r->out->stuck = r->out->stuck || f->deep > 0; /* half a line is left behind */
        *o = BROKEN;
        return BG_OK;
    }
    if (++r->steps > BG_PAM_STEPS)
        return BG_E_RANGE;
    step.level = f->level;
    step.file = f->path;
    step.line = f->lines.number;
    if (step.fault != NULL)
        note(r, f, step.fault);
    if (step.module != NULL && (step.module = keep_text(r, step.module)) == NULL)
        return BG_E_NOMEM;
    if (step.kind == BG_PAM_CALL)
        step.path = find_module(r, step.module);
    return append(d->other ? &s->other[d->type] : &s->conf[d->type], &step);
}

static enum bg_err take_arguments(struct reader *r, char *rest, struct bg_pam_step *step)
{
    size_t most = rest == NULL ? 0 : strlen(rest) / 2 + 1;
    const char **argv = keep(r, (most + 1) * sizeof *argv);
    char *word;

    if (argv == NULL)
        return BG_E_NOMEM;
    step->argv = argv;
    while ((word = bg_pam_word(&rest)) != NULL)
        if ((argv[step->argc++] = keep_text(r, word)) == NULL)
            return BG_E_NOMEM;
    return BG_OK;
}

/* ---- files */

static enum bg_err read_file(struct reader *r, struct open_file *f, const char *path, enum outcome *o);

/* Open and read a file by an absolute path, or by a name in the first directory that has it. */
static enum bg_err read_named(struct reader *r, struct open_file *f, const char *name, bool *found,
                              enum outcome *o)
{
    char path[BG_PAM_PATH * 2];
    enum bg_err e = BG_E_NOENT;

    if (name[0] == '/')
        e = read_file(r, f, name, o);
    for (int i = 0; name[0] != '/' && e == BG_E_NOENT && i < BG_PAM_DIRS && r->out->kind.dir[i][0] != '\0';
         i++)
        if ((size_t)snprintf(path, sizeof path, "%s/%s", r->out->kind.dir[i], name) < sizeof path)
            e = read_file(r, f, path, o);
    *found = e != BG_E_NOENT;
    return e == BG_E_NOENT ? BG_OK : e;
}

/* The lines of another file in this one's place. *o: FINE when libpam takes it as read. */
static enum bg_err include(struct reader *r, struct open_file *f, const struct draft *d, const char *name,
                           enum outcome *o)
{
    const struct bg_pam_kind *k = &r->out->kind;
    struct open_file in = {.known = f->known == NULL ? r->service : f->known,
                           .wanted = d->type,
                           .deep = f->deep + 1,
                           .level = f->level + d->substack};
    char path[BG_PAM_PATH * 2];
    bool found;
    enum bg_err e;

    *o = BROKEN;
    if (d->other)
        in.known = "other";
    if (k->old ? in.level >= BG_PAM_LEVELS || in.deep >= BG_PAM_DEEP : in.deep >= BG_PAM_LEVELS)
        return BG_OK;
    if (k->debian && name[0] != '/') {
        if (!r->source->has(r->source->arg, k->dir[0], true) ||
            (size_t)snprintf(path, sizeof path, "%s/%s", k->dir[0], name) >= sizeof path)
            return BG_OK;
        name = path;
    }
    e = read_named(r, &in, name, &found, o);
    if (e == BG_OK && !found)
        *o = BROKEN;
    return e;
}

/* ---- lines */

static void must_fail(struct draft *d, const char *why)
{
    d->step.kind = BG_PAM_MUST_FAIL;
    if (d->step.fault == NULL)
        d->step.fault = why;
}

static void take_type(struct open_file *f, struct draft *d, char *word, bool debian)
{
    d->type = f->wanted == ANY_TYPE ? BG_PAM_AUTH : f->wanted;
    if (word == NULL) {
        must_fail(d, "a line of no type");
        return;
    }
    if (*word == '-') {
        d->step.quiet = true;
        word++;
    }
    if (debian && strcasecmp(word, "@include") == 0) {
        d->at = d->include = true;
        d->type = f->wanted;
        return;
    }
    for (unsigned i = 0; i < BG_PAM_TYPES; i++)
        if (strcasecmp(word, bg_pam_type_word(i)) == 0) {
            d->type = i;
            return;
        }
    must_fail(d, "neither auth, account, session nor password");
}

static void take_control(struct draft *d, const char *word, bool old)
{
    (void)bg_pam_control("", false, d->step.action); /* all bad */
    if (word == NULL)
        must_fail(d, "a line without a control");
    else if (strcasecmp(word, "include") == 0 || strcasecmp(word, "substack") == 0) {
        d->include = true;
        d->substack = strcasecmp(word, "substack") == 0;
    } else if (!bg_pam_control(word, old, d->step.action) && d->step.fault == NULL)
        d->step.fault = "a control that cannot be read: whatever the module answers is bad";
}

/* The line names another file. *o is of this file. */
static enum bg_err take_include(struct reader *r, struct open_file *f, struct draft *d, enum outcome *o)
{
    struct draft here = *d;
    enum outcome inner = BROKEN;
    enum bg_err e = BG_OK;
    const char *name = bg_pam_word(&d->rest);

    if (d->substack) {
        here.step.kind = BG_PAM_SUBSTACK;
        here.step.module = name;
        here.step.fault = NULL;
        e = add(r, f, &here, o);
    }
    if (e != BG_OK || *o == BROKEN)
        return e;
    if (name == NULL && r->out->kind.debian) { /* it follows a NULL */
        note(r, f, "an include without a name, at which this libpam crashes");
        r->out->stuck = true;
        *o = BROKEN;
        return BG_OK;
    }
    if (name != NULL && (e = include(r, f, d, name, &inner)) != BG_OK)
        return e;
    if (inner == FINE)
        return BG_OK;
    here = *d;
    here.step.kind = BG_PAM_MUST_FAIL;
    here.step.chance = d->at;
    here.step.fault = "the file that is included cannot be read";
    return add(r, f, &here, o);
}

static enum bg_err take_line(struct reader *r, struct open_file *f, char *rest, enum outcome *o)
{
    const char *service = f->known == NULL ? bg_pam_word(&rest) : f->known;
    struct draft d = {.type = ANY_TYPE};
    const char *module;
    enum bg_err e;

    if (service == NULL)
        return BG_OK;
    d.other = strcasecmp(service, "other") == 0;
    if (!d.other && strcasecmp(service, r->service) != 0)
        return BG_OK;
    take_type(f, &d, bg_pam_word(&rest), r->out->kind.debian);
    if (!d.at && f->wanted != ANY_TYPE && d.type != f->wanted)
        return BG_OK;
    if (!d.at)
        take_control(&d, bg_pam_word(&rest), r->out->kind.old);
    else
        (void)bg_pam_control("", false, d.step.action);
    d.rest = rest;
    if (d.include)
        return take_include(r, f, &d, o);
    if ((module = bg_pam_word(&d.rest)) == NULL)
        must_fail(&d, "a line without a module");
    d.step.module = module;
    if ((e = take_arguments(r, d.rest, &d.step)) != BG_OK)
        return e;
    return add(r, f, &d, o);
}

static enum bg_err read_lines(struct reader *r, struct open_file *f, enum outcome *o)
{
    enum bg_pam_line got = BG_PAM_LINES_END;
    enum bg_err e = BG_OK;

    *o = FINE;
    while (e == BG_OK && *o == FINE && (got = bg_pam_line_next(&f->lines)) == BG_PAM_LINE)
        e = take_line(r, f, f->lines.line, o);
    if (e != BG_OK || *o != FINE || got == BG_PAM_LINES_END)
        return e;
    note(r, f, "the file ends in a continued line, or one is too long: it is refused as a whole");
    r->out->stuck = r->out->stuck || got == BG_PAM_LINES_STUCK;
    *o = BROKEN;
    return e;
}

static enum bg_err read_file(struct reader *r, struct open_file *f, const char *path, enum outcome *o)
{
    char *text = NULL, *room = NULL;
    size_t len = 0, each;
    enum bg_err e = r->source->read(r->source->arg, path, &text, &len);

    if (e != BG_OK)
        return e;
    each = (len < BG_PAM_OLD_LINE ? BG_PAM_OLD_LINE : len) + 2;
    r->bytes += len;
    if (++r->files > BG_PAM_FILES || r->bytes > BG_PAM_TEXT)
        e = BG_E_RANGE;
    else if ((f->path = keep_text(r, path)) == NULL || (room = malloc(2 * each)) == NULL)
        e = BG_E_NOMEM;
    if (e == BG_OK) {
        f->lines = (struct bg_pam_lines){
            .text = text, .len = len, .old = r->out->kind.old, .raw = room, .line = room + each};
        e = read_lines(r, f, o);
    }
    free(room);
    free(text);
    return e;
}

/* ---- the service */

/* pam.d: the service's file, then "other". Either may be missing, not both; neither may be broken. */
static enum bg_err read_directories(struct reader *r, bool *good)
{
    struct open_file own = {.known = r->service, .wanted = ANY_TYPE},
                     other = {.known = "other", .wanted = ANY_TYPE};
    enum outcome o = FINE;
    bool found = false, fallback = false;
    enum bg_err e = read_named(r, &own, r->service, &found, &o);

    *good = o == FINE;
    r->out->found = found;
    if (e == BG_OK && *good)
        e = read_named(r, &other, "other", &fallback, &o);
    if (e != BG_OK || o != FINE)
        *good = false;
    else if (!found && !fallback) {
        note(r, NULL, "there is neither a file for the service nor one named other");
        *good = false;
    }
    return e;
}

static enum bg_err read_pam_conf(struct reader *r, bool *good)
{
    struct open_file f = {.wanted = ANY_TYPE};
    enum outcome o = FINE;
    bool found = false;
    enum bg_err e = read_named(r, &f, "/etc/pam.conf", &found, &o);

    *good = found && o == FINE;
    if (e == BG_OK && !found)
        note(r, NULL, "there is neither a directory pam.d nor /etc/pam.conf");
    return e;
}

static bool any_directory(const struct reader *r)
{
    for (int i = 0; i < BG_PAM_DIRS && r->out->kind.dir[i][0] != '\0'; i++)
        if (r->source->has(r->source->arg, r->out->kind.dir[i], true))
            return true;
    return false;
}

enum bg_err bg_pam_stack_read(const struct bg_pam_kind *kind, const struct bg_pam_source *source,
                              const char *service, struct bg_pam_stack *out)
{
    struct bg_pam_stack s = {.kind = *kind};
    struct reader r = {.source = source, .out = &s};
    char *lower = keep(&r, strlen(service) + 1);
    bool good = false;
    enum bg_err e = BG_E_NOMEM;

    if (lower != NULL) {
        for (size_t i = 0; service[i] != '\0'; i++)
            lower[i] = (char)tolower((unsigned char)service[i]);
        r.service = lower;
        e = any_directory(&r) ? read_directories(&r, &good) : read_pam_conf(&r, &good);
    }
    if (e != BG_OK) {
        bg_pam_stack_free(&s);
        return e;
    }
    s.refused = !good;
    *out = s;
    return BG_OK;
}
