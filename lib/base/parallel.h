/* SPDX-License-Identifier: ISC */
/* Work that falls into pieces, on several processors at once. */
#ifndef BG_BASE_PARALLEL_H
#define BG_BASE_PARALLEL_H

#include <stddef.h>

/* One piece. Calls for different pieces run at the same time; each is made once. */
typedef void (*bg_piece_fn)(void *arg, size_t piece);

/*
 * fn(arg, 0) to fn(arg, n - 1), in no order; returns when all are done. At most `most` threads, the caller's
 * among them, and no more than the processors that this process may run on. A thread that the system refuses
 * is done without. Signals are taken by the caller's thread.
 */
void bg_parallel(size_t n, unsigned most, bg_piece_fn fn, void *arg);

#endif
