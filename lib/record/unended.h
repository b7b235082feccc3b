/* SPDX-License-Identifier: ISC */
/*
 * Sessions that ended without a word: login(1) was killed or hung up on, a machine was switched off. Nobody
 * was left to close them, so whoever comes by next does, by what the state room knows of each use: its boot,
 * and the process that held it with its start time. A session that lost that process and goes on at a
 * terminal all the same (record/survivor.h) is not closed: the process there holds it from then on, by an
 * event. Where nobody could find that out, it stays open until the third who comes by, who closes it and says
 * so.
 */
#ifndef BG_RECORD_UNENDED_H
#define BG_RECORD_UNENDED_H

#include <sys/types.h>
#include "record/journal.h"

#define BG_SESSIONS_END 8 /* sessions at a time */

/*
 * Record session.closed, or session.orphaned, for the sessions of account (which runs as uid) that have ended
 * that way, at most BG_SESSIONS_END and none after the first that the journal does not take: the next call
 * goes on. One process at a time does so. The number of events. Where the newest is goes into *at (may be
 * NULL) if there is one. Root; a journal that does not answer is waited for once, like in bg_record.
 */
unsigned bg_sessions_end(struct bg_recorder *rec, const char *account, uid_t uid, struct bg_position *at);

#endif
