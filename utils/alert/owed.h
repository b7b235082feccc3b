/* SPDX-License-Identifier: ISC */
/*
 * Mails that some recipients of a sink have and others were put off for (greylisting, a full mailbox): they
 * get the same mail, with the same id, by later transactions of their own. In memory: the event counts as
 * delivered, so whoever starts anew does not know of it.
 */
#ifndef BG_ALERT_OWED_H
#define BG_ALERT_OWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWED_MAX  16                /* of one sink; then the oldest is given up */
#define OWED_LAST INT64_C(86400000) /* ms after which it is given up */

struct owed {
    char *mail; /* NULL: free */
    size_t len;
    unsigned to; /* a bit for each recipient */
    unsigned tries;
    int64_t since, due; /* bg_now_ms() */
    bool busy;          /* being sent */
};

struct owing {
    struct owed of[OWED_MAX];
};

/* mail becomes the list's. */
void owed_add(struct owing *o, char *mail, size_t len, unsigned to);

/* One that is due and not being sent; NULL: none. */
struct owed *owed_due(struct owing *o);

/* It was tried: these are still put off. */
void owed_tried(struct owed *w, unsigned to);

void owed_clear(struct owing *o);

#endif
