/* SPDX-License-Identifier: ISC */
/*
 * breakglass-alert: reads the journal and delivers each event to each sink, at least once. Each line uses
 * only those below it:
 *
 *   main.c          arguments
 *   service.c       configuration, rounds, generations
 *   supervise.c     one process a sink, the watchdog           onrecord.c    what root puts on record
 *   secrets.c       secrets, old and new                       files.c       the files it was all read from
 *   worker.c        one sink: what is next, what became of it, the cursor
 *   sink_*.c        the types of sinks, listed in types.c       queue.c       what is not delivered yet
 *   provider.c      what those have in common that tell people  text.c        in which words
 *   http.c          requests and answers                        sign.c        signatures
 *   durable.c       what is on the disk
 *   backoff.c       when to try again                           takeover.c    what lies in /run alone
 *   tell.c          what is said                                httpdate.c    the dates of HTTP
 *   heartbeat.c     a sign of life                              keep.c        what the journal keeps
 *   review.c        reviews that are overdue                   probes.c      what is looked at after a grant,
 *                                                              probe.c       and when
 */
#ifndef BG_ALERT_ALERT_H
#define BG_ALERT_ALERT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include "alert/messages.h"
#include "config/policy.h"
#include "delivery/cursor.h"
#include "record/journal.h"

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
 * --- httpdate.c: a date of HTTP (RFC 9110 section 5.6.7, all three forms), in seconds since 1970. Not by
 * libcurl: on a 32-bit machine its time_t may be narrower than ours. False, and *seconds as it was, when it
 * is none.
 */
bool http_date(const char *text, int64_t *seconds);

/*
 * --- onrecord.c
 *
 * That a sink refuses events must be recorded, so that the other sinks tell of it, but the service's user
 * cannot write to the journal. So whoever runs breakglass-alert as root (the timer, a login without a
 * service, a service that root started) looks into the cursors. The faults of breakglass.conf are put on
 * record at the same time.
 */

/* Put on record which sinks have begun to refuse events, and which have taken nothing for a day, each once
 * for each time and at most hourly. Root. True when there was something. */
bool refusals_record(const struct bg_policy *policy);

/* Record what was counted of strangers (record/budget.h) and is due, if nobody has come since. For root. */
void counts_record(const struct bg_policy *policy);

/* Sessions of every account that ended without a word, as after a reboot: session.closed (record/unended.h).
 * Root. */
void lost_sessions_record(const struct bg_policy *policy);

/* Sessions that go on beyond their limit (record/limit.h), where nobody else looks. Root. */
void limits_record(const struct bg_policy *policy);

/* Lines of breakglass.conf that are not used, and files that its sinks name and that are of no use:
 * config.changed without success, once for each text and again after a day. Root. True when
 * there was something. */
bool policy_faults_record(const struct bg_policy *policy, const struct bg_faults *faults);

/* --- review.c: that nobody has closed the review of a use in time, once for each use. Root. True when there
 * was something. */
bool late_reviews_record(const struct bg_policy *policy);

/*
 * --- heartbeat.c
 *
 * Record a heartbeat when one is due; rec: where. The first call on a host only begins to count. When the
 * last one was is in the room of state (record/room.h): a second heartbeat does no harm, and where that is
 * lost the count begins again. Root.
 */
void heartbeat_record(const struct bg_policy *policy, struct bg_recorder *rec);

/*
 * --- keep.c
 *
 * Once a day the journal's oldest segments are removed that are older than journal-keep and that every sink
 * has; what a sink has not taken stays, and KEEP_PINNED days later due.overdue tells, once a week. at: of the
 * cursors, NULL: the compiled-in ones. True: something was put on record. Root.
 */
#define KEEP_PINNED 30
bool keep_bounded(const struct bg_policy *policy, struct bg_recorder *rec, const struct bg_cursor_dirs *at);

/* --- files.c: the files that everything was read from, and whether they are still the same */

#define FILES_MAX (1 + 6 * BG_SINKS_MAX)
struct files {
    unsigned n;
    struct file {
        char path[256];
        struct stat seen; /* all zeros: there is none */
    } file[FILES_MAX];
};

/* Look at one before it is read, so that no change falls between. */
void files_add(struct files *f, const char *path);
/* By inode, size, owner, mode and time, to the nanosecond. */
bool files_changed(const struct files *f);

/* --- supervise.c: one process a sink, started again when it dies, and systemd's watchdog */

struct job;

#define SUPERVISE_AGAIN (-1)

/*
 * Run the workers. A round ends at its deadline. The service ends with a signal, or with SUPERVISE_AGAIN when
 * a file is no longer what it was, at SIGHUP, and at `until` (bg_now_ms()). Otherwise enum alert_exit. Both
 * call chore() every few seconds, unless it is NULL; true: it put something on record. A round ends at once
 * when a service is there, and starts workers that had nothing left to do again when rung() says that there
 * is something new; the service has none.
 */
int supervise(struct job *jobs, unsigned n, const struct files *files, int64_t until, bool (*chore)(void),
              bool (*rung)(void));

/* Set up for recording as policy wants it. */
void alert_recorder(const struct bg_policy *policy, struct bg_recorder *rec);

/*
 * --- behind.c: lines that a cursor has seen and the journal does not hold any more
 *
 * Each is put on record once: as journal.lost where one boot ended and the next began at that very place,
 * else as tamper.detected; not at all where the journal says itself that it is gone. True: something new was.
 * Root.
 */
bool lost_lines_record(const struct bg_policy *policy, struct bg_recorder *rec,
                       const struct bg_cursor_dirs *at);

/* --- takeover.c: lines that lie in /run alone, brought home by root */

/* Until the journal has them, for ms milliseconds at most; last: the machine is going down. 0, or 1: some
 * still wait. */
int takeover_run(int64_t ms, bool last);
/* One try, before anything else that root does. */
void takeover_once(const struct bg_policy *policy);

/* --- service.c */

/* The exit status: from 71 on as in sysexits.h, which are the names that systemd gives them. */
enum alert_exit {
    ALERT_DONE = 0,
    ALERT_LEFT = 1,
    ALERT_USAGE = 2,
    ALERT_CANNOT = 71, /* OSERR */
    ALERT_BUSY = 75,   /* TEMPFAIL */
    ALERT_CONFIG = 78  /* CONFIG */
};

/* Deliver until a signal. */
int service_run(void);

/* Deliver for ms milliseconds at most, and again while somebody rings; locked: as bg_round_begin has it. */
int service_round(int64_t ms, bool locked);

#endif
