/* Facts about this machine that every event carries. libc only; none of them touches the network. */
#ifndef BG_BASE_HOST_H
#define BG_BASE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_BOOT_ID_LEN 36
#define BG_HOST_ID_MAX 256

/* The id of this boot (36 characters), or "". */
void bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1]);

/* Start time of a process in clock ticks since boot (proc(5) stat, field 22), or 0 when there is none. */
uint64_t bg_host_pid_start(int64_t pid);

/* The kernel's opinion of its clock (adjtimex(2), read only): synchronised, and the largest error in us. */
bool bg_host_clock_synced(int64_t *maxerror_us);

/* Nanoseconds of CLOCK_BOOTTIME. */
int64_t bg_host_boottime_ns(void);

/* The node name as the kernel has it, anything but letters, digits, dot, dash and underscore made '-'. */
void bg_host_name(char *out, size_t cap);

/* The id this host is known by: /etc/machine-id (32 hex digits) or, without one, the host name. NUL-ended. */
BG_MUST_CHECK enum bg_err bg_host_id(char *out, size_t cap);

#endif
