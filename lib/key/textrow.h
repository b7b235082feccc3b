/* SPDX-License-Identifier: ISC */
/*
 * Rows of 25 letters and digits, as challenges and answers are written and typed: breakglass-challenge(7).
 * 22 of them are data, 3 are the check of a Reed-Solomon code over GF(32) of distance 4. The code also covers
 * four symbols that nobody types: to which text the row belongs and which row of it this is. So one wrong
 * character or two swapped neighbours are always told by their place, and a row of another text or in another
 * place is never taken for a right one (but for one in 32768).
 */
#ifndef BG_KEY_TEXTROW_H
#define BG_KEY_TEXTROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BG_ROW       25 /* symbols, each 0..31 */
#define BG_ROW_DATA  22
#define BG_ROW_TAG   3
#define BG_ROW_GROUP 5  /* symbols between two hyphens */
#define BG_ROW_TEXT  30 /* "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA" and its NUL */

struct bg_row_place {
    uint8_t tag[BG_ROW_TAG]; /* of the text that the row belongs to */
    uint8_t number;          /* which row of it, 0..31 */
};

/* The place that the first 15 bits of a hash name. */
void bg_row_tag(const uint8_t *hash, uint8_t number, struct bg_row_place *out);

/* The 3 last symbols from the 22 before them. */
void bg_row_seal(const struct bg_row_place *p, uint8_t row[BG_ROW]);

enum bg_row_state {
    BG_ROW_GOOD = 1,
    BG_ROW_WRONG,   /* one symbol is */
    BG_ROW_SWAPPED, /* symbol `at` and the next */
    BG_ROW_MISSING, /* one symbol before `at` is */
    BG_ROW_EXTRA,   /* symbol `at` of those that were typed is one too many */
    BG_ROW_OTHER,   /* sound, but row `at` of the same text */
    BG_ROW_SEVERAL  /* none of these */
};

struct bg_row_look {
    enum bg_row_state state;
    size_t at;
    uint8_t meant[BG_ROW]; /* a row that fits, for all but SEVERAL and OTHER */
    uint8_t off[3];        /* of SEVERAL with 25 symbols: as bg_row_off_alike takes it */
};

/* What n symbols that were typed are, in the place p. Only 24, 25 or 26 can be anything but SEVERAL. */
void bg_row_look(const struct bg_row_place *p, const uint8_t *typed, size_t n, struct bg_row_look *out);

/* Are two rows off in the same way, whichever rows of one other text they are? */
bool bg_row_off_alike(const uint8_t a[3], const uint8_t b[3]);

/* The digits are Crockford's: 0-9 and A-Z without I, L, O, U. */
char bg_row_digit(uint8_t symbol);
/* Either case; I and L are read as 1, O as 0. -1 for another character. */
int bg_row_symbol(char c);

void bg_row_print(const uint8_t row[BG_ROW], char out[BG_ROW_TEXT]);

#endif
