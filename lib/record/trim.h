/* SPDX-License-Identifier: ISC */
/*
 * The journal's oldest segment is removed when it is old and everybody who gets events has it: one segment at
 * a time, each by an event journal.trimmed that is on the disk before and says what goes. Its detail is
 *
 *     lines 1 to 2417, head 9a41...      first and last number; SHA-256 of the last line, without its newline
 *
 * so that what is left is one chain with what is gone: the first line that is left names that hash. Whoever
 * verifies finds the event among the lines that are left. A crash in between leaves a segment that is removed
 * by a second such event.
 */
#ifndef BG_RECORD_TRIM_H
#define BG_RECORD_TRIM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/hash.h"
#include "record/journal.h"

#define BG_TRIM_SEGMENTS 4 /* the newest ones stay, however old they are */

struct bg_trimmed {
    uint64_t first, last;
    char head[BG_HASH_HEX + 1];
};

#define BG_TRIM_DETAIL 128
void bg_trimmed_detail(const struct bg_trimmed *t, char out[BG_TRIM_DETAIL]);
/* What an event says; false for one of another kind. */
bool bg_trimmed_read(const json_t *ev, struct bg_trimmed *t);

struct bg_trim_rule {
    unsigned days;     /* its newest line is older than that */
    unsigned segments; /* so many stay at least, not below 1 */
    /* Has everybody all up to there? Called at most once, in this process. */
    bool (*taken)(void *arg, const struct bg_position *last);
    void *arg;
};

/*
 * Remove one segment, if that is its turn. *t is the one that was looked at, *age_ms how old its newest line
 * is. BG_E_NOENT: none is old enough; BG_E_BUSY: it is, and `taken` says no; BG_E_SYNTAX, BG_E_MISMATCH: it
 * is not sound, the next one does not follow it, or it has an alarm that nobody has explained
 * (journal.accepted), so it stays as evidence; BG_E_REFUSED: the event could
 * not be put into the journal; else as the disk says. Waits for the disk as an append does, twice more.
 */
BG_MUST_CHECK enum bg_err bg_journal_trim(struct bg_recorder *rec, const struct bg_trim_rule *rule,
                                          struct bg_trimmed *t, int64_t *age_ms);

/* How many lines are no longer in the journal of dir because they were removed so, or by anybody: the number
 * in front of its first line; 0 as well where nothing can be read. */
uint64_t bg_journal_earlier(const char *dir);

#endif
