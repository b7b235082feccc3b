/* SPDX-License-Identifier: ISC */
/* Opsgenie's alert API v2, which Jira Service Management has under another address. */
#include <stdio.h>
#include "alert/provider.h"

#define OG_MESSAGE     130
#define OG_DESCRIPTION 15000
#define OG_ENTITY      512
#define OG_TAG         50

static json_t *alert(const struct alert_text *t)
{
    return json_pack("{s:o, s:s, s:o, s:s, s:s, s:o, s:[s, o], s:o}", "message",
                     ask_text(t->summary, OG_MESSAGE), "alias", t->key, "description",
                     ask_text(t->body, OG_DESCRIPTION), "priority", "P1", "source", t->host, "entity",
                     ask_text(t->account, OG_ENTITY), "tags", "breakglass", ask_text(t->kind, OG_TAG),
                     "details", ask_details(t));
}

static enum bg_err make(const struct sink *s, const struct alert_text *t, struct ask *a)
{
    char key[3 * sizeof t->key + 1], tail[sizeof key + 40] = "";

    if (t->closes) {
        if (!ask_escape(key, sizeof key, t->key))
            return BG_E_RANGE;
        (void)snprintf(tail, sizeof tail, "/%s/close?identifierType=alias", key);
    }
    ask_url(a, s->conf->api_url, "https://api.opsgenie.com/v2/alerts", tail);
    ask_token(a, "GenieKey", s->secrets.token);
    return ask_json(a, t->closes ? json_pack("{s:s, s:o}", "source", t->host, "note",
                                             ask_text(t->summary, OG_DESCRIPTION))
                                 : alert(t));
}

const struct sink_type sink_opsgenie = {PROVIDER(SINK_SLOTS_MAX), .make = make, .judge = judge_accepted};
