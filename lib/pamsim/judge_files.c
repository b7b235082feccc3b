/* SPDX-License-Identifier: ISC */
/* Modules whose own files decide: time.conf, faillock.conf and its tally, limits.conf, securetty, lists. */
#include "pamsim/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pamsim/conf.h"
#include "pamsim/limits.h"
#include "pamsim/tally.h"
#include "pamsim/times.h"

static void evidence(struct bg_pam_answer *a, const char *file, unsigned line)
{
    (void)snprintf(a->file, sizeof a->file, "%.127s", file == NULL ? "" : file);
    a->at = line;
}

/* ---- pam_time */

struct clock {
    struct bg_pam_times who;
    long long now;
    enum bg_pam_sure open;
    bool read;
    char file[128];
    unsigned line;
};

static bool hours_of(void *arg, const char *path, char *text, size_t len)
{
    struct clock *c = arg;

    c->read = true;
    c->open = bg_pam_times_at(&c->who, text, len, bg_pam_minute_of(c->now), &c->line);
    (void)snprintf(c->file, sizeof c->file, "%s", path);
    return true;
}

static bool closed_of(void *arg, const char *path, char *text, size_t len)
{
    struct clock *c = arg;

    (void)path;
    c->read = bg_pam_times_closed(&c->who, text, len, c->now, &c->now);
    return true;
}

static struct clock clock_of(const struct bg_pam_view *v)
{
    return (struct clock){
        .who = {v->f->service, bg_judge_terminal(v), v->f->user}, .now = v->f->now, .open = BG_PAM_YES};
}

static struct bg_pam_conf time_conf(const struct bg_pam_view *v)
{
    return (struct bg_pam_conf){.name = "time", .named = bg_judge_option(v, "conffile"), .main_alone = true};
}

static bool clock_known(const struct bg_pam_view *v)
{
    return v->f->files != NULL && v->f->service != NULL && v->f->user != NULL && v->f->now > 0;
}

bool bg_judge_closed_hour(const struct bg_pam_view *v, long long *when)
{
    struct bg_pam_conf conf = time_conf(v);
    struct clock c = clock_of(v);

    if (!clock_known(v) || bg_pam_conf_read(v->f->files, &conf, closed_of, &c) != BG_OK || !c.read)
        return false;
    *when = c.now;
    return true;
}

void bg_judge_time(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    struct bg_pam_conf conf = time_conf(v);
    struct clock c = clock_of(v);

    if (!clock_known(v)) {
        bg_judge_say(a,
                     bg_judge_by(bg_judge_has(v, "conffile") ? BG_PAM_UNSURE : v->f->time_open, OK,
                                 OK | CODE(PERM_DENIED)),
                     NULL);
        return;
    }
    if (bg_pam_conf_read(v->f->files, &conf, hours_of, &c) == BG_E_RANGE)
        c.open = BG_PAM_UNSURE;
    bg_judge_say(a, bg_judge_by(c.open, OK, CODE(PERM_DENIED)),
                 c.open == BG_PAM_YES ? NULL : "time.conf refuses it at this hour");
    if (c.open != BG_PAM_YES)
        evidence(a, c.file, c.line);
}

/* ---- pam_faillock */

struct lock {
    struct bg_pam_tally t;
    bool old, read, broken;
};

static bool lock_conf(void *arg, const char *path, char *text, size_t len)
{
    struct lock *l = arg;

    (void)path;
    (void)len;
    l->broken = !bg_pam_tally_conf(&l->t, text, false);
    return true;
}

static bool in_groups(const struct bg_pam_facts *f, const char *name)
{
    for (size_t i = 0; f->groups != NULL && f->groups[i] != NULL; i++)
        if (strcmp(f->groups[i], name) == 0)
            return true;
    return false;
}

static enum bg_pam_sure admin(const struct bg_pam_view *v, const struct bg_pam_tally *t)
{
    enum bg_pam_sure root = bg_judge_root(v);

    if (root == BG_PAM_YES || t->admin_group[0] == '\0')
        return root;
    return in_groups(v->f, t->admin_group) ? BG_PAM_YES : v->f->groups == NULL ? BG_PAM_UNSURE : root;
}

/* Does the tally keep nobody out who has this account's name, however often others fail? */
static enum bg_pam_sure exempt(const struct bg_pam_view *v, const struct bg_pam_tally *t)
{
    enum bg_pam_sure by_office = t->even_deny_root ? BG_PAM_NO : admin(v, t),
                     by_place = t->local_only ? bg_judge_not(v->f->in_passwd) : BG_PAM_NO;

    if (t->deny == 0 || by_office == BG_PAM_YES || by_place == BG_PAM_YES)
        return BG_PAM_YES;
    return by_office == BG_PAM_NO && by_place == BG_PAM_NO ? BG_PAM_NO : BG_PAM_UNSURE;
}

static enum bg_pam_sure tally_now(const struct bg_pam_view *v, const struct bg_pam_tally *t,
                                  struct bg_pam_answer *a)
{
    const struct bg_pam_source *s = v->f->files;
    char path[256], *record;
    size_t n;
    bool full;
    enum bg_err r;

    if (v->f->user == NULL || v->f->now == 0)
        return BG_PAM_UNSURE;
    (void)snprintf(path, sizeof path, "%s/%s", t->dir, v->f->user);
    if ((r = s->read(s->arg, path, &record, &n)) != BG_OK)
        return r == BG_E_NOENT ? BG_PAM_NO : BG_PAM_UNSURE;
    full = bg_pam_tally_full(t, record, n, admin(v, t) == BG_PAM_YES, (uint64_t)v->f->now, NULL);
    free(record);
    if (full)
        evidence(a, path, 0);
    return full ? BG_PAM_YES : BG_PAM_NO;
}

static bool lock_read(const struct bg_pam_view *v, struct lock *l)
{
    const char *named = bg_judge_option(v, "conf");
    struct bg_pam_conf conf = {.name = "faillock", .named = named, .main_alone = true};
    enum bg_err r;

    bg_pam_tally_default(&l->t);
    r = named != NULL && *named == '\0' ? BG_E_NOENT : bg_pam_conf_read(v->f->files, &conf, lock_conf, l);
    bg_pam_tally_arguments(&l->t, v->step->argv, v->step->argc);
    bg_pam_tally_end(&l->t);
    return r == BG_OK && !l->broken;
}

static void faillock_by_files(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    struct lock l = {.old = false};
    uint32_t open;
    enum bg_pam_sure out, full;

    if (!lock_read(v, &l)) {
        bg_judge_say(a, CODE(SERVICE_ERR), "faillock.conf cannot be read");
        return;
    }
    if (v->call != BG_PAM_AUTHENTICATE)
        return;
    open = bg_judge_has(v, "authfail") ? (l.t.local_only ? OK | IGN : IGN) : OK;
    out = exempt(v, &l.t);
    full = v->scenario == BG_PAM_LOCKED ? BG_PAM_YES : tally_now(v, &l.t, a);
    bg_judge_say(a, bg_judge_by(out, open, bg_judge_by(full, CODE(AUTH_ERR), open)),
                 full == BG_PAM_YES && out != BG_PAM_YES ? "too many failed tries" : NULL);
}

/* Locked: what others typed is enough. Not in the tally: root, local_users_only's others, an admin group. */
void bg_judge_faillock(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    enum bg_pam_sure full = v->scenario == BG_PAM_LOCKED ? BG_PAM_YES : v->f->tally_full;
    enum bg_pam_sure out = v->f->exempt;
    uint32_t open = bg_judge_has(v, "authfail") ? IGN : OK;

    if (v->f->files != NULL) {
        faillock_by_files(v, a);
        return;
    }
    if (v->call == BG_PAM_ACCT_MGMT || v->call == BG_PAM_SETCRED)
        return;
    if (bg_judge_has(v, "even_deny_root") && out == BG_PAM_YES)
        out = BG_PAM_UNSURE;
    if (bg_judge_root(v) == BG_PAM_YES && !bg_judge_has(v, "even_deny_root") && out == BG_PAM_UNSURE)
        open |= OK;
    bg_judge_say(a, bg_judge_by(out, OK | open, bg_judge_by(full, CODE(AUTH_ERR), open)),
                 full == BG_PAM_YES ? "too many failed tries" : NULL);
}

/* ---- pam_limits */

static bool limits_of(void *arg, const char *path, char *text, size_t len)
{
    (void)len;
    return bg_pam_limits_file(arg, path, text);
}

static enum bg_err limits_read(const struct bg_pam_view *v, struct bg_pam_limits *l)
{
    struct bg_pam_conf conf = {.name = "limits", .named = bg_judge_option(v, "conf")};

    bg_pam_limits_begin(l, v->f);
    return bg_pam_conf_read(v->f->files, &conf, limits_of, l);
}

static void limits_by_files(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    struct bg_pam_limits l;
    const struct bg_pam_limit *n = &l.logins;
    enum bg_err r = limits_read(v, &l);
    bool none, maybe;

    if (r != BG_OK || l.unsure) {
        bg_judge_say(a, r == BG_E_NOENT ? CODE(SERVICE_ERR) : OK | CODE(PERM_DENIED),
                     "limits.conf cannot be read");
        return;
    }
    if (l.freed || bg_judge_root(v) == BG_PAM_YES) /* root's logins are not counted */
        return;
    none = n->value == 0;
    maybe = n->value > 0 && (l.of_all || n->by_crowd);
    if (none || (maybe && v->f->crowded == BG_PAM_YES))
        bg_judge_say(a, CODE(PERM_DENIED),
                     none ? "limits.conf allows it no login" : "others use up the logins of limits.conf");
    if (none || maybe)
        evidence(a, n->file, n->line);
}

void bg_judge_bounds(const struct bg_pam_view *v, struct bg_pam_bounded out[BG_PAM_BOUNDS])
{
    struct bg_pam_limits l;

    if (v->f->files == NULL || limits_read(v, &l) != BG_OK || l.freed || l.unsure)
        return;
    for (int i = 0; i < BG_PAM_BOUNDS; i++) {
        const struct bg_pam_limit *n = &l.soft[i], *most = &l.hard[i];
        if (most->value >= 0 && (n->value < 0 || most->value < n->value))
            n = most;
        out[i] = (struct bg_pam_bounded){
            .soft = n->value, .hard = most->value, .by_name = bg_pam_limits_by_name(n), .line = n->line};
        memcpy(out[i].file, n->file, sizeof out[i].file);
    }
}

void bg_judge_limits(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->call == BG_PAM_CLOSE_SESSION)
        return;
    if (v->f->files != NULL) {
        limits_by_files(v, a);
        return;
    }
    bg_judge_say(a,
                 bg_judge_by(bg_judge_has(v, "conf") ? BG_PAM_UNSURE : v->f->limits_open, OK,
                             CODE(PERM_DENIED) | CODE(ABORT)),
                 v->f->limits_open == BG_PAM_NO ? "limits.conf refuses it" : NULL);
}
