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

/* A small file of the kernel's, by one read; "" when it is not there. */
static void proc_read(const char *path, char *buf, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, cap - 1);

    buf[n > 0 ? n : 0] = '\0';
    bg_close(fd);
}

void bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1])
{
    proc_read("/proc/sys/kernel/random/boot_id", out, BG_BOOT_ID_LEN + 1);
}

/* Field n of proc(5) stat as a number, 0 when there is no such process. */
static uint64_t stat_field(int64_t pid, int n)
{
    char path[64], stat[1024], *p;

    (void)snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    proc_read(path, stat, sizeof stat);
    p = strrchr(stat, ')'); /* the command may hold blanks and brackets; field 2 ends at the last one */
    for (int field = 2; p != NULL && field < n; field++)
        p = strchr(p + 1, ' ');
    return p == NULL ? 0 : strtoull(p + 1, NULL, 10);
}

uint64_t bg_host_pid_start(int64_t pid)
{
    return stat_field(pid, 22);
}

int64_t bg_host_parent(int64_t pid)
{
    return (int64_t)stat_field(pid, 4);
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
