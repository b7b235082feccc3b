/* SPDX-License-Identifier: ISC */
/*
 * Nothing leaves this host before it is on its disk. The writer says how far the disk has got, in a mark in
 * /run, after its fsync (record/head.h). Lines that no fsync is promised for, a mark that is missing, of
 * another journal, or that does not come: then the reader syncs the segment itself, which a descriptor for
 * reading is enough for, in a bounded child.
 */
#ifndef BG_ALERT_DURABLE_H
#define BG_ALERT_DURABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "record/head.h"
#include "record/lines.h"

#define DURABLE_GRACE_MS 500   /* how long the mark of a writer that syncs is waited for */
#define DURABLE_SYNC_MS  1000  /* longest time for a sync of our own; then it is tried again, */
#define DURABLE_AGAIN_MS 60000 /* after a pause that doubles up to this */

struct durable {
    const char *journal, *run; /* directories */
    bool marked;
    struct bg_head mark;
    struct bg_linepos synced; /* all before it is on the disk */
    int64_t since;            /* when a line beyond was seen first, 0: none is */
    int64_t again;            /* when to look again, bg_now_ms(); INT64_MAX: when something happens */
    unsigned failures;        /* syncs of our own, in a row */
};

void durable_init(struct durable *d, const char *journal, const char *run);

/* Before each walk through the journal. */
void durable_begin(struct durable *d);

/* Is that line of the journal on the disk? at: its place in the chain; promises: its writer syncs it. False:
 * not yet, see d->again. */
bool durable_line(struct durable *d, const struct bg_rawline *l, const struct bg_position *at, bool promises);

/* The journal is not what it was: nothing is known of its segments. */
void durable_forget(struct durable *d);

#endif
