/* SPDX-License-Identifier: ISC */
/*
 * Ringing the alarm: whoever writes an event makes sure that somebody delivers it. With a resident
 * service there is nothing to do: it notices that the journal grows. Without one a delivery is started and
 * left alone, and there is only one at a time: it holds BG_ROUND_LOCK, whose content is changed by every
 * ring. Whoever finds the lock held has rung, and that is enough: a delivery that ends gives the lock back,
 * and begins again if it was rung since it began.
 */
#ifndef BG_DELIVERY_BELL_H
#define BG_DELIVERY_BELL_H

#include <stdbool.h>
#include "base/err.h"
#include "delivery/cursor.h"

#ifndef BG_BELL_DIR
#define BG_BELL_DIR BG_RUNDIR /* tests have another */
#endif
#define BG_SERVICE_LOCK BG_BELL_DIR "/cursors/.service" /* held by the resident service */
#define BG_ROUND_LOCK   BG_BELL_DIR "/round.lock"       /* root's; held by the one delivery without it */
#define BG_ROUND_FD     3                               /* of a delivery that is given the lock */

/* Is a resident service running? Never blocks. */
bool bg_bell_served(void);

/*
 * Start one bounded delivery by `program` (breakglass-alert --once --locked), unless a resident service or
 * another delivery runs, which then sees what is in the journal by now: a session of its own, no descriptor
 * of ours but the lock, an empty environment, nobody's child. Waits for its start only, at most 5 s (a disk
 * may hang). Where the lock cannot be had (/run is read-only) the delivery is started without one. BG_E_NOENT
 * when there is no such program, at once for NULL; BG_E_IO, BG_E_TIMEOUT.
 */
BG_MUST_CHECK enum bg_err bg_bell_ring(const char *program);

/* A delivery's side of it. */
struct bg_round {
    int lock; /* -1: there is none to be had */
    uint64_t rung, heard;
};

/*
 * Begin: take the lock, or believe that BG_ROUND_FD holds it (`given`; it is taken if it does not). BG_E_BUSY
 * when another still holds it at `deadline`. Without a lock to be had: BG_OK.
 */
BG_MUST_CHECK enum bg_err bg_round_begin(struct bg_round *r, bool given, int64_t deadline);

/* Meanwhile: did somebody ring since this was asked last? It is no less a ring at the end. */
bool bg_round_rung(struct bg_round *r);

/* At its end: the lock is given back. True when somebody rang meanwhile and it is ours again. */
bool bg_round_again(struct bg_round *r);

/* Has the sink `name` taken that line? Never true of one that is in no journal. Reads /run only. */
bool bg_bell_acked(const char *name, const struct bg_position *at);

#endif
