/* SPDX-License-Identifier: ISC */
/* Secrets: wiping, comparing and generating them; keeping them out of core files and swap. */
#ifndef BG_BASE_SECRET_H
#define BG_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* Overwrite n bytes at p with zeros, in a way the compiler cannot drop, and, where the next function may
 * write them to its stack, the vector registers. p may be NULL when n is 0. */
void bg_wipe(void *p, size_t n);

/* True when the n bytes at a and b are equal; the time depends on n alone. */
bool bg_ct_equal(const void *a, const void *b, size_t n);

/* Fill p with n bytes of the kernel's randomness, waiting until the kernel has seeded it (early boot).
 * BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_random(void *p, size_t n);

/*
 * Forbid core files and debugging by the same user, and keep memory out of swap as far as RLIMIT_MEMLOCK
 * allows. Best effort: it goes on where the system refuses. Call once, early.
 */
void bg_secret_process(void);

#endif
