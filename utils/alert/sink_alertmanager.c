/* SPDX-License-Identifier: ISC */
/*
 * Prometheus Alertmanager, API v2. It resolves an alert by itself that is not posted again and again, unless
 * it is told until when it lasts: that is a week, or until the review of the use is closed. Nothing has to
 * go on running here for that.
 */
#include <stdio.h>
#include <time.h>
#include "alert/provider.h"

#define LASTS      604800 /* seconds: a week */
#define TEST_LASTS 900    /* of alert.test */
#define SKEW_MAX   3600 /* seconds: with a clock that is wrong by more, an alert could be over as it begins */

static int64_t now_of(const struct sink *s)
{
    const struct provider *p = s->own;

    return (int64_t)time(NULL) + p->skew;
}

static json_t *when(int64_t seconds)
{
    char text[40];
    time_t at = (time_t)seconds;
    struct tm tm;

    if (gmtime_r(&at, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return NULL;
    return json_string(text);
}

/* These name an alert: the end of a use must have the same as the use. */
static json_t *labels(const struct alert_text *t)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "alertname",
                     t->of_use ? "BreakGlassUse"
                     : t->test ? "BreakGlassTest"
                               : "BreakGlassAlarm",
                     "severity", "critical", "instance", t->host, "account", t->account, "event", t->key);
}

static enum bg_err make(const struct sink *s, const struct alert_text *t, struct ask *a)
{
    int64_t now = now_of(s), end = t->closes ? now : now + (t->test ? TEST_LASTS : LASTS);
    json_t *alert = json_pack("{s:o, s:{s:s, s:s, s:s}, s:o, s:o}", "labels", labels(t), "annotations",
                              "summary", t->summary, "description", t->body, "kind", t->kind, "startsAt",
                              when(t->closes ? now - 1 : now), "endsAt", when(end));

    ask_url(a, s->secrets.url, "", "");
    ask_token(a, "Bearer", s->secrets.token);
    return ask_json(a, alert == NULL ? NULL : json_pack("[o]", alert));
}

/* It has it, but for the wrong time: once more, by its clock. */
static void judge(const struct sink *s, const struct http_answer *a, struct sink_result *r)
{
    const struct provider *p = s->own;
    int64_t off = a->skew - p->skew;

    judge_status_is(a, 200, r);
    if (r->verdict != SINK_ACKED || !a->dated || (off <= SKEW_MAX && off >= -SKEW_MAX))
        return;
    r->verdict = SINK_REFUSED;
    r->again = true;
    (void)snprintf(r->why, sizeof r->why, "its clock is not ours");
}

/* One at a time: what is learnt of its clock counts from the next one on. */
const struct sink_type sink_alertmanager = {PROVIDER(1), .make = make, .judge = judge};
