/*
 * One event = one JSON line: a CloudEvents 1.0 structured event whose data is an OCSF Authentication
 * (class 3002) object. This file builds the line's body; the journal adds the chain (record/journal.h).
 */
#ifndef BG_RECORD_EVENT_H
#define BG_RECORD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_ULID_LEN   26
#define BG_LINE_MAX   16384 /* bytes of one journal line with its newline */
#define BG_EVENT_TYPE "org.breakglass."

/* Every kind of event. The name in the table of event.c is the CloudEvents type: org.breakglass.NAME.v1 */
enum bg_event_type {
    BG_EV_JOURNAL_GENESIS = 1, /* journal.genesis: first line of a journal */
    BG_EV_JOURNAL_REPAIRED,    /* journal.repaired: a torn last line was cut off */
    BG_EV_ATTEMPT_STARTED,     /* attempt.started */
    BG_EV_ATTEMPT_FAILED,      /* attempt.failed: wrong shares, refused, bad answers */
    BG_EV_ATTEMPT_ABORTED,     /* attempt.aborted: hang-up, Ctrl-C, grace time, time ran out */
    BG_EV_SHARE_REFUSED,       /* share.refused: a sheet of another set, typed twice, forged */
    BG_EV_AUTH_SUCCEEDED,      /* auth.succeeded: factor verified */
    BG_EV_USE_GRANTED,         /* use.granted: who and why are known, the door opens */
    BG_EV_SESSION_OPENED,      /* session.opened */
    BG_EV_SESSION_CLOSED,      /* session.closed */
    BG_EV_SESSION_UNGRANTED,   /* session.ungranted: a session without a use */
    BG_EV_GATE_REFUSED,        /* gate.refused: account phase without our auth */
    BG_EV_GATE_EXCEPTION,      /* gate.exception: let through by the table of exceptions */
    BG_EV_CREDENTIAL_ENROLLED, /* credential.enrolled */
    BG_EV_CREDENTIAL_REVOKED,  /* credential.revoked */
    BG_EV_KEY_COUNTER_BACK,    /* key.counterback: two devices may sign as one key */
    BG_EV_CONFIG_CHANGED,      /* config.changed: init, undo, enable, disable, policy */
    BG_EV_ALERT_TEST,          /* alert.test: breakglass alert test */
    BG_EV_ALERT_ACKNOWLEDGED,  /* alert.acknowledged: a receiver outside this host took the use */
    BG_EV_ALERT_UNREACHED,     /* alert.unreached: none did in time; the door opened all the same */
    BG_EV_ALERT_UNDELIVERABLE, /* alert.undeliverable: a sink refused an event for good, or is gone */
    BG_EV_TYPES                /* number of them + 1 */
};

/* What an event says. Strings may be NULL (left out) and may be hostile: they are cleaned here. */
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
    const char *factor;    /* "shares", "key", "key+shares" */
    const char *key;       /* label of the key that signed */
    const char *detail;    /* message id or cause, e.g. "BG204" */
    const char *degraded;  /* which record was refused, when this one is a fall-back */
    int64_t host_pid;      /* 0: left out */
    int64_t caller_uid;    /* -1: left out */
    int64_t audit_uid;     /* -1: left out */
    int64_t audit_session; /* -1: left out */
    int64_t key_counter;   /* -1: left out */
};

/* A struct with every number at "left out". */
#define BG_EVENT_INIT                                                                                        \
    {                                                                                                        \
        .caller_uid = -1, .audit_uid = -1, .audit_session = -1, .key_counter = -1                            \
    }

/* A fresh ULID (48 bit milliseconds, 80 bit random), Crockford base 32, NUL-ended. */
BG_MUST_CHECK enum bg_err bg_ulid(char out[BG_ULID_LEN + 1]);

/* "org.breakglass.use.granted.v1" */
const char *bg_event_type_name(enum bg_event_type t);

#endif
