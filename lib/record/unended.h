/*
 * Sessions that ended without a word: login(1) was killed or hung up on, a machine was switched off. Nobody
 * was left to close them, so whoever comes by next does, by what the state room knows of each use: its boot,
 * and the process that held it with its start time.
 */
#ifndef BG_RECORD_UNENDED_H
#define BG_RECORD_UNENDED_H

#include "record/journal.h"

/*
 * Record session.closed for each session of account that has ended that way; one process at a time does so.
 * The number of events. Where the newest is goes into *at (may be NULL) if there is one. Root; bounded like
 * bg_record, for each event.
 */
unsigned bg_sessions_end(struct bg_recorder *rec, const char *account, struct bg_position *at);

#endif
