/* SPDX-License-Identifier: ISC */
#include "alert/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "alert/alert.h"
#include "alert/curlset.h"
#include "base/secret.h"
#include "base/text.h"

#define REPLY_MAX 65536

/* A handle stays for the next request with all that is the same for each: making one costs more than asking.
 */
struct transfer {
    CURL *easy;       /* NULL: there is none */
    bool busy, clear; /* clear: it is for what is not enciphered */
    struct curl_slist *headers;
    char *body;
    size_t len;
    size_t got; /* bytes of the reply */
    char error[CURL_ERROR_SIZE];
    struct http_answer answer;
};

struct http {
    const struct bg_sink *conf;
    CURLM *multi;
    struct curl_slist *resolve;
    int64_t cert_ends;
    struct transfer slot[SINK_SLOTS_MAX];
};

const char *http_authorities(void)
{
#if LIBCURL_VERSION_NUM >= 0x074600
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

    if (v->age >= CURLVERSION_SEVENTH && v->cainfo != NULL)
        return v->cainfo;
#endif
    return "";
}

enum bg_err http_open(const struct bg_sink *conf, struct http **out)
{
    struct http *h = calloc(1, sizeof *h);

    if (h == NULL)
        return BG_E_NOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (h->multi = curl_multi_init()) == NULL) {
        free(h);
        return BG_E_NOMEM;
    }
    h->conf = conf;
    h->resolve = curlset_resolve(conf);
    (void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)SINK_SLOTS_MAX);
    *out = h;
    return BG_OK;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    struct http_answer *a = &t->answer;
    size_t all = size * n, room = HTTP_BODY - a->len, keep = all < room ? all : room;

    memcpy(a->body + a->len, data, keep);
    a->len += keep;
    a->body[a->len] = '\0';
    t->got += all;
    return t->got > REPLY_MAX ? 0 : all;
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
    struct http_answer *a = &((struct transfer *)arg)->answer;
    char value[64];
    time_t now = time(NULL);
    int64_t date;

    if (header_is(data, size * n, "retry-after:", value, sizeof value))
        a->retry_after = backoff_retry_after(value, now);
    if (header_is(data, size * n, "date:", value, sizeof value) && http_date(value, &date)) {
        a->skew = date - (int64_t)now;
        a->dated = true;
    }
    return size * n;
}

/* --- what goes out ---------------------------------------------------------------------------- */

static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *l = list; l != NULL; l = l->next)
        bg_wipe(l->data, strlen(l->data)); /* a token may be in it */
    curl_slist_free_all(list);
}

/* What was of one request; the handle is free for another one. */
static void end_request(struct http *h, struct transfer *t)
{
    const struct transfer kept = {.easy = t->easy, .clear = t->clear};

    if (t->busy)
        (void)curl_multi_remove_handle(h->multi, t->easy);
    if (t->easy != NULL) {
        (void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
        (void)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
    }
    wipe_headers(t->headers);
    if (t->body != NULL)
        bg_wipe(t->body, t->len); /* a routing key may be in it */
    free(t->body);
    *t = kept;
}

static void drop(struct http *h, struct transfer *t)
{
    end_request(h, t);
    curl_easy_cleanup(t->easy);
    memset(t, 0, sizeof *t);
}

static bool add_header(struct transfer *t, const char *line)
{
    struct curl_slist *more;

    if (strpbrk(line, "\r\n") != NULL || (more = curl_slist_append(t->headers, line)) == NULL)
        return false;
    t->headers = more;
    return true;
}

static bool make_headers(struct transfer *t, const struct http_request *q)
{
    char type[128];

    (void)snprintf(type, sizeof type, "Content-Type: %s", q->type);
    if (!add_header(t, type) || !add_header(t, "Expect:")) /* no round trip before the body */
        return false;
    for (size_t i = 0; q->header != NULL && q->header[i] != NULL; i++)
        if (!add_header(t, q->header[i]))
            return false;
    return true;
}

static bool set_limits(CURL *e, const struct bg_sink *conf)
{
    bool ok = curlset_limits(e, conf) && curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    return ok && curlset_schemes(e, "http,https", (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
}

static bool set_request(struct transfer *t, const struct http_request *q)
{
    CURL *e = t->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, q->url) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->len) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_USERNAME, q->user) == CURLE_OK; /* NULL: not that of before */
    return ok && curl_easy_setopt(e, CURLOPT_PASSWORD, q->user != NULL ? q->password : NULL) == CURLE_OK;
}

static bool set_ends(struct transfer *t)
{
    CURL *e = t->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK;
    return ok && curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK;
}

/* A handle with what is the same for each request by that way. */
static bool ready(struct http *h, struct transfer *t, const char *url)
{
    bool clear = strncasecmp(url, "https:", 6) != 0;

    if (t->easy != NULL && t->clear == clear)
        return true;
    drop(h, t);
    t->clear = clear;
    t->easy = curl_easy_init();
    return t->easy != NULL && set_ends(t) && set_limits(t->easy, h->conf) &&
           curlset_way(t->easy, h->conf, h->conf->proxy, h->resolve, clear) && curlset_tls(t->easy, h->conf);
}

enum bg_err http_submit(struct http *h, void *item, unsigned n, const struct http_request *q)
{
    struct transfer *t = h->slot;

    while (t < h->slot + SINK_SLOTS_MAX && t->busy)
        t++;
    if (t == h->slot + SINK_SLOTS_MAX) {
        bg_wipe(q->body, q->len);
        free(q->body);
        return BG_E_BUSY;
    }
    if (!ready(h, t, q->url)) {
        bg_wipe(q->body, q->len);
        free(q->body);
        drop(h, t);
        return BG_E_NOMEM;
    }
    t->answer.item = item;
    t->answer.n = n;
    t->answer.retry_after = -1;
    t->body = q->body;
    t->len = q->len;
    if (make_headers(t, q) && set_request(t, q) && curl_multi_add_handle(h->multi, t->easy) == CURLM_OK) {
        t->busy = true;
        return BG_OK;
    }
    drop(h, t);
    return BG_E_NOMEM;
}

/* --- what becomes of it ------------------------------------------------------------------------ */

void http_work(struct http *h, int fd, int ms)
{
    struct curl_waitfd wake = {.fd = fd, .events = CURL_WAIT_POLLIN};
    int running = 0, before;

    if (curl_multi_perform(h->multi, &before) != CURLM_OK)
        return;
    for (unsigned i = 0; i < SINK_SLOTS_MAX; i++)
        running += h->slot[i].busy;
    if (before == running) /* nothing has come to its end yet */
        (void)curl_multi_wait(h->multi, &wake, fd >= 0 ? 1 : 0, ms, NULL);
    (void)curl_multi_perform(h->multi, &running);
}

static void finish(struct transfer *t, CURLcode code, struct http_answer *a)
{
    const char *what = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);

    *a = t->answer;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a->status);
    /* a reply that is too long is still a reply */
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && t->got > REPLY_MAX))
        what = a->status > 0 ? "" : "there was no answer";
    else
        a->status = 0;
    (void)bg_text_ascii(a->error, sizeof a->error, what, strlen(what));
}

/* None is shown on a connection that was there. */
static void note_certificate(struct http *h, CURL *e)
{
    int64_t ends = curlset_cert_ends(e);

    h->cert_ends = ends != 0 ? ends : h->cert_ends;
}

bool http_take(struct http *h, struct http_answer *a)
{
    struct transfer *t;
    char *mine = NULL;
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &mine) != CURLE_OK)
            continue;
        t = (struct transfer *)(void *)mine;
        finish(t, m->data.result, a);
        if (m->data.result == CURLE_OK)
            note_certificate(h, t->easy);
        end_request(h, t);
        return true;
    }
    return false;
}

int64_t http_cert_ends(const struct http *h)
{
    return h->cert_ends;
}

void http_close(struct http *h)
{
    if (h == NULL)
        return;
    for (unsigned i = 0; i < SINK_SLOTS_MAX; i++)
        drop(h, &h->slot[i]);
    (void)curl_multi_cleanup(h->multi);
    curl_slist_free_all(h->resolve);
    curl_global_cleanup();
    free(h);
}

/* --- what it means ----------------------------------------------------------------------------- */

/* Of the refusals, those that are about this moment. */
static bool may_pass(long status)
{
    return status == 408 || status == 425 || status == 429;
}

static void judge_status(const struct http_answer *a, struct sink_result *r)
{
    long status = a->status;
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
        r->wait_ms = a->retry_after;
    if (status >= 300 && status <= 399)
        (void)snprintf(r->why, sizeof r->why, "HTTP status %ld: a redirection is not followed", status);
}

void http_judge(const struct http_answer *a, struct sink_result *r)
{
    memset(r, 0, sizeof *r);
    r->item = a->item;
    r->wait_ms = -1;
    if (a->status > 0) {
        judge_status(a, r);
        return;
    }
    r->verdict = SINK_RETRY;
    r->endpoint = true;
    memcpy(r->why, a->error, sizeof r->why);
}
