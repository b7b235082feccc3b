/* SPDX-License-Identifier: ISC */
/*
 * Typing or pasting rows (textrow.h) at a prompt: a state machine that knows no terminal. On the host it
 * takes the five lines of an answer, on the laptop the one of a challenge. Nothing of it is secret, so it
 * says which character was meant.
 */
#ifndef BG_KEY_TEXTTYPER_H
#define BG_KEY_TEXTTYPER_H

#include "base/msg.h"
#include "key/challenge.h"

#define BG_TEXTTYPER_SYMBOLS 200 /* of one line that was typed */

struct bg_texttyper {
    const char *name;        /* "Line": what a row is called; with a number where there are several */
    uint8_t first, count;    /* numbers of the rows */
    uint8_t tag[BG_ROW_TAG]; /* of their places */
    uint8_t have;            /* rows that are in */
    uint8_t row[BG_RESPONSE_ROWS][BG_ROW];
    bool offers; /* `offer` fits, and Enter takes it */
    uint8_t offer[BG_ROW];
    size_t wrong; /* while `offers`: 1 + the group of `typed` that may be typed alone; 0: none */
    uint8_t typed[BG_ROW];
    bool missed; /* the row before this one did not fit, in the way `off` */
    uint8_t missed_row[BG_ROW], off[3];
};

/* For the answer to c, or for the row of c itself, whose names are set. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_texttyper_answer(struct bg_texttyper *t, const struct bg_challenge *c);
BG_MUST_CHECK enum bg_err bg_texttyper_challenge(struct bg_texttyper *t, const struct bg_challenge *c);

struct bg_texttyper_reply {
    bool done;                    /* all rows are in t->row */
    const struct bg_message *msg; /* NULL: nothing to say */
    char arg[4][16];
};

/*
 * Feed one line, any bytes. It may hold any part of a row that is whole by itself, several rows, hyphens,
 * blanks and numbering such as "3:", in either case; what was typed on a QWERTZ or AZERTY keyboard that
 * passes for an American one is read as it was meant. An empty line takes what was offered.
 */
void bg_texttyper_feed(struct bg_texttyper *t, const char *line, size_t len, struct bg_texttyper_reply *out);

/* "Line 2 of 5: " and the like, for the next row. */
void bg_texttyper_prompt(const struct bg_texttyper *t, char *out, size_t cap);

#endif
