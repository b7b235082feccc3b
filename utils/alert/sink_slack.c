/* SPDX-License-Identifier: ISC */
/* Slack, an incoming web hook; its address is the secret. Others speak the same (Mattermost, Rocket.Chat). */
#include <string.h>
#include "alert/provider.h"
#include "base/text.h"

#define SLACK_HEADER 150
#define SLACK_BLOCK  3000
#define SLACK_TEXT   1000

/* In `text`, which is no plain text, these three would be mentions and links. */
static json_t *escaped(const char *s, size_t chars)
{
    char plain[4 * SLACK_TEXT], out[5 * sizeof plain];
    size_t at = 0;

    (void)alert_text_cut(plain, sizeof plain, s, chars);
    for (const char *c = plain; *c != '\0'; c++) {
        const char *as = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : NULL;
        size_t n = as == NULL ? 1 : strlen(as);
        memcpy(out + at, as == NULL ? c : as, n);
        at += n;
    }
    return json_stringn(out, at);
}

static enum bg_err make(const struct sink *s, const struct alert_text *t, struct ask *a)
{
    json_t *o = json_pack("{s:o, s:[{s:s, s:{s:s, s:o}}, {s:s, s:{s:s, s:o}}]}", "text",
                          escaped(t->summary, SLACK_TEXT), "blocks", "type", "header", "text", "type",
                          "plain_text", "text", ask_text(t->title, SLACK_HEADER), "type", "section", "text",
                          "type", "plain_text", "text", ask_text(t->body, SLACK_BLOCK));

    ask_url(a, s->secrets.url, "", "");
    return ask_json(a, o);
}

static void judge(const struct sink *s, const struct http_answer *a, struct sink_result *r)
{
    char word[HTTP_BODY + 1];

    (void)s;
    memcpy(word, a->body, sizeof word);
    (void)bg_text_trim(word);
    if (a->status != 200)
        judge_status_is(a, 200, r);
    else if (strcmp(word, "ok") != 0)
        judge_not_taken(a, r);
}

/* About one message a second is allowed. */
const struct sink_type sink_slack = {PROVIDER(1), .make = make, .judge = judge};
