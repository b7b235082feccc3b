/* SPDX-License-Identifier: ISC */
/* Run one of the system's programs with a fixed argv, an empty environment and a deadline. No shell. */
#ifndef BG_ADMIN_RUN_H
#define BG_ADMIN_RUN_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct run_result {
    char *out;       /* standard output and error together, NUL-ended; the caller frees it */
    size_t len;      /* of it; it may have NUL bytes in it */
    int exit_status; /* 0..255, or 128 + signal */
};

/*
 * Run argv[0] (an absolute path). fds: an optional list of n descriptors that the program sees as 3, 4, ...
 * At most `limit` bytes of output are kept. BG_E_NOENT when there is no such program, BG_E_TIMEOUT when it
 * took longer than ms (it is killed), BG_E_IO. *res is set only on BG_OK.
 */
BG_MUST_CHECK enum bg_err run_program(const char *const argv[], const int *fds, size_t n, size_t limit,
                                      int64_t ms, struct run_result *res);

/* The same without fds, but with `in` as standard input. */
BG_MUST_CHECK enum bg_err run_program_on(const char *const argv[], int in, size_t limit, int64_t ms,
                                         struct run_result *res);

/*
 * One of our own commands, in the foreground: with the terminal, the environment and the descriptors that we
 * have, for as long as the person takes. Its exit status, 128 + signal; BG_E_IO: it cannot be started.
 */
BG_MUST_CHECK enum bg_err run_own(const char *const argv[], int *exit_status);

#endif
