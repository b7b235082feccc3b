/* SPDX-License-Identifier: ISC */
/*
 * One event: its kinds, what it says, and its JSON, a CloudEvents 1.0 structured event whose data is an OCSF
 * 1.8 Authentication (class 3002) object. The journal adds the chain (record/chain.h).
 */
#ifndef BG_RECORD_EVENT_H
#define BG_RECORD_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

#define BG_LINE_MAX 16384 /* bytes of one journal line with its newline */
/* Every kind of event. The name in the table of event.c is the CloudEvents type: org.breakglass.NAME.v1 */
enum bg_event_type {
    BG_EV_JOURNAL_GENESIS = 1, /* journal.genesis: first line of a journal */
    BG_EV_JOURNAL_REPAIRED,    /* journal.repaired: a torn last line was cut off */
    BG_EV_ATTEMPT_STARTED,     /* attempt.started */
    BG_EV_ATTEMPT_FAILED,      /* attempt.failed: wrong shares, refused, bad answers */
    BG_EV_ATTEMPT_REPEATED,  /* attempt.repeated: how many more of the others there were (record/budget.h) */
    BG_EV_ATTEMPT_ABORTED,   /* attempt.aborted: hang-up, Ctrl-C, grace time, time ran out */
    BG_EV_SHARE_REFUSED,     /* share.refused: a card of another set, typed twice, forged */
    BG_EV_AUTH_SUCCEEDED,    /* auth.succeeded: factor verified */
    BG_EV_USE_GRANTED,       /* use.granted: who and why are known, the door opens */
    BG_EV_SESSION_OPENED,    /* session.opened */
    BG_EV_SESSION_CLOSED,    /* session.closed */
    BG_EV_SESSION_UNGRANTED, /* session.ungranted: a session without a use */
    BG_EV_GATE_REFUSED,      /* gate.refused: account phase without our auth */
    BG_EV_GATE_EXCEPTION,    /* gate.exception: let through by the table of exceptions */
    BG_EV_CREDENTIAL_ENROLLED,  /* credential.enrolled */
    BG_EV_CREDENTIAL_REVOKED,   /* credential.revoked */
    BG_EV_KEY_COUNTER_BACK,     /* key.counterback: two devices may sign as one key */
    BG_EV_CONFIG_CHANGED,       /* config.changed: init, undo, enable, disable, policy */
    BG_EV_ALERT_TEST,           /* alert.test: breakglass alert test */
    BG_EV_ALERT_ACKNOWLEDGED,   /* alert.acknowledged: a receiver outside this host took the use */
    BG_EV_ALERT_UNREACHED,      /* alert.unreached: none did in time; the door opened all the same */
    BG_EV_ALERT_UNDELIVERABLE,  /* alert.undeliverable: a sink refuses events */
    BG_EV_TAMPER_DETECTED,      /* tamper.detected: the journal is not what its second place says */
    BG_EV_JOURNAL_SETASIDE,     /* journal.setaside: a segment that cannot be read has another name now */
    BG_EV_JOURNAL_LOST,         /* journal.lost: a power cut took lines that were not on the disk yet */
    BG_EV_JOURNAL_ACCEPTED,     /* journal.accepted: a person looked at what tamper.detected says */
    BG_EV_ACCOUNT_MISTAKEN,     /* account.mistaken: libc took the account for something else */
    BG_EV_ALERT_DROPPED,        /* alert.dropped: somebody gave an event up for a sink */
    BG_EV_CREDENTIAL_INSPECTED, /* credential.inspected: one card was typed back; a failure: it is none of the
                                   set */
    BG_EV_ACCOUNT_ARMED,        /* account.armed: it can be opened for a time (record/armed.h) */
    BG_EV_ACCOUNT_DISARMED,     /* account.disarmed */
    BG_EV_SHARE_EXPOSED,        /* share.exposed: words of a card were typed where they are shown */
    BG_EV_SESSION_ORPHANED,     /* session.orphaned: its process is gone, but another one of it goes on */
    BG_EV_JOURNAL_SEALED,       /* journal.sealed: a seal begins behind this line (record/seal.h) */
    BG_EV_JOURNAL_UNSEALED, /* journal.unsealed: the seal is gone or does not fit; lines carry none from here
                             */
    BG_EV_JOURNAL_SEAL_OLD, /* journal.sealold: an older copy of the seal's key stood there, and went on */
    /* heartbeat: the host is up and records; for receivers that alarm when it stays away. No use and nothing
     * to wake people for: sinks that page leave it out unless they are told otherwise */
    BG_EV_HEARTBEAT,
    BG_EV_ALERT_REQUEUED,     /* alert.requeued: somebody has an event sent to a sink once more */
    BG_EV_ALERT_CONFIRMED,    /* alert.confirmed: a person has read a test of the alarm */
    BG_EV_ALERT_SILENT,       /* alert.silent: a sink has taken nothing for a long time */
    BG_EV_ENVELOPE_SEALED,    /* envelope.sealed: credentials were sealed in an envelope */
    BG_EV_ENVELOPE_OPENED,    /* envelope.opened: a seal was broken, for a use or a drill */
    BG_EV_ENVELOPE_INSPECTED, /* envelope.inspected: a person read the number of a seal back */
    BG_EV_ENVELOPE_MOVED,     /* envelope.moved: an envelope has another place or keeper */
    BG_EV_ENVELOPE_TAMPERED,  /* envelope.tampered: a number that is not its own, or opened without a use */
    BG_EV_PEOPLE_CHANGED,     /* people.changed: who may use, review, be woken */
    BG_EV_PEOPLE_REVIEWED,    /* people.reviewed: somebody read the list of people through */
    BG_EV_PEOPLE_LEFT,        /* people.left: what that person knew or kept is to be replaced */
    BG_EV_SESSION_LIMIT,      /* session.limit: a session goes on longer than session-limit allows */
    BG_EV_SESSION_EXTENDED,   /* session.extended: by a person, with a reason */
    BG_EV_SESSION_RECORDED,   /* session.recorded: where its recording is, and its hash */
    BG_EV_SESSION_UNRECORDED, /* session.unrecorded: what of a session is in no recording */
    BG_EV_USE_PROBED,         /* use.probed: what was dead when the account was opened */
    BG_EV_DRILL_OPENED,       /* drill.opened: a person announced one: uses are part of it for a time */
    BG_EV_DRILL_STEP,         /* drill.step: one step of it was done, or was not */
    BG_EV_DRILL_CLOSED,       /* drill.closed: its end; a failure: something of it was not done */
    BG_EV_REVIEW_OPENED,      /* review.opened: somebody began to look at a use */
    BG_EV_REVIEW_OVERDUE,     /* review.overdue: nobody has closed the review of a use in time */
    BG_EV_REVIEW_CLOSED,      /* review.closed: the verdict on a use */
    BG_EV_ROTATE_STARTED,     /* rotate.started: new credentials are made; the old ones still open */
    BG_EV_ROTATE_STEP,        /* rotate.step: one of the new ones was shown to be readable, or was not */
    BG_EV_ROTATE_DONE,        /* rotate.done: the new ones open, the old ones do not */
    BG_EV_DUE_REMINDER,       /* due.reminder: something is due in 14, 7 or 1 days */
    BG_EV_DUE_OVERDUE,        /* due.overdue: something should have been done by now */
    BG_EV_HOST_CHANGED,       /* host.changed: packages that a login depends on have other versions */
    BG_EV_CHECK_FAILED,       /* check.failed: the account would not open now */
    BG_EV_PROOF_PASSED,       /* proof.passed: each way to the first question was tried without a network */
    BG_EV_PROOF_FAILED,       /* proof.failed: one of them did not get there */
    BG_EV_JOURNAL_TRIMMED,    /* journal.trimmed: its oldest segment was removed, old and delivered */
    BG_EV_CHECK_PASSED,       /* check.passed: what check.failed told of is mended */
    BG_EV_TYPES               /* number of them + 1 */
};

/* Events that were counted instead of written. */
struct bg_repeats {
    char account[64];
    char source[16]; /* class of source */
    uint64_t started, failed, aborted, refused;
    uint64_t sources;         /* different ones, at least */
    char first[64], last[64]; /* source */
    char since[BG_TIME_LEN];  /* when the first was counted; "": nothing is */
};

/* A card that opened the door, or one of several copies that may have: they have the same words. */
#define BG_EVENT_CARDS 64
struct bg_event_card {
    unsigned group, number, copy;            /* 1-based; copy 0: there is one */
    const char *custodian, *envelope, *seal; /* NULL or "": not known */
};

/* What an event says. Strings may be NULL (left out) and may be hostile: they are cleaned when rendered. */
struct bg_event {
    enum bg_event_type type;
    bool success;        /* OCSF status */
    const char *account; /* PAM_USER: subject */
    const char *use;     /* ULID of the use */
    const char *message; /* one English sentence */
    const char *service, *tty, *rhost, *ruser;
    const char *source;  /* class of source: "console", "local", "network" (record/state.h) */
    const char *claimed; /* claimed name */
    const char *reason, *ticket;
    const char *factor;        /* "shares", "key", "key+shares" */
    const char *key;           /* label of the key that signed */
    const char *user_verified; /* by the key that signed: "yes", "no" */
    const char *host_identity; /* "same", "changed", "unknown": against the host that made the credentials */
    const char *detail;        /* message id or cause, e.g. "BG204" */
    const char *degraded;      /* which record refused it, when this one is a fall-back */
    int64_t host_pid;          /* 0: left out */
    int64_t caller_uid;        /* -1: left out */
    int64_t audit_uid;         /* -1: left out */
    int64_t audit_session;     /* -1: left out */
    int64_t key_counter;       /* -1: left out */
    const char *drill;         /* ULID of the drill that this is part of */
    const char *by;            /* who acts: reviews, seals, announces; not the claimed name of a use */
    const char *verdict;       /* of a review: "genuine", "drill", "misuse" */
    const char *evidence;      /* SHA-256 of a file, in hex */
    const char *envelope, *seal;      /* the envelope, and the number of its seal */
    const char *item;                 /* what is due, as "breakglass due" names it */
    const char *until;                /* RFC 3339 */
    bool unproven;                    /* nobody has shown a credential: it has a budget (record/budget.h) */
    const struct bg_event_card *card; /* cards of them, at most BG_EVENT_CARDS */
    size_t cards;
    const struct bg_repeats *repeats; /* of attempt.repeated; NULL: left out */
};

/* A struct with every number at "left out". */
#define BG_EVENT_INIT                                                                                        \
    {                                                                                                        \
        .caller_uid = -1, .audit_uid = -1, .audit_session = -1, .key_counter = -1                            \
    }

/* A fresh ULID (48 bit milliseconds, 80 bit random), Crockford base 32, NUL-ended. */
BG_MUST_CHECK enum bg_err bg_ulid(char out[BG_ULID_LEN + 1]);

/* What is fixed for each kind. Static storage; NULL for an unknown type. */
struct bg_event_kind {
    const char *name;  /* "use.granted" */
    const char *type;  /* "org.breakglass.use.granted.v1" */
    int activity;      /* OCSF activity_id: 1 logon, 2 logoff, 99 other */
    const char *level; /* OpenTelemetry severity text and number, OCSF severity_id */
    int level_number, severity;
    bool promises; /* somebody acts on it: it is on the disk before bg_record returns (record/journal.h) */
};
const struct bg_event_kind *bg_event_kind(enum bg_event_type t);

/* Is a line of that type on the disk before bg_record returns? One of no known type counts as such. */
bool bg_event_promises(const char *type);

/*
 * A fresh object (the caller drops it with json_decref) with an id and a time of its own; jansson keeps the
 * order of insertion, so the members stand where a reader expects them. journalid, sequence and prevhash are
 * reserved as empty strings for the chain. BG_E_RANGE for an unknown type, BG_E_CRYPTO without random bytes,
 * BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_event_render(const struct bg_event *e, json_t **out);

/* Note in a rendered event which record refused it, and why. Best effort. */
void bg_event_degrade(json_t *ev, const char *why);

/*
 * Is an event of that CloudEvents type one that anybody can cause without a credential (attempt.*,
 * share.refused, share.exposed)? What nobody can cause so easily never waits behind these. A type that is not
 * known is none of them.
 */
bool bg_event_by_anybody(const char *type);

/* Does it say that an account is being opened: auth.succeeded, use.granted, session.opened? A login waits for
 * these, so they wait for nothing. */
bool bg_event_of_use(const char *type);

/* Is a parsed event of that kind? */
bool bg_event_is(const json_t *ev, enum bg_event_type t);

/* When it was made, by the wall clock of then in ms; 0 for what says none. */
int64_t bg_event_time(const json_t *ev);

/* How long ago it was made, in ms, 0 for the future: by the clock of this boot, which nobody sets, if it was
 * made in this boot. */
int64_t bg_event_age(const json_t *ev);

/* The object data.unmapped.breakglass of an event, borrowed; NULL when it is not there. */
json_t *bg_event_own(const json_t *ev);

/* A string member, or "" when it is missing or something else; borrowed. */
const char *bg_json_str(const json_t *o, const char *key);

#endif
