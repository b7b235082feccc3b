/* SPDX-License-Identifier: ISC */
/*
 * How long a session may go on. Whoever is root and comes by looks: the process that a login leaves behind
 * for its session (each half minute), the sweep of breakglass-alert, and nobody is needed of these two if the
 * other is there. The person is warned on the terminals of the session ahead of the limit; at the limit, and
 * from then on again and again, session.limit is recorded. If the policy says so, what the session runs on
 * terminals is then ended.
 *
 * The time runs by the clock of this boot, which nobody sets. It is kept beside the account's failures
 * (record/room.h); where that is lost, the time counts from when the use's id was made.
 */
#ifndef BG_RECORD_LIMIT_H
#define BG_RECORD_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/journal.h"

#define BG_LIMIT_FIRST_MS  INT64_C(900000)  /* ahead of the limit the person is warned, */
#define BG_LIMIT_SECOND_MS INT64_C(300000)  /* and once more */
#define BG_LIMIT_AGAIN_MS  INT64_C(1800000) /* from one session.limit to the next */
#define BG_LIMIT_GRACE_MS  INT64_C(60000)   /* from the last warning to the end by force */
#define BG_EXTEND_MIN_MS   INT64_C(60000)
#define BG_EXTEND_MAX_MS   INT64_C(86400000)

/* What the policy says. */
struct bg_limit {
    int64_t ms; /* 0: none */
    bool end;   /* by force */
};

/* The session of a use begins now. Best effort. */
void bg_limit_opened(const char *dir, const char *fallback_dir, const char *account, const char *use);

/*
 * Look at the uses of account (which runs as uid) that are granted in this boot, not closed, and held by a
 * living process; warn, record and end what is due. One process at a time does so. The number of events.
 * Root. Takes at most 2 s more than bg_record for each event, and 6 s for one that is ended.
 */
unsigned bg_limit_look(struct bg_recorder *rec, const char *account, uid_t uid, const struct bg_limit *limit);

/* The limit of that use is ms from now. BG_E_RANGE for a time out of bounds; BG_E_IO: no place took it. */
BG_MUST_CHECK enum bg_err bg_limit_extend(const char *dir, const char *fallback_dir, const char *account,
                                          const char *use, int64_t ms);

/* Milliseconds until the limit of that use, negative when it is over; limit_ms: what the policy says. */
int64_t bg_limit_left(const char *dir, const char *fallback_dir, const char *account, const char *use,
                      int64_t limit_ms);

#endif
