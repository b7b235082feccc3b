/*
 * One append, as it runs in the bounded child: lock, find the chain's end, cut a torn line, write, fsync.
 * Everything that one append adds goes to the disk in a single write; when it fails, the file is put back as
 * it was.
 */
#ifndef BG_RECORD_APPEND_H
#define BG_RECORD_APPEND_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/journal.h"

#define BG_SEGMENT_MAX     (4 << 20)  /* bytes: the next line begins a new segment */
#define BG_SEGMENT_MAX_RUN (64 << 10) /* of the fall-back: one such segment is taken over at a time */

/* What was written for an event: in memory that the child shares with who waits for it. */
struct bg_appended {
    struct bg_position at;
    char line[BG_LINE_MAX]; /* no newline, NUL-ended */
};

struct bg_append_job {
    const char *dir;
    const char *takeover; /* fall-back directory whose lines are moved here first, or NULL */
    json_t *event;        /* NULL: only make the journal */
    off_t segment_max;
    int64_t lock_ms;         /* how long the lock may be waited for */
    struct bg_appended *out; /* set when event is not NULL and all went well */
};

/*
 * A bg_child_fn (arg is the job): the reply is "what failed: why" in ASCII when it did. Makes directory and
 * genesis when there are none. BG_E_EXIST when event is NULL and there is a journal.
 */
enum bg_err bg_append_work(void *arg, void *reply, size_t cap, size_t *len);

#endif
