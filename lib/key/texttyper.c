/* SPDX-License-Identifier: ISC */
#include "key/texttyper.h"

#include <stdio.h>
#include <string.h>
#include "key/messages.h"

/* What a keyboard types when the system takes it for an American one. */
static const struct layout {
    const char *typed, *meant;
} layouts[] = {
    {"", ""},
    {"yzYZ", "zyzy"},
    {"aqwzAQWZ;:!@#$%^&*()", "qazwqazwmm1234567890"},
};

enum bg_err bg_texttyper_answer(struct bg_texttyper *t, const struct bg_challenge *c)
{
    struct bg_row_place p;
    enum bg_err r = bg_response_place(c, 1, &p);

    memset(t, 0, sizeof *t);
    t->name = "Line";
    t->first = 1;
    t->count = BG_RESPONSE_ROWS;
    if (r == BG_OK)
        memcpy(t->tag, p.tag, sizeof t->tag);
    return r;
}

enum bg_err bg_texttyper_challenge(struct bg_texttyper *t, const struct bg_challenge *c)
{
    struct bg_row_place p;
    enum bg_err r = bg_challenge_place(c, &p);

    memset(t, 0, sizeof *t);
    t->name = "The challenge";
    t->count = 1;
    if (r == BG_OK)
        memcpy(t->tag, p.tag, sizeof t->tag);
    return r;
}

static struct bg_row_place place(const struct bg_texttyper *t)
{
    struct bg_row_place p = {.number = (uint8_t)(t->first + t->have)};

    memcpy(p.tag, t->tag, sizeof p.tag);
    return p;
}

/* --- what is said ----------------------------------------------------------------------------- */

static void name_row(const struct bg_texttyper *t, char out[16])
{
    if (t->count == 1)
        (void)snprintf(out, 16, "%s", t->name);
    else
        (void)snprintf(out, 16, "%s %u", t->name, t->first + t->have);
}

static void say(const struct bg_texttyper *t, struct bg_texttyper_reply *out, const struct bg_message *msg,
                const char *second)
{
    out->msg = msg;
    name_row(t, out->arg[0]);
    (void)snprintf(out->arg[1], sizeof out->arg[1], "%s", second);
}

static void say_place(struct bg_texttyper_reply *out, size_t at)
{
    (void)snprintf(out->arg[1], sizeof out->arg[1], "%zu", at % BG_ROW_GROUP + 1);
    (void)snprintf(out->arg[2], sizeof out->arg[2], "%zu", at / BG_ROW_GROUP + 1);
}

/* --- one row ---------------------------------------------------------------------------------- */

static void take(struct bg_texttyper *t, const uint8_t row[BG_ROW], struct bg_texttyper_reply *out)
{
    memcpy(t->row[t->have++], row, BG_ROW);
    t->offers = false;
    t->wrong = 0;
    out->done = t->have == t->count;
}

/* Different rows that are off in the same way belong to one other text, whatever each looks like by itself.
 */
static bool other_text(struct bg_texttyper *t, const uint8_t *typed, const struct bg_row_look *look)
{
    bool same = t->missed && memcmp(t->missed_row, typed, BG_ROW) != 0 && bg_row_off_alike(t->off, look->off);

    t->missed = true;
    memcpy(t->missed_row, typed, BG_ROW);
    memcpy(t->off, look->off, sizeof t->off);
    return same;
}

static void offer(struct bg_texttyper *t, const uint8_t *typed, const struct bg_row_look *look,
                  struct bg_texttyper_reply *out)
{
    static const struct bg_message *const said[] = {[BG_ROW_WRONG] = BG_M_TEXT_WRONG,
                                                    [BG_ROW_SWAPPED] = BG_M_TEXT_SWAPPED,
                                                    [BG_ROW_MISSING] = BG_M_TEXT_MISSING,
                                                    [BG_ROW_EXTRA] = BG_M_TEXT_EXTRA};

    say(t, out, said[look->state], "");
    say_place(out, look->at < BG_ROW ? look->at : BG_ROW - 1);
    (void)snprintf(out->arg[3], sizeof out->arg[3], "%c",
                   bg_row_digit(look->meant[look->at < BG_ROW ? look->at : BG_ROW - 1]));
    t->offers = true;
    memcpy(t->offer, look->meant, BG_ROW);
    t->wrong = look->state == BG_ROW_WRONG ? 1 + look->at / BG_ROW_GROUP : 0;
    memcpy(t->typed, typed, BG_ROW);
}

static void refuse(struct bg_texttyper *t, const struct bg_row_look *look, size_t n,
                   struct bg_texttyper_reply *out)
{
    char number[24];

    (void)bg_msg_digits(number, (int64_t)(look->state == BG_ROW_OTHER ? look->at : n));
    if (look->state == BG_ROW_OTHER)
        say(t, out, BG_M_TEXT_OTHER_LINE, number);
    else if (n != BG_ROW)
        say(t, out, BG_M_TEXT_LENGTH, number);
    else
        say(t, out, t->count > 1 ? BG_M_TEXT_SEVERAL : BG_M_TEXT_NAMES, "");
}

/* True when the row was taken. */
static bool one_row(struct bg_texttyper *t, const uint8_t *typed, size_t n, struct bg_texttyper_reply *out)
{
    struct bg_row_place p = place(t);
    struct bg_row_look look;

    bg_row_look(&p, typed, n, &look);
    t->offers = false;
    t->wrong = 0;
    if (look.state == BG_ROW_GOOD)
        take(t, typed, out);
    else if (n == BG_ROW && look.state != BG_ROW_OTHER && other_text(t, typed, &look))
        say(t, out, BG_M_TEXT_OTHER, "");
    else if (look.state == BG_ROW_OTHER || look.state == BG_ROW_SEVERAL)
        refuse(t, &look, n, out);
    else
        offer(t, typed, &look, out);
    return look.state == BG_ROW_GOOD;
}

/* --- a line ----------------------------------------------------------------------------------- */

struct typed {
    uint8_t symbol[BG_TEXTTYPER_SYMBOLS];
    size_t n;
    char bad; /* the first character that is none */
};

static char meant(const struct layout *l, char c)
{
    const char *at = c == '\0' ? NULL : strchr(l->typed, c);

    return at == NULL ? c : l->meant[at - l->typed];
}

static bool between(char c)
{
    return c == ' ' || c == '\t' || c == '-' || c == '_' || c == '.' || c == ',' || c == '\r' || c == '\n';
}

/* "3:" in front of a row. */
static bool numbering(const char *at, size_t left)
{
    return left > 1 && at[0] >= '0' && at[0] <= '9' && at[1] == ':';
}

/* Read with one layout. False: there is a character that means nothing. */
static bool read_line(const struct layout *l, const char *line, size_t len, struct typed *out)
{
    bool start = true;

    *out = (struct typed){.n = 0};
    for (size_t i = 0; i < len; i++) {
        char c = meant(l, line[i]);
        int symbol = bg_row_symbol(c);

        if (start && numbering(line + i, len - i)) {
            i++;
        } else if (symbol >= 0 && out->n < BG_TEXTTYPER_SYMBOLS) {
            out->symbol[out->n++] = (uint8_t)symbol;
            start = false;
        } else if (between(c)) {
            start = start || c == ' ' || c == '\t' || c == '\n';
        } else {
            out->bad = line[i];
            return false;
        }
    }
    return true;
}

/* Is its first row sound as it stands? */
static bool fits(const struct bg_texttyper *t, const struct typed *y)
{
    struct bg_row_place p = place(t);
    struct bg_row_look look;

    bg_row_look(&p, y->symbol, y->n < BG_ROW ? y->n : BG_ROW, &look);
    return look.state == BG_ROW_GOOD;
}

/* As it was meant: with another layout only if that makes it sound. */
static bool read_any(const struct bg_texttyper *t, const char *line, size_t len, struct typed *out)
{
    struct typed other;
    bool good = read_line(&layouts[0], line, len, out);

    for (size_t i = 1; i < sizeof layouts / sizeof layouts[0] && !(good && fits(t, out)); i++)
        if (read_line(&layouts[i], line, len, &other) && fits(t, &other)) {
            *out = other;
            return true;
        }
    return good;
}

/* One group of a row in which one character did not fit. */
static void replace_group(struct bg_texttyper *t, const uint8_t *group, struct bg_texttyper_reply *out)
{
    uint8_t row[BG_ROW];

    memcpy(row, t->typed, BG_ROW);
    memcpy(row + (t->wrong - 1) * BG_ROW_GROUP, group, BG_ROW_GROUP);
    (void)one_row(t, row, BG_ROW, out);
}

/* Of several rows in one line one look at the next shows whether all of them belong elsewhere. */
static void look_ahead(struct bg_texttyper *t, const struct typed *y, size_t at,
                       struct bg_texttyper_reply *out)
{
    struct bg_row_place p = place(t);
    struct bg_row_look look;

    if (y->n < at + BG_ROW || !t->missed)
        return;
    bg_row_look(&p, y->symbol + at, BG_ROW, &look);
    if (look.state != BG_ROW_OTHER && other_text(t, y->symbol + at, &look)) {
        t->offers = false;
        t->wrong = 0;
        say(t, out, BG_M_TEXT_OTHER, "");
    }
}

static void rows_of(struct bg_texttyper *t, const struct typed *y, struct bg_texttyper_reply *out)
{
    size_t at = 0;

    if (y->n == BG_ROW_GROUP && t->wrong > 0) {
        replace_group(t, y->symbol, out);
        return;
    }
    while (at < y->n && t->have < t->count) {
        size_t left = y->n - at, n = left <= BG_ROW + 1 ? left : BG_ROW;
        if (!one_row(t, y->symbol + at, n, out)) {
            look_ahead(t, y, at + n, out);
            return;
        }
        at += n;
    }
}

void bg_texttyper_feed(struct bg_texttyper *t, const char *line, size_t len, struct bg_texttyper_reply *out)
{
    struct typed y;
    char bad[8];

    memset(out, 0, sizeof *out);
    if (!read_any(t, line, len, &y)) {
        (void)snprintf(bad, sizeof bad, "%c", y.bad);
        say(t, out, BG_M_TEXT_CHARACTER, bad);
    } else if (y.n == 0 && t->offers) {
        uint8_t row[BG_ROW];
        memcpy(row, t->offer, sizeof row);
        take(t, row, out);
    } else {
        rows_of(t, &y, out);
    }
}

void bg_texttyper_prompt(const struct bg_texttyper *t, char *out, size_t cap)
{
    if (t->count > 1)
        (void)snprintf(out, cap, "%s %u of %u: ", t->name, t->first + t->have, t->count);
    else
        (void)snprintf(out, cap, "%s: ", t->name);
}
