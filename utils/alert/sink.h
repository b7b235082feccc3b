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
#include "config/secretline.h"
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
struct alert_text; /* text.h */
struct ask;        /* provider.h */
struct http_answer;

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
    /* Of those whose other functions are provider.h's: what is asked, and what the answer means. */
    enum bg_err (*make)(const struct sink *s, const struct alert_text *t, struct ask *a);
    void (*judge)(const struct sink *s, const struct http_answer *a, struct sink_result *r);
};

/* Read before privileges were dropped. */
struct sink_secrets {
    struct bg_sign_keys keys;   /* web hooks: secret-file */
    char url[BG_SECRET_LINE];   /* url-file's, else that of the configuration; "" */
    char token[BG_SECRET_LINE]; /* token-file's, "" */
};

struct sink {
    const struct bg_sink *conf;
    struct sink_secrets secrets;
    void *own;         /* of the type */
    int64_t cert_ends; /* of the certificate that the receiver has shown last, wall clock in ms; 0: none */
};

/* How each type that a configuration can have is done. */
const struct sink_type *sink_type_of(enum bg_sink_type type);

extern const struct sink_type sink_webhook, sink_syslog, sink_exec, sink_collector, sink_mail;
extern const struct sink_type sink_pagerduty, sink_alertmanager, sink_opsgenie;
extern const struct sink_type sink_slack, sink_teams, sink_ntfy, sink_twilio;

#endif
