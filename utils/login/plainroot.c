/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/needs.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"

/* The directory of a process's cgroup in the unified hierarchy, the only one that is ever given to users. */
static bool cgroup_dir(const char *proc, char out[PATH_MAX])
{
    const char *top = access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "" : "/unified";
    char text[4096];
    const char *line = text;
    size_t len;

    if (bg_file_read(proc, text, sizeof text, &len) != BG_OK)
        return false;
    while (line != NULL && strncmp(line, "0::/", 4) != 0)
        if ((line = strchr(line, '\n')) != NULL)
            line++;
    if (line == NULL || strncmp(line, "0::/..", 6) == 0)
        return false;
    (void)snprintf(out, PATH_MAX, "/sys/fs/cgroup%s%.*s", top, (int)strcspn(line + 3, "\n"), line + 3);
    return true;
}

/* A unit that systemd ends by killing all that is in it, such as the one of a getty. */
static bool is_service(const char *dir)
{
    const char *dot = strrchr(dir, '.');

    return dot != NULL && strcmp(dot, ".service") == 0;
}

/*
 * systemd gives users cgroups of their own, and su runs us in its caller's. Who can freeze or starve that
 * could stop us while we hold the journal's lock, and with it every other record. And when login(1) dies of a
 * Ctrl-C, systemd kills what is left of its getty's service, before "aborted" is on record: move to where
 * process 1 is. Best effort: there may be no such hierarchy.
 */
static void leave_foreign_cgroup(void)
{
    char here[PATH_MAX], there[PATH_MAX];
    int fd;

    if (!cgroup_dir("/proc/self/cgroup", here) || (bg_path_safe(here) == BG_OK && !is_service(here)) ||
        !cgroup_dir("/proc/1/cgroup", there))
        return;
    (void)strncat(there, "/cgroup.procs", sizeof there - strlen(there) - 1);
    if ((fd = open(there, O_WRONLY | O_CLOEXEC | O_NOCTTY)) < 0)
        return;
    (void)!write(fd, "0", 1);
    (void)close(fd);
}

void process_outlive_caller(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
}

enum bg_err process_become_plain_root(void)
{
    enum bg_err r;

    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE then fails instead of killing us */
    if ((r = bg_become_user(0, 0)) != BG_OK)
        return r;
    if (chdir("/") != 0)
        return BG_E_IO;
    leave_foreign_cgroup();
    process_take_normal_schedule();
    bg_secret_process();
    return BG_OK;
}

static bool raise_to(const struct bg_need *n, struct rlimit lim, rlim_t value)
{
    if (lim.rlim_cur == RLIM_INFINITY || lim.rlim_cur >= value)
        return true;
    lim.rlim_cur = value;
    if (lim.rlim_max != RLIM_INFINITY && lim.rlim_max < value)
        lim.rlim_max = value; /* needs CAP_SYS_RESOURCE: a container may not have it */
    return setrlimit((__rlimit_resource_t)n->what, &lim) == 0;
}

static enum bg_err raise_one(const struct bg_need *n)
{
    struct rlimit lim;

    if (getrlimit((__rlimit_resource_t)n->what, &lim) != 0)
        return BG_E_REFUSED;
    return raise_to(n, lim, n->most) || raise_to(n, lim, n->least) ? BG_OK : BG_E_REFUSED;
}

enum bg_err process_raise_limits(const char **which)
{
    for (size_t i = 0; i < BG_NEEDS; i++)
        if (raise_one(&bg_needs[i]) != BG_OK) {
            *which = bg_needs[i].name;
            return BG_E_REFUSED;
        }
    return BG_OK;
}
