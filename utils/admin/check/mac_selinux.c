/* SPDX-License-Identifier: ISC */
/* Rules MAC-01 to MAC-04: labels, users, denials and booleans of SELinux. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/check/facts.h"
#include "admin/check/host.h"
#include "admin/check/mac.h"
#include "admin/run.h"

#define ENFORCE    "/sys/fs/selinux/enforce"
#define RESTORECON "/usr/sbin/restorecon"
#define AUSEARCH   "/usr/sbin/ausearch"
#define RUN_MS     2000
#define OUTPUT     (64u << 10)

/* ---- MAC-01 */

/* "Would relabel /etc/breakglass/accounts from ...:etc_t:s0 to ...:breakglass_conf_t:s0" */
static void tell_labels(struct check *c, char *out)
{
    char *save = NULL, *path, *end;

    for (char *line = strtok_r(out, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "Would relabel ", 14) != 0)
            continue;
        path = line + 14;
        if ((end = strstr(path, " from ")) == NULL)
            continue;
        *end = '\0';
        check_find(c, CHECK_MAC_LABEL, &(struct check_at){.file = path}, BG_ARGS(path, end + 6));
    }
}

static void look_labels(struct check *c)
{
    static const char *const argv[] = {RESTORECON,
                                       "-n",
                                       "-v",
                                       "-R",
                                       BG_CONFDIR,
                                       BG_STATEDIR,
                                       BG_RUNDIR,
                                       BG_HELPERDIR,
                                       BG_PAMDIR "/pam_breakglass.so",
                                       BG_NSSDIR "/libnss_breakglass.so.2",
                                       NULL};
    struct run_result res = {0};
    enum bg_err r = run_program(argv, NULL, 0, OUTPUT, RUN_MS, &res);

    if (r == BG_OK)
        tell_labels(c, res.out);
    else
        check_unknown(c, CHECK_MAC_LABEL, NULL,
                      r == BG_E_NOENT ? "restorecon is not installed" : bg_strerror(r));
    free(res.out);
}

/* ---- MAC-03 */

static void look_denials(struct check *c)
{
    static const char *const argv[] = {AUSEARCH, "-m", "AVC,USER_AVC", "-ts", "boot", "-i", NULL};
    struct run_result res = {0};
    enum bg_err r = run_program(argv, NULL, 0, OUTPUT, RUN_MS, &res);
    unsigned n = 0;

    if (r != BG_OK && r != BG_E_NOENT)
        check_unknown(c, CHECK_MAC_DENIED, NULL, bg_strerror(r));
    if (r == BG_OK)
        for (const char *at = res.out; (at = strstr(at, "breakglass")) != NULL; at += strcspn(at, "\n"))
            n++;
    if (n > 0)
        check_find(c, CHECK_MAC_DENIED, NULL, BG_ARGS(BG_DIGITS(n)));
    free(res.out);
}

/* ---- MAC-02 and MAC-04: seusers(5) */

/* Whom the file maps a name to; of the default, where it has no line of its own. */
static bool mapped(const char *path, const char *name, char *out, size_t cap)
{
    bool gone, own = false, found = false;
    char *text = facts_file(path, &gone), *at = text, *line, *user;

    while (text != NULL && (line = facts_line(&at)) != NULL) {
        bool exact = (user = strchr(line, ':')) != NULL && strncmp(line, name, (size_t)(user - line)) == 0 &&
                     name[user - line] == '\0';
        if (user == NULL || (!exact && (own || strncmp(line, "__default__:", 12) != 0)))
            continue;
        user++;
        (void)snprintf(out, cap, "%.*s", (int)strcspn(user, ":"), user);
        found = true;
        own = own || exact;
    }
    free(text);
    return found;
}

static void look_user(struct check *c, const char *account, bool root)
{
    char type[64], path[160], user[64];
    struct check_at at = {.account = account, .file = path};

    if (!host_setting("/etc/selinux/config", "SELINUXTYPE", type, sizeof type))
        (void)snprintf(type, sizeof type, "targeted");
    (void)snprintf(path, sizeof path, "/etc/selinux/%s/seusers", type);
    if (!mapped(path, account, user, sizeof user)) {
        check_unknown(c, CHECK_MAC_USER, &at, "seusers cannot be read");
    } else if (strcmp(user, "user_u") == 0 || strcmp(user, "guest_u") == 0 || strcmp(user, "xguest_u") == 0) {
        check_find(c, CHECK_MAC_USER, &at, BG_ARGS(account, user));
    } else if (strcmp(user, "sysadm_u") == 0 &&
               host_holds("/sys/fs/selinux/booleans/ssh_sysadm_login", "0 ")) {
        check_find(c, CHECK_MAC_SYSADM, &at, BG_ARGS(account));
    } else if (strcmp(user, "staff_u") == 0 && root) {
        check_find(c, CHECK_MAC_STAFF, &at, BG_ARGS(account));
    }
}

static void look_module(struct check *c)
{
    if (access("/var/lib/selinux", R_OK | X_OK) == 0 &&
        !host_any("/var/lib/selinux/*/active/modules/*/breakglass"))
        check_find(c, CHECK_MAC_MODULE, NULL, BG_NOARGS);
}

void mac_selinux(struct check *c, const struct check_account *a)
{
    uint64_t enforcing;

    if (!host_number(ENFORCE, &enforcing))
        return;
    if (a != NULL) {
        look_user(c, a->row->name, a->row->uid == 0);
        return;
    }
    look_labels(c);
    look_denials(c);
    if (enforcing != 0)
        look_module(c);
}
