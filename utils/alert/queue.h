/* SPDX-License-Identifier: ISC */
/*
 * What a sink has not got yet: found by reading the journal, and the segment in /run, from where the last
 * look ended. Nothing is stored; the cursor says what is done, the journal has the lines.
 *
 * There are three ranks. Of the first no more than QUEUE_COMMON_MAX are kept in memory; the others are read
 * again when it is their turn.
 */
#ifndef BG_ALERT_QUEUE_H
#define BG_ALERT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include "alert/bucket.h"
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
    uint8_t rank;           /* enum rank */
    bool again;             /* somebody asked for it once more while it was under way */
    int64_t due;            /* bg_now_ms(): not before */
    int64_t flown;          /* when it was tried last */
    uint64_t found, flight; /* the newest flight when it was found, and its own last one */
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
    struct durable durable;    /* of the first feed: no line that is not on the disk is seen */
    struct items fresh[RANKS]; /* never tried, oldest first */
    struct items waiting;      /* tried, or put off */
    struct items flying;       /* being delivered */
    unsigned n_flying, n_common_flying;
    uint64_t flights;          /* there were so many */
    unsigned length, n_common; /* of all; of the common ones */
    bool dirty;                /* the cursor was changed */
    int kept;                  /* the segment of the first feed that was read last, -1: none */
    unsigned kept_number;
};

void queue_init(struct queue *q, const struct bg_sink *conf, struct bg_cursor *cursor,
                const struct queue_dirs *dirs);

/* Look for new lines. What the sink does not want is marked done. Waits for nothing but the disk. */
void queue_scan(struct queue *q);

/* The line, in fresh memory; BG_E_MISMATCH when it is no longer where it was seen. */
BG_MUST_CHECK enum bg_err queue_read(struct queue *q, const struct item *it, char **line);

/* From a list to those being delivered; from there back to wait until due, or done with. */
void queue_fly(struct queue *q, struct item *it, struct items *from);
void queue_wait(struct queue *q, struct item *it, int64_t due);
void queue_drop(struct queue *q, struct item *it);

/* The endpoint did not answer this one: what matters and was there when it began waits its turn among the
 * others, and so does what has come since, but for uses: each has a try of its own. */
void queue_put_off(struct queue *q, const struct item *failed);

/*
 * Another one got through: what waits is due now. Only what the receiver refuses while it takes others has to
 * have a pause since its last try, of a second, then two, four ...
 */
void queue_nudge(struct queue *q);

/* Something may have changed: all that waits is due now. */
void queue_retry(struct queue *q);

/* What the cursor does not call done any more is to be found again: the next look begins at the beginning. */
void queue_again(struct queue *q);

/* The one at that place, if it is under way, is to go once more after it. */
void queue_ask_again(struct queue *q, const struct bg_position *at);

/* Whatever is at that place and not under way is forgotten. */
void queue_forget(struct queue *q, const struct bg_position *at);

/* The fresh item of a rank that is next, NULL: the oldest common one, of the others the newest. */
struct item *queue_fresh(const struct queue *q, enum rank rank);
/* The waiting one of a rank that is due first, and when (INT64_MAX: none). */
struct item *queue_first_due(const struct queue *q, enum rank rank, int64_t *due);

#endif
