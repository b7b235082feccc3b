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

uint8_t gf256_mul(uint8_t a, uint8_t b)
{
    return (uint8_t)times(a, b);
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

/* Lagrange coefficient: the weight of y[i] at `at`. */
static uint8_t weight(size_t n, const uint8_t *x, size_t i, uint8_t at)
{
    uint8_t above = 1, below = 1;

    for (size_t j = 0; j < n; j++) {
        if (j == i)
            continue;
        above = gf256_mul(above, at ^ x[j]);
        below = gf256_mul(below, x[i] ^ x[j]);
    }
    return gf256_mul(above, inverse(below));
}

void gf256_interpolate(size_t n, const uint8_t *x, const uint8_t *const *y, size_t bytes, uint8_t at,
                       uint8_t *out)
{
    uint64_t sum[LANES] = {0}, value[LANES] = {0};

    for (size_t i = 0; i < n; i++) {
        uint8_t c = weight(n, x, i, at);

        memcpy(value, y[i], bytes);
        for (size_t k = 0; k < LANES; k++)
            sum[k] ^= times(value[k], c);
    }
    memcpy(out, sum, bytes);
    bg_wipe(sum, sizeof sum);
    bg_wipe(value, sizeof value);
}
