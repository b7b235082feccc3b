/* SPDX-License-Identifier: ISC */
#include "admin/caller.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include "base/secret.h"

static struct {
    mode_t mask;
    struct rlimit core;
    int has_core;
} was;

void caller_begin(void)
{
    was.has_core = getrlimit(RLIMIT_CORE, &was.core) == 0;
    bg_secret_process();
    was.mask = umask(077);
}

void caller_restore(void)
{
    (void)umask(was.mask);
    if (was.has_core)
        (void)setrlimit(RLIMIT_CORE, &was.core);
}
