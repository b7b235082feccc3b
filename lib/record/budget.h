/* SPDX-License-Identifier: ISC */
/*
 * The budget of strangers. What anybody can cause without a credential (attempt.*, share.refused,
 * share.exposed) is written by itself only up to a small number per source and account and on the whole host;
 * what is more is counted, and the counts become one event, attempt.repeated, at most one a minute for each
 * account and class of source; those of more than 15 accounts and classes at a time are told together, as of
 * BG_BUDGET_OTHERS and without a class. So any number of clients fill less than 16 MiB of journal in a day.
 * Nothing else has a budget.
 *
 *     each source and account   20 events, then one more every 5 minutes
 *     the host                  100 events, then one more a minute
 *     attempt.repeated          6 events on the host, then 3 a minute
 *
 * A source is an address (IPv6: its /64), a caller's uid, or a terminal. The newest 256 are remembered. The
 * counters are a file of the state room in /run; the disk is used only when /run refuses. Where neither takes
 * it every event is written: rather too much than nothing.
 */
#ifndef BG_RECORD_BUDGET_H
#define BG_RECORD_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "record/event.h"

#define BG_BUDGET_OTHERS "other accounts" /* no account can have that name */

/* May this event be written by itself? If not it is counted. The directories are the journal's
 * (record/room.h). */
bool bg_budget_admits(const char *dir, const char *fallback_dir, const struct bg_event *e);

/* Take the counts of one account and class that are due; all: any, for the machine goes down. BG_E_NOENT when
 * there are none. */
BG_MUST_CHECK enum bg_err bg_budget_due(const char *dir, const char *fallback_dir, bool all,
                                        struct bg_repeats *out);

/* They could not be recorded: count them again. */
void bg_budget_give_back(const char *dir, const char *fallback_dir, const struct bg_repeats *counts);

/* Milliseconds until counts are due, at least 1; -1: nothing is counted. */
int64_t bg_budget_next(const char *dir, const char *fallback_dir);

/* Hold the place of the one who waits for counts to become due: close(*lock). BG_E_BUSY: somebody does. */
BG_MUST_CHECK enum bg_err bg_budget_wait_lock(const char *dir, const char *fallback_dir, int *lock);

/* --- the counters themselves, for the tests: everything but the file and the clock that bounds --- */

#define BG_BUDGET_SOURCES 256
#define BG_BUDGET_COUNTS  16
#define BG_BUDGET_SEEN    16 /* words of the set of sources, one bit each */

struct bg_bucket {
    int64_t credit_ms, at_ms;
};

struct bg_budget {
    uint64_t boot;
    struct bg_bucket host, repeats;
    struct {
        uint64_t key; /* of source and account; 0: free */
        struct bg_bucket bucket;
    } source[BG_BUDGET_SOURCES];
    struct {
        struct bg_repeats counts; /* account "": free */
        int64_t since_ms, last_ms;
        uint64_t seen[BG_BUDGET_SEEN];
    } pending[BG_BUDGET_COUNTS];
};

void bg_budget_begin(struct bg_budget *b, uint64_t boot, int64_t now_ms);
bool bg_budget_spend(struct bg_budget *b, const struct bg_event *e, int64_t now_ms);
bool bg_budget_collect(struct bg_budget *b, int64_t now_ms, bool all, struct bg_repeats *out);
void bg_budget_return(struct bg_budget *b, const struct bg_repeats *counts, int64_t now_ms);
int64_t bg_budget_wait(const struct bg_budget *b, int64_t now_ms);

/* What counts as one source. */
void bg_budget_source(const struct bg_event *e, char out[64]);

#endif
