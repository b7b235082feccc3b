/* SPDX-License-Identifier: ISC */
/* A directory of its own for a test program. */
#ifndef TESTS_ADMIN_SCRATCH_H
#define TESTS_ADMIN_SCRATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch[] = "/tmp/bg-admin.XXXXXX";

/* Make it and go there. */
static inline bool scratch_enter(void)
{
    return mkdtemp(scratch) != NULL && chdir(scratch) == 0;
}

/* Remove it; returns rc, or 99 when that failed. */
static inline int scratch_leave(int rc)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -rf %s", scratch);
    return system(command) == 0 ? rc : 99;
}

#endif
