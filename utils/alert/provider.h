/* SPDX-License-Identifier: ISC */
/*
 * What the sinks have in common that ask somebody's interface by HTTP and tell people in words: an event
 * becomes one request, an answer one result.
 */
#ifndef BG_ALERT_PROVIDER_H
#define BG_ALERT_PROVIDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "alert/http.h"
#include "alert/sink.h"
#include "alert/text.h"

/* A request in the making: the texts that it points to. Secrets are in it; provider_submit wipes it. */
struct ask {
    struct http_request q;
    char url[1536];
    char auth[BG_SECRET_LINE + 64];
    const char *header[2];
};

/* What the sink's `own` points to. */
struct provider {
    struct http *http;
    int64_t skew; /* of the newest answer that was dated: seconds that its clock is ahead of ours */
};

/*
 * The functions of a struct sink_type, which has make and judge beside them. make: the request of an event,
 * url, body and what else it needs; BG_E_NOMEM, BG_E_RANGE. judge: what the answer means, *r being as
 * http_judge() has it.
 */
enum bg_err provider_open(struct sink *s);
enum bg_err provider_submit(struct sink *s, void *item, const char *id, char *line, size_t len);
void provider_work(struct sink *s, int fd, int ms);
bool provider_take(struct sink *s, struct sink_result *out);
void provider_close(struct sink *s);
#define PROVIDER(n)                                                                                          \
    .slots = (n), .open = provider_open, .submit = provider_submit, .work = provider_work,                   \
    .take = provider_take, .close = provider_close

/* --- for those who make requests */

/* The body is that object, which is taken over; NULL, as jansson has it where memory ends, is BG_E_NOMEM. */
enum bg_err ask_json(struct ask *a, json_t *body);
/* "Authorization: SCHEME TOKEN"; nothing without a token. */
void ask_token(struct ask *a, const char *scheme, const char *token);
/* The first of these that is not empty, and what comes after it. */
void ask_url(struct ask *a, const char *first, const char *otherwise, const char *tail);
/* A string of at most so many characters; of the body's lines an object of strings. NULL: no memory. */
json_t *ask_text(const char *s, size_t chars);
json_t *ask_details(const struct alert_text *t);
/* All but letters, digits, '-', '.' and '_' as %XX (RFC 3986). False: it does not fit. */
bool ask_escape(char *out, size_t cap, const char *s);

/* --- for those who judge answers */

/* Another status of success than `want`: who answers is not the one that was asked. */
void judge_status_is(const struct http_answer *a, long want, struct sink_result *r);
/* "Accepted", 202, is all that it says at once. */
void judge_accepted(const struct sink *s, const struct http_answer *a, struct sink_result *r);
/* A success that is none: not this time, and why. */
void judge_not_taken(const struct http_answer *a, struct sink_result *r);

#endif
