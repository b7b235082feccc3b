/* Secret memory: wiping, comparing, keeping out of core files and swap. */
#ifndef BG_BASE_SECRET_H
#define BG_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* Overwrite n bytes at p in a way the compiler cannot drop. p may be NULL when n is 0. */
void bg_wipe(void *p, size_t n);

/* True when the n bytes at a and b are equal; the time depends on n alone. */
bool bg_ct_equal(const void *a, const void *b, size_t n);

/* Fill p with n bytes of kernel randomness. Fails with BG_E_CRYPTO; never returns weak bytes. */
BG_MUST_CHECK enum bg_err bg_random(void *p, size_t n);

/*
 * Make this process worthless to a core file and a debugger, and try to keep its memory
 * out of swap. Best effort where the system forbids it (mlockall); call once, early.
 */
void bg_secret_process(void);

#endif
