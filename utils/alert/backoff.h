/* When to try again. */
#ifndef BG_ALERT_BACKOFF_H
#define BG_ALERT_BACKOFF_H

#include <stdint.h>
#include <time.h>

#define BACKOFF_MAX_MS INT64_C(900000) /* 15 minutes: the longest pause, whoever asks for it */

/*
 * Milliseconds to wait after `failures` failures in a row (from 1): 5, 30, 120, 300, 900, 900 ... seconds,
 * each made up to a fifth longer or shorter by `random`, so that many hosts do not come back all at once;
 * never above BACKOFF_MAX_MS. 0 for no failures.
 */
int64_t backoff_ms(unsigned failures, uint32_t random);

/*
 * The value of a Retry-After header (RFC 9110 section 10.2.3: seconds, or a date) in milliseconds from now,
 * 0 .. BACKOFF_MAX_MS; -1 when it is neither.
 */
int64_t backoff_retry_after(const char *value, time_t now);

#endif
