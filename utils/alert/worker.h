/* SPDX-License-Identifier: ISC */
/*
 * One sink, in a process of its own: what is next, what became of it, the cursor. A sink that hangs, in a
 * name server, a disk or its own library, hangs alone.
 */
#ifndef BG_ALERT_WORKER_H
#define BG_ALERT_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "alert/queue.h"
#include "alert/sink.h"

#define WORKER_TICK_MS 5000 /* what was not noticed is looked for this often */

/* Where it works; a constant but for tests. */
struct worker_dirs {
    struct queue_dirs journal;
    struct bg_cursor_dirs cursors;
};
extern const struct worker_dirs worker_dirs;

/* What one worker is to do. */
struct job {
    const struct bg_sink *conf;
    const struct sink_type *type;
    const struct worker_dirs *dirs;
    struct sink_secrets secrets;
    bool resident;
    int64_t deadline; /* bg_deadline() of a single round */
    uid_t uid;        /* whom the worker becomes; 0: nobody else */
    gid_t gid;
    int service; /* the lock of the service, not for workers: it must end with it; -1 */
};

/* How a worker ends. */
enum worker_end {
    WORKER_DONE = 0,   /* nothing is left to deliver */
    WORKER_LEFT = 1,   /* something is */
    WORKER_CANNOT = 3, /* it could not begin */
    WORKER_BUSY = 4    /* somebody else delivers to this sink and did not finish in time */
};

/* Deliver to one sink; the resident one never returns. tick advances while all is well. */
/* A sink that cannot begin, for want of its secret, is new all the same: what happens until somebody repairs
 * it is told to it then. For the user that owns the cursors. */
void worker_introduce(const struct bg_sink *s, const struct worker_dirs *dirs);

enum worker_end worker_run(const struct job *job, atomic_llong *tick);

#endif
