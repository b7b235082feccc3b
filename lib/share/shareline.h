/* SPDX-License-Identifier: ISC */
/*
 * One typed or pasted line, cut into words of the list. Whatever is no letter stands between words
 * (share/shareplain.h), but a comma may also be a slip inside a word, or a letter of another layout: of three
 * keyboard layouts, with punctuation between words or in them, the reading that leaves the fewest unknown
 * words is taken. No word of the list turns into another one between these readings, so a line can be read by
 * itself.
 */
#ifndef BG_SHARE_SHARELINE_H
#define BG_SHARE_SHARELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BG_SHARELINE_MAX   511 /* bytes of a line */
#define BG_SHARELINE_WORDS 67  /* more are not kept: the longest share and some */

enum bg_shareline_layout {
    BG_SHARELINE_PLAIN = 0,  /* what arrived is what was meant */
    BG_SHARELINE_QWERTZ = 1, /* y and z exchanged */
    BG_SHARELINE_AZERTY = 2  /* a and q, w and z exchanged, m beside l */
};

struct bg_shareline {
    enum bg_shareline_layout layout;
    size_t count; /* words; at most BG_SHARELINE_WORDS */
    uint16_t word[BG_SHARELINE_WORDS];
    bool unknown[BG_SHARELINE_WORDS]; /* there is a word here, but the list has none like it */
    bool cut;                         /* unspaced text went wrong after the last word: the rest is lost */
    bool overflow;                    /* there were more than BG_SHARELINE_WORDS */
    unsigned number;                  /* the line is nothing but this number; 0 otherwise */
};

/* Nothing but blanks (ASCII, and '-', which counts as one); nothing but one question mark among whatever
 * separates. Of at most BG_SHARELINE_MAX bytes. */
bool bg_shareline_blank(const char *line, size_t len);
bool bg_shareline_question(const char *line, size_t len);

/* Cut `len` (at most BG_SHARELINE_MAX) bytes into words. The caller wipes *out. */
void bg_shareline_read(const char *line, size_t len, struct bg_shareline *out);

#endif
