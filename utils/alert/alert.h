/*
 * breakglass-alert: reads the journal and delivers each event to each sink, at least once.
 *
 *   main.c          arguments, configuration, secrets, becoming the service's user
 *   deadletter.c    as root: what no sink will ever take goes on record
 *   supervise.c     one process a sink, its lock, the watchdog
 *   notify.c        telling systemd
 *   worker.c        one sink: what is next, what became of it, the cursor
 *   queue.c         what is not delivered yet
 *   backoff.c       when to try again
 *   sign.c          signatures
 *   sink_*.c        the types of sinks
 *
 * A sink that hangs, in a name server, a disk or its own library, hangs alone.
 */
#ifndef BG_ALERT_ALERT_H
#define BG_ALERT_ALERT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "config/policy.h"
#include "alert/sink.h"
#include "base/msg.h"

#define ALERT_TICK_MS 5000 /* what was not noticed is looked for this often */

/* What one process is to do. */
struct job {
    const struct bg_sink *conf;
    struct sign_keys keys;
    bool resident;
    int64_t deadline; /* bg_deadline() of a single round */
    int service;      /* the lock of the service, not for workers: it must end with it; -1 */
};

/* How a worker ends. */
enum worker_end {
    WORKER_DONE = 0,   /* nothing is left to deliver */
    WORKER_LEFT = 1,   /* something is */
    WORKER_CANNOT = 3, /* it could not begin */
    WORKER_BUSY = 4    /* somebody else delivers to this sink and did not finish in time */
};

/* Deliver to one sink; the resident one never returns. tick is moved on while all is well. */
enum worker_end worker_run(const struct job *job, atomic_llong *tick);

/* Run one process a sink. A round ends at its deadline; the service ends with a signal or a new
 * configuration. Returns the exit status. */
int supervise(struct job *jobs, unsigned n, bool resident);

/* "READY=1" and the like to $NOTIFY_SOCKET, which is no secret and decides nothing. */
void notify_systemd(const char *state);
/* Half of what systemd's watchdog allows, in ms; 0: it does not watch. */
int64_t notify_watchdog_ms(void);

/* Put on record what the cursors mark as undeliverable and the journal does not know yet. Root. */
void deadletters_record(const struct bg_policy *policy);

/* The configuration that a "gone" was about: SHA-256 of it. */
BG_MUST_CHECK enum bg_err alert_fingerprint(const struct bg_sink *conf, char out[65]);

/* A message of the table to standard error. */
void alert_say(const struct bg_message *id, const char *const *args);

#endif
