/* Moving the lines of a fall-back segment into the journal. */
#ifndef BG_RECORD_TAKEOVER_H
#define BG_RECORD_TAKEOVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* Called for each event to add. Owns nothing: ev is dropped afterwards. */
typedef enum bg_err (*bg_takeover_fn)(void *arg, json_t *ev);

struct bg_takeover {
    int dir, lock;
    unsigned number; /* the segment; 0: nothing to take over */
    char *buf;
    size_t len;
};

/* Lock the fall-back directory, if it is there and nobody writes to it, and load its oldest segment.
 * BG_E_NOENT when there is nothing to take over now. */
BG_MUST_CHECK enum bg_err bg_takeover_begin(const char *path, struct bg_takeover *t);

/*
 * Hand every event to add that the journal (open directory) does not hold yet: same id, same time, its
 * degraded mark kept, its chain to be given anew. Genesis lines stay behind. What cannot be read is reported
 * as journal.repaired.
 */
BG_MUST_CHECK enum bg_err bg_takeover_each(const struct bg_takeover *t, int journal, bg_takeover_fn add,
                                           void *arg);

/* Give everything back; remove: the lines are safe in the journal, so the segment goes. */
void bg_takeover_end(struct bg_takeover *t, bool remove);

/* A journal.repaired event for n bytes that were found behind the last complete line, or that are no line. */
BG_MUST_CHECK enum bg_err bg_repaired_event(const char *where, const char *bytes, size_t n, json_t **out);

#endif
