/* SPDX-License-Identifier: ISC */
/* Rules RES-03 and RES-09: how many processes, files and bytes a login may have, and what it sees of /proc.
 */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/host.h"
#include "admin/check/res.h"

#define PROCESSES 8u /* that one login adds: sshd's two, the helper, its children, the shell */
#define MIB       (1u << 20)
#define ROOM      (16u * MIB) /* of memory that it takes, with the worker of a key */
#define FILES     64u         /* descriptors that sshd and the helper need */
#define SPARE     16u         /* processes and open files of the whole host */

/* ---- control groups (cgroups(7)): the second version, or the controller of the first */

static const char *const groups[] = {
    "system.slice",
    "system.slice/ssh*.service",
    "system.slice/system-*getty.slice",
    "system.slice/system-ssh*.slice",
    "system.slice/breakglass*.service",
    "user.slice",
    "user.slice/user-0.slice",
};

static bool number_of(const char *dir, const char *name, uint64_t *out)
{
    char path[PATH_MAX];

    return (size_t)snprintf(path, sizeof path, "%s/%s", dir, name) < sizeof path && host_number(path, out);
}

static void look_pids(struct check *c, const char *dir)
{
    uint64_t now, most;

    if (number_of(dir, "pids.max", &most) && most != UINT64_MAX && number_of(dir, "pids.current", &now) &&
        now + PROCESSES > most)
        check_find(c, CHECK_RES_PIDS, &(struct check_at){.file = dir},
                   BG_ARGS(dir, BG_DIGITS(now), BG_DIGITS(most)));
}

/* What the kernel can take back at once is no use of it. */
static uint64_t cached(const char *dir)
{
    char path[PATH_MAX], value[32];

    if ((size_t)snprintf(path, sizeof path, "%s/memory.stat", dir) >= sizeof path ||
        !host_setting(path, "inactive_file", value, sizeof value))
        return 0;
    return strtoull(value, NULL, 10);
}

static void look_memory(struct check *c, const char *dir)
{
    uint64_t now, most, back;

    if (!number_of(dir, "memory.max", &most) || most == UINT64_MAX || !number_of(dir, "memory.current", &now))
        return;
    back = cached(dir);
    now = now > back ? now - back : 0;
    if (now + ROOM > most)
        check_find(c, CHECK_RES_MEMORY, &(struct check_at){.file = dir},
                   BG_ARGS(dir, BG_DIGITS(now / MIB), BG_DIGITS(most / MIB)));
}

static void look_groups(struct check *c, const char *root)
{
    char pattern[PATH_MAX];
    glob_t g;

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        (void)snprintf(pattern, sizeof pattern, "%s/%s", root, groups[i]);
        if (glob(pattern, 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++) {
            look_pids(c, g.gl_pathv[k]);
            look_memory(c, g.gl_pathv[k]);
        }
        globfree(&g);
    }
}

/* ---- the whole host */

/* "0.00 0.01 0.05 1/213 4242": the second number of the fraction. */
static bool tasks(uint64_t *out)
{
    char line[128];
    const char *at = host_line("/proc/loadavg", line, sizeof line) ? strchr(line, '/') : NULL;

    if (at == NULL)
        return false;
    *out = strtoull(at + 1, NULL, 10);
    return true;
}

static void look_tasks(struct check *c)
{
    static const char *const most[] = {"/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"};
    uint64_t now, n;

    if (!tasks(&now))
        return;
    for (size_t i = 0; i < sizeof most / sizeof most[0]; i++)
        if (host_number(most[i], &n) && now + SPARE > n)
            check_find(c, CHECK_RES_PIDS, &(struct check_at){.file = most[i]},
                       BG_ARGS(most[i], BG_DIGITS(now), BG_DIGITS(n)));
}

/* "1984 0 808863": in use, free, the most. Root's are not refused, but those of sshd's child without rights.
 */
static void look_files(struct check *c)
{
    static const char path[] = "/proc/sys/fs/file-nr";
    unsigned long long now, most;
    char line[128];

    if (host_line(path, line, sizeof line) && sscanf(line, "%llu %*u %llu", &now, &most) == 2 &&
        now + FILES > most)
        check_find(c, CHECK_RES_FILES, &(struct check_at){.file = path},
                   BG_ARGS(path, BG_DIGITS(now), BG_DIGITS(most)));
}

/* ---- sshd's own limits (proc(5)) */

static bool look_sshd(void *arg, pid_t pid, const char *comm)
{
    char path[64], value[64];
    bool few;

    (void)snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
    few = host_is_listener(pid, comm) && host_setting(path, "Max open files", value, sizeof value) &&
          value[0] >= '0' && value[0] <= '9' && strtoull(value, NULL, 10) < FILES;
    if (few) {
        value[strcspn(value, " ")] = '\0';
        check_find(arg, CHECK_RES_SSHD_LIMIT, &(struct check_at){.service = "sshd", .file = path},
                   BG_ARGS(value, BG_DIGITS(FILES)));
    }
    return !few;
}

/* ---- /proc */

static void look_proc(struct check *c)
{
    char options[256], *hidden;

    if (!host_mount_options("/proc", options, sizeof options) ||
        (hidden = strstr(options, "hidepid=")) == NULL)
        return;
    hidden[strcspn(hidden, ",")] = '\0';
    if (strcmp(hidden, "hidepid=0") != 0 && strcmp(hidden, "hidepid=off") != 0)
        check_find(c, CHECK_RES_HIDEPID, &(struct check_at){.file = "/proc"}, BG_ARGS(hidden));
}

void res_limit(struct check *c)
{
    look_groups(c, "/sys/fs/cgroup");
    look_groups(c, "/sys/fs/cgroup/pids");
    look_tasks(c);
    look_files(c);
    host_processes(look_sshd, c);
    look_proc(c);
}
