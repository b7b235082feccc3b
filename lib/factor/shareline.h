/*
 * One typed line, cut into words of the list. Knows the three keyboard layouts that people type in by
 * mistake: the reading that leaves the fewest unknown words is taken (no word of the list turns into another
 * one between these layouts, so a line can be read by itself).
 */
#ifndef BG_FACTOR_SHARELINE_H
#define BG_FACTOR_SHARELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARELINE_MAX   511 /* bytes of a line */
#define SHARELINE_WORDS 67  /* more are not kept: the longest share and some */

enum share_layout {
    SHARE_LAYOUT_PLAIN = 0,  /* what arrived is what was meant */
    SHARE_LAYOUT_QWERTZ = 1, /* y and z exchanged */
    SHARE_LAYOUT_AZERTY = 2  /* a and q, w and z exchanged, m beside l */
};

struct shareline {
    enum share_layout layout;
    size_t count; /* words; at most SHARELINE_WORDS */
    uint16_t word[SHARELINE_WORDS];
    bool unknown[SHARELINE_WORDS]; /* a word stands here but the list has none like it */
    bool cut;                      /* unspaced text went wrong after the last word: the rest is lost */
    bool overflow;                 /* there were more than SHARELINE_WORDS */
    unsigned number;               /* the line is nothing but this number; 0 otherwise */
};

/* Nothing but blanks (and '-', which counts as one); nothing but one question mark. */
bool shareline_blank(const char *line, size_t len);
bool shareline_question(const char *line, size_t len);

/* Cut `len` (at most SHARELINE_MAX) bytes into words. The caller wipes *out. */
void shareline_read(const char *line, size_t len, struct shareline *out);

#endif
