#include "base/err.h"

#include <errno.h>
#include <string.h>

/* strerror(3) would follow the locale and share a buffer. */
static const char *system_words(void)
{
    const char *words = errno == 0 ? NULL : strerrordesc_np(errno);

    return words == NULL ? "input/output error" : words;
}

const char *bg_strerror(enum bg_err r)
{
    switch (r) {
    case BG_OK:
        return "success";
    case BG_E_NOMEM:
        return "out of memory";
    case BG_E_IO:
        return system_words();
    case BG_E_NOENT:
        return "not found";
    case BG_E_UNSAFE:
        return "unsafe owner, mode or file type";
    case BG_E_SYNTAX:
        return "syntax error";
    case BG_E_RANGE:
        return "value out of bounds";
    case BG_E_TIMEOUT:
        return "time ran out";
    case BG_E_EOF:
        return "the other side is gone";
    case BG_E_PROTO:
        return "message contract broken";
    case BG_E_CRYPTO:
        return "cryptographic library or random source failed";
    case BG_E_MISMATCH:
        return "verification failed";
    case BG_E_EXIST:
        return "already there";
    case BG_E_BUSY:
        return "in use by somebody else";
    case BG_E_REFUSED:
        return "refused by policy";
    case BG_E_CANCEL:
        return "cancelled";
    case BG_E_HANGUP:
        return "the line is gone";
    }
    return "unknown error";
}
