/* Between the files of slip39 only: the layers of the standard, each in a file of its own. */
#ifndef BG_SHARE_SLIP39_PARTS_H
#define BG_SHARE_SLIP39_PARTS_H

#include "share/slip39.h"

#define SLIP39_PASSPHRASE_MAX 256

/* True when every field is within the standard's bounds (slip39_code.c). */
bool slip39_share_sane(const struct slip39_share *s);

/*
 * The length of a passphrase (NULL is ""): BG_E_RANGE when longer than SLIP39_PASSPHRASE_MAX or not
 * printable ASCII. Its length is public, its letters are not (slip39_cipher.c).
 */
BG_MUST_CHECK enum bg_err slip39_passphrase_check(const char *passphrase, size_t *len);

/*
 * The Feistel cipher over `bytes` bytes from `in` to `out` (which may be the same); s gives id, ext and
 * exponent. BG_E_RANGE (passphrase), BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err slip39_encrypt(const struct slip39_share *s, const char *passphrase,
                                         const uint8_t *in, size_t bytes, uint8_t *out);
BG_MUST_CHECK enum bg_err slip39_decrypt(const struct slip39_share *s, const char *passphrase,
                                         const uint8_t *in, size_t bytes, uint8_t *out);

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
