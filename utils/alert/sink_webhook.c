/* SPDX-License-Identifier: ISC */
/*
 * A web hook: the journal's line, byte for byte, by POST. CloudEvents structured mode in the body, Standard
 * Webhooks in the headers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "alert/http.h"
#include "alert/sink.h"

#define SKEW_MIN 5 /* seconds: below that it may be the way, and no receiver minds */

struct own {
    struct http *http;
    int64_t skew;  /* learnt from Date: headers; 0 below SKEW_MIN */
    bool distrust; /* a signature with the corrected time was refused: try our own clock */
};

static enum bg_err open_webhook(struct sink *s)
{
    struct own *o = calloc(1, sizeof *o);
    enum bg_err r;

    if (o == NULL)
        return BG_E_NOMEM;
    if ((r = http_open(s->conf, &o->http)) != BG_OK) {
        free(o);
        return r;
    }
    s->own = o;
    return BG_OK;
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct own *o = s->own;
    bool corrected = !o->distrust && o->skew != 0;
    int64_t now = (int64_t)time(NULL) + (o->distrust ? 0 : o->skew);
    char signed_by[SIGN_TEXT], signature[SIGN_TEXT + 32], stamp[64], name[128];
    const char *const header[] = {name, stamp, signature, NULL};
    struct http_request q = {.url = s->secrets.url,
                             .type = "application/cloudevents+json",
                             .header = header,
                             .body = line,
                             .len = len};
    enum bg_err r;

    if ((r = sign_body(&s->secrets.keys, id, now, line, len, signed_by)) != BG_OK) {
        free(line);
        return r;
    }
    (void)snprintf(name, sizeof name, "webhook-id: %s", id);
    (void)snprintf(stamp, sizeof stamp, "webhook-timestamp: %" PRId64, now);
    (void)snprintf(signature, sizeof signature, "webhook-signature: %s", signed_by);
    return http_submit(o->http, item, corrected, &q);
}

static void work(struct sink *s, int fd, int ms)
{
    struct own *o = s->own;

    http_work(o->http, fd, ms);
}

/*
 * What the answer says of the clocks. A wrong clock is refused (Standard Webhooks allows five minutes), so
 * the receiver's is used; unless that is refused as well: then it may be a proxy whose clock is wrong.
 */
static void learn(struct own *o, const struct http_answer *a, struct sink_result *r)
{
    bool corrected = a->n != 0;

    if (a->dated)
        o->skew = a->skew >= SKEW_MIN || a->skew <= -SKEW_MIN ? a->skew : 0;
    if (r->verdict != SINK_REFUSED)
        return;
    o->distrust = corrected;
    r->again = !corrected && o->skew != 0;
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct own *o = s->own;
    struct http_answer a;

    if (!http_take(o->http, &a))
        return false;
    s->cert_ends = http_cert_ends(o->http);
    http_judge(&a, out);
    learn(o, &a, out);
    return true;
}

static void close_webhook(struct sink *s)
{
    struct own *o = s->own;

    http_close(o->http);
    free(o);
    s->own = NULL;
}

const struct sink_type sink_webhook = {.slots = SINK_SLOTS_MAX,
                                       .open = open_webhook,
                                       .submit = submit,
                                       .work = work,
                                       .take = take,
                                       .close = close_webhook};
