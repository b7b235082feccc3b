/* SPDX-License-Identifier: ISC */
/*
 * What is known of an account: failures, uses, state. Each account has a small file in the state room
 * (record/room.h), changed with each event that counts and believed before any log, however large, damaged or
 * flooded that is. When it is missing or damaged it is rebuilt from the journal, which is read in a bounded
 * child: a disk that hangs costs at most 1 s per directory and BG_STATE_MS a call, and counts as unreadable.
 */
#ifndef BG_RECORD_STATE_H
#define BG_RECORD_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/host.h"
#include "base/source.h"
#include "record/journal.h"
#include "record/retell.h"

#define BG_STATE_MS BG_RETELL_MS

/*
 * An event that was just recorded goes into the file of its account, if it counts there (attempt.failed,
 * use.granted, session.opened, session.closed, session.orphaned). where: what became of it. bg_record calls
 * this. Best effort: what could not be noted is still in the journal.
 */
void bg_state_note(const char *dir, const char *fallback_dir, const struct bg_event *e,
                   enum bg_recorded where);

/*
 * Failures of account from sources of that class in the last hour since its last granted use: the number, and
 * milliseconds since the newest, by the clock that cannot be set (never negative). Nothing to read counts as
 * no failures.
 */
void bg_state_failures(const char *dir, const char *fallback_dir, const char *account, enum bg_source s,
                       unsigned *count, int64_t *since_ms);

/*
 * Stand at the head of the line before account for sources of that class: of all who try, one holds *lock at
 * a time (close(*lock)); late: a second line, for who has waited too long in the first. BG_E_BUSY: somebody
 * is there already. BG_OK with *lock -1 when there is no place for a line: /run and the disk take nothing.
 */
BG_MUST_CHECK enum bg_err bg_line_try(const char *dir, const char *fallback_dir, const char *account,
                                      enum bg_source s, bool late, int *lock);

/* The delay in ms that count failures cost: 0, 1, 2, 4, 8 ... seconds, at most cap_s. */
int64_t bg_state_delay(unsigned count, unsigned cap_s);

/* States of an account, see breakglass(7). */
enum bg_account_state {
    BG_STATE_SEALED = 1,
    BG_STATE_IN_USE = 2,
    BG_STATE_AWAITING_REVIEW = 3,
    BG_STATE_TO_BE_ROTATED = 4
};

struct bg_tally;
/* What the file of an account holds; BG_E_NOENT when there is none. The journal is not asked. */
BG_MUST_CHECK enum bg_err bg_state_tally(const char *dir, const char *fallback_dir, const char *account,
                                         struct bg_tally *out);

/*
 * The same after what the journal knows of this boot's uses has gone into the file: a helper may have been
 * killed between writing an event and noting it. As slow as the journal is long, within BG_STATE_MS.
 */
BG_MUST_CHECK enum bg_err bg_state_heal(const char *dir, const char *fallback_dir, const char *account,
                                        struct bg_tally *out);

/* True when account has a use that was opened in this boot and not closed, whose host process still lives. */
bool bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                     char use[BG_ULID_LEN + 1]);
/*
 * State of an account with the use that makes it: in use as long as any use of this boot is granted, not
 * closed and held by a living process, whatever became of newer ones; then by what record/life.h knows. use
 * is that one, else the newest, unless that is reviewed and an older one is not (may be ""). dir NULL: both
 * compiled-in directories; else that one alone.
 */
enum bg_account_state bg_state_account(const char *dir, const char *account, char use[BG_ULID_LEN + 1]);

#endif
