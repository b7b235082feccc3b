/* SPDX-License-Identifier: ISC */
/* Facts about this machine, for the record. libc only; none of them touches the network. */
#ifndef BG_BASE_HOST_H
#define BG_BASE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_BOOT_ID_LEN 36

/* The id of this boot (36 characters), or "" when the kernel does not tell. */
void bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1]);

/* A process that lives: one that has ended and that nobody has waited for yet (a zombie) is none. */
struct bg_host_process {
    uint64_t start; /* clock ticks since boot (proc(5) stat, field 22) */
    int64_t parent;
    unsigned tty;     /* device number of its terminal, 0: it has none */
    char command[32]; /* hostile */
};
bool bg_host_process(int64_t pid, struct bg_host_process *out);

/* The start of a living process, 0 when there is no such. */
uint64_t bg_host_pid_start(int64_t pid);

/* The first bytes of /proc/PID/name, NUL-ended; how many. 0 also when it cannot be read. */
size_t bg_host_pid_file(int64_t pid, const char *name, char *out, size_t cap);

/* The parent of a process, 0 when it has none that can be seen. */
int64_t bg_host_parent(int64_t pid);

/* Whether the kernel regards its clock as synchronised, and its largest error in us, -1 when unknown
 * (adjtimex(2)). */
bool bg_host_clock_synced(int64_t *maxerror_us);

/* Nanoseconds of CLOCK_BOOTTIME. */
int64_t bg_host_boottime_ns(void);

/* The node name as the kernel has it ("localhost" for an empty one), anything but ASCII letters, digits, dot,
 * dash and underscore replaced by '-'. */
void bg_host_name(char *out, size_t cap);

#endif
