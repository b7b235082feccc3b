/* SPDX-License-Identifier: ISC */
/* ACC-01, -02, -06: does everybody who asks take the name for this account, and for nobody else? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "account/seen.h"
#include "admin/check/acc.h"
#include "admin/check/nss.h"
#include "config/sshdconf.h"

#define ASK_MS 1000
#define PASSWD "/etc/passwd"

struct others {
    struct check *c;
    const struct account_row *row;
    struct check_at at;
    unsigned first; /* line of the name */
    bool clash;     /* what libc answers is wrong because of it */
};

static void same_name(struct others *o, const struct acc_entry *e)
{
    const struct account_row *row = o->row;
    char how[300] = "";

    o->at.line = e->line;
    if (o->first != 0) {
        check_find(o->c, CHECK_ACC_TWICE, &o->at, BG_ARGS(e->name, BG_DIGITS(o->first), BG_DIGITS(e->line)));
        return;
    }
    o->first = e->line;
    if (e->uid != row->uid)
        (void)snprintf(how, sizeof how, "uid %u, not %u", e->uid, row->uid);
    else if (e->gid != row->gid)
        (void)snprintf(how, sizeof how, "group %u, not %u", e->gid, row->gid);
    if (how[0] != '\0')
        check_find(o->c, CHECK_ACC_OTHER, &o->at, BG_ARGS(row->name, BG_DIGITS(e->line), how));
    o->clash = o->clash || how[0] != '\0';
    if (how[0] == '\0' && strcmp(e->shell, row->shell) != 0)
        (void)snprintf(how, sizeof how, "shell \"%.100s\", not \"%.100s\"", e->shell, row->shell);
    else if (how[0] == '\0' && strcmp(e->home, row->home) != 0)
        (void)snprintf(how, sizeof how, "home \"%.100s\", not \"%.100s\"", e->home, row->home);
    else
        return;
    o->clash = true;
    check_find(o->c, CHECK_ACC_OTHER_LOOKS, &o->at, BG_ARGS(row->name, BG_DIGITS(e->line), how));
}

static void same_number(struct others *o, const char *name, uint32_t uid, const char *file, unsigned line)
{
    const struct account_row *row = o->row;
    struct check_at at = {.account = row->name, .file = file, .line = line};

    if (row->uid != 0 && uid == row->uid) {
        check_find(o->c, CHECK_ACC_NUMBER, &at, BG_ARGS(row->name, name, BG_DIGITS(uid)));
        o->clash = true;
    }
    if (row->has_audit_uid && uid == row->audit_uid)
        check_find(o->c, CHECK_ACC_AUDIT_NUMBER, &at, BG_ARGS(row->name, name, BG_DIGITS(uid)));
}

static bool one(void *arg, const struct acc_entry *e)
{
    struct others *o = arg;

    if (strcmp(e->name, o->row->name) == 0)
        same_name(o, e);
    else
        same_number(o, e->name, e->uid, PASSWD, e->line);
    return true;
}

/* Of two accounts with one number the first is found; an audit uid is a number too. */
static void other_accounts(struct others *o)
{
    static struct account_rows rows;

    if (!rows_load(&rows))
        return;
    for (size_t i = 0; i < rows.n; i++) {
        const struct account_row *r = &rows.row[i];
        if (r->wrong[0] != '\0' || strcmp(r->name, o->row->name) == 0)
            continue;
        if (r->line < o->row->line || r->uid != o->row->uid)
            same_number(o, r->name, r->uid, BG_ACCOUNTS_PATH, r->line);
        if (r->has_audit_uid)
            same_number(o, r->name, r->audit_uid, BG_ACCOUNTS_PATH, r->line);
    }
}

/* Is a cache right once it has forgotten? The question misleads a bad one again, so that is forgotten too. */
static bool mended(const struct bg_account *a)
{
    struct bg_seen again = {.rights = false};
    enum bg_err r;

    (void)bg_seen_forget(ASK_MS);
    if ((r = bg_seen_check(a, ASK_MS, &again)) == BG_E_MISMATCH)
        (void)bg_seen_forget(ASK_MS);
    return r == BG_OK || (r == BG_E_MISMATCH && !again.rights);
}

/* A cache that does not answer what the accounts file says. */
static enum check_rule_name stale(const struct bg_account *a, const struct bg_seen *seen)
{
    bool right = mended(a);

    return !seen->rights ? CHECK_NSS_STALE_LOOKS : right ? CHECK_NSS_MENDED : CHECK_NSS_STALE;
}

/* The C library as login programs ask it: only where no directory is asked on the way. */
static void by_libc(struct check *c, const struct account_row *row)
{
    const struct bg_account a = {
        .name = row->name, .home = row->home, .shell = row->shell, .uid = row->uid, .gid = row->gid};
    struct check_at at = {.account = row->name};
    bool cached = nss_cache_runs();
    struct bg_seen seen;
    enum bg_err r;

    if (!nss_asks_us(row->name))
        return;
    r = bg_seen_check(&a, ASK_MS, &seen);
    if (r == BG_E_MISMATCH && cached)
        check_find(c, stale(&a, &seen), &at, BG_ARGS(seen.how));
    else if (r == BG_E_MISMATCH)
        check_find(c, seen.rights ? CHECK_ACC_LIBC : CHECK_ACC_LIBC_LOOKS, &at, BG_ARGS(seen.how));
    else if (r == BG_E_TIMEOUT)
        check_unknown(c, cached ? CHECK_NSS_STALE : CHECK_ACC_LIBC, &at,
                      "the C library gave no answer within a second, so a cache or a service of names hangs");
    else if (r != BG_OK)
        check_unknown(c, CHECK_ACC_LIBC, &at, bg_strerror(r));
}

static void shadow_is(struct bg_pam_facts *p)
{
    p->shadow = BG_PAM_YES;
    p->expired = BG_PAM_NO;
}

static void shadow_is_not(struct bg_pam_facts *p)
{
    p->shadow = BG_PAM_NO;
    p->expired = BG_PAM_NO;
}

static void shadow(struct check *c, const struct check_account *a)
{
    const char *service = NULL;

    if (nss_shadow(a->row->name) == BG_PAM_NO)
        service = acc_matters(c, a, shadow_is, shadow_is_not);
    if (service != NULL)
        check_find(c, CHECK_ACC_NO_SHADOW, &(struct check_at){.account = a->row->name, .service = service},
                   BG_ARGS(service, a->row->name));
}

struct use_pam {
    char file[PATH_MAX];
    unsigned line;
    bool no;
};

static bool first_of_it(void *arg, const struct bg_sshd_line *l)
{
    struct use_pam *u = arg;

    if (l->match != NULL || strcasecmp(l->key, "UsePAM") != 0)
        return true;
    u->no = strcasecmp(l->value, "no") == 0;
    u->line = l->number;
    (void)snprintf(u->file, sizeof u->file, "%s", l->file);
    return false;
}

/* Without PAM, sshd looks itself whether an account is locked: a password that begins with an exclamation
 * mark, as that of our own entry does. */
static void locked(struct check *c, const struct account_row *row)
{
    struct use_pam u = {.no = true};
    struct acc_shadow s = {.password = "!*"};

    if (access("/usr/sbin/sshd", X_OK) != 0 ||
        bg_sshd_walk(BG_SYSCONFDIR "/ssh/sshd_config", first_of_it, &u) != BG_OK)
        return;
    (void)acc_shadow(row->name, &s);
    if (u.no && s.password[0] == '!')
        check_find(
            c, CHECK_ACC_LOCKED,
            &(struct check_at){
                .account = row->name, .service = "sshd", .file = u.line > 0 ? u.file : NULL, .line = u.line},
            BG_ARGS(row->name));
}

void acc_look_name(struct check *c, const struct check_account *a)
{
    struct others o = {.c = c, .row = a->row, .at = {.account = a->row->name, .file = PASSWD}};

    if (!acc_walk(one, &o))
        check_unknown(c, CHECK_ACC_OTHER, &(struct check_at){.account = a->row->name},
                      PASSWD " cannot be read");
    other_accounts(&o);
    if (nss_look_module(c, a) && !o.clash)
        by_libc(c, a->row);
    shadow(c, a);
    locked(c, a->row);
}
