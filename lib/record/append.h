/* SPDX-License-Identifier: ISC */
/*
 * One append, as it runs in the bounded child: lock, find the chain's end, cut a torn line, write, fsync.
 * Everything that one append adds goes to the disk in a single write; when it fails, the file is put back as
 * it was. The fsync may be left to a later line (record/journal.h) only where this one is alone: a new
 * segment, a repair and lines taken over are always on the disk before anything depends on them.
 */
#ifndef BG_RECORD_APPEND_H
#define BG_RECORD_APPEND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/journal.h"
#include "record/segment.h"

#define BG_SEGMENT_MAX     (4 << 20)  /* bytes: the next line begins a new segment */
#define BG_SEGMENT_MAX_RUN (64 << 10) /* of the fall-back: one such segment is taken over at a time */

/* What became of it. */
struct bg_appended {
    enum bg_err result;
    char why[200];          /* unless it is BG_OK: why it failed, for the fall-back record; ASCII */
    struct bg_position at;  /* if it is, and there was an event: what was written for it */
    char line[BG_LINE_MAX]; /* no newline, NUL-ended */
};

struct bg_append_job {
    const char *dir;
    const char *takeover; /* fall-back directory whose lines are moved here first, or NULL */
    bool second;          /* its end is kept in a second place: DIR/../head, and in `takeover` */
    json_t *event;        /* NULL: only make the journal, */
    bool settle;          /* or take over and sync in the one there is; */
    bool last;            /* even if that takes the reserve: the machine is going down */
    bool durable;         /* fsync before the answer */
    off_t segment_max;
    const struct bg_seal *seal; /* the event begins this one, and has the number in front of its start; else
                                   BG_E_BUSY and nothing is written. Without an event the genesis begins it.
                                   NULL: none begins */
    const char *journalid;      /* of the journal that is made with it, or NULL */
    int64_t lock_ms;            /* how long the lock may be waited for */
};

/*
 * A bg_child_fn: arg is the job, out a struct bg_appended; always BG_OK. Makes directory and genesis when
 * there are none. Its result is BG_E_EXIST when event is NULL and there is a journal.
 */
enum bg_err bg_append_work(void *arg, void *out);

/* --- taking the lines of a fall-back segment over (takeover.c) ---------------------------------- */

/* Called for each event to add; ev is dropped afterwards. */
typedef enum bg_err (*bg_takeover_fn)(void *arg, json_t *ev);

struct bg_takeover {
    int dir;
    unsigned number;           /* the segment; 0: there is none */
    char aside[BG_ASIDE_NAME]; /* one that nobody can load and has this name now; "": none */
    char *buf;
    size_t len;
};

/* Load the oldest segment of the fall-back directory, if it is there and nobody writes to it now; the caller
 * holds the lock of the journal. Others may write there until the end. BG_E_NOENT when there is nothing to
 * take over now. */
BG_MUST_CHECK enum bg_err bg_takeover_begin(const char *path, struct bg_takeover *t);

/*
 * Hand every event to add that the journal (open directory) does not hold yet: same id, same time, its
 * degraded mark kept, its chain to be given anew. Genesis lines stay behind. What is no event is reported as
 * journal.repaired.
 */
BG_MUST_CHECK enum bg_err bg_takeover_each(const struct bg_takeover *t, int journal, bg_takeover_fn add,
                                           void *arg);

/* Give everything back; remove: the lines are safe in the journal, so the segment goes, unless it has changed
 * or somebody writes there now. */
void bg_takeover_end(struct bg_takeover *t, bool remove);

/* A journal.repaired event for n bytes that were found after the last complete line, or that are no line. */
BG_MUST_CHECK enum bg_err bg_repaired_event(const char *where, const char *bytes, size_t n, json_t **out);

#endif
