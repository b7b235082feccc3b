/* SPDX-License-Identifier: ISC */
#include "alert/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "base/text.h"

#define QUOTE 80 /* bytes of an answer that are shown */

enum bg_err provider_open(struct sink *s)
{
    struct provider *p = calloc(1, sizeof *p);
    enum bg_err r;

    if (p == NULL)
        return BG_E_NOMEM;
    if ((r = http_open(s->conf, &p->http)) != BG_OK) {
        free(p);
        return r;
    }
    s->own = p;
    return BG_OK;
}

enum bg_err provider_submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    static struct alert_text t; /* large */
    struct provider *p = s->own;
    struct ask a = {.q.type = "application/json"};
    enum bg_err r = alert_text_of(line, len, &t);

    (void)id; /* the request's words have it */
    free(line);
    if (r == BG_OK && (r = sink_type_of(s->conf->type)->make(s, &t, &a)) == BG_OK) {
        a.q.url = a.url;
        a.q.header = a.header;
        r = http_submit(p->http, item, 0, &a.q);
    }
    bg_wipe(&a, sizeof a);
    return r;
}

void provider_work(struct sink *s, int fd, int ms)
{
    struct provider *p = s->own;

    http_work(p->http, fd, ms);
}

bool provider_take(struct sink *s, struct sink_result *out)
{
    struct provider *p = s->own;
    struct http_answer a;

    if (!http_take(p->http, &a))
        return false;
    s->cert_ends = http_cert_ends(p->http);
    http_judge(&a, out);
    if (out->verdict == SINK_ACKED)
        sink_type_of(s->conf->type)->judge(s, &a, out);
    if (a.dated)
        p->skew = a.skew;
    return true;
}

void provider_close(struct sink *s)
{
    struct provider *p = s->own;

    http_close(p->http);
    free(p);
    s->own = NULL;
}

/* --- requests ----------------------------------------------------------------------------------- */

enum bg_err ask_json(struct ask *a, json_t *body)
{
    a->q.body = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (a->q.body == NULL)
        return BG_E_NOMEM;
    a->q.len = strlen(a->q.body);
    return BG_OK;
}

void ask_token(struct ask *a, const char *scheme, const char *token)
{
    if (token[0] == '\0')
        return;
    (void)snprintf(a->auth, sizeof a->auth, "Authorization: %s %s", scheme, token);
    a->header[0] = a->auth;
}

void ask_url(struct ask *a, const char *first, const char *otherwise, const char *tail)
{
    (void)snprintf(a->url, sizeof a->url, "%s%s", first[0] != '\0' ? first : otherwise, tail);
}

json_t *ask_text(const char *s, size_t chars)
{
    static char text[sizeof((struct alert_text *)0)->body]; /* large */

    (void)alert_text_cut(text, sizeof text, s, chars);
    return json_string(text);
}

json_t *ask_details(const struct alert_text *t)
{
    json_t *o = json_object();
    const char *at = t->body;
    char name[40];

    for (size_t n, head; *at != '\0'; at += n + 1) {
        n = strcspn(at, "\n");
        head = strcspn(at, ":");
        if (head + 2 > n || head >= sizeof name)
            continue;
        memcpy(name, at, head);
        name[head] = '\0';
        (void)json_object_set_new(o, name, json_stringn(at + head + 2, n - head - 2));
    }
    return o;
}

bool ask_escape(char *out, size_t cap, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    size_t at = 0;

    for (; *s != '\0'; s++) {
        if (at + 4 > cap)
            return false;
        if (strchr(plain, *s) != NULL)
            out[at++] = *s;
        else
            at += (size_t)snprintf(out + at, cap - at, "%%%02X", (unsigned)(unsigned char)*s);
    }
    if (at >= cap)
        return false;
    out[at] = '\0';
    return true;
}

/* --- answers ------------------------------------------------------------------------------------- */

/* Something in between may answer, such as the page where a network wants a login. */
void judge_status_is(const struct http_answer *a, long want, struct sink_result *r)
{
    if (a->status == want)
        return;
    r->verdict = SINK_RETRY;
    r->endpoint = true;
    (void)snprintf(r->why, sizeof r->why, "HTTP status %ld, where %ld means that it was taken", a->status,
                   want);
}

void judge_accepted(const struct sink *s, const struct http_answer *a, struct sink_result *r)
{
    (void)s;
    judge_status_is(a, 202, r);
}

void judge_not_taken(const struct http_answer *a, struct sink_result *r)
{
    char quote[QUOTE];

    (void)bg_text_ascii(quote, sizeof quote, a->body, a->len);
    r->verdict = SINK_RETRY;
    (void)snprintf(r->why, sizeof r->why, "HTTP status %ld, but it says: %s", a->status, quote);
}
