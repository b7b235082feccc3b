/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include "admin/journal/journal.h"
#include "admin/review/review.h"
#include "base/clock.h"
#include "record/backward.h"
#include "record/lines.h"
#include "record/retell.h"

#define BEFORE_MS  INT64_C(86400000) /* what was tried before is looked for so far back */
#define BEFORE_MAX 100u              /* the newest */
#define EVENTS_MAX 5000u

struct reading {
    const struct review_use *use;
    struct review_story *story;
    char since[BG_TIME_LEN], granted[BG_TIME_LEN]; /* what was tried before is from between them */
};

static bool is_try(const json_t *ev)
{
    static const enum bg_event_type tries[] = {
        BG_EV_ATTEMPT_FAILED, BG_EV_ATTEMPT_ABORTED, BG_EV_ATTEMPT_REPEATED, BG_EV_SHARE_REFUSED,
        BG_EV_SHARE_EXPOSED,  BG_EV_GATE_REFUSED,    BG_EV_ACCOUNT_ARMED,    BG_EV_ENVELOPE_OPENED};

    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++)
        if (bg_event_is(ev, tries[i]))
            return true;
    return false;
}

/* The same event may be in the journal and in /run. */
static bool is_listed(const json_t *list, const char *id)
{
    for (size_t i = json_array_size(list); i-- > 0;)
        if (strcmp(bg_json_str(json_array_get(list, i), "id"), id) == 0)
            return true;
    return false;
}

static void keep(json_t *list, json_t *ev, size_t most)
{
    if (is_listed(list, bg_json_str(ev, "id")))
        return;
    if (json_array_size(list) == most)
        (void)json_array_remove(list, 0);
    (void)json_array_append(list, ev);
}

static bool take(void *arg, const struct bg_rawline *l)
{
    struct reading *r = arg;
    bool of_it = bg_line_has(l, "use", r->use->use.id);
    json_t *ev;

    if ((!of_it && !bg_line_has(l, "subject", r->use->account)) || (ev = bg_retell_event(l)) == NULL)
        return true;
    if (of_it)
        keep(r->story->events, ev, EVENTS_MAX);
    else if (is_try(ev) && strcmp(bg_json_str(ev, "time"), r->since) >= 0 &&
             strcmp(bg_json_str(ev, "time"), r->granted) < 0)
        keep(r->story->before, ev, BEFORE_MAX);
    json_decref(ev);
    return true;
}

void review_story_drop(struct review_story *s)
{
    json_decref(s->before);
    json_decref(s->events);
}

enum admin_exit review_story(const struct review_use *u, struct review_story *s)
{
    struct reading r = {.use = u, .story = s};
    struct bg_linepos pos = {0};
    enum bg_err e;

    s->before = json_array();
    s->events = json_array();
    bg_time_of(u->use.granted_ms - BEFORE_MS, r.since);
    bg_time_of(u->use.granted_ms, r.granted);
    if ((e = bg_lines_since(BG_JOURNAL_DIR, r.since, &pos)) == BG_OK)
        e = bg_lines_after(BG_JOURNAL_DIR, &pos, take, &r);
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, take, &r);
    if (e == BG_OK)
        return ADMIN_GOOD;
    review_story_drop(s);
    return journal_none(e);
}
