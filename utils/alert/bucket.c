/* SPDX-License-Identifier: ISC */
#include "alert/bucket.h"

#define MINUTE_MS 60000

void bucket_init(struct bucket *b, const struct bg_sink_rate *rate)
{
    b->step = rate->minute == 0 ? 0 : MINUTE_MS / rate->minute;
    b->burst = rate->burst == 0 ? 1 : rate->burst;
    b->full = 0;
}

/* How many are left for higher ranks. */
static unsigned kept(const struct bucket *b, enum rank rank)
{
    return rank == RANK_USE ? 0 : rank == RANK_URGENT ? b->burst / 4 : b->burst / 2;
}

int64_t bucket_from(const struct bucket *b, enum rank rank)
{
    return b->full - (int64_t)(b->burst - kept(b, rank) - 1) * b->step;
}

void bucket_spend(struct bucket *b, int64_t now)
{
    int64_t empty = now + (int64_t)b->burst * b->step, full = (b->full > now ? b->full : now) + b->step;

    b->full = full < empty ? full : empty;
}

void bucket_resume(struct bucket *b, int64_t now, int64_t left)
{
    if (left > 0 && left <= (int64_t)b->burst * b->step)
        b->full = now + left;
}
