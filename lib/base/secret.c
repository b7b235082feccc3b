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

void bg_secret_process(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)mlockall(MCL_CURRENT | MCL_FUTURE); /* refused under a small RLIMIT_MEMLOCK: go on without */
}
