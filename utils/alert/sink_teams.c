/* SPDX-License-Identifier: ISC */
/* Microsoft Teams, a workflow that takes web hooks, by an Adaptive Card; its address is the secret. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "alert/provider.h"

#define CARD_CONTENT "application/vnd.microsoft.card.adaptive"
#define CARD_SCHEMA  "http://adaptivecards.io/schemas/adaptive-card.json"
#define CARD_MAX     28672 /* bytes of a message */
#define CARD_TITLE   200
#define CARD_TEXT    6000 /* bytes, each of which JSON may make two of */

static_assert(2 * (CARD_TEXT + 4 * CARD_TITLE) + 2048 < CARD_MAX, "a card stays within its limit");

/* In a RichTextBlock nothing is a link or a mention; in a TextBlock some Markdown is. */
static json_t *block(const char *text, size_t chars, const char *weight)
{
    char piece[CARD_TEXT + 1];

    (void)alert_text_cut(piece, sizeof piece, text, chars);
    return json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "type", "RichTextBlock", "inlines", "type", "TextRun",
                     "text", piece, "weight", weight);
}

static enum bg_err make(const struct sink *s, const struct alert_text *t, struct ask *a)
{
    json_t *card =
        json_pack("{s:s, s:s, s:s, s:[o, o]}", "$schema", CARD_SCHEMA, "type", "AdaptiveCard", "version",
                  "1.4", "body", block(t->title, CARD_TITLE, "bolder"), block(t->body, CARD_TEXT, "default"));

    ask_url(a, s->secrets.url, "", "");
    return ask_json(a, card == NULL
                           ? NULL
                           : json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message", "attachments",
                                       "contentType", CARD_CONTENT, "contentUrl", "content", card));
}

/* A success may have an error in it, with a status of its own. */
static void judge(const struct sink *s, const struct http_answer *a, struct sink_result *r)
{
    static const char mark[] = "HTTP error ";
    const char *at = strstr(a->body, mark);
    struct http_answer inner = *a;

    (void)s;
    if (at == NULL)
        return;
    inner.status = strtol(at + sizeof mark - 1, NULL, 10);
    if (inner.status >= 300 && inner.status <= 599)
        http_judge(&inner, r);
    else
        judge_not_taken(a, r);
}

const struct sink_type sink_teams = {PROVIDER(1), .make = make, .judge = judge};
