/* SPDX-License-Identifier: ISC */
/*
 * Uses that nobody has reviewed and that a life (record/life.h) has no room for. Their number and the oldest
 * of them are kept with it, so that they are never out of sight; the uses themselves are in the journal. Who
 * reads that keeps them aside meanwhile, and they come back into the list, the oldest first, for others that
 * are reviewed.
 */
#ifndef BG_RECORD_HIDDEN_H
#define BG_RECORD_HIDDEN_H

#include <stdbool.h>
#include "record/life.h"

/* From here on this process reads a journal from its beginning, and keeps what falls off the list aside. */
void bg_hidden_begin(void);

/* What was kept aside is let go. */
void bg_hidden_end(void);

/* It falls off the list of l. */
void bg_hidden_push(struct bg_life *l, const struct bg_life_use *u);

/* One that is not on the list of l was reviewed. */
void bg_hidden_reviewed(struct bg_life *l, const char *id);

/* The oldest that was kept aside, off the count; false: there is none. */
BG_MUST_CHECK bool bg_hidden_pull(struct bg_life *l, struct bg_life_use *out);

/* The same of all that was kept aside: what opened them was replaced. */
void bg_hidden_rotated(void);

/*
 * What l, which the journal tells, shall say of them beside what a file did. The journal knows better, unless
 * it does not reach back to the oldest of them.
 */
void bg_hidden_merge(struct bg_life *l, const struct bg_life *file);

#endif
