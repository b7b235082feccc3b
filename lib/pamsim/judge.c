/* SPDX-License-Identifier: ISC */
/*
 * What each module returns is from its source or manual: Linux-PAM 1.5 and 1.7, nss-pam-ldapd 0.9, SSSD 2,
 * pam_krb5 4, pam_radius 2, pam_tacplus 1, systemd 252, pam-u2f 1, google-authenticator 1. Seconds: measured
 * where DESIGN's measurements have them, else the module's own time-outs.
 */
#include "pamsim/judge.h"

#include <stdlib.h>
#include <string.h>

const char *bg_judge_option(const struct bg_pam_view *v, const char *name)
{
    size_t n = strlen(name);
    const char *found = NULL;

    for (size_t i = 0; i < v->step->argc; i++) {
        const char *a = v->step->argv[i];
        if (strncmp(a, name, n) == 0 && (a[n] == '\0' || a[n] == '='))
            found = a[n] == '=' ? a + n + 1 : a + n;
    }
    return found;
}

bool bg_judge_has(const struct bg_pam_view *v, const char *name)
{
    return bg_judge_option(v, name) != NULL;
}

long bg_judge_number(const struct bg_pam_view *v, const char *name, long otherwise)
{
    const char *value = bg_judge_option(v, name);
    char *end;
    long n = value == NULL ? otherwise : strtol(value, &end, 10);

    return value != NULL && (*value == '\0' || *end != '\0') ? otherwise : n;
}

uint32_t bg_judge_by(enum bg_pam_sure fact, uint32_t yes, uint32_t no)
{
    return fact == BG_PAM_YES ? yes : fact == BG_PAM_NO ? no : yes | no;
}

enum bg_pam_sure bg_judge_not(enum bg_pam_sure s)
{
    return s == BG_PAM_UNSURE ? s : s == BG_PAM_YES ? BG_PAM_NO : BG_PAM_YES;
}

enum bg_pam_sure bg_judge_root(const struct bg_pam_view *v)
{
    return !v->f->known_ids ? BG_PAM_UNSURE : v->f->uid == 0 ? BG_PAM_YES : BG_PAM_NO;
}

void bg_judge_say(struct bg_pam_answer *a, uint32_t codes, const char *why)
{
    a->codes = codes;
    a->why = why;
}

const char *bg_judge_tty(const char *name)
{
    return strncmp(name, "/dev/", 5) == 0 ? name + 5 : name;
}

const char *bg_judge_terminal(const struct bg_pam_view *v)
{
    bool su = v->f->service != NULL && strncmp(v->f->service, "su", 2) == 0;

    return v->f->tty != NULL ? bg_judge_tty(v->f->tty) : su ? "pts/0" : "tty1";
}

bool bg_judge_down(const struct bg_pam_view *v)
{
    return v->scenario == BG_PAM_LDAP_DOWN || v->scenario == BG_PAM_DNS_DOWN;
}

unsigned bg_judge_wait_of(const struct bg_pam_view *v)
{
    switch (v->call) {
    case BG_PAM_AUTHENTICATE:
        return v->row->auth_seconds;
    case BG_PAM_ACCT_MGMT:
        return v->row->account_seconds;
    case BG_PAM_OPEN_SESSION:
    case BG_PAM_CLOSE_SESSION:
        return v->row->session_seconds;
    default:
        return 0;
    }
}

/* ---- ours */

/* The grant is for this handle's own authentication: it stands where the account's turn was before. */
void bg_judge_ours(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    uint32_t in = v->call == BG_PAM_CHAUTHTOK ? CODE(PERM_DENIED) : OK;

    a->ours = v->f->ours != BG_PAM_NO;
    bg_judge_say(a, bg_judge_by(v->f->ours, in, IGN), a->ours ? NULL : "it is not an emergency account");
}

/* ---- those of Linux-PAM */

static void unix_account(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    long ahead = v->scenario == BG_PAM_CLOCK_1Y ? 365 : v->scenario == BG_PAM_IDLE_100D ? 100 : 0;
    bool later = v->f->days_left > 0 && v->f->days_left <= ahead;
    uint32_t old = CODE(ACCT_EXPIRED) | CODE(NEW_AUTHTOK_REQD), none = CODE(AUTHINFO_UNAVAIL);

    if (bg_judge_has(v, "broken_shadow"))
        none |= OK;
    if (v->f->shadow == BG_PAM_NO)
        bg_judge_say(a, none, "root sees no shadow entry of the account");
    else if (v->f->expired == BG_PAM_YES || (later && v->f->expired != BG_PAM_UNSURE))
        bg_judge_say(a, old, "the account or its password is expired");
    else
        bg_judge_say(a, bg_judge_by(v->f->expired, old, OK) | (v->f->shadow == BG_PAM_YES ? 0 : none), NULL);
}

void bg_judge_unix(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->call == BG_PAM_ACCT_MGMT)
        unix_account(v, a);
    else if (v->call == BG_PAM_AUTHENTICATE)
        bg_judge_say(a, bg_judge_by(v->f->password, OK, CODE(AUTH_ERR)), "the account has no password here");
    else if (v->call == BG_PAM_CHAUTHTOK)
        bg_judge_say(a,
                     CODE(AUTHTOK_ERR) | CODE(PERM_DENIED) |
                         bg_judge_by(v->f->password, OK, CODE(AUTHTOK_RECOVER_ERR)),
                     NULL);
}

void bg_judge_nologin(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    enum bg_pam_sure there = v->scenario == BG_PAM_NOLOGIN ? BG_PAM_YES : v->f->nologin;
    uint32_t closed = bg_judge_by(bg_judge_root(v), OK, CODE(AUTH_ERR)),
             open = bg_judge_has(v, "successok") ? OK : IGN;

    bg_judge_say(a, bg_judge_by(there, closed, open), there == BG_PAM_YES ? "there is a file nologin" : NULL);
}

void bg_judge_lastlog(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bool idle = v->scenario == BG_PAM_IDLE_100D || v->scenario == BG_PAM_CLOCK_1Y;
    long days = bg_judge_number(v, "inactive", 90), since = v->scenario == BG_PAM_CLOCK_1Y ? 365 : 100;

    if (v->call == BG_PAM_OPEN_SESSION || v->call == BG_PAM_CLOSE_SESSION)
        bg_judge_say(a, v->scenario == BG_PAM_DISK_FULL ? OK | CODE(SERVICE_ERR) : OK, NULL);
    else if (idle && since > days)
        bg_judge_say(a, bg_judge_by(bg_judge_root(v), OK, CODE(AUTH_ERR)), "the last login is too long ago");
    else
        bg_judge_say(a, days < 30 ? OK | IGN | bg_judge_by(bg_judge_root(v), 0, CODE(AUTH_ERR)) : OK | IGN,
                     NULL);
}

void bg_judge_localuser(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    uint32_t no = CODE(PERM_DENIED) | CODE(USER_UNKNOWN); /* 1.5.2 and later: the former */

    if (bg_judge_has(v, "file"))
        bg_judge_say(a, OK | no, NULL);
    else
        bg_judge_say(a, bg_judge_by(v->f->in_passwd, OK, CODE(PERM_DENIED)),
                     v->f->in_passwd == BG_PAM_NO ? "no line in /etc/passwd" : NULL);
}

void bg_judge_shells(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bg_judge_say(a, bg_judge_by(v->f->shell_listed, OK, CODE(AUTH_ERR)),
                 v->f->shell_listed == BG_PAM_NO ? "its shell is not in /etc/shells" : NULL);
}

void bg_judge_loginuid(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (bg_judge_has(v, "require_auditd") && v->call != BG_PAM_CLOSE_SESSION)
        bg_judge_say(a, bg_judge_by(v->f->auditd, OK | IGN, CODE(SESSION_ERR)), "auditd must run");
}

void bg_judge_tally2(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    enum bg_pam_sure full = v->scenario == BG_PAM_LOCKED ? BG_PAM_YES : v->f->tally_full;
    uint32_t locked =
        CODE(AUTH_ERR) | (bg_judge_root(v) == BG_PAM_NO || bg_judge_has(v, "even_deny_root") ? 0 : OK);

    if (v->call == BG_PAM_AUTHENTICATE)
        bg_judge_say(a, bg_judge_by(full, locked, OK), full == BG_PAM_YES ? "too many failed tries" : NULL);
}

void bg_judge_wheel(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    uint32_t in = bg_judge_has(v, "deny") ? CODE(PERM_DENIED) : bg_judge_has(v, "trust") ? OK : IGN;
    uint32_t out = !bg_judge_has(v, "deny")   ? CODE(PERM_DENIED) | CODE(AUTH_ERR)
                   : bg_judge_has(v, "trust") ? OK
                                              : IGN;
    uint32_t any = bg_judge_by(v->f->wheel, in, out) | (v->f->wheel == BG_PAM_UNSURE ? CODE(SERVICE_ERR) : 0);

    if (bg_judge_has(v, "root_only"))
        bg_judge_say(a, bg_judge_by(bg_judge_root(v), any, IGN), NULL);
    else
        bg_judge_say(a, any, "who calls must be in the group");
}

/* Root without a password: from root's own shell only. */
void bg_judge_rootok(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bool su = v->f->service != NULL && strncmp(v->f->service, "su", 2) == 0;

    bg_judge_say(a, su || v->f->service == NULL ? OK | CODE(AUTH_ERR) : CODE(AUTH_ERR), "root calls, or not");
    if (!su && v->f->service != NULL)
        bg_judge_say(a, OK, "the program runs as root");
}

void bg_judge_usertype(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    int64_t low = v->f->uid_min > 0 ? v->f->uid_min : 1000;
    enum bg_pam_sure regular = !v->f->known_ids                         ? BG_PAM_UNSURE
                               : v->f->uid >= low && v->f->uid != 65534 ? BG_PAM_YES
                                                                        : BG_PAM_NO;

    if (bg_judge_has(v, "use_uid") || (!bg_judge_has(v, "isregular") && !bg_judge_has(v, "issystem")))
        regular = BG_PAM_UNSURE;
    bg_judge_say(
        a, bg_judge_by(bg_judge_has(v, "issystem") ? bg_judge_not(regular) : regular, OK, CODE(AUTH_ERR)),
        "by its uid");
}

void bg_judge_exec(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    char name[64];

    bg_pam_module_name(v->step, name, sizeof name);
    /* a program tells failure or success; only a script of Python may answer whatever it likes */
    bg_judge_say(a, strcmp(name, "pam_python") == 0 ? OPEN : OPEN & ~CODE(NEW_AUTHTOK_REQD),
                 "what the program does is not known");
    a->repeats = false;
}

void bg_judge_namespace(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bg_judge_say(a, bg_judge_by(v->f->namespaces, OK, OK | CODE(SESSION_ERR)), NULL);
}

void bg_judge_sepermit(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bg_judge_say(a, bg_judge_by(v->f->sepermit, OK | IGN, OK | IGN | CODE(AUTH_ERR)), NULL);
}

void bg_judge_mkhomedir(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->scenario == BG_PAM_DISK_FULL)
        bg_judge_say(a, OK | CODE(PERM_DENIED) | CODE(SYSTEM_ERR) | CODE(SESSION_ERR),
                     "a home directory cannot be made");
}

void bg_judge_tty_audit(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->call == BG_PAM_OPEN_SESSION)
        bg_judge_say(a, OK | CODE(SESSION_ERR), "the kernel may have no audit of terminals");
}

void bg_judge_systemd(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->call == BG_PAM_OPEN_SESSION) {
        bg_judge_say(a, bg_judge_by(v->f->logind, OK, CODE(SESSION_ERR)), "logind may not answer");
        a->seconds =
            bg_judge_down(v) ? 20 : 0; /* the bus stands still while it asks the directory for groups */
    }
}
