/* SPDX-License-Identifier: ISC */
/* Words of cards in text that everybody sees, such as an answer that is echoed. */
#ifndef BG_SHARE_SHARESEEN_H
#define BG_SHARE_SHARESEEN_H

#include "share/shareset.h"
#include "share/sharetext.h"

#define BG_SHARESEEN_SURE 4 /* words of the list, one after the other: few sentences have so many */

struct bg_shareseen {
    size_t words;             /* the longest row of words of the list */
    bool ours;                /* two of them are the first two of the set's cards */
    char card[BG_SHARE_TEXT]; /* then its number, if that could be read: "3"; else "" */
};

/* Look through n bytes; set: NULL where the account has none. Nothing of the text is kept. */
void bg_shareseen(const struct bg_shareset *set, const char *text, size_t n, struct bg_shareseen *out);

#endif
