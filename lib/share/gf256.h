/*
 * The field GF(256) of SLIP-0039 (modulo x^8 + x^4 + x^3 + x + 1, as AES), byte by byte over whole share
 * values. No branch and no table depends on a value or on an index: eight bytes go through one machine word.
 */
#ifndef BG_SHARE_GF256_H
#define BG_SHARE_GF256_H

#include <stddef.h>
#include <stdint.h>

#define GF256_POINTS_MAX 16 /* points of one polynomial */
#define GF256_BYTES_MAX  64 /* bytes of one point's value */

/* a * b. */
uint8_t gf256_mul(uint8_t a, uint8_t b);

/*
 * The value at `at` of the polynomials through the n points (x[i], y[i]); every y[i] is `bytes` long, the
 * x[i] differ. n is 1..GF256_POINTS_MAX, bytes at most GF256_BYTES_MAX. out may be one of the y[i].
 */
void gf256_interpolate(size_t n, const uint8_t *x, const uint8_t *const *y, size_t bytes, uint8_t at,
                       uint8_t *out);

#endif
