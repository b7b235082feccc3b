/* SPDX-License-Identifier: ISC */
/* Rule RES-06 where policy lets nobody in of whom no receiver outside has heard: is there one that hears? */
#include <stdio.h>
#include <string.h>
#include "admin/alert/alert.h"
#include "admin/check/res.h"
#include "admin/ui.h"
#include "base/text.h"
#include "record/event.h"

/* The sinks whose word would let somebody in. */
struct hearing {
    unsigned sinks, deaf;
    const struct bg_sink *last;
    struct bg_cursor of_last;
};

/* One of the two events is enough (breakglass.conf(5), alert-require). */
static bool counts(const struct bg_sink *s)
{
    return bg_sink_is_outside(s) && (bg_sink_wants(s, bg_event_kind(BG_EV_USE_GRANTED)->type) ||
                                     bg_sink_wants(s, bg_event_kind(BG_EV_AUTH_SUCCEEDED)->type));
}

/* It takes nothing, or the newest thing that it said was a refusal. */
static bool is_deaf(const struct bg_cursor *c)
{
    return c->failing > 0 || (c->refusing > 0 && c->error_at > c->acked);
}

static void hear(const struct bg_policy *p, struct hearing *h)
{
    static struct bg_cursor cursor;

    for (unsigned i = 0; BG_WITH_ALERT && i < p->sinks.n; i++) {
        const struct bg_sink *s = &p->sinks.sink[i];
        if (!counts(s))
            continue;
        h->sinks++;
        if (bg_cursor_load(NULL, s->name, false, &cursor) != BG_OK || !is_deaf(&cursor))
            continue;
        h->deaf++;
        h->last = s;
        h->of_last = cursor;
    }
}

void res_require(struct check *c)
{
    static struct hearing h;
    struct check_at at = {.service = NULL};
    const struct bg_policy *p;
    const char *is;
    char error[sizeof h.of_last.error];
    bool sound;

    ui_quiet(true); /* its faults are told already */
    p = alert_policy(&sound);
    ui_quiet(false);
    if (p->alert_require != BG_REQUIRE_REMOTE && p->alert_require != BG_REQUIRE_ALWAYS)
        return;
    if (p->alert_require == BG_REQUIRE_REMOTE)
        at.service = "sshd";
    is = p->alert_require == BG_REQUIRE_REMOTE ? "remote" : "always";
    h = (struct hearing){.sinks = 0};
    hear(p, &h);
    if (h.sinks == 0) {
        check_find(c, CHECK_RES_REQUIRED_NONE, &at, BG_ARGS(is));
    } else if (h.deaf == h.sinks) {
        (void)bg_text_ascii(error, sizeof error, h.of_last.error, strlen(h.of_last.error));
        check_find(c, CHECK_RES_REQUIRED_DEAF, &at, BG_ARGS(is, h.last->name, error));
    } else {
        check_find(c, CHECK_RES_REQUIRED, &at, BG_ARGS(is));
    }
}
