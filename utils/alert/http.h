/* SPDX-License-Identifier: ISC */
/*
 * One engine for every sink that is asked by HTTP: a request in, an answer out, as sink.h has it. TLS 1.2 or
 * newer and always verified, no redirection is followed, no proxy but the configured one, an answer is read
 * no further than its cap. What is taken from struct bg_sink: timeout, ca-file, pin, resolve, interface,
 * proxy.
 */
#ifndef BG_ALERT_HTTP_H
#define BG_ALERT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "alert/sink.h"
#include "base/err.h"

#define HTTP_BODY 1024 /* bytes of an answer that are kept */

struct http_request {
    const char *url;             /* https, or http to a loopback address */
    const char *type;            /* Content-Type */
    const char *user, *password; /* basic authentication; NULL: none */
    const char *const *header;   /* more of them, "Name: value", NULL-ended; NULL: none */
    char *body;                  /* of a POST, len bytes; becomes the engine's, to be freed */
    size_t len;
};

struct http_answer {
    void *item;               /* as it was submitted */
    unsigned n;               /* as well */
    long status;              /* 0: there is no answer, or half of one */
    int64_t retry_after;      /* ms, -1: not said */
    bool dated;               /* it says what time it is: */
    int64_t skew;             /* seconds by which that is ahead of our clock */
    size_t len;               /* of what is kept of its body */
    char body[HTTP_BODY + 1]; /* NUL-ended, may be hostile */
    char error[SINK_WHY];     /* of status 0: printable ASCII; names a host, never a path */
};

struct http;

/* conf is used as long as it is open. BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err http_open(const struct bg_sink *conf, struct http **out);

/*
 * Begin; q's texts are copied, its body is the engine's whatever this returns. BG_E_BUSY: SINK_SLOTS_MAX are
 * under way. BG_E_NOMEM, also for a header with a line feed in it.
 */
BG_MUST_CHECK enum bg_err http_submit(struct http *h, void *item, unsigned n, const struct http_request *q);

/* Work for at most ms, or until fd (-1: none) can be read or something is finished. */
void http_work(struct http *h, int fd, int ms);

/* The next finished one; false when there is none. */
bool http_take(struct http *h, struct http_answer *a);

/* When the certificate ends that was shown last and trusted, wall clock in ms; 0: none was. */
int64_t http_cert_ends(const struct http *h);

/* What is under way is given up. NULL is nothing. */
void http_close(struct http *h);

/*
 * What an answer means where nothing else is said: 2xx is an acknowledgement, 4xx a refusal unless it is
 * about this moment, all else may pass. No word of a receiver, or of a proxy before it, is the end of an
 * alarm.
 */
void http_judge(const struct http_answer *a, struct sink_result *r);

/* The system's file of authorities, which counts where a sink names none; "" when libcurl has none. */
const char *http_authorities(void);

#endif
