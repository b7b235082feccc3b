/* SPDX-License-Identifier: ISC */
#include "share/shareline.h"

#include <string.h>
#include "base/secret.h"
#include "share/shareplain.h"
#include "share/slip39.h"

#define BLOCK    4 /* letters of a word in unspaced text */
#define WORD_MAX 8 /* letters of the longest word */

/* What a key gives in the wrong layout, and what was meant; upper and lower case. */
static const char qwertz[][2] = {{'y', 'z'}, {'z', 'y'}, {'Y', 'z'}, {'Z', 'y'}};
static const char azerty[][2] = {{'a', 'q'}, {'q', 'a'}, {'w', 'z'}, {'z', 'w'}, {'A', 'q'}, {'Q', 'a'},
                                 {'W', 'z'}, {'Z', 'w'}, {',', 'm'}, {'?', 'm'}, {';', 'm'}, {':', 'm'}};

/* Translate in place without a branch on a letter. */
static void translate(char *s, size_t len, const char (*pair)[2], size_t pairs)
{
    for (size_t i = 0; i < len; i++) {
        unsigned c = (uint8_t)s[i], meant = c;
        for (size_t k = 0; k < pairs; k++) {
            unsigned d = c ^ (uint8_t)pair[k][0];
            unsigned hit = (d - 1) >> 8 & 0xff; /* 0xff where d is 0: it wrapped round */
            meant ^= (c ^ (uint8_t)pair[k][1]) & hit;
        }
        s[i] = (char)meant;
    }
}

static void translate_to(char *s, size_t len, enum bg_shareline_layout layout)
{
    if (layout == BG_SHARELINE_QWERTZ)
        translate(s, len, qwertz, sizeof qwertz / sizeof qwertz[0]);
    if (layout == BG_SHARELINE_AZERTY)
        translate(s, len, azerty, sizeof azerty / sizeof azerty[0]);
}

/* 1 where low <= c < low + n, by arithmetic: a compiler makes branches of comparisons. */
static uint32_t within(uint32_t c, uint32_t low, uint32_t n)
{
    return ((c - low) >> 31 ^ 1) & (c - low - n) >> 31;
}

/* The kind of a character is public (it shows how long words are); which letter it is, is not. */
enum kind {
    INK = 0,
    BETWEEN = 1,
    DIGIT = 2,
    MARK = 4,
    QUESTION = 8,
    POINT = 16 /* any punctuation: between words, a letter in another layout, or a slip inside a word */
};

static enum kind kind_of(char ch)
{
    uint32_t c = (uint8_t)ch;
    uint32_t between = within(c, ' ', 1) | within(c, '-', 1) | within(c, '\t', 5);
    uint32_t mark = within(c, '.', 1) | within(c, ')', 1) | within(c, ':', 1);
    uint32_t point = within(c, '!', 15) | within(c, ':', 7) | within(c, '[', 6) | within(c, '{', 4);

    return (enum kind)slip39_public(between * BETWEEN | within(c, '0', 10) * DIGIT | mark * MARK |
                                    within(c, '?', 1) * QUESTION | (point & ~between) * POINT);
}

/* What ends a run: blanks, and punctuation where that is taken to stand between words. */
struct reading {
    enum bg_shareline_layout layout;
    unsigned ends;
};

static const struct reading readings[] = {
    {BG_SHARELINE_PLAIN, BETWEEN | POINT},  {BG_SHARELINE_PLAIN, BETWEEN},
    {BG_SHARELINE_QWERTZ, BETWEEN | POINT}, {BG_SHARELINE_QWERTZ, BETWEEN},
    {BG_SHARELINE_AZERTY, BETWEEN},
};

/* The one character that is not blank: its kind. BETWEEN when there is none, INK when there are several. */
static enum kind lone(const char *line, size_t len)
{
    enum kind found = BETWEEN;

    for (size_t i = 0; i < len; i++) {
        enum kind k = kind_of(line[i]);
        if ((k & BETWEEN) == 0)
            found = found == BETWEEN ? k : INK;
    }
    return found;
}

/* Of the line as it came: what a paste leaves behind, such as its end mark alone, drops no share. */
bool bg_shareline_blank(const char *line, size_t len)
{
    return lone(line, len) == BETWEEN;
}

bool bg_shareline_question(const char *line, size_t len)
{
    char text[BG_SHARELINE_MAX];
    bool asked = (lone(text, bg_shareplain(line, len, text)) & QUESTION) != 0;

    bg_wipe(text, sizeof text);
    return asked;
}

static void add(struct bg_shareline *out, const char *s, size_t len)
{
    if (out->count == BG_SHARELINE_WORDS) {
        out->overflow = true;
        return;
    }
    out->unknown[out->count] = slip39_word_find(s, len, &out->word[out->count]) != BG_OK;
    out->count++;
}

static size_t unknown_from(const struct bg_shareline *l, size_t from)
{
    size_t n = 0;

    for (size_t i = from; i < l->count; i++)
        n += l->unknown[i];
    return n;
}

/* Unspaced text: blocks of four letters. One bad block in a whole number of blocks is a slip; else cut. */
static void add_blocks(struct bg_shareline *out, const char *s, size_t len)
{
    size_t from = out->count;

    for (size_t i = 0; i < len; i += BLOCK)
        add(out, s + i, len - i < BLOCK ? len - i : BLOCK);
    if (unknown_from(out, from) == 0 || (len % BLOCK == 0 && unknown_from(out, from) == 1))
        return;
    while (!out->unknown[from])
        from++;
    out->count = from;
    out->overflow = false;
    out->cut = true;
}

/* Letters between two blanks: a word, or several words without blanks. */
static void add_run(struct bg_shareline *out, const char *s, size_t len)
{
    uint16_t ignored;

    if (len > WORD_MAX) {
        add_blocks(out, s, len);
    } else if (len == WORD_MAX && slip39_word_find(s, len, &ignored) != BG_OK &&
               slip39_word_find(s, BLOCK, &ignored) == BG_OK &&
               slip39_word_find(s + BLOCK, BLOCK, &ignored) == BG_OK) {
        add_blocks(out, s, len);
    } else {
        add(out, s, len);
    }
    bg_wipe(&ignored, sizeof ignored);
}

/* Skip a numbering such as "3." at the start of a run; its number counts when the line holds nothing else. */
static size_t skip_number(const char *s, size_t len, unsigned *number)
{
    size_t i = 0;

    *number = 0;
    for (; i < len && kind_of(s[i]) == DIGIT; i++)
        *number = (*number * 10 + (unsigned)(s[i] - '0')) % 1000;
    while (i > 0 && i < len && (kind_of(s[i]) & MARK) != 0)
        i++;
    return i;
}

static size_t run_end(const char *line, size_t len, size_t at, const struct reading *how)
{
    while (at < len && (kind_of(line[at]) & how->ends) == 0)
        at++;
    return at;
}

static void read_as(const char *line, size_t len, const struct reading *how, struct bg_shareline *out)
{
    char text[BG_SHARELINE_MAX];
    size_t end, runs = 0;
    unsigned number = 0;

    *out = (struct bg_shareline){.layout = how->layout};
    for (size_t at = 0; at < len && !out->cut; at = end) {
        if ((end = run_end(line, len, at, how)) == at) {
            end = at + 1;
            continue;
        }
        at += skip_number(line + at, end - at, &number);
        runs++;
        if (end == at)
            continue;
        memcpy(text, line + at, end - at);
        translate_to(text, end - at, how->layout);
        add_run(out, text, end - at);
    }
    out->number = runs == 1 && out->count == 0 && !out->cut ? number : 0;
    bg_wipe(text, sizeof text);
}

/* How badly a reading went: the words that are unknown; a cut is worse than any of them. */
static size_t badness(const struct bg_shareline *l)
{
    return unknown_from(l, 0) + (l->cut ? 2 * BG_SHARELINE_WORDS - l->count : 0);
}

void bg_shareline_read(const char *line, size_t len, struct bg_shareline *out)
{
    char text[BG_SHARELINE_MAX];
    struct bg_shareline trial;
    size_t n = bg_shareplain(line, len, text);

    read_as(text, n, &readings[0], out);
    for (size_t i = 1; i < sizeof readings / sizeof readings[0] && badness(out) > 0; i++) {
        read_as(text, n, &readings[i], &trial);
        if (badness(&trial) < badness(out))
            *out = trial;
        bg_wipe(&trial, sizeof trial);
    }
    bg_wipe(text, sizeof text);
}
