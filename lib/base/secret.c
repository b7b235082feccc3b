/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

/*
 * What a copy went through last is still in the vector registers, and on AArch64 a function with variable
 * arguments begins by saving eight of them on its stack (AAPCS64, B.4), whatever it was called with. Of v8 to
 * v15 the lower halves are their caller's.
 */
static void wipe_vectors(void)
{
#ifdef __aarch64__
    __asm__ volatile("movi v0.2d, #0\n\tmovi v1.2d, #0\n\tmovi v2.2d, #0\n\tmovi v3.2d, #0\n\t"
                     "movi v4.2d, #0\n\tmovi v5.2d, #0\n\tmovi v6.2d, #0\n\tmovi v7.2d, #0\n\t"
                     "movi v16.2d, #0\n\tmovi v17.2d, #0\n\tmovi v18.2d, #0\n\tmovi v19.2d, #0\n\t"
                     "movi v20.2d, #0\n\tmovi v21.2d, #0\n\tmovi v22.2d, #0\n\tmovi v23.2d, #0\n\t"
                     "movi v24.2d, #0\n\tmovi v25.2d, #0\n\tmovi v26.2d, #0\n\tmovi v27.2d, #0\n\t"
                     "movi v28.2d, #0\n\tmovi v29.2d, #0\n\tmovi v30.2d, #0\n\tmovi v31.2d, #0"
                     :
                     :
                     : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20",
                       "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
#endif
}

void bg_wipe(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
    wipe_vectors();
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

/* Each page as it is used: most of what is mapped never is, and a page that was not touched holds no secret.
 * Before Linux 4.4 all of it at once. */
static int lock_all(int what)
{
#ifdef MCL_ONFAULT
    if (mlockall(what | MCL_ONFAULT) == 0)
        return 0;
#endif
    return mlockall(what);
}

/*
 * Lock what is mapped now and later. Where RLIMIT_MEMLOCK binds (no CAP_IPC_LOCK: other users, containers),
 * every later allocation past the limit would fail, so only what is mapped now is locked there.
 */
static void lock_memory(void)
{
    struct rlimit limit;
    void *trial;

    if (lock_all(MCL_CURRENT | MCL_FUTURE) != 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return;
    /* PROT_NONE takes no memory, but counts against the limit */
    trial = mmap(NULL, (size_t)limit.rlim_cur + 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trial != MAP_FAILED) {
        (void)munmap(trial, (size_t)limit.rlim_cur + 1);
        return;
    }
    (void)munlockall();
    (void)lock_all(MCL_CURRENT);
}

void bg_secret_process(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    lock_memory();
}
