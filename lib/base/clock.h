/* SPDX-License-Identifier: ISC */
/* Time: a monotonic clock for every bound, a wall clock for every record. */
#ifndef BG_BASE_CLOCK_H
#define BG_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* Milliseconds of CLOCK_BOOTTIME: counts through suspend, never steps back. */
int64_t bg_now_ms(void);

/* The point on that clock that is `ms` from now. */
int64_t bg_deadline(int64_t ms);

/* What is left until `deadline`, as poll(2) wants it: 0 .. INT_MAX milliseconds. */
int bg_left_ms(int64_t deadline);

/* Sleep for `ms` milliseconds whatever signals arrive. */
void bg_sleep_ms(int64_t ms);

/* The wall clock: milliseconds since 1970, 0 for a clock that is broken. */
int64_t bg_wall_ms(void);

/* Size of a buffer for both below: "2026-11-22T12:03:24.123456Z" and its NUL. */
#define BG_TIME_LEN 28

/* Write the wall clock in UTC as RFC 3339 with microseconds; returns its bg_wall_ms(). */
int64_t bg_time_rfc3339(char out[BG_TIME_LEN]);

/* A moment of the wall clock in UTC, to the second: "2026-11-22T12:03:24Z". "" if it has no four-digit year.
 */
void bg_time_of(int64_t wall_ms, char out[BG_TIME_LEN]);

/* The moment that both write, to the millisecond; false, and *wall_ms untouched, for anything else. */
BG_MUST_CHECK bool bg_time_read(const char *s, int64_t *wall_ms);

/* The same where what is no time, as "", stands for never: 0. */
int64_t bg_time_or_never(const char *s);

/* The last millisecond, in UTC, of a day: "2026-11-22", or any text that begins so. 0 for what is no day. */
int64_t bg_day_end(const char *date);

#endif
