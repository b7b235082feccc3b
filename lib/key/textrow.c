/* SPDX-License-Identifier: ISC */
#include "key/textrow.h"

#include <string.h>
#include "base/text.h"

/* Powers of the element 2 of GF(32), modulo x^5 + x^2 + 1. What is typed here is no secret. */
static const uint8_t power[31] = {1,  2,  4, 8, 16, 5,  10, 20, 13, 26, 17, 7,  14, 28, 29, 31,
                                  27, 19, 3, 6, 12, 24, 21, 15, 30, 25, 23, 11, 22, 9,  18};

#define HIDDEN (BG_ROW_TAG + 1) /* symbols before the typed ones: tag and number */
#define BLOCK  (HIDDEN + BG_ROW)

static unsigned log_of(uint8_t x)
{
    unsigned i = 0;

    while (i < 31 && power[i] != x)
        i++;
    return i;
}

static uint8_t times(uint8_t a, uint8_t b)
{
    return a == 0 || b == 0 ? 0 : power[(log_of(a) + log_of(b)) % 31];
}

static uint8_t over(uint8_t a, uint8_t b) /* b is not 0 */
{
    return a == 0 ? 0 : power[(log_of(a) + 31 - log_of(b)) % 31];
}

/* The power of x that symbol i of a block stands for. */
static uint8_t locator(size_t i)
{
    return power[(BLOCK - 1 - i) % 31];
}

static void lay_out(const struct bg_row_place *p, const uint8_t *row, uint8_t block[BLOCK])
{
    memcpy(block, p->tag, BG_ROW_TAG);
    block[BG_ROW_TAG] = p->number;
    memcpy(block + HIDDEN, row, BG_ROW);
}

void bg_row_tag(const uint8_t *hash, uint8_t number, struct bg_row_place *out)
{
    *out = (struct bg_row_place){
        {hash[0] >> 3, (uint8_t)((hash[0] << 2 | hash[1] >> 6) & 31), hash[1] >> 1 & 31}, number};
}

void bg_row_seal(const struct bg_row_place *p, uint8_t row[BG_ROW])
{
    /* (x + 2)(x + 4)(x + 8) = x^3 + 14 x^2 + 29 x + 10 */
    static const uint8_t generator[3] = {14, 29, 10};
    uint8_t block[BLOCK], rest[3] = {0};

    lay_out(p, row, block);
    for (size_t i = 0; i < BLOCK - 3; i++) {
        uint8_t head = block[i] ^ rest[0];
        rest[0] = rest[1] ^ times(head, generator[0]);
        rest[1] = rest[2] ^ times(head, generator[1]);
        rest[2] = times(head, generator[2]);
    }
    memcpy(row + BG_ROW_DATA, rest, sizeof rest);
}

/* The block as a polynomial, at the three roots of the generator: all zero for a sound one. */
static bool syndromes(const struct bg_row_place *p, const uint8_t *row, uint8_t s[3])
{
    uint8_t block[BLOCK];

    lay_out(p, row, block);
    for (size_t k = 0; k < 3; k++) {
        s[k] = 0;
        for (size_t i = 0; i < BLOCK; i++)
            s[k] = times(s[k], power[k + 1]) ^ block[i];
    }
    return (s[0] | s[1] | s[2]) == 0;
}

/* Is the error one of value e at symbol i of the block? */
static bool is_single(const uint8_t s[3], size_t i, uint8_t *e)
{
    uint8_t x = locator(i);

    *e = over(s[0], x);
    return *e != 0 && times(s[0], x) == s[1] && times(s[1], x) == s[2];
}

static bool one_wrong(const uint8_t *typed, const uint8_t s[3], struct bg_row_look *out)
{
    uint8_t e;

    for (size_t i = HIDDEN; i < BLOCK; i++)
        if (is_single(s, i, &e)) {
            out->state = BG_ROW_WRONG;
            out->at = i - HIDDEN;
            memcpy(out->meant, typed, BG_ROW);
            out->meant[out->at] ^= e;
            return true;
        }
    return false;
}

static bool other_row(const struct bg_row_place *p, const uint8_t s[3], struct bg_row_look *out)
{
    uint8_t e;

    if (!is_single(s, BG_ROW_TAG, &e))
        return false;
    out->state = BG_ROW_OTHER;
    out->at = p->number ^ e;
    return true;
}

static bool swapped(const struct bg_row_place *p, const uint8_t *typed, struct bg_row_look *out)
{
    uint8_t s[3];

    for (size_t i = 0; i + 1 < BG_ROW; i++) {
        memcpy(out->meant, typed, BG_ROW);
        out->meant[i] = typed[i + 1];
        out->meant[i + 1] = typed[i];
        if (syndromes(p, out->meant, s)) {
            out->state = BG_ROW_SWAPPED;
            out->at = i;
            return true;
        }
    }
    return false;
}

/* Keep a row that fits, if it is the only one: equal neighbours give the same row twice. */
static bool keep_only(const uint8_t row[BG_ROW], size_t at, enum bg_row_state state, struct bg_row_look *out)
{
    if (out->state == state)
        return memcmp(out->meant, row, BG_ROW) == 0;
    out->state = state;
    out->at = at;
    memcpy(out->meant, row, BG_ROW);
    return true;
}

static void find_missing(const struct bg_row_place *p, const uint8_t *typed, struct bg_row_look *out)
{
    uint8_t row[BG_ROW], s[3], e;

    for (size_t at = 0; at < BG_ROW; at++) {
        memcpy(row, typed, at);
        row[at] = 0;
        memcpy(row + at + 1, typed + at, BG_ROW - 1 - at);
        if (!syndromes(p, row, s)) {
            if (!is_single(s, HIDDEN + at, &e))
                continue;
            row[at] = e;
        }
        if (!keep_only(row, at, BG_ROW_MISSING, out)) {
            out->state = BG_ROW_SEVERAL;
            return;
        }
    }
}

static void find_extra(const struct bg_row_place *p, const uint8_t *typed, struct bg_row_look *out)
{
    uint8_t row[BG_ROW], s[3];

    for (size_t at = 0; at <= BG_ROW; at++) {
        memcpy(row, typed, at);
        memcpy(row + at, typed + at + 1, BG_ROW - at);
        if (syndromes(p, row, s) && !keep_only(row, at, BG_ROW_EXTRA, out)) {
            out->state = BG_ROW_SEVERAL;
            return;
        }
    }
}

void bg_row_look(const struct bg_row_place *p, const uint8_t *typed, size_t n, struct bg_row_look *out)
{
    memset(out, 0, sizeof *out);
    out->state = BG_ROW_SEVERAL;
    if (n == BG_ROW - 1)
        find_missing(p, typed, out);
    else if (n == BG_ROW + 1)
        find_extra(p, typed, out);
    if (n != BG_ROW)
        return;
    memcpy(out->meant, typed, BG_ROW);
    if (syndromes(p, typed, out->off))
        out->state = BG_ROW_GOOD;
    else
        (void)(one_wrong(typed, out->off, out) || other_row(p, out->off, out) || swapped(p, typed, out));
}

bool bg_row_off_alike(const uint8_t a[3], const uint8_t b[3])
{
    const uint8_t d[3] = {a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2]};
    uint8_t e;

    return (d[0] | d[1] | d[2]) == 0 || is_single(d, BG_ROW_TAG, &e);
}

char bg_row_digit(uint8_t symbol)
{
    return BG_ULID_DIGITS[symbol & 31];
}

int bg_row_symbol(char c)
{
    const char *at;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'I' || c == 'L')
        c = '1';
    else if (c == 'O')
        c = '0';
    at = c == '\0' ? NULL : strchr(BG_ULID_DIGITS, c);
    return at == NULL ? -1 : (int)(at - BG_ULID_DIGITS);
}

void bg_row_print(const uint8_t row[BG_ROW], char out[BG_ROW_TEXT])
{
    for (size_t i = 0; i < BG_ROW; i++) {
        if (i > 0 && i % BG_ROW_GROUP == 0)
            *out++ = '-';
        *out++ = bg_row_digit(row[i]);
    }
    *out = '\0';
}
