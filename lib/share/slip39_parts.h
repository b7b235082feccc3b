/* SPDX-License-Identifier: ISC */
/* Between the files of slip39 only: the layers of the standard, each in a file of its own. */
#ifndef BG_SHARE_SLIP39_PARTS_H
#define BG_SHARE_SLIP39_PARTS_H

#include "share/slip39.h"

#define SLIP39_PASSPHRASE_MAX 256

/*
 * The checksum RS1024 (rs1024.c): a Reed-Solomon code over GF(1024) of distance 4, begun with a customisation
 * string ("shamir", or "shamir_extendable" for shares with the ext bit). The remainder of a correct share is
 * 0; a remainder depends on the typing errors alone, never on the share.
 */
#define RS1024_WORDS 3 /* of checksum, at the end */

/* The ext bit of a share that begins with these words (at least 2). */
bool rs1024_extendable(const uint16_t *words);

/* Three symbols of 10 bits: what is left of n words; 0 when the checksum fits. Branch-free over the words. */
uint32_t rs1024_remainder(bool extendable, const uint16_t *words, size_t n);

/* Put the checksum of words[0 .. n - 4] into the last three of n words. */
void rs1024_seal(bool extendable, uint16_t *words, size_t n);

/*
 * True when a single error `v` (to be added to the word) at position `at` of n words explains the remainder.
 * An error of 0 explains nothing.
 */
bool rs1024_explains(uint32_t remainder, size_t n, size_t at, uint16_t *v);

/*
 * The field GF(256) (modulo x^8 + x^4 + x^3 + x + 1, as AES), byte by byte over whole share values (gf256.c).
 * No branch and no table depends on a value or on an index: eight bytes go through one machine word.
 * interpolate: the value at `at` of the polynomials through the n points (x[i], y[i]); every y[i] is `bytes`
 * long, the x[i] differ. n is 1..SLIP39_MAX_SHARES, bytes at most SLIP39_MAX_BYTES. out may be one of the
 * y[i].
 */
uint8_t gf256_mul(uint8_t a, uint8_t b);
void gf256_interpolate(size_t n, const uint8_t *x, const uint8_t *const *y, size_t bytes, uint8_t at,
                       uint8_t *out);

/* True when every field is within the standard's bounds (slip39_code.c). */
bool slip39_share_sane(const struct slip39_share *s);

/*
 * Encrypt or decrypt s->bytes bytes from `in` to `out` (slip39_cipher.c); s gives id, ext and exponent. A
 * passphrase (NULL is "") that is longer than SLIP39_PASSPHRASE_MAX or not printable ASCII is BG_E_RANGE: its
 * length is public, its letters are not. BG_E_CRYPTO.
 */
enum slip39_direction {
    SLIP39_ENCRYPT,
    SLIP39_DECRYPT
};
BG_MUST_CHECK enum bg_err slip39_cipher(enum slip39_direction way, const struct slip39_share *s,
                                        const char *passphrase, const uint8_t *in, uint8_t *out);

/*
 * One level of sharing with the digest (slip39_shamir.c). split: y[i] is the value at x = i, i < count.
 * join: exactly `threshold` points; BG_E_MISMATCH when the digest does not fit. Threshold 1: every value is
 * the secret. BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err slip39_shamir_split(uint8_t threshold, uint8_t count, const uint8_t *secret,
                                              size_t bytes, uint8_t y[][SLIP39_MAX_BYTES]);
BG_MUST_CHECK enum bg_err slip39_shamir_join(uint8_t threshold, const uint8_t *x, const uint8_t *const *y,
                                             size_t bytes, uint8_t *secret);

/*
 * Join n shares up to the encrypted master secret: all of slip39_combine but the cipher
 * (slip39_combine.c).
 */
BG_MUST_CHECK enum bg_err slip39_join(const struct slip39_share *shares, size_t n, uint8_t *ems);

#endif
