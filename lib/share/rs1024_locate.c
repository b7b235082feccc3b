/* SPDX-License-Identifier: ISC */
/* Where a share with a wrong checksum is wrong. Only called for damaged shares. */
#include <string.h>
#include "base/secret.h"
#include "share/slip39_parts.h"

static bool length_ok(size_t n)
{
    return n >= SLIP39_MIN_WORDS && n <= SLIP39_MAX_WORDS;
}

/* Only one way to explain it is an answer. */
static enum bg_err only(size_t found, size_t where, size_t *position)
{
    if (found != 1)
        return BG_E_NOENT;
    *position = where;
    return BG_OK;
}

/* Try one position under one customisation; the word put right must carry the ext bit that was assumed. */
static bool explains(bool extendable, uint32_t remainder, const uint16_t *words, size_t n, size_t at)
{
    uint16_t v, second;

    if (!rs1024_explains(remainder, n, at, &v))
        return false;
    second = at == 1 ? words[1] ^ v : words[1];
    return (second >> 4 & 1) == (extendable ? 1 : 0);
}

enum bg_err slip39_locate_error(const uint16_t *words, size_t n, size_t *position)
{
    size_t found = 0, where = 0;

    if (!length_ok(n))
        return BG_E_NOENT;
    for (unsigned ext = 0; ext < 2; ext++) {
        uint32_t remainder = rs1024_remainder(ext == 1, words, n);

        for (size_t at = 0; at < n; at++) {
            if (explains(ext == 1, remainder, words, n, at)) {
                found++;
                where = at;
            }
        }
    }
    return only(found, where, position);
}

enum bg_err slip39_locate_swap(const uint16_t *words, size_t n, size_t *position)
{
    uint16_t w[SLIP39_MAX_WORDS];
    size_t found = 0, where = 0;

    if (!length_ok(n))
        return BG_E_NOENT;
    for (size_t at = 0; at + 1 < n; at++) {
        memcpy(w, words, n * sizeof *w);
        w[at] = words[at + 1];
        w[at + 1] = words[at];
        if (w[at] != w[at + 1] && slip39_checksum_ok(w, n)) {
            found++;
            where = at;
        }
    }
    bg_wipe(w, sizeof w);
    return only(found, where, position);
}

/* Count the candidate unless it reads the same as the one found before (a neighbour of an equal word). */
static void keep(uint16_t *best, const uint16_t *candidate, size_t n, size_t at, size_t *found, size_t *where)
{
    if (*found > 0 && memcmp(best, candidate, n * sizeof *best) == 0)
        return;
    memcpy(best, candidate, n * sizeof *best);
    if ((*found)++ == 0)
        *where = at;
}

enum bg_err slip39_locate_extra(const uint16_t *words, size_t n, size_t *position)
{
    uint16_t w[SLIP39_MAX_WORDS], best[SLIP39_MAX_WORDS];
    size_t found = 0, where = 0;

    if (n == 0 || !length_ok(n - 1))
        return BG_E_NOENT;
    for (size_t at = 0; at < n; at++) {
        memcpy(w, words, at * sizeof *w);
        memcpy(w + at, words + at + 1, (n - 1 - at) * sizeof *w);
        if (slip39_checksum_ok(w, n - 1))
            keep(best, w, n - 1, at, &found, &where);
    }
    bg_wipe(w, sizeof w);
    bg_wipe(best, sizeof best);
    return only(found, where, position);
}

/* Open a gap before words[at] and look which word, if any, makes the n + 1 words right. */
static bool fill_gap(const uint16_t *words, size_t n, size_t at, bool extendable, uint16_t *w)
{
    uint32_t remainder;

    memcpy(w, words, at * sizeof *w);
    w[at] = 0;
    memcpy(w + at + 1, words + at, (n - at) * sizeof *w);
    remainder = rs1024_remainder(extendable, w, n + 1);
    return (remainder == 0 || rs1024_explains(remainder, n + 1, at, &w[at])) && slip39_checksum_ok(w, n + 1);
}

enum bg_err slip39_locate_missing(const uint16_t *words, size_t n, size_t *position)
{
    uint16_t w[SLIP39_MAX_WORDS], best[SLIP39_MAX_WORDS];
    size_t found = 0, where = 0;

    if (!length_ok(n + 1))
        return BG_E_NOENT;
    for (size_t at = 0; at <= n; at++)
        for (unsigned ext = 0; ext < 2; ext++)
            if (fill_gap(words, n, at, ext == 1, w))
                keep(best, w, n + 1, at, &found, &where);
    bg_wipe(w, sizeof w);
    bg_wipe(best, sizeof best);
    return only(found, where, position);
}
