/* SPDX-License-Identifier: ISC */
/*
 * Starting a program, and seeing it end, from a process that may be somebody else's (a PAM host): libc only,
 * nothing is kept between calls, no descriptor is left behind. posix_spawn(3) is used rather than fork(2): it
 * is safe in a host with threads, and fast in one with much memory. To run a function in a child:
 * base/child.h.
 */
#ifndef BG_BASE_PROCESS_H
#define BG_BASE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

#define BG_FD_CLOSED -1
#define BG_FD_NULL   -2 /* /dev/null, for reading and writing */

#define BG_PROGRAM_FDS_MAX 16

struct bg_program {
    const char *path; /* absolute; PATH is not searched */
    const char *const *argv;
    const char *const *env; /* NULL: an empty environment */
    const int *fds;         /* descriptor fds[i], or one of the two above, becomes the program's i */
    unsigned n;             /* at most BG_PROGRAM_FDS_MAX; all from n on are closed */
};

/*
 * Start a program in a session of its own, with no signal blocked, ignored or caught. The caller's
 * descriptors stay open and may have any number. BG_E_NOENT when there is no such program, else BG_E_IO;
 * errno says more.
 */
BG_MUST_CHECK enum bg_err bg_process_start(const struct bg_program *p, pid_t *pid);

/*
 * Start `path` with one end of a SOCK_SEQPACKET pair as its descriptor 3 and `std`, BG_FD_NULL or
 * BG_FD_CLOSED, as 0 to 2. *fd is the other end, never 0, 1 or 2. Otherwise as bg_process_start.
 */
BG_MUST_CHECK enum bg_err bg_process_talk(const char *path, const char *const *argv, int std, pid_t *pid,
                                          int *fd);

/*
 * Wait until a child is gone: up to leave_ms for it to end by itself, then SIGKILL and up to kill_ms more (it
 * may hang in the kernel and be left behind). BG_OK: it ended by itself and *status is as waitpid(2) has it;
 * status may be NULL. BG_E_TIMEOUT: it was killed. BG_E_NOENT: it is gone, but somebody else took its status
 * (a host that ignores SIGCHLD). errno stays: it may say why the child must go.
 */
BG_MUST_CHECK enum bg_err bg_process_end(pid_t pid, int64_t leave_ms, int64_t kill_ms, int *status);

#endif
