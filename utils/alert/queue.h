/*
 * What a sink has not got yet: found by reading the journal, and the segment in /run, from where the last
 * look ended. Nothing is stored; the cursor says what is done, the journal has the lines.
 */
#ifndef BG_ALERT_QUEUE_H
#define BG_ALERT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include "config/sink.h"
#include "delivery/cursor.h"
#include "record/lines.h"

/* Lines that are not trusted when the newest one turns out to have been replaced: more than one append
 * writes. */
#define QUEUE_REWIND 128

struct item {
    TAILQ_ENTRY(item) link;
    struct bg_position at;
    char id[BG_ULID_LEN + 1];   /* of the event; "": it has none that could be sent */
    char hash[BG_HASH_HEX + 1]; /* of the line as it was seen */
    struct bg_linepos pos;
    uint32_t len;
    uint16_t tries; /* its own failures in a row */
    uint8_t feed;
    bool nudged; /* was tried early once because another one got through */
    int64_t due; /* bg_now_ms(): not before */
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
    struct bg_position last_at; /* sequence 0: no event */
};

struct queue {
    const struct bg_sink *conf;
    struct bg_cursor *cursor;
    struct feed feed[QUEUE_FEEDS];
    struct items fresh;        /* never tried, oldest first */
    struct items waiting;      /* tried, or put off */
    struct items flying;       /* being delivered */
    unsigned n_flying, length; /* length: of all three */
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

/* The endpoint does not answer: every fresh item waits its turn among the others. */
void queue_put_off(struct queue *q);

/* Another one got through: everything that waits is due now, but each only once in this way. What the
 * receiver goes on refusing while it takes others has a pause of its own. */
void queue_nudge(struct queue *q);

/* The newest fresh item; NULL. The waiting one that is due first, and when (INT64_MAX: none). */
struct item *queue_fresh(const struct queue *q);
struct item *queue_first_due(const struct queue *q, int64_t *due);

#endif
