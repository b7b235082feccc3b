/* SPDX-License-Identifier: ISC */
/* SSH-03 .. SSH-07, SSH-09, SSH-12: the settings of one account at one connection. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "admin/check/ssh.h"
#include "config/credential.h"
#include "config/ways.h"

#define TRIES_LEAST 6 /* a client offers up to five keys of its own first; OpenSSH's default */

static void count(struct ssh_fault *f, const struct ssh_from *from)
{
    size_t n = strlen(f->from);
    char one[200];

    (void)snprintf(one, sizeof one, strcmp(from->host, from->addr) == 0 ? "%s%s" : "%s%s (%s)",
                   f->n > 0 ? ", " : "", from->addr, from->host);
    f->n++;
    f->outside += !from->inside;
    if (f->n <= 4 && strstr(f->from, from->addr) == NULL && n + strlen(one) < sizeof f->from)
        (void)snprintf(f->from + n, sizeof f->from - n, "%s", one);
}

void ssh_fault(const struct ssh_look *l, enum check_rule_name all, enum check_rule_name some,
               const char *said, const struct ssh_where *w)
{
    struct ssh_faults *fs = l->faults;
    struct ssh_fault *f = fs->of;

    while (f < fs->of + fs->n && (f->all != all || strcmp(f->said, said) != 0))
        f++;
    if (f == fs->of + SSH_FAULTS_MAX)
        return;
    if (f == fs->of + fs->n) {
        *f = (struct ssh_fault){.all = all, .some = some, .where = *w};
        (void)snprintf(f->said, sizeof f->said, "%s", said);
        fs->n++;
    }
    count(f, l->from);
}

/* The setting is not as it must be: which line, and what it says. */
static void fault(const struct ssh_look *l, enum check_rule_name all, enum check_rule_name some,
                  const char *key)
{
    char value[256], said[SSH_SAID];
    struct ssh_where w;

    ssh_value(l->dump, key, value, sizeof value);
    ssh_where(l->server, key, NULL, l->user, &l->from->from, &w);
    ssh_said(said, key, value, &w);
    ssh_fault(l, all, some, said, &w);
}

/* Everything but "yes" keeps root from the interactive method (sshd's auth_root_allowed). */
static void root(const struct ssh_look *l)
{
    if (l->account->row->uid == 0 && !ssh_is(l->dump, "permitrootlogin", "yes"))
        fault(l, CHECK_SSH_ROOT, CHECK_SSH_ROOT_FROM, "PermitRootLogin");
}

/* --- AuthenticationMethods: lists of methods, all of one list are asked in its order */

static bool is_interactive(const char *method, size_t n)
{
    return (n == 20 && strncasecmp(method, "keyboard-interactive", n) == 0) ||
           (n == 24 && strncasecmp(method, "keyboard-interactive:pam", n) == 0);
}

enum reach {
    NEVER,
    AFTER_OTHERS,
    AFTER_A_KEY,
    AT_ONCE
};

/* How a list leads to our dialogue. */
static enum reach reach_of(const char *list)
{
    bool ours = false, key = false, others = false;
    size_t n;

    for (const char *p = list; *p != '\0' && *p != ' '; p += n, p += *p == ',') {
        n = strcspn(p, ", ");
        if (is_interactive(p, n))
            ours = true;
        else if (strncasecmp(p, "publickey", 9) == 0)
            key = true;
        else
            others = true;
    }
    return !ours ? NEVER : others ? AFTER_OTHERS : key ? AFTER_A_KEY : AT_ONCE;
}

static enum reach best_reach(const char *lists)
{
    enum reach best = NEVER, one;

    for (const char *p = lists; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " "))
        if ((one = reach_of(p)) > best)
            best = one;
    return best;
}

/* Has the account a key that sshd verifies? */
static bool has_ssh_key(const struct ssh_look *l)
{
    const struct bg_place p = bg_place_of(BG_SOURCE_NETWORK);

    return l->account->credential != NULL && bg_credential_ssh_keys(l->account->credential, &p) > 0 &&
           ssh_is(l->dump, "pubkeyauthentication", "yes");
}

static void methods(const struct ssh_look *l)
{
    char lists[512];
    enum reach r;

    if (!ssh_is(l->dump, "kbdinteractiveauthentication", "yes"))
        fault(l, CHECK_SSH_INTERACTIVE, CHECK_SSH_INTERACTIVE_FROM, "KbdInteractiveAuthentication");
    ssh_value(l->dump, "authenticationmethods", lists, sizeof lists);
    if (lists[0] == '\0' || strcasecmp(lists, "any") == 0)
        return;
    r = best_reach(lists);
    if (r == NEVER || r == AFTER_OTHERS || (r == AFTER_A_KEY && !has_ssh_key(l)))
        fault(l, CHECK_SSH_METHODS, CHECK_SSH_METHODS_FROM, "AuthenticationMethods");
    else if (r == AFTER_A_KEY)
        fault(l, CHECK_SSH_KEY_FIRST, CHECK_SSH_KEY_FIRST, "AuthenticationMethods");
}

/* --- what comes instead of a shell */

static void session(const struct ssh_look *l)
{
    if (!ssh_is(l->dump, "forcecommand", "none"))
        fault(l, CHECK_SSH_FORCED, CHECK_SSH_FORCED_FROM, "ForceCommand");
    if (!ssh_is(l->dump, "chrootdirectory", "none"))
        fault(l, CHECK_SSH_FORCED, CHECK_SSH_FORCED_FROM, "ChrootDirectory");
    if (ssh_is(l->dump, "refuseconnection", "yes")) /* OpenSSH 9.9 and newer */
        fault(l, CHECK_SSH_REFUSED, CHECK_SSH_REFUSED_FROM, "RefuseConnection");
    if (ssh_is(l->dump, "maxsessions", "0"))
        fault(l, CHECK_SSH_REFUSED, CHECK_SSH_REFUSED_FROM, "MaxSessions");
    if (!ssh_is(l->dump, "permittty", "yes"))
        fault(l, CHECK_SSH_NO_TERMINAL, CHECK_SSH_NO_TERMINAL, "PermitTTY");
    if (ssh_is(l->dump, "disableforwarding", "yes"))
        fault(l, CHECK_SSH_NO_FORWARDING, CHECK_SSH_NO_FORWARDING, "DisableForwarding");
}

static void commands(const struct ssh_look *l)
{
    static const char *const keys[] = {"AuthorizedKeysCommand", "AuthorizedPrincipalsCommand"};
    char value[256];

    for (size_t i = 0; i < sizeof keys / sizeof *keys && ssh_is(l->dump, "pubkeyauthentication", "yes");
         i++) {
        ssh_value(l->dump, keys[i], value, sizeof value);
        if (value[0] != '\0' && strcasecmp(value, "none") != 0 &&
            (i == 0 || !ssh_is(l->dump, "trustedusercakeys", "none")))
            fault(l, CHECK_SSH_COMMAND, CHECK_SSH_COMMAND, keys[i]);
    }
}

void ssh_user(const struct ssh_look *l)
{
    ssh_lists(l);
    root(l);
    methods(l);
    session(l);
    if (ssh_number(l->dump, "maxauthtries", TRIES_LEAST) < TRIES_LEAST)
        fault(l, CHECK_SSH_TRIES, CHECK_SSH_TRIES, "MaxAuthTries");
    commands(l);
}
