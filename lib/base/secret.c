/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

void bg_wipe(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}

bool bg_ct_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < n; i++)
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

enum bg_err bg_random(void *p, size_t n)
{
    uint8_t *out = p;

    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return BG_E_CRYPTO;
        out += got;
        n -= (size_t)got;
    }
    return BG_OK;
}

/*
 * Lock what is mapped now and later. Where RLIMIT_MEMLOCK binds (no CAP_IPC_LOCK: other users, containers),
 * every later allocation past the limit would fail, so only what is mapped now is locked there.
 */
static void lock_memory(void)
{
    struct rlimit limit;
    void *trial;

    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return;
    /* PROT_NONE takes no memory, but counts against the limit */
    trial = mmap(NULL, (size_t)limit.rlim_cur + 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trial != MAP_FAILED) {
        (void)munmap(trial, (size_t)limit.rlim_cur + 1);
        return;
    }
    (void)munlockall();
    (void)mlockall(MCL_CURRENT);
}

void bg_secret_process(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    lock_memory();
}
