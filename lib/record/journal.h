/* SPDX-License-Identifier: ISC */
/*
 * The journal: the only truth. An append-only chain of JSON lines in BG_STATEDIR/journal.
 *
 * Each line is one link of the chain (record/chain.h); the first is journal.genesis, number 1. The chain runs
 * on across segments (000001.jsonl, 000002.jsonl ...; a new one after 4 MiB).
 *
 * What a chain without a seal cannot show: lines cut off the end (whoever holds a later head, an alert
 * receiver, can), and a journal that root wrote anew from the beginning.
 *
 * When a line is on the disk. A line that promises something (a factor was verified, a use granted, a
 * credential changed: the table of event.c) is on the disk, with the segment's name in its directory, before
 * bg_record returns; so is every line before it. attempt.started, alert.* and session.opened add nothing that
 * the door depends on (the grant is on the disk): they are written at once and carried to the disk by the
 * next line that promises, so that a login waits for the disk twice before its shell. Whoever reads the file
 * may see a line a moment before it is on the disk: what the disk has got is told by the second place and its
 * copy in /run (record/head.h), and whoever delivers goes by it. A number is never given again.
 *
 * What an event costs. It is rendered once and serialised once, by the appending child, into memory that it
 * shares with its parent: written from there, copied once, and sent to syslog; nobody parses it. Of the
 * journal the append parses one line, the last. A reader parses each line once; a sink's process reads it
 * from the file a second time when its turn comes and checks its hash instead of parsing, and that buffer is
 * the body that is sent.
 *
 * Appending runs in a child with a deadline; when the disk refuses or hangs, the event goes to a segment of
 * its own in BG_RUNDIR/journal, then to the kernel's audit log, then to syslog, then to the kernel log,
 * marked "degraded". The next good append takes the lines of the /run segment over into the journal.
 */
#ifndef BG_RECORD_JOURNAL_H
#define BG_RECORD_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "record/event.h"

#define BG_JOURNAL_DIR   BG_STATEDIR "/journal"
#define BG_FALLBACK_DIR  BG_RUNDIR "/journal"
#define BG_JOURNALID_LEN 32

/* Where an event is: its journal and its number there. sequence 0: in no journal. */
struct bg_position {
    char journalid[BG_JOURNALID_LEN + 1];
    uint64_t sequence;
};

/* Where an event was written in the end. Everything but the first is degraded. */
enum bg_recorded {
    BG_RECORDED_COUNTED = 0, /* beyond the budget of strangers: it is in the next attempt.repeated */
    BG_RECORDED_JOURNAL = 1,
    BG_RECORDED_RUN = 2,
    BG_RECORDED_AUDIT = 3,
    BG_RECORDED_SYSLOG = 4,
    BG_RECORDED_KMSG = 5,
    BG_RECORDED_NOWHERE = 6
};

struct bg_recorder {
    const char *dir, *fallback_dir;              /* NULL: the compiled-in directories */
    const char *syslog_path;                     /* NULL: /dev/log; "" : none */
    bool audit;                                  /* uses and heard alarms go to the kernel's audit log too */
    int64_t timeout_ms;                          /* for the journal; the fall-back segment gets a quarter */
    int64_t syslog_budget_ms;                    /* what all sends of this process together may wait */
    char id[BG_ULID_LEN + 1], time[BG_TIME_LEN]; /* out: of the event recorded last, wherever it went */
};

/* Defaults: compiled-in directories, 2000 ms, 150 ms of syslog. */
void bg_recorder_init(struct bg_recorder *rec);

/*
 * Record e: journal or a fall-back, then syslog (unless it was the fall-back itself), then for some kinds the
 * kernel's audit log, best effort. Never blocks longer
 * than timeout_ms * 5/4 + 1 s. Both outputs are always set: *where tells how far it got, *at (may be NULL)
 * where it stands in the journal or the /run segment. BG_OK unless where is BG_RECORDED_NOWHERE: then
 * BG_E_IO, or BG_E_RANGE for an event of no known type, or BG_E_CRYPTO, BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_record(struct bg_recorder *rec, const struct bg_event *e,
                                    enum bg_recorded *where, struct bg_position *at);

/* Make the directory (0750, root) and the genesis event; BG_E_EXIST if there is a journal. */
BG_MUST_CHECK enum bg_err bg_journal_create(struct bg_recorder *rec);

/* The same, sealed from the second line on (record/seal.h): seal was made for that id and number. BG_E_BUSY:
 * it cannot begin, since something is known of a journal that was there. */
struct bg_seal;
BG_MUST_CHECK enum bg_err bg_journal_create_sealed(struct bg_recorder *rec, const char *journalid,
                                                   const struct bg_seal *seal);
/* An id for it. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_journal_id(char out[BG_JOURNALID_LEN + 1]);

/*
 * Bring home what waits in the fall-back, and what is written but not on the disk yet. BG_OK: nothing waits;
 * BG_E_NOENT: there is no journal, and nothing waits for one; else why it cannot be done now. Runs for at
 * most ms milliseconds. last: the machine is going down, so the reserve of a full disk is used as well.
 */
BG_MUST_CHECK enum bg_err bg_journal_settle(struct bg_recorder *rec, int64_t ms, bool last);

/*
 * Begin a seal (record/seal.h), by the event e, a journal.sealed that names it. BG_E_BUSY: another line came
 * in between, so that it does not get the number in front of seal->start. The seal that was there stays in
 * force unless it is BG_OK; after BG_E_TIMEOUT and BG_E_IO only the journal tells whether the line is there.
 */
BG_MUST_CHECK enum bg_err bg_journal_seal(struct bg_recorder *rec, const struct bg_event *e,
                                          const struct bg_seal *seal);

/* Its newest line. BG_E_NOENT, BG_E_SYNTAX, BG_E_IO, BG_E_UNSAFE. */
BG_MUST_CHECK enum bg_err bg_journal_end(const struct bg_recorder *rec, struct bg_position *end);

/* How many events wait in a fall-back directory (NULL: the compiled-in one); 0 when it cannot be read. */
unsigned bg_journal_waiting(const char *run);

/* Record what has been counted of one account and class and is due (record/budget.h), or with `all` any; *at
 * as bg_record, sequence 0: nothing was. For whoever is root and comes by; bg_record does it too. */
void bg_record_counts(struct bg_recorder *rec, bool all, struct bg_position *at);

const char *bg_recorded_name(enum bg_recorded w); /* "journal", "run", "audit", "syslog", "kmsg", "nowhere" */

/* --- verifying ------------------------------------------------------------------------------ */

/* What verification found. */
struct bg_verify {
    uint64_t lines, sealed;
    char journalid[BG_JOURNALID_LEN + 1], head[BG_HASH_HEX + 1]; /* head: hash of the last line */
    uint64_t head_sequence;
    unsigned long bad_line;             /* 1-based in bad_segment; 0: none */
    char bad_segment[64], problem[160]; /* printable ASCII */
    uint64_t alarms;         /* tamper.detected, journal.setaside since the last journal.accepted */
    uint64_t alarm_sequence; /* number of the newest of them */
    char alarm[512];         /* and what it says; hostile */
    uint64_t trimmed,
        trimmed_by; /* lines up to that number were removed, as the line trimmed_by says; 0: none */
    char trimmed_head[BG_HASH_HEX + 1]; /* of the last one of them */
};
/* BG_OK: the chain is intact. BG_E_NOENT: no journal, or not one line. BG_E_MISMATCH: v->problem says where
 * it breaks. Reads a snapshot: a line that is being appended meanwhile is not a finding. */
BG_MUST_CHECK enum bg_err bg_journal_verify(const char *dir, struct bg_verify *v);

#endif
