/*
 * Run a function in a forked child with a deadline, so that a disk or a device that hangs costs a bounded
 * time. The child keeps 0, 1, 2 and a pipe back, no other descriptor: fn opens what it needs.
 */
#ifndef BG_BASE_CHILD_H
#define BG_BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* Runs in the child: fills reply (cap bytes), sets *len, returns a result. */
typedef enum bg_err (*bg_child_fn)(void *arg, void *reply, size_t cap, size_t *len);

#define BG_CHILD_REPLY_MAX 512 /* one atomic pipe write with its header */

/*
 * Fork, run fn(arg), hand back its result, its errno and its reply. BG_E_TIMEOUT when nothing came in ms
 * milliseconds: the child is then killed and left to die (it may hang in the kernel; it is not waited for
 * longer than a moment). BG_E_IO when fork or pipe fails, or with EPIPE when the child dies.
 */
BG_MUST_CHECK enum bg_err bg_child_run(bg_child_fn fn, void *arg, int64_t ms, void *reply, size_t cap,
                                       size_t *len);

/* The same for a function that may kill its process: when it does (BG_E_IO), *status is as waitpid(2) has it,
 * or untouched where the status went to somebody else. */
BG_MUST_CHECK enum bg_err bg_child_status(bg_child_fn fn, void *arg, int64_t ms, void *reply, size_t cap,
                                          size_t *len, int *status);

#endif
