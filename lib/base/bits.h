/* SPDX-License-Identifier: ISC */
/* Which of at most BG_BITS_MAX numbered things: a set, empty when it is all zero. A number beyond is in none.
 */
#ifndef BG_BASE_BITS_H
#define BG_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BG_BITS_MAX 512

struct bg_bits {
    uint64_t word[BG_BITS_MAX / 64];
};

static inline bool bg_bits_has(const struct bg_bits *b, size_t i)
{
    return i < BG_BITS_MAX && (b->word[i / 64] >> (i % 64) & 1) != 0;
}

static inline void bg_bits_add(struct bg_bits *b, size_t i)
{
    if (i < BG_BITS_MAX)
        b->word[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void bg_bits_drop(struct bg_bits *b, size_t i)
{
    if (i < BG_BITS_MAX)
        b->word[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline bool bg_bits_any(const struct bg_bits *b)
{
    uint64_t all = 0;

    for (size_t i = 0; i < BG_BITS_MAX / 64; i++)
        all |= b->word[i];
    return all != 0;
}

static inline void bg_bits_join(struct bg_bits *b, const struct bg_bits *more)
{
    for (size_t i = 0; i < BG_BITS_MAX / 64; i++)
        b->word[i] |= more->word[i];
}

/* What is not in it. */
static inline struct bg_bits bg_bits_others(const struct bg_bits *b)
{
    struct bg_bits out;

    for (size_t i = 0; i < BG_BITS_MAX / 64; i++)
        out.word[i] = ~b->word[i];
    return out;
}

/* The later of two points on one clock. */
static inline int64_t bg_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
