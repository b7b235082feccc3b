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
#ifndef BG_ALERT_ALERT_H
#define BG_ALERT_ALERT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include "alert/messages.h"
#include "config/policy.h"

/* --- tell.c: to the log, and to systemd */

/* A message of the table to standard error. */
void alert_say(const struct bg_message *id, const char *const *args);

/* "READY=1" and the like to $NOTIFY_SOCKET, which is no secret and decides nothing. */
void notify_systemd(const char *state);
/* Half of what systemd's watchdog allows, in ms; 0: it does not watch. */
int64_t notify_watchdog_ms(void);

/* --- backoff.c */

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

/*
 * --- deadletter.c
 *
 * That a sink refused an event for good must be recorded, but the service's user cannot write to the journal.
 * So whoever runs breakglass-alert as root (the timer, a login without a service) looks first for marks in
 * the cursors that the journal does not know yet. An event about an event that could not be delivered is not
 * followed by another one. The faults of breakglass.conf are put on record at the same time.
 */

/* Put on record what the cursors mark as undeliverable and the journal does not know yet. Root. */
void deadletters_record(const struct bg_policy *policy);

/* Lines of breakglass.conf that are not used: config.changed without success, once for each text. Root. */
void policy_faults_record(const struct bg_policy *policy, const struct bg_faults *faults);

/* --- supervise.c: one process a sink, started again when it dies, and systemd's watchdog */

struct job;

/*
 * Run the workers. A round ends at its deadline; the service ends with a signal, or when the configuration is
 * no longer the file that `loaded` describes: taken before it was read, so that no change falls between.
 * Returns the exit status, the worst that a worker ended with (enum worker_end).
 */
int supervise(struct job *jobs, unsigned n, bool resident, const struct stat *loaded);

/* What stat(2) says of the configuration now; all zeros when there is none. */
void supervise_look(struct stat *now);

/* --- service.c */

/* One round of ms milliseconds, or (resident) until a signal or a new configuration: the exit status. */
int service_run(bool resident, int64_t ms);

#endif
