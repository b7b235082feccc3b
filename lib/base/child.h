/* SPDX-License-Identifier: ISC */
/*
 * Run a function in a forked child with a deadline, so that a disk or a device that hangs costs a bounded
 * time. The child keeps descriptors 0, 1 and 2 and a pipe to its parent, no other: fn opens what it needs.
 */
#ifndef BG_BASE_CHILD_H
#define BG_BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* Runs in the child. out: the caller's, in memory that both share. */
typedef enum bg_err (*bg_child_fn)(void *arg, void *out);

/*
 * Fork, run fn(arg, out), hand back its result and its errno. It finds the n bytes of out as the caller left
 * them; its changes reach the caller with BG_OK only. BG_E_TIMEOUT when it did not return in ms milliseconds:
 * the child is then killed and left to die (it may hang in the kernel; it is not waited for longer than a
 * moment). BG_E_IO when fork or pipe fails, or with EPIPE when the child dies: *status (may be NULL) is then
 * as waitpid(2) has it, or untouched when somebody else reaped the child. BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_child_run(bg_child_fn fn, void *arg, int64_t ms, void *out, size_t n,
                                       int *status);

#endif
