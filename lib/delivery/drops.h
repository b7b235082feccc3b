/* SPDX-License-Identifier: ISC */
/*
 * Events that somebody gave up for one sink, or wants it to get once more: a request of root's ("breakglass
 * alert drop" and "requeue", which also put it on record), carried out by whoever delivers to that sink,
 * because the cursor is theirs alone. A file beside the cursors in /run, NAME.drop or NAME.requeue, has a
 * line "JOURNALID SEQUENCE" for each event.
 */
#ifndef BG_DELIVERY_DROPS_H
#define BG_DELIVERY_DROPS_H

#include <stdbool.h>
#include "base/err.h"
#include "record/journal.h"

#define BG_DROPS_MAX 64 /* of each wish, that may wait for one sink at a time */

enum bg_wish {
    BG_WISH_DROP,
    BG_WISH_AGAIN
};

/* Ask for one. BG_E_RANGE: too many wait already. As bg_file_replace. */
BG_MUST_CHECK enum bg_err bg_drops_ask(const char *dir, const char *sink, enum bg_wish wish,
                                       const struct bg_position *at);

/* Is anything that was asked for not carried out yet? */
bool bg_drops_wait(const char *dir, const char *sink, enum bg_wish wish);

/* What was asked for, at[BG_DROPS_MAX]: how many. It stays until bg_drops_done; what is asked for in between
 * comes next. A file that is damaged, or not root's or the caller's own, is nothing, and goes; one that
 * cannot be read now stays. */
unsigned bg_drops_take(const char *dir, const char *sink, enum bg_wish wish, struct bg_position *at);
void bg_drops_done(const char *dir, const char *sink, enum bg_wish wish);

#endif
