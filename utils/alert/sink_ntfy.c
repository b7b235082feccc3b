/* SPDX-License-Identifier: ISC */
/* ntfy: published as JSON at the root of a server, with the highest priority. */
#include <string.h>
#include "alert/provider.h"

#define NTFY_TITLE 250
#define NTFY_TEXT  3800 /* bytes: from 4096 on it is a file to be fetched */

static enum bg_err make(const struct sink *s, const struct alert_text *t, struct ask *a)
{
    char title[NTFY_TITLE + 1], text[NTFY_TEXT + 1];
    size_t n = alert_text_cut(text, sizeof text - 600, t->summary, ALERT_TEXT_FIRST * 4);

    text[n++] = '\n';
    (void)alert_text_cut(text + n, sizeof text - n, t->body, NTFY_TEXT);
    (void)alert_text_cut(title, sizeof title, t->title, NTFY_TITLE);
    ask_url(a, s->secrets.url, "", "");
    ask_token(a, "Bearer", s->secrets.token);
    return ask_json(a, json_pack("{s:s, s:s, s:s, s:i, s:[s]}", "topic", s->conf->topic, "title", title,
                                 "message", text, "priority", 5, "tags", "rotating_light"));
}

/* It answers with the message, which has an id by then. */
static void judge(const struct sink *s, const struct http_answer *a, struct sink_result *r)
{
    (void)s;
    judge_status_is(a, 200, r);
    if (r->verdict == SINK_ACKED && strstr(a->body, "\"id\"") == NULL)
        judge_not_taken(a, r);
}

const struct sink_type sink_ntfy = {PROVIDER(1), .make = make, .judge = judge};
