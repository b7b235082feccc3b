/* SPDX-License-Identifier: ISC */
/* Phrases about the cards of a set: counts, positions and names of groups, never a word of a card. */
#ifndef BG_SHARE_SHARETEXT_H
#define BG_SHARE_SHARETEXT_H

#include "share/shareset.h"

#define BG_SHARE_TEXT 240 /* a phrase with its NUL; a longer one ends in "..." */

/* A group by its 0-based index: its name, or "group 2". */
void bg_share_group_text(const struct bg_shareset *set, unsigned group, char out[BG_SHARE_TEXT]);

/* The number of a card: "3"; in a set of groups "3 of group 2". */
void bg_share_card_text(const struct bg_shareset *set, const struct slip39_share *s, char out[BG_SHARE_TEXT]);

/* What is still to come, as a sentence without its full stop: "1 more card is needed", "Still needed: 1 of
 * group 1, 2 of group 3", "All cards are in". */
void bg_share_lack_text(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n,
                        char out[BG_SHARE_TEXT]);

/* What it takes from the beginning, with the name that the set has: "2 cards of NAME", "cards of NAME: 2 of
 * group 1 and 1 of group 2". */
void bg_share_need_text(const struct bg_shareset *set, const char *name, char out[BG_SHARE_TEXT]);

#endif
