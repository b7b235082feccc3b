/* SPDX-License-Identifier: ISC */
/* SHA-256 (FIPS 180-4), HMAC (FIPS 198-1) and HKDF (RFC 5869) with it, and lower-case hex. */
#ifndef BG_BASE_HASH_H
#define BG_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_HASH     32            /* bytes of a SHA-256 */
#define BG_HASH_HEX (2 * BG_HASH) /* its digits */

/* BG_E_CRYPTO when the library fails. */
BG_MUST_CHECK enum bg_err bg_sha256(const void *data, size_t n, uint8_t out[BG_HASH]);
BG_MUST_CHECK enum bg_err bg_sha256_hex(const void *data, size_t n, char out[BG_HASH_HEX + 1]);

/* For whoever hashes many texts, one at a time: what is made once is kept. NULL without memory. */
struct bg_hasher;
struct bg_hasher *bg_hasher_new(void);
void bg_hasher_free(struct bg_hasher *h); /* NULL: nothing */

/* SHA-256 of the first cut bytes and of all n of them, which are read once. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_sha256_both(struct bg_hasher *h, const void *data, size_t cut, size_t n,
                                         uint8_t first[BG_HASH], uint8_t all[BG_HASH]);

struct bg_part {
    const void *bytes;
    size_t n;
};

/*
 * HMAC-SHA256 of the parts as if they stood one behind the other. key_len is at least 1. BG_E_CRYPTO when the
 * library fails. Nothing secret stays on the stack; the library wipes its copy of the key.
 */
BG_MUST_CHECK enum bg_err bg_hmac_sha256(const void *key, size_t key_len, const struct bg_part *parts,
                                         size_t n, uint8_t out[BG_HASH]);

/*
 * HKDF-SHA256, RFC 5869: n bytes (at most 255 * BG_HASH) from the secret key, apart for each salt and each
 * info. key is at least 1 byte; salt and info may be empty. BG_E_CRYPTO: out holds nothing secret then.
 */
BG_MUST_CHECK enum bg_err bg_hkdf_sha256(struct bg_part key, struct bg_part salt, struct bg_part info,
                                         uint8_t *out, size_t n);

/* n bytes as 2 n digits and a NUL. */
void bg_hex(char *out, const void *bytes, size_t n);

/* Read exactly 2 n digits, lower case only: one value has one spelling. False: out may be half written. */
bool bg_unhex(const char *text, uint8_t *out, size_t n);

#endif
