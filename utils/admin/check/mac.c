/* SPDX-License-Identifier: ISC */
/* Rules MAC-05, MAC-06 and MAC-08: AppArmor, what may be run at all, and FIPS mode. */
#include "admin/check/mac.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/host.h"
#include "admin/run.h"
#include "config/credential.h"

#define PROFILES   "/sys/kernel/security/apparmor/profiles"
#define MODULE     BG_PAMDIR "/pam_breakglass.so"
#define IMA_POLICY "/sys/kernel/security/ima/policy"
#define RPM        "/usr/bin/rpm"
#define RUN_MS     2000

/* ---- AppArmor */

static const char *const hosts[] = {"/usr/sbin/sshd", "sshd",        "/bin/login", "/usr/bin/login",
                                    "login",          "/usr/bin/su", "/bin/su",    "su"};

/* "/usr/sbin/sshd (enforce)" */
static bool is_enforced(const char *line, const void *what)
{
    size_t n = strlen(what);

    return strncmp(line, what, n) == 0 && strcmp(line + n, " (enforce)") == 0;
}

/* Does any file that a profile can include speak of us? Which of them it does takes more than reading. */
static bool names_us(const char *line, const void *what)
{
    (void)what;
    return strstr(line, "breakglass-login") != NULL || strstr(line, "libexec/breakglass") != NULL;
}

static void look_apparmor(struct check *c)
{
    static const char *const rooms[] = {"/etc/apparmor.d/usr.*",
                                        "/etc/apparmor.d/bin.*",
                                        "/etc/apparmor.d/s[su]*",
                                        "/etc/apparmor.d/login*",
                                        "/etc/apparmor.d/local/*",
                                        "/etc/apparmor.d/abstractions/*",
                                        "/etc/apparmor.d/abstractions/*.d/*"};
    enum bg_pam_sure named = BG_PAM_NO, one;

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0] && named != BG_PAM_YES; i++)
        if ((one = facts_any_say(rooms[i], names_us, NULL)) != BG_PAM_NO)
            named = one;
    if (named == BG_PAM_YES)
        return;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (facts_say(PROFILES, is_enforced, hosts[i]) == BG_PAM_YES)
            check_find(c, CHECK_MAC_APPARMOR, &(struct check_at){.file = PROFILES}, BG_ARGS(hosts[i]));
}

/* ---- what may be run */

/* Of a package: that is what such policies trust. */
static bool is_packaged(void)
{
    static const char *const argv[] = {RPM, "-qf", MODULE, NULL};
    struct run_result res = {0};
    bool yes = run_program(argv, NULL, 0, 1024, RUN_MS, &res) == BG_OK && res.exit_status == 0;

    free(res.out);
    return yes || host_any("/var/lib/dpkg/info/libpam-breakglass*.list");
}

static bool names_module(const char *line, const void *what)
{
    return strncmp(line, what, strlen(what)) == 0;
}

static void look_fapolicyd(struct check *c)
{
    char permissive[16];

    if (host_process("fapolicyd") == 0 || is_packaged() ||
        (host_setting("/etc/fapolicyd/fapolicyd.conf", "permissive", permissive, sizeof permissive) &&
         strcmp(permissive, "1") == 0))
        return;
    if (facts_any_say("/etc/fapolicyd/fapolicyd.trust", names_module, MODULE) != BG_PAM_YES &&
        facts_any_say("/etc/fapolicyd/trust.d/*", names_module, MODULE) != BG_PAM_YES)
        check_find(c, CHECK_MAC_FAPOLICYD, &(struct check_at){.file = MODULE}, BG_ARGS(MODULE));
}

/* Is anything measured against its signature here, and does ours have one? */
static void look_ima(struct check *c)
{
    char line[4096];
    bool appraises = host_holds(IMA_POLICY, "appraise ");

    if (host_line("/proc/cmdline", line, sizeof line))
        appraises = (appraises || strstr(line, "ima_policy=appraise_tcb") != NULL ||
                     strstr(line, "ima_policy=secure_boot") != NULL) &&
                    strstr(line, "ima_appraise=off") == NULL;
    if (appraises && getxattr(MODULE, "security.ima", NULL, 0) < 0 && errno == ENODATA)
        check_find(c, CHECK_MAC_IMA, &(struct check_at){.file = MODULE}, BG_ARGS(MODULE));
}

/* ---- FIPS mode */

static bool is_fips(void)
{
    uint64_t on;

    return host_number("/proc/sys/crypto/fips_enabled", &on) && on != 0;
}

static void look_key(struct check *c, const char *account, const char *label, const char *algorithm)
{
    check_find(c, CHECK_MAC_FIPS, &(struct check_at){.account = account}, BG_ARGS(account, label, algorithm));
}

static void look_account(struct check *c, const struct check_account *a)
{
    const struct bg_credential *k = a->credential;

    mac_selinux(c, a);
    if (k == NULL || !is_fips())
        return;
    for (size_t i = 0; i < k->key_count; i++)
        if (k->key[i].pub.type == BG_FIDO_EDDSA)
            look_key(c, a->row->name, k->key[i].label, "Ed25519");
    for (size_t i = 0; i < k->ssh_count; i++)
        if (strstr(bg_ssh_kind(&k->ssh[i].blob), "ed25519") != NULL)
            look_key(c, a->row->name, k->ssh[i].label, "Ed25519");
    if (k->has_password && strncmp(k->password.hash, "$y$", 3) == 0)
        check_find(c, CHECK_MAC_FIPS_PASSWORD, &(struct check_at){.account = a->row->name},
                   BG_ARGS(a->row->name));
}

static void look_host(struct check *c)
{
    look_apparmor(c);
    look_fapolicyd(c);
    look_ima(c);
    mac_selinux(c, NULL);
    mac_base(c);
}

const struct check_group check_mac = {.host = look_host, .account = look_account};
