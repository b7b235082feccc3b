/* SPDX-License-Identifier: ISC */
/*
 * PagerDuty, Events API v2: an incident for each use, and for each other event that somebody must be woken
 * for; closed when the review of the use is.
 */
#include <assert.h>
#include "alert/provider.h"
#include "record/event.h"

#define PD_SUMMARY 1024
#define PD_BODY    524288 /* bytes of a request */

/* So custom_details, which would be the first to go, never has to. */
static_assert(sizeof(struct alert_text) * 6 < PD_BODY, "every byte of an event escaped in JSON fits");

static json_t *payload(const struct alert_text *t)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:s*, s:s, s:s, s:o}", "summary", ask_text(t->summary, PD_SUMMARY),
                     "source", t->host[0] != '\0' ? t->host : "unknown", "severity", "critical", "timestamp",
                     t->time, "component", t->account[0] != '\0' ? t->account : NULL, "group", "breakglass",
                     "class", t->kind, "custom_details", ask_details(t));
}

static enum bg_err make(const struct sink *s, const struct alert_text *t, struct ask *a)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "routing_key", s->secrets.token, "event_action",
                          t->closes ? "resolve" : "trigger", "dedup_key", t->key);

    if (!t->closes && (json_object_set_new(o, "payload", payload(t)) != 0 ||
                       json_object_set_new(o, "client", json_string("breakglass")) != 0)) {
        json_decref(o);
        return BG_E_NOMEM;
    }
    ask_url(a, s->conf->api_url, "https://events.pagerduty.com/v2/enqueue", "");
    return ask_json(a, o);
}

const struct sink_type sink_pagerduty = {PROVIDER(SINK_SLOTS_MAX), .make = make, .judge = judge_accepted};
