/* SPDX-License-Identifier: ISC */
/*
 * The journal beside what a receiver stored of it. A receiver holds whole lines; each names the hash of the
 * one before, so that a line which both hold proves all before it.
 *
 * What a difference means:
 *
 *     cut        the receiver has lines behind the last one here
 *     gone       it has a line that is not here, where the journal tells of no power cut
 *     rewritten  it has another line of that number, and the same event or later times
 *     rolledback it has other events from that number on, all older than what is here: an older state of the
 *                machine went on
 *     clone      it has other events from that number on, and these beside them: two machines write
 *     removed    it has lines of a journal of this host that is not here
 *     forged     a line that claims this journal and cannot be of it: its own hash is wrong, or a line that
 *                both hold proves that it never was there
 *     nothing    it has not one line of this journal
 *
 * Lines that the journal says were lost in a power cut (journal.lost) are no finding, as far as that can be:
 * a line that promises something (record/event.h) was on the disk before anybody had it, and so was what
 * stands before it. Nor are those that the journal removed since they were old (record/trim.h); the last of
 * them is compared by its hash.
 */
#ifndef BG_ADMIN_JOURNAL_AGAINST_H
#define BG_ADMIN_JOURNAL_AGAINST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/hash.h"
#include "record/journal.h"

/* A line, as far as it is compared. */
struct known_line {
    uint64_t sequence;
    uint8_t hash[BG_HASH];   /* of the whole line; of the body for one that was shortened for syslog */
    uint8_t body[BG_HASH];   /* its linehash */
    uint8_t before[BG_HASH]; /* prevhash */
    char id[BG_ULID_LEN + 1], time[BG_TIME_LEN];
    bool promises;           /* it was on the disk before it was sent */
    bool shortened, foreign; /* foreign: it names another host than this one as its source */
    bool lost;               /* a line of ours: journal.lost */
};

/* A growing list; free(list->line). */
struct known_lines {
    struct known_line *line;
    size_t n, cap;
    uint64_t trimmed; /* of ours: lines up to there were removed, and the journal says so; 0: none */
    uint8_t trimmed_head[BG_HASH]; /* hash of the last of them */
};

enum against_kind {
    AGAINST_CUT = 1,
    AGAINST_GONE,
    AGAINST_REWRITTEN,
    AGAINST_ROLLED_BACK,
    AGAINST_CLONE,
    AGAINST_FORGED,
    AGAINST_KINDS
};

struct against {
    uint64_t agree, lost, absent; /* absent: numbers between its first and last that it does not hold */
    uint64_t trimmed;             /* lines of theirs that were removed here, as the journal says */
    struct {
        uint64_t count, first, last; /* numbers; count 0: none */
    } found[AGAINST_KINDS];
};

/*
 * Compare. ours is sorted by number, without repetition; theirs is sorted here. end: the journal's last line
 * is the last of ours; else it could not be read any further, and what is behind is not judged.
 */
void against_judge(const struct known_lines *ours, struct known_lines *theirs, bool end, struct against *out);

#endif
