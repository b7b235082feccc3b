/* SPDX-License-Identifier: ISC */
/* breakglass alert drop | requeue: one event is given up for a sink, or sent to it once more. */
#include "admin/alert/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "delivery/bell.h"
#include "delivery/drops.h"
#include "programs.h"
#include "record/event.h"
#include "record/lines.h"

#define DROP_MS 15000 /* a service looks for what was asked for more often */

static const char *reason;

const struct command_option alert_drop_options[] = {
    {"reason", "TEXT", "why this sink is never to have the event", .text = &reason},
    {0},
};

const struct command_option alert_requeue_options[] = {
    {"reason", "TEXT", "why it is sent once more", .text = &reason},
    {0},
};

/* The event that was named, by its id or its number. A journal begun anew has the same numbers again: the one
 * that the sink refuses is meant, else the newest. */
struct hunt {
    const char *wanted;
    const struct bg_cursor *cursor; /* of the sink */
    bool sure;                      /* no other can be meant */
    struct bg_position at;          /* sequence 0: not found */
    char id[BG_ULID_LEN + 1], kind[ALERT_KIND_MAX], time[BG_TIME_LEN], type[ALERT_KIND_MAX + 24];
};

static void take_it(struct hunt *h, const json_t *ev, const struct bg_position *at)
{
    h->at = *at;
    (void)snprintf(h->id, sizeof h->id, "%s", bg_json_str(ev, "id"));
    (void)snprintf(h->type, sizeof h->type, "%s", bg_json_str(ev, "type"));
    alert_kind(ev, h->kind);
    (void)snprintf(h->time, sizeof h->time, "%s", bg_json_str(ev, "time"));
}

static bool is_it(void *arg, const struct bg_rawline *l)
{
    struct hunt *h = arg;
    const struct bg_cursor_chain *chain;
    struct bg_chain at;
    char number[24];
    json_t *ev;

    if (!l->whole || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    (void)snprintf(number, sizeof number, "%" PRIu64, at.last.sequence);
    h->sure = strcmp(bg_json_str(ev, "id"), h->wanted) == 0;
    if (!h->sure && strcmp(number, h->wanted) == 0) {
        chain = alert_chain(h->cursor, at.last.journalid);
        h->sure = chain != NULL && bg_cursor_refused(chain, at.last.sequence);
        take_it(h, ev, &at.last);
    } else if (h->sure) {
        take_it(h, ev, &at.last);
    }
    json_decref(ev);
    return !h->sure;
}

/* The journal's newest, if none is refused, before one of /run. */
static bool find(struct hunt *h)
{
    struct hunt run = *h;

    (void)!bg_lines_walk(BG_JOURNAL_DIR, 0, is_it, h);
    if (!h->sure)
        (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, is_it, &run);
    if (run.sure || h->at.sequence == 0)
        *h = run;
    return h->at.sequence > 0;
}

static bool has_it(const struct hunt *h)
{
    const struct bg_cursor_chain *chain = alert_chain(h->cursor, h->at.journalid);

    return chain != NULL && bg_cursor_done(chain, h->at.sequence);
}

/* On record first: nothing is dropped or sent twice that nobody can be asked about. */
static bool record_wish(enum bg_event_type type, const struct bg_message *id, const char *sink,
                        const struct hunt *h)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], detail[BG_SINK_NAME_MAX + BG_ULID_LEN + 32];

    (void)bg_msg_raw(text, sizeof text, id, BG_ARGS(h->id, sink, reason == NULL ? "-" : reason));
    (void)snprintf(detail, sizeof detail, "%s %s %" PRIu64, sink, h->id, h->at.sequence);
    e.type = type;
    e.success = true;
    e.message = text;
    e.reason = reason;
    e.detail = detail;
    return report_first_event(&e);
}

/* Whoever delivers does it; without a service a delivery is started. */
static void await(enum bg_wish wish, const char *sink)
{
    int64_t deadline = bg_deadline(DROP_MS);

    (void)!bg_bell_ring(PROGRAM_ALERT);
    while (bg_drops_wait(BG_CURSORS_RUN, sink, wish) && bg_left_ms(deadline) > 0)
        bg_sleep_ms(20);
    if (bg_drops_wait(BG_CURSORS_RUN, sink, wish))
        ui_note(BG_M_ALERT_DROP_LATER, BG_ARGS(sink));
    else if (wish == BG_WISH_DROP)
        ui_text("Sink %s will not get that event.\n", sink);
    else
        ui_text("It is on its way to sink %s once more.\n", sink);
}

static enum admin_exit ask(enum bg_wish wish, const char *sink, const struct hunt *h)
{
    bool drops = wish == BG_WISH_DROP;
    enum bg_err r;

    if (!record_wish(drops ? BG_EV_ALERT_DROPPED : BG_EV_ALERT_REQUEUED,
                     drops ? BG_M_ALERT_EV_DROPPED : BG_M_ALERT_EV_REQUEUED, sink, h))
        return ADMIN_CANNOT;
    if ((r = bg_drops_ask(BG_CURSORS_RUN, sink, wish, &h->at)) == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_FILE, BG_ARGS(BG_CURSORS_RUN, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit drop_it(const char *sink, const struct hunt *h, json_t *root)
{
    char question[200];
    enum admin_exit x;

    (void)snprintf(question, sizeof question, "Never deliver %s (%s, %.19s) to %s?", h->id, h->kind, h->time,
                   sink);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    if ((x = ask(BG_WISH_DROP, sink, h)) != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "dropped", json_true());
    await(BG_WISH_DROP, sink);
    return ADMIN_GOOD;
}

/* The sink and its cursor; NULL: there is none, *x says how to end. */
static const struct bg_sink *the_sink(const char *name, struct bg_cursor *c, enum admin_exit *x)
{
    const struct bg_policy *p;
    const struct bg_sink *s;
    bool sound;

    p = alert_policy(&sound);
    *x = ADMIN_CANNOT;
    if (!sound && p->sinks.n == 0)
        return NULL;
    *x = ADMIN_USAGE;
    if ((s = alert_sink(p, name)) != NULL)
        (void)!bg_cursor_load(NULL, name, false, c);
    return s;
}

enum admin_exit alert_drop(char *const words[], json_t *root)
{
    static struct bg_cursor c;
    struct hunt h = {.wanted = words[1], .cursor = &c};
    enum admin_exit x;

    (void)json_object_set_new(root, "dropped", json_false());
    if (reason == NULL || reason[strspn(reason, " \t")] == '\0')
        return admin_bad_value(reason == NULL ? "" : reason, "reason", "the reason, in words");
    if (the_sink(words[0], &c, &x) == NULL)
        return x;
    if (!find(&h) || has_it(&h)) {
        ui_finding(h.at.sequence == 0 ? BG_M_ALERT_NO_EVENT : BG_M_ALERT_HAS_IT, BG_ARGS(words[1], words[0]));
        return ADMIN_USAGE;
    }
    return drop_it(words[0], &h, root);
}

/* All that it refuses, as far as the cursor remembers them: by their places, which is_it() takes numbers for.
 */
static enum admin_exit all_refused(const char *sink, const struct bg_cursor *c, unsigned *n)
{
    enum admin_exit x = ADMIN_GOOD;

    for (unsigned i = 0; i < c->chains; i++)
        for (unsigned k = 0; x == ADMIN_GOOD && k < c->chain[i].n_refused; k++) {
            char number[24];
            struct hunt h = {.wanted = number, .cursor = c};
            (void)snprintf(number, sizeof number, "%" PRIu64, c->chain[i].refused[k]);
            if (find(&h) && (x = ask(BG_WISH_AGAIN, sink, &h)) == ADMIN_GOOD)
                (*n)++;
        }
    return x;
}

enum admin_exit alert_requeue(char *const words[], json_t *root)
{
    static struct bg_cursor c;
    struct hunt h = {.wanted = words[1], .cursor = &c};
    const struct bg_sink *s;
    unsigned n = 0;
    enum admin_exit x;

    (void)json_object_set_new(root, "requeued", json_integer(0));
    if ((s = the_sink(words[0], &c, &x)) == NULL)
        return x;
    if (words[1] == NULL) {
        x = all_refused(s->name, &c, &n);
    } else if (!find(&h)) {
        ui_finding(BG_M_ALERT_NO_EVENT, BG_ARGS(words[1], words[0]));
        x = ADMIN_USAGE;
    } else if (!bg_sink_wants(s, h.type)) {
        ui_finding(BG_M_ALERT_NOT_SENT, BG_ARGS(words[1], words[0]));
        x = ADMIN_USAGE;
    } else {
        x = ask(BG_WISH_AGAIN, s->name, &h);
        n = x == ADMIN_GOOD;
    }
    (void)json_object_set_new(root, "requeued", json_integer(n));
    if (n > 0)
        await(BG_WISH_AGAIN, s->name);
    else if (x == ADMIN_GOOD)
        ui_text("Sink %s refuses nothing.\n", s->name);
    return x;
}
