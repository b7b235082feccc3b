/* breakglass alert status | test */
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
#include "programs.h"
#include "admin/ui.h"
#include "config/messages.h"
#include "delivery/messages.h"
#include "admin/messages.h"

#define TEST_SECONDS 15
#define BEHIND_MS    60000 /* how long a delivery may take before it is a finding */
#define SECONDS_MAX  600u

/* What systemd makes when the timer is enabled: deliveries are then tried again without a resident service.
 */
#define TIMER_ENABLED BG_SYSCONFDIR "/systemd/system/timers.target.wants/breakglass-alert.timer"

static struct bg_policy policy;
static uint32_t seconds = TEST_SECONDS;

static const struct command_option test_options[] = {
    {"seconds", "N", "wait at most N seconds [15]", .number = &seconds, .min = 1, .max = SECONDS_MAX},
    {0},
};

/* What one sink has not taken yet, counted from the journal itself. */
struct backlog {
    const struct bg_sink *sink;
    const struct bg_cursor *cursor;
    unsigned waiting, dead;
    uint64_t newest_done;
    int64_t oldest; /* wall clock of the oldest one waiting */
};

static bool count_line(void *arg, const struct bg_rawline *l)
{
    struct backlog *b = arg;
    const struct bg_cursor_chain *h = NULL;
    struct bg_chain at;
    int64_t when;
    json_t *ev;

    if (!l->whole || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    for (unsigned i = 0; i < b->cursor->chains; i++)
        if (strcmp(b->cursor->chain[i].journalid, at.last.journalid) == 0)
            h = &b->cursor->chain[i];
    when = json_integer_value(json_object_get(json_object_get(ev, "data"), "time"));
    if (h != NULL && bg_cursor_done(h, at.last.sequence)) {
        b->newest_done = at.last.sequence > b->newest_done ? at.last.sequence : b->newest_done;
        b->dead += bg_cursor_dead(h, at.last.sequence);
    } else if (bg_sink_wants(b->sink, bg_json_str(ev, "type"))) {
        b->waiting++;
        b->oldest = b->oldest == 0 || when < b->oldest ? when : b->oldest;
    }
    json_decref(ev);
    return true;
}

static void print_sink(const struct backlog *b, int64_t age_s)
{
    const struct bg_cursor *c = b->cursor;
    int64_t now = bg_wall_ms();
    char error[sizeof c->error], oldest[24] = "-", taken[32] = "never";

    if (b->waiting > 0)
        (void)snprintf(oldest, sizeof oldest, "%" PRId64 " s", age_s);
    if (c->acked > 0)
        (void)snprintf(taken, sizeof taken, "%" PRId64 " s ago", (now - c->acked) / 1000);
    ui_text("%-20s %-9s %10" PRIu64 " %8u %9s  %s\n", b->sink->name,
            b->sink->type == BG_SINK_WEBHOOK ? "web hook" : "syslog", b->newest_done, b->waiting, oldest,
            taken);
    if (b->dead > 0)
        ui_text("     refused for good: %u\n", b->dead);
    (void)bg_text_ascii(error, sizeof error, c->error, strlen(c->error));
    if (c->error_at > 0)
        ui_text("     last failure %" PRId64 " s ago: %s\n", (now - c->error_at) / 1000, error);
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
    return json_pack("{s:s, s:s, s:b}", "sink", s->name, "type",
                     s->type == BG_SINK_WEBHOOK ? "webhook" : "syslog", "outside", bg_sink_is_outside(s));
}

static json_t *backlog_json(const struct backlog *b, int64_t age_s)
{
    const struct bg_cursor *c = b->cursor;
    json_t *o = sink_json(b->sink);

    (void)json_object_update_new(
        o, json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:s, s:b}", "sequence", (json_int_t)b->newest_done,
                     "waiting", (json_int_t)b->waiting, "oldest_seconds", (json_int_t)age_s, "dead",
                     (json_int_t)b->dead, "acked", time_json(c->acked), "error_at", time_json(c->error_at),
                     "error", c->error, "gone", c->gone[0] != '\0'));
    return o;
}

static void look_sink(const struct bg_sink *sink, json_t *list, bool aloud)
{
    static struct bg_cursor c;
    struct backlog b = {.sink = sink, .cursor = &c};
    int64_t age_ms;

    (void)!bg_cursor_load(NULL, sink->name, false, &c);
    (void)!bg_lines_walk(BG_JOURNAL_DIR, 0, count_line, &b);
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, count_line, &b);
    age_ms = b.oldest == 0 || bg_wall_ms() < b.oldest ? 0 : bg_wall_ms() - b.oldest;
    if (aloud)
        print_sink(&b, age_ms / 1000);
    if (c.gone[0] != '\0')
        ui_finding(BG_M_ALERT_GONE, BG_ARGS(sink->name));
    else if (b.waiting > 0 && age_ms > BEHIND_MS)
        ui_finding(BG_M_ALERT_BEHIND, BG_ARGS(sink->name, BG_DIGITS(b.waiting), BG_DIGITS(age_ms / 1000)));
    (void)json_array_append_new(list, backlog_json(&b, age_ms / 1000));
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
    if (policy.sinks.n == 0 && sound)
        (policy.sink_required ? ui_finding : ui_note)(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH));
    else if (policy.sinks.n > 0 && !served && access(TIMER_ENABLED, F_OK) == 0)
        ui_note(BG_M_ALERT_UNSERVED, BG_NOARGS);
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
    (void)bg_msg_text(text, sizeof text, BG_M_ALERT_EV_TEST, BG_NOARGS);
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
     .needs = COMMAND_ROOT,
     .options = test_options,
     .run = test},
    {0},
};
