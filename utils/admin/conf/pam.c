/* pam.d service files. Grammar: pam.d(5) with continuation lines, @include, include and substack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/ui.h"

#define MODULE     "pam_breakglass.so"
#define VENDOR_DIR "/usr/lib/pam.d" /* libpam looks there when /etc has no such service */
#define DEPTH_MAX  16               /* includes within includes, as libpam */

enum pam_type {
    AUTH = 0,
    ACCOUNT,
    SESSION,
    PASSWORD,
    TYPES
};
static const char *const type_name[TYPES] = {"auth", "account", "session", "password"};

/* "done", because a jump would break when another package adds a module. */
static const char *const our_line[TYPES] = {
    "auth     [success=done ignore=ignore module_unknown=ignore default=die] " MODULE "\n",
    "account  [success=done ignore=ignore module_unknown=ignore default=die] " MODULE "\n",
    "session  [success=ok   ignore=ignore module_unknown=ignore default=die] " MODULE "\n",
    "password [ignore=ignore module_unknown=ignore default=die]              " MODULE "\n",
};

/* One logical line. */
struct line {
    const char *start; /* in the text */
    size_t bytes;      /* with its newlines */
    unsigned number;   /* 1-based, of the first physical line */
    enum {
        OTHER = 0 /* empty, a comment, or not understood */,
        CALL,
        INCLUDE,
        SUBSTACK
    } kind;
    bool every_type; /* @include */
    enum pam_type type;
    char control[256]; /* blanks inside [...] made single */
    char module[160];  /* module or included service, without its directory */
};

/* Start with {text, 1}. */
struct cursor {
    const char *at;
    unsigned number;
};

/* Take one logical line out of the text: comments cut off, continuations joined. */
static void assemble(struct cursor *c, struct line *l, char *out, size_t cap)
{
    bool more = true;
    size_t at = 0;

    l->start = c->at;
    l->number = c->number;
    while (more && *c->at != '\0') {
        size_t n = strcspn(c->at, "\n"), code = strcspn(c->at, "#\n");
        more = code == n && n > 0 && c->at[n - 1] == '\\';
        code -= more;
        for (size_t i = 0; i < code && at + 1 < cap; i++)
            out[at++] = c->at[i];
        if (more && at + 1 < cap)
            out[at++] = ' ';
        c->at += n + (c->at[n] == '\n');
        c->number++;
    }
    out[at] = '\0';
    l->bytes = (size_t)(c->at - l->start);
}

/* The next word, or a [...] group, of *p into out. */
static bool word(const char **p, char *out, size_t cap)
{
    const char *s = *p + strspn(*p, " \t\r");
    size_t n = strcspn(s, *s == '[' ? "]" : " \t\r"), at = 0;

    if (*s == '[' && s[n] == ']')
        n++;
    for (size_t i = 0; i < n && at + 1 < cap; i++) {
        char ch = s[i] == '\t' ? ' ' : s[i];
        if (ch != ' ' || (at > 0 && out[at - 1] != ' '))
            out[at++] = ch;
    }
    out[at] = '\0';
    *p = s + n;
    return n > 0;
}

static bool module_word(struct line *l, const char **p)
{
    const char *slash;
    bool got = word(p, l->module, sizeof l->module);

    if ((slash = strrchr(l->module, '/')) != NULL)
        memmove(l->module, slash + 1, strlen(slash));
    return got;
}

static void understand(struct line *l, const char *text)
{
    char type[32];

    if (!word(&text, type, sizeof type))
        return;
    if (strcasecmp(type, "@include") == 0) {
        l->every_type = true;
        l->kind = module_word(l, &text) ? INCLUDE : OTHER;
        return;
    }
    while (l->type < TYPES && strcasecmp(type + (type[0] == '-'), type_name[l->type]) != 0)
        l->type++;
    if (l->type == TYPES || !word(&text, l->control, sizeof l->control) || !module_word(l, &text))
        return;
    l->kind = strcasecmp(l->control, "include") == 0    ? INCLUDE
              : strcasecmp(l->control, "substack") == 0 ? SUBSTACK
                                                        : CALL;
}

/* False at the end of the text. */
static bool next_line(struct cursor *c, struct line *l)
{
    char text[1024];

    if (*c->at == '\0')
        return false;
    memset(l, 0, sizeof *l);
    assemble(c, l, text, sizeof text);
    understand(l, text);
    return true;
}

static bool calls(const struct line *l, const char *module)
{
    return l->kind == CALL && strcmp(l->module, module) == 0;
}

static bool concerns(const struct line *l, enum pam_type type)
{
    return l->kind != OTHER && (l->every_type || l->type == type);
}

static bool has_our_control(const struct line *l, enum pam_type type)
{
    struct cursor c = {our_line[type], 1};
    struct line ours;

    return next_line(&c, &ours) && strcmp(l->control, ours.control) == 0;
}

/* The largest jump N of a [..=N..] control, 0 without one. */
static unsigned jump(const struct line *l)
{
    unsigned most = 0;

    for (const char *p = l->control[0] == '[' ? l->control : NULL; p != NULL; p = strchr(p + 1, '=')) {
        unsigned long n = strtoul(p + 1, NULL, 10);
        if (n > most && n < 1000)
            most = (unsigned)n;
    }
    return most;
}

/* What a walk through one type's stack, included files counted, has met so far. */
struct walk {
    enum pam_type type;
    const struct sysedits *edits;
    bool ours, others, loginuid;
    struct conf_problem before;  /* the first line before ours that decides something; id NULL: none */
    struct conf_problem control; /* our line with another control; id NULL: none */
};

static void note(struct conf_problem *p, const struct bg_message *id, const char *path, const struct line *l,
                 enum pam_type type)
{
    if (p->id == NULL)
        (void)!conf_refuse(p, id, path, l->number, type_name[type]);
}

static void walk_text(struct walk *w, const char *path, const char *text, unsigned depth);

/* The text of an included file, as it is or will be. */
static void walk_include(struct walk *w, const char *beside, const char *service, unsigned depth)
{
    char path[PATH_MAX], *text = NULL;
    const char *planned;

    (void)snprintf(path, sizeof path, "%.*s/%s", (int)(strrchr(beside, '/') - beside), beside, service);
    planned = w->edits == NULL ? NULL : sysedits_planned(w->edits, path);
    if (depth == DEPTH_MAX || (planned == NULL && (sysfile_read(path, &text) != BG_OK || text == NULL)))
        return;
    walk_text(w, path, planned != NULL ? planned : text, depth + 1);
    free(text);
}

static void walk_line(struct walk *w, const char *path, const struct line *l, unsigned depth)
{
    /* "done" inside a substack ends only the substack, so our line in there does not count for a verdict */
    if (l->kind == INCLUDE || (l->kind == SUBSTACK && w->type >= SESSION)) {
        walk_include(w, path, l->module, depth);
    } else if (calls(l, MODULE)) {
        w->ours = true;
        if (!has_our_control(l, w->type))
            note(&w->control, BG_M_CMD_PAM_CONTROL, path, l, w->type);
    } else {
        w->others = true;
        w->loginuid = w->loginuid || calls(l, "pam_loginuid.so");
        if (!w->ours && strcasecmp(l->control, "optional") != 0)
            note(&w->before, BG_M_CMD_PAM_BEHIND, path, l, w->type);
    }
}

static void walk_text(struct walk *w, const char *path, const char *text, unsigned depth)
{
    struct cursor c = {text, 1};
    struct line l;

    while (next_line(&c, &l))
        if (concerns(&l, w->type))
            walk_line(w, path, &l, depth);
}

/*
 * Walk the stack of each type. Without any line of others, PAM takes that type from the service "other",
 * and a line of ours alone would cut everybody else off from it.
 */
static enum bg_err look(const struct conf_job *job, struct walk has[TYPES], struct conf_problem *why)
{
    for (enum pam_type t = AUTH; t < TYPES; t++) {
        struct walk *w = &has[t];
        *w = (struct walk){.type = t, .edits = job->edits};
        walk_text(w, job->path, job->text, 0);
        /* order decides in auth and account only */
        if (w->ours && w->before.id != NULL && t <= ACCOUNT)
            *why = w->before;
        else if (w->control.id != NULL)
            *why = w->control;
        else
            continue;
        return BG_E_REFUSED;
    }
    return BG_OK;
}

/*
 * Where the session line goes: after the line that brings pam_loginuid (which would overwrite the audit uid
 * if it came later), or to `top` without one. A jump over that place would land one line off.
 */
static enum bg_err session_place(const struct conf_job *job, size_t top, size_t *offset,
                                 struct conf_problem *why)
{
    struct cursor c = {job->text, 1};
    struct walk w = {.type = SESSION, .edits = job->edits};
    struct line l, jumper = {0};
    unsigned index = 0, reach = 0;

    while (!w.loginuid && next_line(&c, &l)) {
        if (!concerns(&l, SESSION))
            continue;
        walk_line(&w, job->path, &l, 0);
        if (jump(&l) > 0 && index + jump(&l) + 1 > reach) {
            reach = index + jump(&l) + 1;
            jumper = l;
        }
        index++;
    }
    if (w.loginuid && reach > index)
        return conf_refuse(why, BG_M_CMD_PAM_JUMP, job->path, jumper.number, type_name[SESSION]);
    *offset = w.loginuid ? (size_t)(c.at - job->text) : top;
    return BG_OK;
}

/* After "#%PAM-1.0", which some tools expect in line 1. */
static size_t top_place(const char *text)
{
    size_t n = strcspn(text, "\n");

    return strncmp(text, "#%PAM", 5) == 0 && text[n] == '\n' ? n + 1 : 0;
}

/*
 * auth, account and password first, session right after pam_loginuid. Left out are types that an included
 * file has already, and those of which the service has no line; that is noted, except for password lines,
 * which open nothing.
 */
static enum bg_err add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    const char *text = job->text, *service = strrchr(job->path, '/') + 1;
    size_t top = top_place(text), session = top;
    char first[512] = "", later[160] = "";
    struct walk has[TYPES];
    enum bg_err r;

    if ((r = look(job, has, why)) != BG_OK)
        return r;
    if (has[SESSION].others && !has[SESSION].ours && (r = session_place(job, top, &session, why)) != BG_OK)
        return r;
    for (enum pam_type t = AUTH; t < TYPES; t++) {
        if (has[t].others && !has[t].ours)
            (void)strcat(t == SESSION && session != top ? later : first, our_line[t]);
        if (!has[t].others && !has[t].ours && t != PASSWORD)
            ui_note(BG_M_CMD_PAM_OTHER, BG_ARGS(service, type_name[t]));
    }
    if (asprintf(out, "%.*s%s%.*s%s%s%s", (int)top, text, first, (int)(session - top), text + top,
                 later[0] != '\0' && text[session - 1] != '\n' ? "\n" : "", later, text + session) < 0)
        return BG_E_NOMEM;
    return BG_OK;
}

/* The file of a service, or the vendor's text, which is *vendor then and to be freed. NOENT: there is none.
 */
static enum bg_err service_text(struct conf_job *job, char **vendor)
{
    char path[PATH_MAX];
    enum bg_err r;

    if (job->text != NULL)
        return BG_OK;
    (void)snprintf(path, sizeof path, "%s/%s", VENDOR_DIR, strrchr(job->path, '/') + 1);
    r = sysfile_read(path, vendor);
    job->text = *vendor;
    return r == BG_OK && job->text == NULL ? BG_E_NOENT : r;
}

/* A service that only the vendor has (systemd-user of Debian 12) becomes that file with our lines. */
enum bg_err pam_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    struct conf_job full = *job;
    char *vendor = NULL;
    enum bg_err r = service_text(&full, &vendor);

    if (r == BG_E_NOENT)
        ui_note(BG_M_CMD_PAM_SKIPPED, BG_ARGS(strrchr(job->path, '/') + 1, job->path));
    if (r == BG_OK)
        r = add(&full, out, why);
    free(vendor);
    return r;
}

enum bg_err pam_look(const struct conf_job *job, struct conf_problem *why)
{
    struct walk has[TYPES];
    enum bg_err r;

    if (job->text == NULL)
        return BG_E_NOENT;
    if ((r = look(job, has, why)) != BG_OK)
        return r;
    for (enum pam_type t = AUTH; t < TYPES; t++) {
        if (has[t].ours || (t == PASSWORD && !has[t].others))
            continue;
        ui_finding(has[t].others ? BG_M_CMD_PAM_ABSENT : BG_M_CMD_PAM_OTHER,
                   BG_ARGS(strrchr(job->path, '/') + 1, type_name[t]));
        r = BG_E_REFUSED;
    }
    return r;
}

/* The walk through a service's session lines; BG_E_REFUSED when ours has another control. */
static enum bg_err walk_sessions(const struct conf_job *job, struct walk *w, struct conf_problem *why)
{
    *w = (struct walk){.type = SESSION, .edits = job->edits};
    walk_text(w, job->path, job->text, 0);
    if (w->control.id == NULL)
        return BG_OK;
    *why = w->control;
    return BG_E_REFUSED;
}

/*
 * A service that starts something for a user without asking who is there. Our session line comes first, where
 * nothing can decide or jump before it. Without a file or a session line PAM takes "other", which has ours.
 */
enum bg_err pam_session_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    struct conf_job full = *job;
    char *vendor = NULL;
    struct walk w;
    enum bg_err r = service_text(&full, &vendor);

    if (r == BG_OK && (r = walk_sessions(&full, &w, why)) == BG_OK) {
        size_t top = top_place(full.text);
        const char *line = w.others && !w.ours ? our_line[SESSION] : "";
        if (line[0] == '\0' && vendor != NULL)
            r = BG_E_NOENT; /* a file of its own would hold nothing of ours */
        else if (asprintf(out, "%.*s%s%s", (int)top, full.text, line, full.text + top) < 0)
            r = BG_E_NOMEM;
    }
    free(vendor);
    return r;
}

enum bg_err pam_session_look(const struct conf_job *job, struct conf_problem *why)
{
    struct conf_job full = *job;
    char *vendor = NULL;
    struct walk w;
    enum bg_err r = service_text(&full, &vendor);

    if (r == BG_OK && (r = walk_sessions(&full, &w, why)) == BG_OK && w.others && !w.ours) {
        why->id = NULL;
        ui_finding(BG_M_CMD_PAM_UNSEEN, BG_ARGS(strrchr(job->path, '/') + 1));
        r = BG_E_REFUSED;
    }
    free(vendor);
    return r;
}

char *pam_strip(const char *text)
{
    struct cursor c = {text, 1};
    struct line l;
    char *out = malloc(strlen(text) + 1);
    size_t at = 0;

    if (out == NULL)
        return NULL;
    while (next_line(&c, &l)) {
        if (calls(&l, MODULE))
            continue;
        memcpy(out + at, l.start, l.bytes);
        at += l.bytes;
    }
    out[at] = '\0';
    return out;
}

bool pam_needless(const char *path, const char *text)
{
    struct conf_job job = {.path = path};
    char *vendor = NULL;
    bool same = service_text(&job, &vendor) == BG_OK && strcmp(vendor, text) == 0;

    free(vendor);
    return same;
}
