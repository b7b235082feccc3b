/* SPDX-License-Identifier: ISC */
#include "share/slip39_parts.h"

#include <string.h>

/* From the standard: x^3 times (x - a)(x - a^2)(x - a^3), one number per bit of the symbol shifted out. */
static const uint32_t generator[10] = {0x00e0e040, 0x01c1c080, 0x03838100, 0x07070200, 0x0e0e0009,
                                       0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890, 0x03f3f120};

static uint32_t step(uint32_t sum, uint16_t symbol)
{
    uint32_t out = sum >> 20;

    sum = (sum & 0xfffff) << 10 ^ symbol;
    for (unsigned bit = 0; bit < 10; bit++)
        sum ^= generator[bit] & (UINT32_C(0) - (out >> bit & 1));
    return sum;
}

bool rs1024_extendable(const uint16_t *words)
{
    return (slip39_public(words[1]) >> 4 & 1) != 0;
}

uint32_t rs1024_remainder(bool extendable, const uint16_t *words, size_t n)
{
    const char *custom = extendable ? "shamir_extendable" : "shamir";
    uint32_t sum = 1;

    for (; *custom != '\0'; custom++)
        sum = step(sum, (uint8_t)*custom);
    for (size_t i = 0; i < n; i++)
        sum = step(sum, words[i]);
    return sum ^ 1;
}

void rs1024_seal(bool extendable, uint16_t *words, size_t n)
{
    uint32_t sum;

    memset(words + n - RS1024_WORDS, 0, RS1024_WORDS * sizeof *words);
    sum = rs1024_remainder(extendable, words, n);
    for (unsigned i = 0; i < RS1024_WORDS; i++)
        words[n - RS1024_WORDS + i] = (uint16_t)(sum >> 10 * (RS1024_WORDS - 1 - i) & 0x3ff);
}

bool slip39_checksum_ok(const uint16_t *words, size_t n)
{
    if (n < SLIP39_MIN_WORDS || n > SLIP39_MAX_WORDS)
        return false;
    return slip39_public(rs1024_remainder(rs1024_extendable(words), words, n) == 0);
}

/* Times a in GF(1024), a being the root x of x^10 + x^3 + 1. */
static uint16_t times_a(uint16_t s)
{
    return (uint16_t)((s << 1 & 0x3ff) ^ (s >> 9 ? 0x009 : 0));
}

static uint16_t times_power(uint16_t s, size_t power)
{
    for (size_t i = 0; i < power; i++)
        s = times_a(s);
    return s;
}

/* The remainder as a polynomial of degree 2, taken at a^j: the j-th syndrome. */
static uint16_t syndrome(uint32_t remainder, unsigned j)
{
    uint16_t high = (uint16_t)(remainder >> 20 & 0x3ff), mid = (uint16_t)(remainder >> 10 & 0x3ff);

    return (uint16_t)(times_power(high, 2 * j) ^ times_power(mid, j) ^ (remainder & 0x3ff));
}

bool rs1024_explains(uint32_t remainder, size_t n, size_t at, uint16_t *v)
{
    size_t power = n - 1 - at; /* an error v at x^power has the syndromes v a^(j power) */
    uint16_t s1 = syndrome(remainder, 1), s2 = syndrome(remainder, 2), s3 = syndrome(remainder, 3);

    if (s1 == 0 || times_power(s1, power) != s2 || times_power(s2, power) != s3)
        return false;
    *v = times_power(s1, 1023 - power % 1023); /* divided by a^power: a has the order 1023 */
    return true;
}
