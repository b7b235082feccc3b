/* SPDX-License-Identifier: ISC */
/* Rule RES-10: upgrades of what a login depends on that are not finished. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/host.h"
#include "admin/check/res.h"
#include "admin/run.h"
#include "base/text.h"

#define DPKG       "/usr/bin/dpkg"
#define ARCHIVES   "/var/cache/apt/archives"
#define COMPARE_MS 1000
#define NAMES      256

static const char *const packages[] = {
    "libpam0g",          "libpam-modules", "libpam-runtime", "openssh-server",   "login", "passwd",
    "util-linux",        "libc6",          "breakglass",     "breakglass-alert", "sudo",  "libpam-breakglass",
    "libnss-breakglass",
};

/* ---- the host is to be started anew */

static void look_reboot(struct check *c)
{
    static const char *const stamps[] = {"/run/reboot-required", "/var/run/reboot-required",
                                         "/run/reboot-needed"};
    char why[NAMES] = "";
    bool gone;
    char *text = facts_file("/run/reboot-required.pkgs", &gone), *at = text, *line;
    size_t n = 0;

    while (text != NULL && (line = facts_line(&at)) != NULL && n < sizeof why)
        if (*line != '\0')
            n += (size_t)snprintf(why + n, sizeof why - n, "%s%s", n > 0 ? ", " : "", line);
    free(text);
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++)
        if (access(stamps[i], F_OK) == 0) {
            check_find(c, CHECK_RES_REBOOT, &(struct check_at){.file = stamps[i]},
                       BG_ARGS(stamps[i], n > 0 ? why : "an upgrade"));
            return;
        }
}

/* ---- packages */

static bool is_half(const char *state)
{
    return strcmp(state, "unpacked") == 0 || strncmp(state, "half-", 5) == 0;
}

/* "1%3a9.2p1-2+deb12u10": of a package's file name. */
static void version_of(const char *file, const char *name, char *out, size_t cap)
{
    const char *at = strrchr(file, '/');
    size_t n = 0;

    at = (at == NULL ? file : at + 1) + strlen(name) + 1;
    while (*at != '\0' && *at != '_' && n + 1 < cap) {
        bool colon = strncmp(at, "%3a", 3) == 0;
        out[n++] = colon ? ':' : *at;
        at += colon ? 3 : 1;
    }
    out[n] = '\0';
}

static bool is_newer(const char *version, const char *than)
{
    const char *const argv[] = {DPKG, "--compare-versions", version, "gt", than, NULL};
    struct run_result res = {0};
    bool newer = strcmp(version, than) != 0 && run_program(argv, NULL, 0, 256, COMPARE_MS, &res) == BG_OK &&
                 res.exit_status == 0;

    free(res.out);
    return newer;
}

/* It was fetched, and waits for unattended-upgrades, or for somebody. */
static void look_fetched(struct check *c, const char *name, const struct host_package *p)
{
    char pattern[PATH_MAX], version[80];
    glob_t g;

    (void)snprintf(pattern, sizeof pattern, "%s/%s_*.deb", ARCHIVES, name);
    if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        version_of(g.gl_pathv[i], name, version, sizeof version);
        if (is_newer(version, p->version)) {
            check_find(c, CHECK_RES_PENDING, &(struct check_at){.file = g.gl_pathv[i]},
                       BG_ARGS(name, p->version, version));
            break;
        }
    }
    globfree(&g);
}

static void look_packages(struct check *c)
{
    struct host_packages all;
    struct host_package p;

    host_packages(&all);
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++) {
        if (!host_package(&all, packages[i], &p))
            continue;
        if (is_half(p.state))
            check_find(c, CHECK_RES_HALF, &(struct check_at){.file = "/var/lib/dpkg/status"},
                       BG_ARGS(packages[i], p.state));
        else
            look_fetched(c, packages[i], &p);
    }
    host_packages_free(&all);
}

/* ---- an sshd that is no longer on the disk starts its children from another one that is */

static bool look_sshd(void *arg, pid_t pid, const char *comm)
{
    char path[64], exe[PATH_MAX];
    ssize_t n;

    if (!host_is_listener(pid, comm))
        return true;
    (void)snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    n = readlink(path, exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    if (strstr(exe, " (deleted)") != NULL)
        check_find(arg, CHECK_RES_OLD_SSHD, &(struct check_at){.service = "sshd"}, BG_ARGS(BG_DIGITS(pid)));
    return true;
}

void res_upgrade(struct check *c)
{
    look_reboot(c);
    look_packages(c);
    host_processes(look_sshd, c);
}
