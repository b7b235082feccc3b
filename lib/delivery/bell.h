/*
 * Ringing the alarm: whoever writes an event makes sure that somebody delivers it. With a resident
 * service there is nothing to do: it notices that the journal grows. Without one a single delivery is started
 * and left alone.
 */
#ifndef BG_DELIVERY_BELL_H
#define BG_DELIVERY_BELL_H

#include <stdbool.h>
#include "base/err.h"
#include "delivery/cursor.h"

#define BG_SERVICE_LOCK BG_CURSORS_RUN "/.service" /* held by the resident service */

/* Is a resident service running? Never blocks. */
bool bg_bell_served(void);

/*
 * Start one bounded delivery by `program` (breakglass-alert), unless a resident service runs: a session of
 * its own, no descriptor of ours, an empty environment, nobody's child. Waits for its start only, at most 5 s
 * (a disk may hang). BG_E_NOENT when there is no such program; BG_E_IO, BG_E_TIMEOUT.
 */
BG_MUST_CHECK enum bg_err bg_bell_ring(const char *program);

/* Has the sink `name` taken that line, and not refused it? Never true of one that is in no journal. Reads
 * /run only. */
bool bg_bell_acked(const char *name, const struct bg_position *at);

#endif
