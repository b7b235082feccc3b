/*
 * breakglass-alert: reads the journal and delivers each event to each sink, at least once. Each line uses
 * only those below it:
 *
 *   main.c          arguments
 *   service.c       configuration, secrets, becoming the service's user
 *   supervise.c     one process a sink, the watchdog           deadletter.c  what root puts on record
 *   worker.c        one sink: what is next, what became of it, the cursor
 *   sink_*.c        the types of sinks                          queue.c       what is not delivered yet
 *   sign.c          signatures                                  backoff.c     when to try again
 *   tell.c          what is said
 */
#ifndef BG_ALERT_SERVICE_H
#define BG_ALERT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* One round of ms milliseconds, or (resident) until a signal or a new configuration. Returns the exit status.
 */
int service_run(bool resident, int64_t ms);

#endif
