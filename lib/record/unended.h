/* SPDX-License-Identifier: ISC */
/*
 * Sessions that ended without a word: login(1) was killed or hung up on, a machine was switched off. Nobody
 * was left to close them, so whoever comes by next does, by what the state room knows of each use: its boot,
 * and the process that held it with its start time.
 */
#ifndef BG_RECORD_UNENDED_H
#define BG_RECORD_UNENDED_H

#include "record/journal.h"

#define BG_SESSIONS_END 8 /* sessions at a time */

/*
 * Record session.closed for the sessions of account that have ended that way, at most BG_SESSIONS_END and
 * none after the first that the journal does not take: the next call goes on. One process at a time does so.
 * The number of events. Where the newest is goes into *at (may be NULL) if there is one. Root; a journal that
 * does not answer is waited for once, like in bg_record.
 */
unsigned bg_sessions_end(struct bg_recorder *rec, const char *account, struct bg_position *at);

#endif
