/* SPDX-License-Identifier: ISC */
/* pam_access: access.conf from each place that the service may be used from. */
#include "pamsim/judge.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pamsim/access.h"
#include "pamsim/conf.h"

#define PLACES 48
#define WORK   20000 /* lines times places that are looked at */
#define STALL  20    /* seconds until a name is given up: 5 for each server and try */

struct place {
    char from[64];
    bool remote;
};

struct places {
    struct place place[PLACES];
    size_t n;
    size_t lines;
    bool cut;
    const char *fields, *lists;
};

/* ---- where somebody may sit */

static void add(struct places *p, const char *from, bool remote)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->place[i].from, from) == 0 && p->place[i].remote == remote)
            return;
    if (p->n == PLACES || strlen(from) >= sizeof p->place[0].from) {
        p->cut = true;
        return;
    }
    (void)snprintf(p->place[p->n].from, sizeof p->place[0].from, "%s", from);
    p->place[p->n++].remote = remote;
}

static bool is_address(const char *s)
{
    unsigned char byte[16];

    return inet_pton(AF_INET, s, byte) > 0 || inet_pton(AF_INET6, s, byte) > 0;
}

/* A network that a line names stands for all in it: "10.0.0.0/8", "10.1.", "2001:db8::1". */
static void add_network(struct places *p, char *token)
{
    char full[80];

    token[strcspn(token, "/")] = '\0';
    if (is_address(token))
        add(p, token, true);
    for (const char *end[] = {"0.0.1", "0.1", "1"}, **e = end; e < end + 3; e++) {
        (void)snprintf(full, sizeof full, "%.60s%s", token, *e);
        if (*token != '\0' && token[strlen(token) - 1] == '.' && is_address(full))
            add(p, full, true);
    }
}

static bool networks_of(void *arg, const char *path, char *text, size_t len)
{
    struct places *p = arg;
    char *at = text, *line, *rest;
    bool whole;

    (void)path;
    (void)len;
    while ((line = bg_pam_conf_line(&at, &whole)) != NULL) {
        p->lines++;
        if (line[0] == '#' || strtok_r(line, p->fields, &rest) == NULL ||
            strtok_r(NULL, p->fields, &rest) == NULL)
            continue;
        for (char *t = strtok_r(NULL, p->lists, &rest); t != NULL; t = strtok_r(NULL, p->lists, &rest))
            if (*t != '\0')
                add_network(p, t);
    }
    return false;
}

/* pam_access drops one directory, whichever it is. */
static const char *without_directory(const char *tty)
{
    const char *slash = tty[0] == '/' ? strchr(tty + 1, '/') : NULL;

    return slash != NULL ? slash + 1 : tty[0] == '/' ? tty + 1 : tty;
}

static void terminals(const struct bg_pam_view *v, struct places *p)
{
    bool su = v->f->service != NULL && strncmp(v->f->service, "su", 2) == 0;

    if (v->f->tty != NULL && v->f->tty[0] != '\0') {
        add(p, without_directory(v->f->tty), false);
        return;
    }
    add(p, "tty1", false);
    if (su)
        add(p, "pts/0", false);
}

static bool places(const struct bg_pam_view *v, const struct bg_pam_conf *c, struct places *p)
{
    bool sshd = v->f->service != NULL && strcmp(v->f->service, "sshd") == 0;

    if (v->f->rhost != NULL && v->f->rhost[0] != '\0')
        add(p, v->f->rhost, true);
    else if (v->f->rhost != NULL || !sshd)
        terminals(v, p);
    if (v->f->rhost != NULL)
        return true;
    if (bg_pam_conf_read(v->f->files, c, networks_of, p) != BG_OK)
        return false;
    add(p, "192.0.2.1", true); /* RFC 5737 and 3849: nobody's, so all others' */
    add(p, "2001:db8::1", true);
    return true;
}

/* ---- what the module is able to */

/* Told by what it would log: distributions take single changes back into old versions. */
static enum bg_pam_sure speaks_of(const char *module, size_t n, const char *text)
{
    return module == NULL                                  ? BG_PAM_UNSURE
           : memmem(module, n, text, strlen(text)) != NULL ? BG_PAM_YES
                                                           : BG_PAM_NO;
}

static void abilities(const struct bg_pam_view *v, struct bg_pam_access *a)
{
    const struct bg_pam_source *s = v->f->files;
    char *module = NULL;
    size_t n = 0;

    if (v->step->path == NULL || s->read(s->arg, v->step->path, &module, &n) != BG_OK)
        module = NULL;
    a->names = speaks_of(module, n, "cannot resolve hostname");
    a->numbers = speaks_of(module, n, "gid=%s");
    a->swaps_groups = a->numbers == BG_PAM_YES && speaks_of(module, n, "nodns") == BG_PAM_NO;
    a->spares_terminals = speaks_of(module, n, "is a TTY") == BG_PAM_YES;
    if (bg_judge_has(v, "nodns") && speaks_of(module, n, "nodns") != BG_PAM_NO)
        a->names = BG_PAM_NO;
    free(module);
}

/* ---- the verdict */

struct reading {
    struct bg_pam_access *a;
    char (*path)[128]; /* of the file that refuses */
};

static bool one_file(void *arg, const char *path, char *text, size_t len)
{
    struct reading *r = arg;
    bool refused = r->a->file != NULL;

    bg_pam_access_file(r->a, path, text, len);
    if (!refused && r->a->file != NULL)
        (void)snprintf(*r->path, sizeof *r->path, "%s", path);
    return r->a->decided;
}

/* Of all places together. False: the files cannot be read. */
static bool everywhere(const struct bg_pam_view *v, const struct bg_pam_conf *c,
                       const struct bg_pam_access *as, const struct places *p, struct bg_pam_access *all,
                       struct bg_pam_answer *out)
{
    size_t most = p->n;

    while (most > 2 && most * p->lines > WORK)
        most--;
    *all = (struct bg_pam_access){0};
    for (size_t i = 0; i < most; i++) {
        size_t k = most == p->n ? i : p->n - 1 - i; /* those that stand for all others are the last */
        struct bg_pam_access a = *as;
        char path[128] = "";
        struct reading r = {&a, &path};
        a.from = p->place[k].from;
        a.remote = p->place[k].remote;
        if (bg_pam_conf_read(v->f->files, c, one_file, &r) != BG_OK)
            return false;
        bg_pam_access_end(&a);
        all->may = all->may || a.may;
        all->may_not = all->may_not || a.may_not;
        all->asks_dns = all->asks_dns || a.asks_dns;
        if (out->file[0] == '\0' && a.may_not) {
            memcpy(out->file, path, sizeof out->file);
            out->at = a.line;
        }
    }
    if (most < p->n || p->cut)
        all->may = all->may_not = true;
    return true;
}

static const char *or_usual(const char *s, const char *usual)
{
    return s == NULL ? usual : s;
}

static void by_files(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    const char *named = bg_judge_option(v, "accessfile");
    struct bg_pam_conf c = {.name = "access", .named = named};
    struct bg_pam_access as = {.facts = v->f,
                               .fields = or_usual(bg_judge_option(v, "fieldsep"), ":"),
                               .lists = or_usual(bg_judge_option(v, "listsep"), ", \t"),
                               .only_groups = bg_judge_has(v, "nodefgroup"),
                               .no_dns = v->scenario == BG_PAM_DNS_DOWN},
                         all;
    struct places p = {.fields = as.fields, .lists = as.lists};

    if (named != NULL && !v->f->files->has(v->f->files->arg, named, false)) {
        bg_judge_say(a, CODE(ABORT), "its accessfile is not there");
        return;
    }
    abilities(v, &as);
    if (!places(v, &c, &p) || !everywhere(v, &c, &as, &p, &all, a)) {
        bg_judge_say(a, OK | CODE(PERM_DENIED) | CODE(ABORT), "access.conf cannot be read");
        return;
    }
    bg_judge_say(a, (all.may ? OK : 0U) | (all.may_not ? CODE(PERM_DENIED) : 0U),
                 all.asks_dns && v->scenario != BG_PAM_NORMAL ? "access.conf has host names"
                 : !all.may_not                               ? NULL
                 : !all.may                                   ? "access.conf refuses it"
                 : all.asks_dns                               ? "access.conf has host names"
                                : "access.conf lets it in from some places only");
    a->seconds = all.asks_dns && v->scenario == BG_PAM_DNS_DOWN ? STALL : 0;
}

void bg_judge_access(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bool stalls = v->scenario == BG_PAM_DNS_DOWN && v->f->access_by_dns != BG_PAM_NO;
    uint32_t no = CODE(PERM_DENIED) | (v->f->access == BG_PAM_UNSURE ? CODE(ABORT) : 0);

    if (v->f->files != NULL) {
        by_files(v, a);
        return;
    }
    bg_judge_say(a, bg_judge_by(bg_judge_has(v, "accessfile") ? BG_PAM_UNSURE : v->f->access, OK, no),
                 v->f->access == BG_PAM_NO ? "access.conf refuses it" : NULL);
    a->seconds = stalls && !bg_judge_has(v, "nodns") ? STALL : 0;
    if (stalls && v->f->access_by_dns == BG_PAM_YES && !bg_judge_has(v, "nodns"))
        bg_judge_say(a, OK | no, "access.conf has host names");
}
