/* SPDX-License-Identifier: ISC */
#include "share/slip39_parts.h"

#include <string.h>
#include "base/secret.h"

#define LANES     (SLIP39_MAX_BYTES / sizeof(uint64_t))
#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Eight field elements times x at once: shift, and where a top bit fell out, add 0x1b = 00011011. */
static uint64_t times_x(uint64_t a)
{
    uint64_t out = (a >> 7) & EACH_BYTE;

    a = (a & EACH_BYTE * 0x7f) << 1;
    return a ^ out ^ out << 1 ^ out << 3 ^ out << 4;
}

/* Eight field elements times one. */
static uint64_t times(uint64_t a, uint8_t c)
{
    uint64_t sum = 0;

    for (unsigned bit = 0; bit < 8; bit++) {
        sum ^= a & (UINT64_C(0) - ((uint64_t)(c >> bit) & 1));
        a = times_x(a);
    }
    return sum;
}

/* The same for one: the product without carries, then what fell out above bit 7 times 0x1b, twice. */
uint8_t gf256_mul(uint8_t a, uint8_t b)
{
    uint32_t sum = 0, above;

    for (unsigned bit = 0; bit < 8; bit++)
        sum ^= (uint32_t)a << bit & (0u - ((uint32_t)b >> bit & 1));
    for (unsigned fold = 0; fold < 2; fold++) {
        above = sum >> 8;
        sum = (sum & 0xff) ^ above ^ above << 1 ^ above << 3 ^ above << 4;
    }
    return (uint8_t)sum;
}

/* 1 / a = a^254 (Fermat): 254 is 11111110 in binary. */
static uint8_t inverse(uint8_t a)
{
    uint8_t power = gf256_mul(a, a), result = power;

    for (unsigned i = 0; i < 6; i++) {
        power = gf256_mul(power, power);
        result = gf256_mul(result, power);
    }
    return result;
}

/*
 * Lagrange coefficients, the weight of each y[i] at `at`: the product of all (at + x[j]), over (at + x[i])
 * and the product of (x[i] + x[j]) for the others. All are inverted at once: from the inverse of their
 * product.
 */
static void weights(size_t n, const uint8_t *x, uint8_t at, uint8_t *w)
{
    uint8_t all = 1, before[SLIP39_MAX_SHARES], below[SLIP39_MAX_SHARES], product = 1, rest;

    for (size_t i = 0; i < n; i++) {
        all = gf256_mul(all, at ^ x[i]);
        below[i] = at ^ x[i];
        for (size_t j = 0; j < n; j++)
            if (j != i)
                below[i] = gf256_mul(below[i], x[i] ^ x[j]);
        before[i] = product;
        product = gf256_mul(product, below[i]);
    }
    rest = gf256_mul(all, inverse(product));
    for (size_t i = n; i-- > 0;) {
        w[i] = gf256_mul(rest, before[i]);
        rest = gf256_mul(rest, below[i]);
    }
}

void gf256_interpolate(size_t n, const uint8_t *x, const uint8_t *const *y, size_t bytes, uint8_t at,
                       uint8_t *out)
{
    uint64_t sum[LANES] = {0}, value[LANES] = {0};
    size_t lanes = (bytes + sizeof value[0] - 1) / sizeof value[0];
    uint8_t w[SLIP39_MAX_SHARES];

    for (size_t i = 0; i < n; i++)
        if (x[i] == at) { /* places are public */
            memmove(out, y[i], bytes);
            return;
        }
    weights(n, x, at, w);
    for (size_t i = 0; i < n; i++) {
        memcpy(value, y[i], bytes);
        for (size_t k = 0; k < lanes; k++)
            sum[k] ^= times(value[k], w[i]);
    }
    memcpy(out, sum, bytes);
    bg_wipe(sum, sizeof sum);
    bg_wipe(value, sizeof value);
}
