/* SPDX-License-Identifier: ISC */
#include "base/host.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "base/safefile.h"

/* A file of the kernel's, "" when it is not there; how many bytes. */
static size_t proc_read(const char *path, char *buf, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t at = 0;
    ssize_t n = fd < 0 ? -1 : 1;

    for (; n > 0 && at<cap - 1; at += n> 0 ? (size_t)n : 0)
        n = read(fd, buf + at, cap - 1 - at);
    buf[at] = '\0';
    bg_close(fd);
    return at;
}

void bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1])
{
    (void)proc_read("/proc/sys/kernel/random/boot_id", out, BG_BOOT_ID_LEN + 1);
}

size_t bg_host_pid_file(int64_t pid, const char *name, char *out, size_t cap)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, name);
    return proc_read(path, out, cap);
}

/* proc(5) stat: "PID (COMMAND) STATE PARENT ...". The command may hold blanks and brackets; field 2 ends at
 * the last one. Field n (from 4 on) as a number. */
static uint64_t field(const char *stat_end, int n)
{
    const char *p = stat_end;

    for (int i = 2; p != NULL && i < n; i++)
        p = strchr(p + 1, ' ');
    return p == NULL ? 0 : strtoull(p + 1, NULL, 10);
}

/* A process whose first thread has ended looks like a zombie as long as others of it run. */
static bool is_gone(const char *end)
{
    return end[1] != ' ' || (strchr("ZXx", end[2]) != NULL && field(end, 20) <= 1);
}

bool bg_host_process(int64_t pid, struct bg_host_process *out)
{
    char stat[1024], *name, *end;

    (void)bg_host_pid_file(pid, "stat", stat, sizeof stat);
    name = strchr(stat, '(');
    end = strrchr(stat, ')');
    if (name == NULL || end == NULL || is_gone(end))
        return false;
    (void)snprintf(out->command, sizeof out->command, "%.*s", (int)(end - name - 1), name + 1);
    out->parent = (int64_t)field(end, 4);
    out->tty = (unsigned)field(end, 7);
    out->start = field(end, 22);
    return true;
}

uint64_t bg_host_pid_start(int64_t pid)
{
    struct bg_host_process p;

    return bg_host_process(pid, &p) ? p.start : 0;
}

int64_t bg_host_parent(int64_t pid)
{
    struct bg_host_process p;

    return bg_host_process(pid, &p) ? p.parent : 0;
}

bool bg_host_clock_synced(int64_t *maxerror_us)
{
    struct timex t;
    int state;

    memset(&t, 0, sizeof t); /* modes 0: nothing is set */
    state = adjtimex(&t);
    *maxerror_us = state < 0 ? -1 : t.maxerror;
    return state >= 0 && state != TIME_ERROR;
}

int64_t bg_host_boottime_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void bg_host_name(char *out, size_t cap)
{
    struct utsname u;

    if (uname(&u) != 0 || u.nodename[0] == '\0')
        (void)snprintf(u.nodename, sizeof u.nodename, "localhost");
    (void)snprintf(out, cap, "%s", u.nodename);
    for (char *p = out; *p != '\0'; p++)
        if (!isascii((unsigned char)*p) || (!isalnum((unsigned char)*p) && strchr(".-_", *p) == NULL))
            *p = '-';
}
