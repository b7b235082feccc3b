/* SPDX-License-Identifier: ISC */
/*
 * How fast a sink may be fed: a burst, and then so many a minute, below what its provider allows. Of the
 * burst half is not for what anybody can cause, and a quarter is for uses alone, so neither a flood of
 * failed attempts nor a long backlog makes a use wait. One time says it all: when the bucket is full again
 * (the generic cell rate algorithm).
 */
#ifndef BG_ALERT_BUCKET_H
#define BG_ALERT_BUCKET_H

#include <stdint.h>
#include "config/sink.h"

/* What an event may have to wait behind, least first. */
enum rank {
    RANK_COMMON, /* anybody can cause it without a credential (bg_event_by_anybody) */
    RANK_URGENT, /* what matters */
    RANK_USE     /* an account is being opened now (bg_event_of_use) */
};
#define RANKS 3

struct bucket {
    int64_t step; /* ms that each one costs; 0: there is no limit */
    int64_t full; /* bg_now_ms() */
    unsigned burst;
};

/* A full one. */
void bucket_init(struct bucket *b, const struct bg_sink_rate *rate);

/* From when on one of that rank may go, bg_now_ms(). */
int64_t bucket_from(const struct bucket *b, enum rank rank);

/* One goes now, even if it does not wait for bucket_from(): an empty bucket stays an empty one. */
void bucket_spend(struct bucket *b, int64_t now);

/* It was so far from full, in ms, when another process had it; what no bucket of that size can be is
 * ignored. */
void bucket_resume(struct bucket *b, int64_t now, int64_t left);

#endif
