/* SPDX-License-Identifier: ISC */
/* A share as words: the table of fields of SLIP-0039, each word 10 bits, big-endian. */
#include <string.h>
#include "base/secret.h"
#include "share/slip39_parts.h"

#define HEADER_WORDS 4
#define FRAME_WORDS  (HEADER_WORDS + RS1024_WORDS)
#define WORD_BITS    10
#define PADDING_MAX  8

size_t slip39_words_for(size_t bytes)
{
    return FRAME_WORDS + (8 * bytes + WORD_BITS - 1) / WORD_BITS;
}

/* Zero bits before a value that fills n words; the value is a multiple of 16 bits. */
static size_t padding_of(size_t n)
{
    return WORD_BITS * (n - FRAME_WORDS) % 16;
}

bool slip39_share_sane(const struct slip39_share *s)
{
    return s->id < 0x8000 && s->exponent < 16 && s->group_count >= 1 && s->group_count <= SLIP39_MAX_SHARES &&
           s->group_threshold >= 1 && s->group_threshold <= s->group_count &&
           s->group_index < s->group_count && s->member_threshold >= 1 &&
           s->member_threshold <= SLIP39_MAX_SHARES && s->member_index < SLIP39_MAX_SHARES &&
           s->bytes >= SLIP39_MIN_BYTES && s->bytes <= SLIP39_MAX_BYTES && s->bytes % 2 == 0;
}

/* The first four words name the set and the member: public. */
static void decode_header(const uint16_t *words, struct slip39_share *s)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < HEADER_WORDS; i++)
        bits = bits << WORD_BITS | slip39_public(words[i]);
    s->id = (uint16_t)(bits >> 25 & 0x7fff);
    s->extendable = (bits >> 24 & 1) != 0;
    s->exponent = (uint8_t)(bits >> 20 & 15);
    s->group_index = (uint8_t)(bits >> 16 & 15);
    s->group_threshold = (uint8_t)((bits >> 12 & 15) + 1);
    s->group_count = (uint8_t)((bits >> 8 & 15) + 1);
    s->member_index = (uint8_t)(bits >> 4 & 15);
    s->member_threshold = (uint8_t)((bits & 15) + 1);
}

/* Cut the value words into bytes; returns the padding bits, which must be 0. */
static uint32_t decode_value(const uint16_t *words, size_t n, struct slip39_share *s)
{
    size_t padding = padding_of(n), have = WORD_BITS - padding, at = 0;
    uint32_t bits = words[HEADER_WORDS], wrong = bits >> have;

    for (size_t i = HEADER_WORDS;;) {
        for (; have >= 8; have -= 8)
            s->value[at++] = (uint8_t)(bits >> (have - 8));
        if (++i == n - RS1024_WORDS)
            break;
        bits = bits << WORD_BITS | words[i];
        have += WORD_BITS;
    }
    s->bytes = (uint8_t)at;
    return wrong;
}

enum bg_err slip39_decode(const uint16_t *words, size_t n, struct slip39_share *out)
{
    struct slip39_share s = {0};
    enum bg_err r = BG_OK;

    if (n < SLIP39_MIN_WORDS || n > SLIP39_MAX_WORDS || padding_of(n) > PADDING_MAX)
        return BG_E_RANGE;
    if (!slip39_checksum_ok(words, n))
        return BG_E_MISMATCH;
    decode_header(words, &s);
    if (slip39_public(decode_value(words, n, &s)) != 0 || !slip39_share_sane(&s))
        r = BG_E_SYNTAX;
    else
        *out = s;
    bg_wipe(&s, sizeof s);
    return r;
}

static void encode_header(const struct slip39_share *s, uint16_t *words)
{
    uint64_t bits = s->id;

    bits = bits << 1 | (s->extendable ? 1 : 0);
    bits = bits << 4 | s->exponent;
    bits = bits << 4 | s->group_index;
    bits = bits << 4 | (s->group_threshold - 1u);
    bits = bits << 4 | (s->group_count - 1u);
    bits = bits << 4 | s->member_index;
    bits = bits << 4 | (s->member_threshold - 1u);
    for (size_t i = 0; i < HEADER_WORDS; i++)
        words[i] = (uint16_t)(bits >> WORD_BITS * (HEADER_WORDS - 1 - i) & 0x3ff);
}

enum bg_err slip39_encode(const struct slip39_share *s, uint16_t *words, size_t *n)
{
    size_t total = slip39_words_for(s->bytes), have, at = HEADER_WORDS;
    uint32_t bits = 0;

    if (!slip39_share_sane(s))
        return BG_E_RANGE;
    encode_header(s, words);
    have = padding_of(total);
    for (size_t i = 0; i < s->bytes; i++) {
        bits = bits << 8 | s->value[i];
        have += 8;
        if (have >= WORD_BITS) {
            have -= WORD_BITS;
            words[at++] = (uint16_t)(bits >> have & 0x3ff);
        }
    }
    rs1024_seal(s->extendable, words, total);
    *n = total;
    return BG_OK;
}
