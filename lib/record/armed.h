/* SPDX-License-Identifier: ISC */
/*
 * An account that is opened only while it is armed (open = armed of its credentials file): for a time that a
 * second person has set. The time runs by the clock of this boot, which nobody sets and which counts through
 * suspend, so no step of the wall clock makes it longer; and it ends with the boot, whatever is left of it.
 *
 * Kept in the state room (record/room.h): a /run that is full does not stop anybody from arming. What cannot
 * be read is not armed.
 */
#ifndef BG_RECORD_ARMED_H
#define BG_RECORD_ARMED_H

#include <stdint.h>
#include "base/err.h"
#include "base/host.h"

#define BG_ARMED_MIN_MS INT64_C(60000)
#define BG_ARMED_MAX_MS INT64_C(604800000) /* a week */
#define BG_ARMED_BY     64

struct bg_armed {
    char by[BG_ARMED_BY];      /* who, as they said; may be "" */
    int64_t since_ms, left_ms; /* how long ago it was armed, and how long it will be */
};

/* dir, fallback_dir: as bg_room_of(); NULL for the compiled-in ones. */

/*
 * Arm it for ms from now, in the place of what there was. BG_E_RANGE: not between MIN and MAX; BG_E_REFUSED:
 * this boot has no id, so nobody could tell when it is over; BG_E_IO: no place takes it.
 */
BG_MUST_CHECK enum bg_err bg_armed_set(const char *dir, const char *fallback_dir, const char *account,
                                       const char *by, int64_t ms);

/* Is it armed? BG_OK and *out; BG_E_NOENT: no; BG_E_TIMEOUT: not any more; BG_E_MISMATCH: it was, before this
 * boot. */
BG_MUST_CHECK enum bg_err bg_armed_get(const char *dir, const char *fallback_dir, const char *account,
                                       struct bg_armed *out);

/* It is not, from now on. BG_E_IO: no place takes it, so it still is. */
BG_MUST_CHECK enum bg_err bg_armed_clear(const char *dir, const char *fallback_dir, const char *account);

#endif
