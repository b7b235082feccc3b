/* SPDX-License-Identifier: ISC */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* strerror(3) would follow the locale and share a buffer. */
static const char *system_words(void)
{
    const char *words = errno == 0 ? NULL : strerrordesc_np(errno);

    return words == NULL ? "input/output error" : words;
}

const char *bg_strerror(enum bg_err r)
{
    static const char *const phrases[] = {
        [BG_OK] = "success",
        [BG_E_NOMEM] = "out of memory",
        [BG_E_NOENT] = "not found",
        [BG_E_UNSAFE] = "unsafe owner, mode or file type",
        [BG_E_SYNTAX] = "syntax error",
        [BG_E_RANGE] = "value out of bounds",
        [BG_E_TIMEOUT] = "time ran out",
        [BG_E_EOF] = "the other side is gone",
        [BG_E_PROTO] = "the protocol was not followed",
        [BG_E_CRYPTO] = "cryptographic library or random source failed",
        [BG_E_MISMATCH] = "verification failed",
        [BG_E_EXIST] = "already there",
        [BG_E_BUSY] = "in use by somebody else",
        [BG_E_REFUSED] = "refused by policy",
        [BG_E_CANCEL] = "cancelled",
        [BG_E_HANGUP] = "the connection was lost",
    };

    if (r == BG_E_IO)
        return system_words();
    return (size_t)r < sizeof phrases / sizeof phrases[0] ? phrases[r] : "unknown error";
}
