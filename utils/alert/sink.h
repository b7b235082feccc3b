/* SPDX-License-Identifier: ISC */
/*
 * A sink: something that events are handed to one by one and that says, sooner or later, what became of each.
 * One file a type; worker.c knows nothing else of them.
 */
#ifndef BG_ALERT_SINK_H
#define BG_ALERT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "alert/sign.h"
#include "base/err.h"
#include "config/sink.h"

#define SINK_SLOTS_MAX 4
#define SINK_WHY       140

enum sink_verdict {
    SINK_ACKED = 1,  /* it has it */
    SINK_RETRY = 2,  /* not this time */
    SINK_REFUSED = 3 /* it answers, and does not want it */
};

struct sink_result {
    void *item; /* as it was submitted */
    enum sink_verdict verdict;
    bool endpoint;      /* the sink as a whole did not answer: trying other events now is pointless */
    bool again;         /* of a refusal: another try at once has better prospects */
    int64_t wait_ms;    /* what the sink asked for (Retry-After), -1: nothing */
    char why[SINK_WHY]; /* printable ASCII, no secret: not the path of a URL */
};

struct sink;

struct sink_type {
    unsigned slots; /* how many may be under way at once, 1 .. SINK_SLOTS_MAX */
    enum bg_err (*open)(struct sink *s);
    /* Begin to deliver line (len bytes, of event `id`), which becomes the sink's whatever it answers. At most
     * a second. */
    enum bg_err (*submit)(struct sink *s, void *item, const char *id, char *line, size_t len);
    /* Work for at most ms, or until fd can be read or something is finished. */
    void (*work)(struct sink *s, int fd, int ms);
    /* The next finished one; false when there is none. */
    bool (*take)(struct sink *s, struct sink_result *out);
    /* What open() made is gone; what is still under way is given up. Only after an open() that succeeded. */
    void (*close)(struct sink *s);
};

struct sink {
    const struct bg_sink *conf;
    struct bg_sign_keys keys; /* web hooks: read before privileges were dropped */
    void *own;                /* of the type */
};

/* The system's file of authorities, which counts where a web hook names none; "" when libcurl has none. */
const char *webhook_authorities(void);

extern const struct sink_type sink_webhook, sink_syslog;

#endif
