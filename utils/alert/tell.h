/* What this program says: to the log, and to systemd. */
#ifndef BG_ALERT_TELL_H
#define BG_ALERT_TELL_H

#include <stdint.h>
#include "base/msg.h"

/* A message of the table to standard error. */
void alert_say(const struct bg_message *id, const char *const *args);

/* "READY=1" and the like to $NOTIFY_SOCKET, which is no secret and decides nothing. */
void notify_systemd(const char *state);
/* Half of what systemd's watchdog allows, in ms; 0: it does not watch. */
int64_t notify_watchdog_ms(void);

#endif
