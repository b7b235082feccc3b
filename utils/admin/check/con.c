/* SPDX-License-Identifier: ISC */
/* CON-01 to -03: the consoles that policy names, and rescue mode. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/check.h"
#include "admin/check/con.h"
#include "admin/check/facts.h"
#include "admin/conf/conffile.h"
#include "base/text.h"

#define INITTAB   "/etc/inittab"
#define TYPED_MIN 15 /* seconds that it takes to type a name */
#define VIRTUAL   6  /* logind's NAutoVTs */

/* ---- CON-01 */

struct consoles {
    struct bg_policy policy;
    bool any; /* of those that policy names, one has a login */
};

static void has_login(struct consoles *s, const char *tty)
{
    s->any = s->any || bg_policy_is_console(&s->policy, tty);
}

/* A unit of that name, or the template that it is made of, is masked: a link to /dev/null, or empty. */
static bool masked(const char *unit)
{
    static const char *const dirs[] = {"/etc/systemd/system", "/run/systemd/system"};
    char template[128], path[300], target[16];
    const char *at = strchr(unit, '@'), *names[2] = {unit, template};
    bool is = false;

    (void)snprintf(template, sizeof template, "%.*s@.service", at == NULL ? 0 : (int)(at - unit), unit);
    for (size_t i = 0; i < 4; i++) {
        ssize_t n;
        (void)snprintf(path, sizeof path, "%s/%.120s", dirs[i / 2], names[i % 2]);
        n = readlink(path, target, sizeof target - 1);
        is = is || (n == 9 && memcmp(target, "/dev/null", 9) == 0);
    }
    return is;
}

/* ".../getty.target.wants/serial-getty@ttyS0.service" */
static void wanted_unit(struct consoles *s, const char *path)
{
    const char *unit = strrchr(path, '/') + 1, *at = strchr(unit, '@');
    char tty[64];

    if (strstr(unit, "getty") == NULL || masked(unit))
        return;
    if (at != NULL)
        (void)snprintf(tty, sizeof tty, "%.*s", (int)strcspn(at + 1, "."), at + 1);
    else if (strcmp(unit, "console-getty.service") == 0)
        (void)snprintf(tty, sizeof tty, "console");
    else if (strcmp(unit, "getty-static.service") == 0 && access("/usr/bin/dbus-daemon", F_OK) != 0)
        (void)snprintf(tty, sizeof tty, "tty2"); /* to tty6, where logind cannot start them */
    else
        return;
    has_login(s, tty);
}

static bool systemd_runs(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

static bool no_virtual(const char *line, const void *what)
{
    uint32_t n = VIRTUAL;

    (void)what;
    return strncmp(line, "NAutoVTs=", 9) == 0 && bg_number(line + 9, 0, UINT32_MAX, &n) && n == 0;
}

/* logind starts a login on a terminal that somebody switches to. */
static void virtual(struct consoles *s)
{
    char tty[16];

    if (access("/dev/tty0", F_OK) != 0 || masked("systemd-logind.service") || masked("autovt@.service") ||
        facts_say("/etc/systemd/logind.conf", no_virtual, NULL) == BG_PAM_YES ||
        facts_any_say("/etc/systemd/logind.conf.d/*.conf", no_virtual, NULL) == BG_PAM_YES)
        return;
    for (unsigned i = 1; i <= VIRTUAL; i++) {
        (void)snprintf(tty, sizeof tty, "tty%u", i);
        has_login(s, tty);
    }
}

static void by_systemd(struct consoles *s)
{
    static const char *const where[] = {"/etc/systemd/system/getty.target.wants/*",
                                        "/run/systemd/system/getty.target.wants/*",
                                        "/run/systemd/generator/getty.target.wants/*",
                                        "/usr/lib/systemd/system/getty.target.wants/*",
                                        "/lib/systemd/system/getty.target.wants/*",
                                        "/etc/systemd/system/multi-user.target.wants/*getty*",
                                        "/etc/systemd/system/default.target.wants/*getty*"};
    glob_t g;

    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        bool of_target = strstr(where[i], "/getty.target") != NULL;
        if ((of_target && masked("getty.target")) || glob(where[i], 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++)
            wanted_unit(s, g.gl_pathv[k]);
        globfree(&g);
    }
    virtual(s);
}

/* "1:2345:respawn:/sbin/getty 38400 tty1", or busybox' "tty1::respawn:/sbin/getty 38400 tty1" */
static void by_inittab(struct consoles *s, char *text)
{
    for (char *line; (line = facts_line(&text)) != NULL;) {
        char *save = NULL, *word;
        if (strstr(line, "getty") == NULL ||
            (strstr(line, ":respawn:") == NULL && strstr(line, ":askfirst:") == NULL))
            continue;
        for (word = strtok_r(line, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save))
            has_login(s, word);
    }
}

static void gettys(struct check *c)
{
    struct consoles s = {.any = false};
    struct bg_faults faults;
    bool gone;
    char *inittab;

    (void)!bg_policy_load(BG_POLICY_PATH, &s.policy, &faults);
    inittab = facts_file(INITTAB, &gone);
    if (systemd_runs())
        by_systemd(&s);
    else if (inittab != NULL)
        by_inittab(&s, inittab);
    if ((systemd_runs() || inittab != NULL) && !s.any)
        check_find(c, CHECK_CON_NO_GETTY, NULL, BG_ARGS(s.policy.consoles));
    free(inittab);
}

/* ---- CON-02: our module stops the alarm of login(1), but nothing does while the name is typed */

static void name_time(struct check *c)
{
    unsigned patience = access("/bin/login", X_OK) == 0 ? check_patience("login") : 0;

    if (patience > 0 && patience < TYPED_MIN)
        check_find(c, CHECK_CON_TIMEOUT, &(struct check_at){.service = "login", .file = "/etc/login.defs"},
                   BG_ARGS(BG_DIGITS(patience)));
}

/* ---- CON-03 */

static bool holds(const char *line, const void *what)
{
    return strstr(line, what) != NULL;
}

static bool forced(void)
{
    static const char *const where[] = {
        "/etc/systemd/system/rescue.service.d/*.conf", "/etc/systemd/system/emergency.service.d/*.conf",
        "/etc/systemd/system.conf.d/*.conf", "/etc/systemd/system.conf", "/proc/cmdline"};
    bool is = false;

    for (size_t i = 0; !is && i < sizeof where / sizeof *where; i++)
        is = facts_any_say(where[i], holds, "SYSTEMD_SULOGIN_FORCE=1") == BG_PAM_YES;
    return is;
}

static void rescue(struct check *c)
{
    if (rescue_here() && rescue_root_locked() && !rescue_is_set_up() && !forced())
        check_find(c, CHECK_CON_RESCUE, &(struct check_at){.file = "/etc/shadow"}, BG_NOARGS);
}

static void host(struct check *c)
{
    gettys(c);
    name_time(c);
    rescue(c);
}

const struct check_group check_con = {.host = host, .account = con_look_usb};
