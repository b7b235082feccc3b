/* Signatures of web hooks: Standard Webhooks 1.0.0, symmetric (HMAC-SHA256, "v1"). */
#ifndef BG_ALERT_SIGN_H
#define BG_ALERT_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define SIGN_LINES   2  /* of a file: old and new, while the secret is being changed */
#define SIGN_KEYS    4  /* with those that the file no longer has */
#define SIGN_KEY_MIN 24 /* bytes, by the standard */
#define SIGN_KEY_MAX 64
#define SIGN_ONE     47 /* characters of one signature: "v1," and base64 of 32 bytes */
#define SIGN_TEXT    (SIGN_KEYS * (SIGN_ONE + 1)) /* a blank between them, NUL */

struct sign_keys {
    struct sign_key {
        uint8_t key[SIGN_KEY_MAX];
        size_t len;
    } key[SIGN_KEYS];
    unsigned n;
};

/*
 * Read secrets: one or two lines "whsec_" and base64 (RFC 4648) of 24 .. 64 bytes. BG_E_SYNTAX. The caller
 * wipes *k.
 */
BG_MUST_CHECK enum bg_err sign_parse(const char *text, struct sign_keys *k);

bool sign_has(const struct sign_keys *k, const struct sign_key *one);
/* Add those that are not there yet, as far as there is room. */
void sign_add(struct sign_keys *k, const struct sign_keys *more);

/* The same from a file that only its owner can write. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO too. */
BG_MUST_CHECK enum bg_err sign_load(const char *path, struct sign_keys *k);

/* Value of webhook-signature over "id.timestamp.body", one signature a key. BG_E_CRYPTO, BG_E_RANGE. */
BG_MUST_CHECK enum bg_err sign_body(const struct sign_keys *k, const char *id, int64_t timestamp,
                                    const char *body, size_t len, char out[SIGN_TEXT]);

#endif
