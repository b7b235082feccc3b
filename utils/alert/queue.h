/* SPDX-License-Identifier: ISC */
/*
 * What a sink has not got yet: found by reading the journal, and the segment in /run, from where the last
 * look ended. Nothing is stored; the cursor says what is done, the journal has the lines.
 *
 * There are two classes: what anybody can cause without a credential (bg_event_by_anybody) and what matters.
 * Of the first no more than QUEUE_COMMON_MAX are kept in memory; the others are read again when it is their
 * turn.
 */
#ifndef BG_ALERT_QUEUE_H
#define BG_ALERT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include "alert/durable.h"
#include "config/sink.h"
#include "delivery/cursor.h"
#include "record/lines.h"

/* Lines that are not trusted when the newest one turns out to have been replaced: more than one append
 * writes. */
#define QUEUE_REWIND     128
#define QUEUE_COMMON_MAX 256

struct item {
    TAILQ_ENTRY(item) link;
    struct bg_position at;
    char id[BG_ULID_LEN + 1];   /* of the event; "": it has none that could be sent */
    char hash[BG_HASH_HEX + 1]; /* of the line as it was seen */
    struct bg_linepos pos;
    uint32_t len;
    uint16_t tries; /* its own failures in a row, while others got through */
    uint8_t feed;
    bool urgent;
    int64_t due;   /* bg_now_ms(): not before */
    int64_t flown; /* when it was tried last */
};
TAILQ_HEAD(items, item);

#define QUEUE_FEEDS 2
struct queue_dirs {
    const char *dir[QUEUE_FEEDS]; /* the journal and its fall-back */
};

/* How far one of the two has been read. */
struct feed {
    const char *dir;
    struct bg_linepos pos;  /* all before it is known */
    struct bg_linepos last; /* the newest line known */
    size_t last_len;        /* 0: none */
    char last_hash[BG_HASH_HEX + 1];
    struct bg_position last_at; /* of the newest event; sequence 0: there is none */
    char last_at_hash[BG_HASH_HEX + 1];
    bool skimmed; /* the newest line was passed over: its hash is not known yet */
    bool behind;  /* there was no room for the common ones from here on: */
    struct bg_linepos common;
};

struct queue {
    const struct bg_sink *conf;
    struct bg_cursor *cursor;
    struct feed feed[QUEUE_FEEDS];
    struct durable durable; /* of the first feed: no line that is not on the disk is seen */
    struct items fresh[2];  /* never tried, oldest first; [true]: the urgent ones */
    struct items waiting;   /* tried, or put off */
    struct items flying;    /* being delivered */
    unsigned n_flying, n_common_flying;
    unsigned length, n_common; /* of all four; those that are not urgent */
    bool dirty;                /* the cursor was changed */
};

void queue_init(struct queue *q, const struct bg_sink *conf, struct bg_cursor *cursor,
                const struct queue_dirs *dirs);

/* Look for new lines. What the sink does not want is marked done. Waits for nothing but the disk. */
void queue_scan(struct queue *q);

/* The line, in fresh memory; BG_E_MISMATCH when it is no longer where it was seen. */
BG_MUST_CHECK enum bg_err queue_read(const struct queue *q, const struct item *it, char **line);

/* From a list to those being delivered; from there back to wait until due, or done with. */
void queue_fly(struct queue *q, struct item *it, struct items *from);
void queue_wait(struct queue *q, struct item *it, int64_t due);
void queue_drop(struct queue *q, struct item *it);

/* The endpoint does not answer: every fresh urgent item waits its turn among the others. */
void queue_put_off(struct queue *q);

/*
 * Another one got through: what waits is due now. Only what the receiver refuses while it takes others has to
 * have a pause since its last try, of a second, then two, four ...
 */
void queue_nudge(struct queue *q);

/* Something may have changed: all that waits is due now. */
void queue_retry(struct queue *q);

/* Whatever is at that place and not under way is forgotten. */
void queue_forget(struct queue *q, const struct bg_position *at);

/* The fresh item of a class that is next, NULL: the newest urgent one, the oldest common one. */
struct item *queue_fresh(const struct queue *q, bool urgent);
/* The waiting one of a class that is due first, and when (INT64_MAX: none). */
struct item *queue_first_due(const struct queue *q, bool urgent, int64_t *due);

#endif
