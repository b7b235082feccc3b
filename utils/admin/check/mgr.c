/* SPDX-License-Identifier: ISC */
/* Rules MGR-..: programs that own files of the system and may write them again without our lines. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "admin/check/check.h"
#include "admin/check/facts.h"
#include "admin/check/host.h"
#include "admin/conf/conffile.h"
#include "admin/gear/gear.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/text.h"

#define AUTHSELECT "/etc/authselect/authselect.conf"
#define FEATURE    "with-breakglass"

/* ---- MGR-01: authselect(8); the first line is the profile, each other one a feature */

static bool is_feature(const char *line, const void *what)
{
    return strcmp(line, what) == 0;
}

static void look_authselect(struct check *c)
{
    enum bg_pam_sure has = authselect_here() ? facts_say(AUTHSELECT, is_feature, FEATURE) : BG_PAM_YES;

    if (has == BG_PAM_NO)
        check_find(c, CHECK_MGR_AUTHSELECT, &(struct check_at){.file = AUTHSELECT}, BG_ARGS(AUTHSELECT));
    else if (has == BG_PAM_UNSURE)
        check_unknown(c, CHECK_MGR_AUTHSELECT, &(struct check_at){.file = AUTHSELECT}, "it cannot be read");
}

/* ---- MGR-02, MGR-03: platforms, as status sees them */

static bool take(void *arg, const struct bg_message *id, const char *const *args)
{
    bool vyos = gear_detect() == GEAR_VYOS;

    if (id == BG_M_CMD_GEAR_UNKNOWN)
        check_find(arg, vyos ? CHECK_MGR_VYOS : CHECK_MGR_PLATFORM, NULL, args);
    else if (id == BG_M_CMD_GEAR_FIGHT)
        check_find(arg, vyos ? CHECK_MGR_VYOS_FIGHT : CHECK_MGR_FIGHT, NULL, args);
    else if (id == BG_M_CMD_GEAR_STALE)
        check_find(arg, vyos ? CHECK_MGR_VYOS_STALE : CHECK_MGR_STALE, NULL, args);
    else
        return false;
    return true;
}

static void look_gear(struct check *c)
{
    json_t *unseen = json_object();

    if (unseen == NULL)
        return;
    ui_divert(take, c);
    gear_look(unseen);
    ui_divert(NULL, NULL);
    json_decref(unseen);
}

/* VyOS removes users of its own range that its configuration does not have, from /etc/passwd. */
static void look_vyos(struct check *c, const struct check_account *a)
{
    if (gear_detect() == GEAR_VYOS && a->row->uid >= 1000 && a->facts->pam.in_passwd == BG_PAM_YES)
        check_find(c, CHECK_MGR_VYOS_UID, &(struct check_at){.account = a->row->name, .file = "/etc/passwd"},
                   BG_ARGS(a->row->name));
}

/* ---- MGR-04: agents */

struct agent {
    const char *name;
    const char *program; /* a path, or a pattern of paths */
    const char *unit;    /* without ".service" or ".timer" */
    const char *comm;    /* as proc(5) has it, 15 characters at most */
};
static const struct agent agents[] = {
    {"Puppet", "/opt/puppetlabs/bin/puppet", "puppet", "puppet"},
    {"Puppet", "/usr/bin/puppet", "puppet", "puppet"},
    {"Chef", "/usr/bin/chef-client", "chef-client", "chef-client"},
    {"Cinc", "/usr/bin/cinc-client", "cinc-client", "cinc-client"},
    {"Salt", "/usr/bin/salt-minion", "salt-minion", "salt-minion"},
    {"ansible-pull", "/usr/bin/ansible-pull", "ansible-pull", "ansible-pull"},
    {"CFEngine", "/var/cfengine/bin/cf-agent", "cfengine3", "cf-execd"},
    {"Rudder", "/opt/rudder/bin/rudder", "rudder-agent", "rudder"},
    {"realmd", "/usr/sbin/realm", "realmd", "realmd"},
    {"winbind", "/usr/sbin/winbindd", "winbind", "winbindd"},
};

/* Started at boot by systemd, by sysvinit, or by cron. */
static bool is_enabled(const struct agent *a)
{
    static const char *const where[] = {"/etc/systemd/system/*.wants/%s.service",
                                        "/etc/systemd/system/*.wants/%s.timer", "/etc/rc[2-5].d/S??%s",
                                        "/etc/cron.d/%s", "/etc/cron.*ly/%s"};
    char pattern[PATH_MAX];

    for (size_t i = 0; i < sizeof where / sizeof where[0]; i++) {
        size_t at = strcspn(where[i], "%");
        (void)snprintf(pattern, sizeof pattern, "%.*s%s%s", (int)at, where[i], a->unit, where[i] + at + 2);
        if (host_any(pattern))
            return true;
    }
    return false;
}

static bool holds(const char *line, const void *what)
{
    return strstr(line, what) != NULL;
}

static bool is_in_crontab(const char *program)
{
    const char *name = strrchr(program, '/') + 1;

    return facts_say("/etc/crontab", holds, name) == BG_PAM_YES ||
           facts_any_say("/etc/cron.d/*", holds, name) == BG_PAM_YES ||
           facts_any_say("/var/spool/cron/crontabs/root", holds, name) == BG_PAM_YES ||
           facts_any_say("/var/spool/cron/root", holds, name) == BG_PAM_YES;
}

/* One that is installed but neither runs nor will be started writes nothing. */
static void look_agents(struct check *c)
{
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
        const struct agent *a = &agents[i];
        if (access(a->program, X_OK) == 0 &&
            (is_enabled(a) || is_in_crontab(a->program) || host_process(a->comm) != 0))
            check_find(c, CHECK_MGR_AGENT, &(struct check_at){.file = a->program},
                       BG_ARGS(a->name, a->program));
    }
    if (access("/usr/sbin/ipa-client-install", X_OK) == 0 && access("/etc/ipa/default.conf", F_OK) == 0)
        check_find(c, CHECK_MGR_AGENT, &(struct check_at){.file = "/etc/ipa/default.conf"},
                   BG_ARGS("the client of FreeIPA", "/etc/ipa/default.conf"));
}

/* ---- MGR-05: cloud-init, images */

static bool runs_cloud_init(void)
{
    char line[4096];

    return access("/usr/bin/cloud-init", X_OK) == 0 && access("/etc/cloud/cloud-init.disabled", F_OK) != 0 &&
           (!host_line("/proc/cmdline", line, sizeof line) || strstr(line, "cloud-init=disabled") == NULL) &&
           (!host_by_systemd() || host_any("/etc/systemd/system/*.wants/cloud-init*.service") ||
            host_any("/run/systemd/generator*/*.wants/cloud-init.target"));
}

#define CLOUD_CFG  "/etc/cloud/cloud.cfg"
#define CLOUD_MORE "/etc/cloud/cloud.cfg.d/*.cfg"

static void look_cloud(struct check *c)
{
    char value[64];

    if (runs_cloud_init() && host_settings(CLOUD_CFG, CLOUD_MORE, "ssh_pwauth", value, sizeof value) &&
        strcmp(value, "unchanged") != 0 && value[0] != '\0')
        check_find(c, CHECK_MGR_CLOUD_SSH, &(struct check_at){.file = CLOUD_CFG}, BG_ARGS(value));
}

/* "- name: bg1", "name: bg1": of "users". */
static bool names_user(const char *line, const void *what)
{
    const char *at = line + (line[0] == '-' ? 1 + strspn(line + 1, " \t") : 0);

    if (strncmp(at, "name:", 5) != 0)
        return strcmp(at, what) == 0 && line[0] == '-';
    at += 5 + strspn(at + 5, " \t\"'");
    return strncmp(at, what, strlen(what)) == 0 &&
           strspn(at + strlen(what), " \t\"'") == strlen(at + strlen(what));
}

static void look_cloud_users(struct check *c, const char *account)
{
    if (runs_cloud_init() && (facts_say(CLOUD_CFG, names_user, account) == BG_PAM_YES ||
                              facts_any_say(CLOUD_MORE, names_user, account) == BG_PAM_YES))
        check_find(c, CHECK_MGR_CLOUD_USER, &(struct check_at){.account = account, .file = CLOUD_CFG},
                   BG_ARGS(account));
}

#define OVERLAYFS_MAGIC 0x794c7630

/* Of an image: what was put into /usr since it was started is gone when it is started again. */
static void look_image(struct check *c)
{
    struct statfs fs;

    if (access("/run/ostree-booted", F_OK) == 0 && statfs("/usr", &fs) == 0 && fs.f_type == OVERLAYFS_MAGIC)
        check_find(c, CHECK_MGR_IMAGE, &(struct check_at){.file = "/usr"}, BG_NOARGS);
    if (access("/usr/sbin/transactional-update", X_OK) == 0 && access("/run/reboot-needed", F_OK) == 0)
        check_find(c, CHECK_MGR_SNAPSHOT, &(struct check_at){.file = "/run/reboot-needed"}, BG_NOARGS);
    if (host_any("/boot/ignition.firstboot"))
        check_find(c, CHECK_MGR_IGNITION, &(struct check_at){.file = "/boot/ignition.firstboot"}, BG_NOARGS);
}

/* ---- MGR-06: pam-auth-update(8) writes common-* again */

#define DEBCONF "/var/cache/debconf/config.dat"

/* Is this question of debconf's answered with yes? Its paragraph is "Name: ...", then its fields. */
static bool overrides(void)
{
    bool gone, yes = false, ours = false;
    char *text = facts_file(DEBCONF, &gone), *at = text, *line;

    while (text != NULL && (line = facts_line(&at)) != NULL) {
        if (strncmp(line, "Name:", 5) == 0)
            ours = strcmp(line + 5 + strspn(line + 5, " "), "libpam-runtime/override") == 0;
        else if (ours && strncmp(line, "Value:", 6) == 0)
            yes = strcmp(line + 6 + strspn(line + 6, " "), "true") == 0;
    }
    free(text);
    return yes;
}

static void look_common(struct check *c)
{
    glob_t g;

    if (glob("/etc/pam.d/common-*", 0, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++)
        if (facts_say(g.gl_pathv[i], holds, "pam_breakglass.so") == BG_PAM_YES) {
            check_find(c, overrides() ? CHECK_MGR_OVERRIDE : CHECK_MGR_COMMON,
                       &(struct check_at){.file = g.gl_pathv[i]}, BG_ARGS(g.gl_pathv[i]));
            break;
        }
    globfree(&g);
}

/* ---- all of it */

static void look_host(struct check *c)
{
    look_authselect(c);
    look_gear(c);
    look_agents(c);
    look_cloud(c);
    look_image(c);
    look_common(c);
}

static void look_account(struct check *c, const struct check_account *a)
{
    look_vyos(c, a);
    look_cloud_users(c, a->row->name);
}

const struct check_group check_mgr = {.host = look_host, .account = look_account};
