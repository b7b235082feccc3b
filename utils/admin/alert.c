/* SPDX-License-Identifier: ISC */
/* breakglass alert status | test | drop */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "config/policy.h"
#include "admin/admin.h"
#include "base/clock.h"
#include "base/text.h"
#include "admin/rows.h"
#include "delivery/cursor.h"
#include "record/lines.h"
#include "record/event.h"
#include "delivery/bell.h"
#include "delivery/drops.h"
#include "programs.h"
#include "admin/ui.h"
#include "config/messages.h"
#include "delivery/messages.h"
#include "admin/messages.h"

#define TEST_SECONDS 15
#define BEHIND_MS    60000 /* how long a delivery may take before it is a finding */
#define SECONDS_MAX  600u
#define DROP_MS      15000 /* a service looks for what was dropped more often */

/* What systemd makes when the timer is enabled: deliveries are then tried again without a resident service.
 */

static struct bg_policy policy;
static uint32_t seconds = TEST_SECONDS;

static const struct command_option test_options[] = {
    {"seconds", "N", "wait at most N seconds [15]", .number = &seconds, .min = 1, .max = SECONDS_MAX},
    {0},
};

#define NAMED_MAX 8 /* refused events that are named */
#define KIND_MAX  48

/* What one sink has not taken yet, counted from the journal itself. */
struct backlog {
    const struct bg_sink *sink;
    const struct bg_cursor *cursor;
    unsigned waiting, refused;
    uint64_t newest_done;
    int64_t oldest; /* age of the oldest one waiting, in ms */
    char named[NAMED_MAX][BG_ULID_LEN + KIND_MAX + 32];
};

static const struct bg_cursor_chain *chain_of(const struct bg_cursor *c, const char *journalid)
{
    for (unsigned i = 0; i < c->chains; i++)
        if (strcmp(c->chain[i].journalid, journalid) == 0)
            return &c->chain[i];
    return NULL;
}

/* "use.granted", printable ASCII; what is no type of ours stands as it is. */
static void kind_of(const json_t *ev, char out[KIND_MAX])
{
    const char *type = bg_json_str(ev, "type");
    bool ours = strncmp(type, BG_EVENT_TYPE, strlen(BG_EVENT_TYPE)) == 0;

    type += ours ? strlen(BG_EVENT_TYPE) : 0;
    (void)bg_text_ascii(out, KIND_MAX, type, strlen(type));
    if (ours && strlen(out) > 3 && strcmp(out + strlen(out) - 3, ".v1") == 0)
        out[strlen(out) - 3] = '\0';
}

static void count_refused(struct backlog *b, const json_t *ev, uint64_t sequence)
{
    char kind[KIND_MAX], id[BG_ULID_LEN + 1];

    kind_of(ev, kind);
    (void)bg_text_ascii(id, sizeof id, bg_json_str(ev, "id"), strlen(bg_json_str(ev, "id")));
    if (b->refused < NAMED_MAX)
        (void)snprintf(b->named[b->refused], sizeof b->named[0], "%s  %s (%" PRIu64 ")", id, kind, sequence);
    b->refused++;
}

static bool count_line(void *arg, const struct bg_rawline *l)
{
    struct backlog *b = arg;
    const struct bg_cursor_chain *h;
    struct bg_chain at;
    json_t *ev;

    if (!l->whole || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    h = chain_of(b->cursor, at.last.journalid);
    if (h != NULL && bg_cursor_done(h, at.last.sequence)) {
        b->newest_done = at.last.sequence > b->newest_done ? at.last.sequence : b->newest_done;
    } else if (bg_sink_wants(b->sink, bg_json_str(ev, "type"))) {
        int64_t age = bg_event_age(ev);
        b->waiting++;
        b->oldest = age > b->oldest ? age : b->oldest;
        if (h != NULL && bg_cursor_refused(h, at.last.sequence))
            count_refused(b, ev, at.last.sequence);
    }
    json_decref(ev);
    return true;
}

static void print_refused(const struct backlog *b)
{
    if (b->refused == 0)
        return;
    ui_text("     refused, and tried again: %u\n", b->refused);
    for (unsigned i = 0; i < b->refused && i < NAMED_MAX; i++)
        ui_text("       %s\n", b->named[i]);
    if (b->refused > NAMED_MAX)
        ui_text("       and %u more\n", b->refused - NAMED_MAX);
}

static void print_sink(const struct backlog *b)
{
    const struct bg_cursor *c = b->cursor;
    char error[sizeof c->error], oldest[24] = "-", taken[32] = "never";

    if (b->waiting > 0)
        (void)snprintf(oldest, sizeof oldest, "%" PRId64 " s", b->oldest / 1000);
    if (c->acked > 0)
        (void)snprintf(taken, sizeof taken, "%" PRId64 " s ago", bg_cursor_acked_age(c) / 1000);
    ui_text("%-20s %-9s %10" PRIu64 " %8u %9s  %s\n", b->sink->name, bg_sink_type_name(b->sink),
            b->newest_done, b->waiting, oldest, taken);
    print_refused(b);
    (void)bg_text_ascii(error, sizeof error, c->error, strlen(c->error));
    if (c->error_at > 0)
        ui_text("     last failure %" PRId64 " s ago: %s\n", bg_cursor_failed_age(c) / 1000, error);
}

/* RFC 3339, or null for never. */
static json_t *time_json(int64_t ms)
{
    char text[BG_TIME_LEN];

    bg_time_of(ms, text);
    return ms <= 0 || *text == '\0' ? json_null() : json_string(text);
}

json_t *sink_json(const struct bg_sink *s)
{
    return json_pack("{s:s, s:s, s:b}", "sink", s->name, "type", bg_sink_type_name(s), "outside",
                     bg_sink_is_outside(s));
}

/* "dead" and "gone" are of a time when a sink could refuse an event for good. */
static json_t *backlog_json(const struct backlog *b)
{
    const struct bg_cursor *c = b->cursor;
    json_t *o = sink_json(b->sink);

    (void)json_object_update_new(
        o, json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:s, s:b}", "sequence",
                     (json_int_t)b->newest_done, "waiting", (json_int_t)b->waiting, "oldest_seconds",
                     (json_int_t)(b->oldest / 1000), "refused", (json_int_t)b->refused, "refusing_since",
                     time_json(c->refusing), "dead", (json_int_t)0, "acked", time_json(c->acked), "error_at",
                     time_json(c->error_at), "error", c->error, "gone", 0));
    return o;
}

static void tell_backlog(const struct backlog *b)
{
    const char *sink = b->sink->name;

    if (b->refused > 0)
        ui_finding(BG_M_ALERT_REFUSED, BG_ARGS(sink, b->cursor->error));
    if (b->waiting > b->refused && b->oldest > BEHIND_MS)
        ui_finding(BG_M_ALERT_BEHIND, BG_ARGS(sink, BG_DIGITS(b->waiting), BG_DIGITS(b->oldest / 1000)));
}

static void look_sink(const struct bg_sink *sink, json_t *list, bool aloud)
{
    static struct bg_cursor c;
    struct backlog b = {.sink = sink, .cursor = &c};

    (void)!bg_cursor_load(NULL, sink->name, false, &c);
    (void)!bg_lines_walk(BG_JOURNAL_DIR, 0, count_line, &b);
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, count_line, &b);
    if (aloud)
        print_sink(&b);
    if (BG_WITH_ALERT)
        tell_backlog(&b);
    (void)json_array_append_new(list, backlog_json(&b));
}

void alert_idle(const struct bg_policy *p, bool sound)
{
    if (p->sinks.n > 0)
        ui_finding(BG_M_CMD_SINKS_IDLE, BG_ARGS(BG_POLICY_PATH, BG_DIGITS(p->sinks.n)));
    else if (sound)
        (p->sink_required ? ui_finding : ui_note)(BG_M_CMD_NO_DELIVERY, BG_NOARGS);
}

enum admin_exit alert_look(json_t *root, bool aloud)
{
    json_t *list = json_array();
    bool sound = rows_policy(BG_POLICY_PATH, &policy), served = bg_bell_served();

    (void)json_object_set_new(root, "sinks", list);
    (void)json_object_set_new(root, "service", json_boolean(served));
    if (aloud && policy.sinks.n > 0)
        ui_text("%-20s %-9s %10s %8s %9s  %s\n", "SINK", "TYPE", "NEWEST", "WAITING", "OLDEST", "LAST TAKEN");
    for (unsigned i = 0; i < policy.sinks.n; i++)
        look_sink(&policy.sinks.sink[i], list, aloud);
    if (!BG_WITH_ALERT) {
        alert_idle(&policy, sound);
        return ADMIN_GOOD;
    }
    rows_sink_files(&policy.sinks);
    if (policy.sinks.n == 0 && sound)
        (policy.sink_required ? ui_finding : ui_note)(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH));
    else if (policy.sinks.n > 0 && !served)
        ui_finding(BG_M_ALERT_UNSERVED, BG_NOARGS);
    return ADMIN_GOOD;
}

static enum admin_exit status(char *const words[], json_t *root)
{
    (void)words;
    return alert_look(root, true);
}

/* --- test ----------------------------------------------------------------------------------------- */

/* Why it was not taken, from the cursor. */
static const char *last_error(const char *sink, char out[160])
{
    static struct bg_cursor c;

    out[0] = '\0';
    if (bg_cursor_load(NULL, sink, true, &c) == BG_OK)
        (void)bg_text_ascii(out, 160, c.error, strlen(c.error));
    return out[0] == '\0' ? "no answer" : out;
}

static bool wants_test(const struct bg_sink *s)
{
    return bg_sink_wants(s, bg_event_kind(BG_EV_ALERT_TEST)->type);
}

static bool asked(const struct bg_sink *s, const char *only)
{
    return only == NULL ? wants_test(s) : strcmp(s->name, only) == 0;
}

struct trial {
    struct bg_position at;
    int64_t began;
    int64_t took[BG_SINKS_MAX]; /* ms; -1: not yet */
};

/* Look at each sink that was asked until all have answered or the time is over. */
static void watch(struct trial *t, const char *only, int64_t deadline)
{
    bool open = true;

    while (open) {
        open = false;
        for (unsigned i = 0; i < policy.sinks.n; i++) {
            const char *name = policy.sinks.sink[i].name;
            if (!asked(&policy.sinks.sink[i], only) || !wants_test(&policy.sinks.sink[i]) || t->took[i] >= 0)
                continue;
            if (bg_bell_acked(name, &t->at))
                t->took[i] = bg_now_ms() - t->began;
            else
                open = true;
        }
        if (bg_left_ms(deadline) == 0)
            return;
        if (open)
            bg_sleep_ms(5);
    }
}

static void tell(const struct trial *t, const char *only, json_t *list)
{
    char why[160];

    for (unsigned i = 0; i < policy.sinks.n; i++) {
        const char *name = policy.sinks.sink[i].name;
        if (!asked(&policy.sinks.sink[i], only))
            continue;
        if (t->took[i] >= 0)
            ui_text("%s  took it after %" PRId64 " ms\n", name, t->took[i]);
        else
            ui_finding(BG_M_ALERT_NOT_TAKEN,
                       BG_ARGS(name, BG_DIGITS(seconds),
                               wants_test(&policy.sinks.sink[i]) ? last_error(name, why)
                                                                 : "its events key leaves out alert.test"));
        (void)json_array_append_new(list, json_pack("{s:s, s:b, s:I}", "sink", name, "taken", t->took[i] >= 0,
                                                    "ms", (json_int_t)t->took[i]));
    }
}

static enum admin_exit try_sinks(const char *only, json_t *list)
{
    char text[BG_MSG_MAX];
    struct trial t = {.began = bg_now_ms()};
    enum bg_err r;

    memset(t.took, 0xff, sizeof t.took);
    (void)bg_msg_raw(text, sizeof text, BG_M_ALERT_EV_TEST, BG_NOARGS);
    report_event_at(BG_EV_ALERT_TEST, NULL, text, &t.at);
    if (t.at.sequence == 0)
        return ADMIN_CANNOT; /* report_event_at has said so */
    if ((r = bg_bell_ring(PROGRAM_ALERT)) != BG_OK)
        ui_finding(BG_M_ALERT_START, BG_ARGS(only == NULL ? "*" : only, bg_strerror(r)));
    watch(&t, only, bg_deadline((int64_t)seconds * 1000));
    tell(&t, only, list);
    return ADMIN_GOOD;
}

static bool known(const char *only)
{
    for (unsigned i = 0; i < policy.sinks.n; i++)
        if (strcmp(policy.sinks.sink[i].name, only) == 0)
            return true;
    return false;
}

static enum admin_exit test(char *const words[], json_t *root)
{
    json_t *list = json_array();

    (void)json_object_set_new(root, "sinks", list);
    if (!rows_policy(BG_POLICY_PATH, &policy) && policy.sinks.n == 0)
        return ADMIN_CANNOT;
    if (words[0] != NULL && !known(words[0]))
        return ui_finding(BG_M_ALERT_NO_SUCH_SINK, BG_ARGS(words[0], BG_POLICY_PATH)), ADMIN_USAGE;
    if (policy.sinks.n == 0)
        return ui_finding(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH)), ADMIN_FINDING;
    return try_sinks(words[0], list);
}

/* --- drop ----------------------------------------------------------------------------------------- */

static const char *reason;

static const struct command_option drop_options[] = {
    {"reason", "TEXT", "why this sink is never to have the event", .text = &reason},
    {0},
};

/* The event that was named, by its id or its number. A journal begun anew has the same numbers again: the one
 * that the sink refuses is meant, else the newest. */
struct hunt {
    const char *wanted;
    const struct bg_cursor *cursor; /* of the sink */
    bool sure;                      /* no other can be meant */
    struct bg_position at;          /* sequence 0: not found */
    char id[BG_ULID_LEN + 1], kind[KIND_MAX], time[BG_TIME_LEN];
};

static void take_it(struct hunt *h, const json_t *ev, const struct bg_position *at)
{
    h->at = *at;
    (void)snprintf(h->id, sizeof h->id, "%s", bg_json_str(ev, "id"));
    kind_of(ev, h->kind);
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
        chain = chain_of(h->cursor, at.last.journalid);
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
    const struct bg_cursor_chain *chain = chain_of(h->cursor, h->at.journalid);

    return chain != NULL && bg_cursor_done(chain, h->at.sequence);
}

/* On record first: nothing is dropped that nobody can be asked about. */
static bool record_drop(const char *sink, const struct hunt *h)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], detail[BG_SINK_NAME_MAX + BG_ULID_LEN + 32];

    (void)bg_msg_raw(text, sizeof text, BG_M_ALERT_EV_DROPPED, BG_ARGS(h->id, sink, reason));
    (void)snprintf(detail, sizeof detail, "%s %s %" PRIu64, sink, h->id, h->at.sequence);
    e.type = BG_EV_ALERT_DROPPED;
    e.success = true;
    e.message = text;
    e.reason = reason;
    e.detail = detail;
    return report_first_event(&e);
}

/* Whoever delivers does it; without a service a delivery is started. */
static void await_drop(const char *sink)
{
    int64_t deadline = bg_deadline(DROP_MS);

    (void)!bg_bell_ring(PROGRAM_ALERT);
    while (bg_drops_wait(BG_CURSORS_RUN, sink) && bg_left_ms(deadline) > 0)
        bg_sleep_ms(20);
    if (bg_drops_wait(BG_CURSORS_RUN, sink))
        ui_note(BG_M_ALERT_DROP_LATER, BG_ARGS(sink));
    else
        ui_text("Sink %s will not get that event.\n", sink);
}

static enum admin_exit drop_it(const char *sink, const struct hunt *h, json_t *root)
{
    char question[200];
    enum admin_exit x;
    enum bg_err r;

    (void)snprintf(question, sizeof question, "Never deliver %s (%s, %.19s) to %s?", h->id, h->kind, h->time,
                   sink);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    if (!record_drop(sink, h))
        return ADMIN_CANNOT;
    if ((r = bg_drops_ask(BG_CURSORS_RUN, sink, &h->at)) != BG_OK) {
        ui_finding(BG_M_CMD_FILE, BG_ARGS(BG_CURSORS_RUN, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    (void)json_object_set_new(root, "dropped", json_true());
    await_drop(sink);
    return ADMIN_GOOD;
}

static enum admin_exit drop(char *const words[], json_t *root)
{
    static struct bg_cursor c;
    struct hunt h = {.wanted = words[1], .cursor = &c};

    (void)json_object_set_new(root, "dropped", json_false());
    if (reason == NULL || reason[strspn(reason, " \t")] == '\0')
        return admin_bad_value(reason == NULL ? "" : reason, "reason", "the reason, in words");
    if (!rows_policy(BG_POLICY_PATH, &policy) && policy.sinks.n == 0)
        return ADMIN_CANNOT;
    if (!known(words[0]))
        return ui_finding(BG_M_ALERT_NO_SUCH_SINK, BG_ARGS(words[0], BG_POLICY_PATH)), ADMIN_USAGE;
    (void)!bg_cursor_load(NULL, words[0], false, &c);
    if (!find(&h) || has_it(&h)) {
        ui_finding(h.at.sequence == 0 ? BG_M_ALERT_NO_EVENT : BG_M_ALERT_HAS_IT, BG_ARGS(words[1], words[0]));
        return ADMIN_USAGE;
    }
    return drop_it(words[0], &h, root);
}

const struct command alert_commands[] = {
    {.name = "alert status",
     .operands = "",
     .help = "how far each sink has got",
     .example = "breakglass alert status",
     .needs = COMMAND_ROOT,
     .run = status},
    {.name = "alert test",
     .operands = "[SINK]",
     .help = "send a test event and wait until it is taken",
     .about = "Record a test event and wait until every sink, or the one that is named, has taken it.",
     .example = "breakglass alert test pager",
     .needs = COMMAND_ROOT | COMMAND_DELIVERS,
     .options = test_options,
     .run = BG_WITH_ALERT ? test : NULL},
    {.name = "alert drop",
     .operands = "SINK EVENT",
     .help = "give an event up for a sink that refuses it",
     .about = "Never deliver an event to a sink that does not want it. Nothing else drops an event. EVENT is "
              "an id or "
              "a number that \"breakglass alert status\" shows. The reason is recorded.",
     .example = "breakglass alert drop --reason \"their schema lacks it, INC-4711\" pager 41",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DELIVERS,
     .options = drop_options,
     .run = BG_WITH_ALERT ? drop : NULL},
    {0},
};
