/* SPDX-License-Identifier: ISC */
/*
 * Share sets: one share a line, as words. The mutator works on words and repairs the checksum afterwards,
 * else hardly an input would ever get past it. Joining must hold the rules of the standard whatever comes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "share/slip39_parts.h"

#define LINES_MAX 20

struct lines {
    size_t count;
    size_t n[LINES_MAX];
    uint16_t word[LINES_MAX][SLIP39_MAX_WORDS];
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static void must(int holds)
{
    if (!holds)
        abort();
}

/* Words of the list; anything else is skipped. */
static void read_lines(const uint8_t *data, size_t size, struct lines *l)
{
    size_t at = 0, len, line = 0;

    memset(l, 0, sizeof *l);
    for (; at < size && line < LINES_MAX; at += len + 1) {
        for (len = 0; at + len < size && data[at + len] != ' ' && data[at + len] != '\n'; len++)
            ;
        if (l->n[line] < SLIP39_MAX_WORDS &&
            slip39_word_find((const char *)data + at, len, &l->word[line][l->n[line]]) == BG_OK)
            l->n[line]++;
        if (at + len < size && data[at + len] == '\n')
            line++;
    }
    l->count = line < LINES_MAX ? line + 1 : LINES_MAX;
}

static size_t write_lines(const struct lines *l, uint8_t *out, size_t max)
{
    size_t at = 0;

    for (size_t i = 0; i < l->count; i++) {
        for (size_t k = 0; k < l->n[i]; k++) {
            const char *w = slip39_word(l->word[i][k]);
            size_t len = strlen(w);
            if (at + len + 1 > max)
                return at;
            memcpy(out + at, w, len);
            at += len;
            out[at++] = k + 1 < l->n[i] ? ' ' : '\n';
        }
    }
    return at;
}

/* --- what must hold -------------------------------------------------------------------------------- */

/* The rules once more, written in a different way: by counting. */
static int exactly_enough(const struct slip39_share *s, size_t n)
{
    unsigned members[16] = {0}, groups = 0;

    for (size_t i = 0; i < n; i++) {
        members[s[i].group_index]++;
        for (size_t k = 0; k < n; k++) {
            if (s[i].id != s[k].id || s[i].extendable != s[k].extendable || s[i].exponent != s[k].exponent ||
                s[i].group_threshold != s[k].group_threshold || s[i].group_count != s[k].group_count ||
                s[i].bytes != s[k].bytes)
                return 0;
            if (i != k && s[i].group_index == s[k].group_index &&
                (s[i].member_index == s[k].member_index || s[i].member_threshold != s[k].member_threshold))
                return 0;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (members[s[i].group_index] != s[i].member_threshold)
            return 0;
    for (size_t g = 0; g < 16; g++)
        groups += members[g] > 0;
    return n > 0 && groups == s[0].group_threshold;
}

/* Decoding and encoding are inverse, and every diagnosis stays within the share. */
static void check_line(const uint16_t *words, size_t n, struct slip39_share *shares, size_t *count)
{
    uint16_t again[SLIP39_MAX_WORDS];
    size_t m, at;

    if (slip39_decode(words, n, &shares[*count]) == BG_OK) {
        must(slip39_encode(&shares[*count], again, &m) == BG_OK && m == n);
        must(memcmp(again, words, n * sizeof *words) == 0);
        must(slip39_locate_error(words, n, &at) == BG_E_NOENT);
        (*count)++;
        return;
    }
    must(slip39_locate_error(words, n, &at) != BG_OK || at < n);
    must(slip39_locate_swap(words, n, &at) != BG_OK || at + 1 < n);
    must(slip39_locate_extra(words, n, &at) != BG_OK || at < n);
    must(slip39_locate_missing(words, n, &at) != BG_OK || at <= n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lines l;
    static struct slip39_share shares[LINES_MAX];
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t count = 0, bytes = 0, same = 0;
    enum bg_err r;
    int enough;

    read_lines(data, size, &l);
    for (size_t i = 0; i < l.count; i++)
        check_line(l.word[i], l.n[i], shares, &count);
    enough = exactly_enough(shares, count);
    for (size_t i = 0; i < count; i++)
        same += shares[i].exponent == shares[0].exponent;
    for (size_t i = 0; i < count && same == count; i++)
        shares[i].exponent = 0; /* the cost of one secret, not of 32768 */
    r = slip39_join(shares, count, secret);
    must((r == BG_OK || r == BG_E_MISMATCH) == (enough != 0));
    if (size % 32 == 0) /* the cipher is slow and there is little to find in it: now and then is enough */
        must(slip39_combine(shares, count, "", secret, &bytes) == r && (r != BG_OK || bytes > 0));
    return 0;
}

/* --- the mutator -------------------------------------------------------------------------------------- */

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

/* Change, copy, drop, lengthen or exchange something. */
static void mutate(struct lines *l, unsigned *seed)
{
    size_t i = draw(seed, (unsigned)l->count), k = draw(seed, (unsigned)l->count);
    uint16_t bit = (uint16_t)(1u << draw(seed, 10));

    switch (draw(seed, 8)) {
    case 0: /* a header field of one share */
        l->word[i][draw(seed, 4)] ^= bit;
        break;
    case 1: /* and of all */
        i = draw(seed, 4);
        for (k = 0; k < l->count; k++)
            l->word[k][i] ^= bit;
        break;
    case 2:
        l->word[i][draw(seed, SLIP39_MAX_WORDS)] = (uint16_t)draw(seed, 1024);
        break;
    case 3:
        if (l->count < LINES_MAX)
            k = l->count++;
        memcpy(l->word[k], l->word[i], sizeof l->word[k]);
        l->n[k] = l->n[i];
        break;
    case 4:
        l->count--;
        memmove(l->word[i], l->word[l->count], sizeof l->word[i]);
        l->n[i] = l->n[l->count];
        break;
    case 5:
        l->n[i] = draw(seed, SLIP39_MAX_WORDS + 1);
        break;
    case 6: /* another member of the same group */
        l->word[i][3] ^= (uint16_t)(1u << (4 + draw(seed, 4)));
        break;
    default: /* another threshold everywhere */
        bit = (uint16_t)draw(seed, 16);
        for (k = 0; k < l->count; k++)
            l->word[k][3] = (uint16_t)((l->word[k][3] & 0x3f0) | bit);
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static struct lines l;

    if (draw(&seed, 10) == 0)
        return LLVMFuzzerMutate(data, size, max);
    read_lines(data, size, &l);
    for (unsigned times = 1 + draw(&seed, 3); times > 0 && l.count > 0; times--)
        mutate(&l, &seed);
    for (size_t i = 0; i < l.count; i++)
        if (l.n[i] >= SLIP39_MIN_WORDS && draw(&seed, 20) != 0)
            rs1024_seal(rs1024_extendable(l.word[i]), l.word[i], l.n[i]);
    return write_lines(&l, data, max);
}
