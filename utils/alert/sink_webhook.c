/* SPDX-License-Identifier: ISC */
/*
 * A web hook: the journal's line, byte for byte, by POST. CloudEvents structured mode in the body, Standard
 * Webhooks in the headers. TLS is verified, nothing is redirected, no proxy is taken from anywhere, a reply
 * is read no further than its cap.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "alert/alert.h"
#include "alert/sink.h"
#include "base/text.h"

#define CONNECT_MS 5000
#define REPLY_MAX  65536
#define SKEW_MIN   5 /* seconds: below that it may be the way, and no receiver minds */

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    void *item;
    size_t got; /* bytes of the reply */
    int64_t retry_after;
    int64_t skew; /* by how many seconds the receiver's clock is ahead of ours, if dated */
    bool dated;
    bool corrected; /* the time in the signature was */
    char error[CURL_ERROR_SIZE];
};

struct own {
    CURLM *multi;
    struct curl_slist *resolve;
    int64_t skew;  /* learnt from Date: headers; 0 below SKEW_MIN */
    bool distrust; /* a signature with the corrected time was refused: try our own clock */
    struct transfer slot[SINK_SLOTS_MAX]; /* easy != NULL: under way */
};

const char *webhook_authorities(void)
{
#if LIBCURL_VERSION_NUM >= 0x074600
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

    if (v->age >= CURLVERSION_SEVENTH && v->cainfo != NULL)
        return v->cainfo;
#endif
    return "";
}

static enum bg_err open_webhook(struct sink *s)
{
    struct own *o = calloc(1, sizeof *o);

    if (o == NULL)
        return BG_E_NOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (o->multi = curl_multi_init()) == NULL) {
        free(o);
        return BG_E_NOMEM;
    }
    if (s->conf->resolve[0] != '\0')
        o->resolve = curl_slist_append(NULL, s->conf->resolve);
    (void)curl_multi_setopt(o->multi, CURLMOPT_MAXCONNECTS, (long)SINK_SLOTS_MAX);
    s->own = o;
    return BG_OK;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;

    (void)data;
    t->got += size * n;
    return t->got > REPLY_MAX ? 0 : size * n;
}

/* The value of that header, if this is it and it fits. */
static bool header_is(const char *data, size_t len, const char *name, char *value, size_t cap)
{
    size_t head = strlen(name);

    if (len <= head || len - head >= cap || strncasecmp(data, name, head) != 0)
        return false;
    memcpy(value, data + head, len - head);
    value[len - head] = '\0';
    return true;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    char value[64];
    time_t now = time(NULL);
    int64_t date;

    if (header_is(data, size * n, "retry-after:", value, sizeof value))
        t->retry_after = backoff_retry_after(value, now);
    if (header_is(data, size * n, "date:", value, sizeof value) && http_date(value, &date)) {
        t->skew = date - (int64_t)now;
        t->dated = true;
    }
    return size * n;
}

static void drop(struct own *o, struct transfer *t)
{
    if (t->easy != NULL) {
        (void)curl_multi_remove_handle(o->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->headers);
    free(t->body);
    memset(t, 0, sizeof *t);
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
    char text[SIGN_TEXT + 32];
    struct curl_slist *more;

    (void)snprintf(text, sizeof text, "%s%s", name, value);
    if ((more = curl_slist_append(t->headers, text)) != NULL)
        t->headers = more;
    return more != NULL;
}

static enum bg_err make_headers(const struct sink *s, struct transfer *t, const char *id, size_t len)
{
    const struct own *o = s->own;
    char signature[SIGN_TEXT], seconds[24];
    int64_t now = (int64_t)time(NULL) + (o->distrust ? 0 : o->skew);
    enum bg_err r;

    t->corrected = !o->distrust && o->skew != 0;
    if ((r = sign_body(&s->keys, id, now, t->body, len, signature)) != BG_OK)
        return r;
    (void)snprintf(seconds, sizeof seconds, "%" PRId64, now);
    return add_header(t, "Content-Type: ", "application/cloudevents+json") &&
                   add_header(t, "Expect:", "") && /* no round trip before the body */
                   add_header(t, "webhook-id: ", id) && add_header(t, "webhook-timestamp: ", seconds) &&
                   add_header(t, "webhook-signature: ", signature)
               ? BG_OK
               : BG_E_NOMEM;
}

static bool set_limits(CURL *e, const struct bg_sink *conf)
{
    long ms = (long)conf->timeout * 1000;
    bool ok = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : CONNECT_MS) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    ok = ok && curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
    ok = ok && curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) == CURLE_OK;
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a name server that does not answer must not hold up the end of a transfer */
    ok = ok && curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    return ok;
}

static bool set_tls(CURL *e, const struct bg_sink *conf)
{
    bool ok = curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a file of authorities that was changed counts from the next connection on */
    ok = ok && curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK;
#endif
    if (conf->ca_file[0] != '\0') {
        ok = ok && curl_easy_setopt(e, CURLOPT_CAINFO, conf->ca_file) == CURLE_OK;
        ok = ok && curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    return ok;
}

static bool set_request(const struct sink *s, struct transfer *t, size_t len)
{
    CURL *e = t->easy;
    const struct own *o = s->own;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, s->conf->url) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK;
    if (o->resolve != NULL)
        ok = ok && curl_easy_setopt(e, CURLOPT_RESOLVE, o->resolve) == CURLE_OK;
    return ok;
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct own *o = s->own;
    struct transfer *t = o->slot;
    enum bg_err r = BG_E_NOMEM;

    while (t < o->slot + SINK_SLOTS_MAX && t->easy != NULL)
        t++;
    if (t == o->slot + SINK_SLOTS_MAX) {
        free(line);
        return BG_E_BUSY;
    }
    t->item = item;
    t->body = line;
    t->retry_after = -1;
    if ((t->easy = curl_easy_init()) == NULL)
        goto out;
    if ((r = make_headers(s, t, id, len)) != BG_OK)
        goto out;
    r = set_request(s, t, len) && set_limits(t->easy, s->conf) && set_tls(t->easy, s->conf) &&
                curl_multi_add_handle(o->multi, t->easy) == CURLM_OK
            ? BG_OK
            : BG_E_NOMEM;
out:
    if (r != BG_OK)
        drop(o, t);
    return r;
}

static void work(struct sink *s, int fd, int ms)
{
    struct own *o = s->own;
    struct curl_waitfd wake = {.fd = fd, .events = CURL_WAIT_POLLIN};
    int running = 0, before;

    if (curl_multi_perform(o->multi, &before) != CURLM_OK)
        return;
    for (unsigned i = 0; i < SINK_SLOTS_MAX; i++)
        running += o->slot[i].easy != NULL;
    if (before == running) /* nothing has come to its end yet */
        (void)curl_multi_wait(o->multi, &wake, fd >= 0 ? 1 : 0, ms, NULL);
    (void)curl_multi_perform(o->multi, &running);
}

/* Of the refusals, those that are about this moment. */
static bool may_pass(long status)
{
    return status == 408 || status == 425 || status == 429;
}

/* What a status means. No word of a receiver, or of a proxy before it, is the end of an alarm. */
static void judge_status(const struct transfer *t, long status, struct sink_result *r)
{
    bool away = status == 502 || status == 503 || status == 504; /* what would take them is */

    (void)snprintf(r->why, sizeof r->why, "HTTP status %ld", status);
    if (status >= 200 && status <= 299)
        r->verdict = SINK_ACKED;
    else if (status >= 400 && status <= 499 && !may_pass(status))
        r->verdict = SINK_REFUSED;
    else
        r->verdict = SINK_RETRY;
    r->endpoint = away;
    if (away || status == 429)
        r->wait_ms = t->retry_after;
    if (status >= 300 && status <= 399)
        (void)snprintf(r->why, sizeof r->why, "HTTP status %ld: a redirection is not followed", status);
}

static void judge(const struct transfer *t, CURLcode code, struct sink_result *r)
{
    long status = 0;
    const char *what = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);

    memset(r, 0, sizeof *r);
    r->item = t->item;
    r->wait_ms = -1;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    /* a reply that is too long is still a reply */
    if (status > 0 && (code == CURLE_OK || (code == CURLE_WRITE_ERROR && t->got > REPLY_MAX))) {
        judge_status(t, status, r);
        return;
    }
    r->verdict = SINK_RETRY;
    r->endpoint = true;
    (void)bg_text_ascii(r->why, sizeof r->why, what, strlen(what));
}

/*
 * What the answer says of the clocks. A wrong clock is refused (Standard Webhooks allows five minutes), so
 * the receiver's is used; unless that is refused as well: then it may be a proxy whose clock is wrong.
 */
static void learn(struct own *o, const struct transfer *t, struct sink_result *r)
{
    if (t->dated)
        o->skew = t->skew >= SKEW_MIN || t->skew <= -SKEW_MIN ? t->skew : 0;
    if (r->verdict != SINK_REFUSED)
        return;
    o->distrust = t->corrected;
    r->again = !t->corrected && o->skew != 0;
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct own *o = s->own;
    struct transfer *t;
    char *mine = NULL;
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(o->multi, &left)) != NULL) {
        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &mine) != CURLE_OK)
            continue;
        t = (struct transfer *)(void *)mine;
        judge(t, m->data.result, out);
        learn(o, t, out);
        drop(o, t);
        return true;
    }
    return false;
}

static void close_webhook(struct sink *s)
{
    struct own *o = s->own;

    for (unsigned i = 0; i < SINK_SLOTS_MAX; i++)
        drop(o, &o->slot[i]);
    (void)curl_multi_cleanup(o->multi);
    curl_slist_free_all(o->resolve);
    curl_global_cleanup();
    free(o);
    s->own = NULL;
}

const struct sink_type sink_webhook = {.slots = SINK_SLOTS_MAX,
                                       .open = open_webhook,
                                       .submit = submit,
                                       .work = work,
                                       .take = take,
                                       .close = close_webhook};
