/* breakglass alert status | test */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config/policy.h"
#include "admin/admin.h"
#include "base/clock.h"
#include "base/text.h"
#include "admin/opts.h"
#include "delivery/cursor.h"
#include "record/lines.h"
#include "record/event.h"
#include "delivery/bell.h"
#include "programs.h"
#include "admin/ui.h"
#include "admin/who.h"
#include "config/messages.h"
#include "delivery/messages.h"
#include "admin/messages.h"

#define TEST_SECONDS 15
#define BEHIND_MS    60000 /* so long a delivery may take before it is a finding */
#define SECONDS_MAX  600u

enum {
    O_JSON = 1000,
    O_SECONDS
};

static const struct option status_options[] = {
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};
static const struct option test_options[] = {
    {"json", no_argument, NULL, O_JSON},
    {"seconds", required_argument, NULL, O_SECONDS},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static struct bg_policy policy;

static enum admin_exit load_policy(void)
{
    struct bg_ini_error bad = {0};
    char line[16];
    enum bg_err r = bg_policy_load(BG_POLICY_PATH, &policy, &bad);

    if (r == BG_OK)
        return ADMIN_GOOD;
    (void)snprintf(line, sizeof line, "%u", bad.line);
    ui_finding(r == BG_E_SYNTAX ? BG_M_FILE_SYNTAX : BG_M_FILE_UNSAFE,
               r == BG_E_SYNTAX ? BG_ARGS(BG_POLICY_PATH, line, bad.text)
                                : BG_ARGS(BG_POLICY_PATH, bg_strerror(r)));
    return ADMIN_CANNOT;
}

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
    char error[sizeof c->error];

    ui_text("%s  %s, newest taken: %" PRIu64 "\n", b->sink->name,
            b->sink->type == BG_SINK_WEBHOOK ? "web hook" : "syslog", b->newest_done);
    if (c->acked > 0)
        ui_text("     took something %" PRId64 " s ago\n", (now - c->acked) / 1000);
    if (b->waiting > 0)
        ui_text("     waiting: %u, the oldest for %" PRId64 " s\n", b->waiting, age_s);
    if (b->dead > 0)
        ui_text("     refused for good: %u\n", b->dead);
    (void)bg_text_ascii(error, sizeof error, c->error, strlen(c->error));
    if (c->error_at > 0)
        ui_text("     last failure %" PRId64 " s ago: %s\n", (now - c->error_at) / 1000, error);
}

static json_t *sink_json(const struct backlog *b, int64_t age_s)
{
    const struct bg_cursor *c = b->cursor;

    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b}", "sink", b->sink->name, "type",
                     b->sink->type == BG_SINK_WEBHOOK ? "webhook" : "syslog", "outside",
                     bg_sink_is_outside(b->sink), "sequence", (json_int_t)b->newest_done, "waiting",
                     (json_int_t)b->waiting, "oldest_seconds", (json_int_t)age_s, "dead", (json_int_t)b->dead,
                     "acked", (json_int_t)c->acked, "error_at", (json_int_t)c->error_at, "error", c->error,
                     "gone", c->gone[0] != '\0');
}

static void look_sink(const struct bg_sink *sink, json_t *list)
{
    static struct bg_cursor c;
    struct backlog b = {.sink = sink, .cursor = &c};
    char count[16], age[24];
    int64_t age_ms;

    (void)!bg_cursor_load(NULL, sink->name, false, &c);
    (void)!bg_lines_walk(BG_JOURNAL_DIR, 0, count_line, &b);
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, count_line, &b);
    age_ms = b.oldest == 0 || bg_wall_ms() < b.oldest ? 0 : bg_wall_ms() - b.oldest;
    (void)snprintf(count, sizeof count, "%u", b.waiting);
    (void)snprintf(age, sizeof age, "%" PRId64, age_ms / 1000);
    print_sink(&b, age_ms / 1000);
    if (c.gone[0] != '\0')
        ui_finding(BG_M_ALERT_GONE, BG_ARGS(sink->name));
    else if (b.waiting > 0 && age_ms > BEHIND_MS)
        ui_finding(BG_M_ALERT_BEHIND, BG_ARGS(sink->name, count, age));
    (void)json_array_append_new(list, sink_json(&b, age_ms / 1000));
}

static enum admin_exit status(int argc, char **argv)
{
    json_t *root = json_object(), *list = json_array();
    bool json = false;
    enum admin_exit x;
    int c;

    (void)json_object_set_new(root, "sinks", list);
    while ((c = opts_next(argc, argv, status_options, "alert")) != -1) {
        if (c == OPT_HELP)
            return puts("usage: breakglass alert status [--json]"), ADMIN_GOOD;
        if (c == 0)
            return ADMIN_USAGE;
        json = true;
    }
    ui_mode(json, false);
    if (optind < argc)
        return ui_finding(BG_M_CMD_OPTION, BG_ARGS(argv[optind], "alert")), ADMIN_USAGE;
    if (geteuid() != 0)
        return ui_finding(BG_M_CMD_ROOT, BG_ARGS("alert")), ADMIN_CANNOT;
    x = load_policy();
    for (unsigned i = 0; i < policy.sinks.n; i++)
        look_sink(&policy.sinks.sink[i], list);
    if (x == ADMIN_GOOD && policy.sinks.n == 0)
        ui_note(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH));
    else if (x == ADMIN_GOOD && !bg_bell_served())
        ui_note(BG_M_ALERT_UNSERVED, BG_NOARGS);
    (void)json_object_set_new(root, "service", json_boolean(bg_bell_served()));
    if (json)
        ui_json(root);
    else
        json_decref(root);
    return x != ADMIN_GOOD ? x : ui_findings() > 0 ? ADMIN_FINDING : ADMIN_GOOD;
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
    return bg_sink_wants(s, bg_event_type_name(BG_EV_ALERT_TEST));
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

static void report(const struct trial *t, const char *only, unsigned seconds, json_t *list)
{
    char limit[16], why[160];

    (void)snprintf(limit, sizeof limit, "%u", seconds);
    for (unsigned i = 0; i < policy.sinks.n; i++) {
        const char *name = policy.sinks.sink[i].name;
        if (!asked(&policy.sinks.sink[i], only))
            continue;
        if (t->took[i] >= 0)
            ui_text("%s  took it after %" PRId64 " ms\n", name, t->took[i]);
        else
            ui_finding(BG_M_ALERT_NOT_TAKEN,
                       BG_ARGS(name, limit,
                               wants_test(&policy.sinks.sink[i]) ? last_error(name, why)
                                                                 : "its events key leaves out alert.test"));
        (void)json_array_append_new(list, json_pack("{s:s, s:b, s:I}", "sink", name, "taken", t->took[i] >= 0,
                                                    "ms", (json_int_t)t->took[i]));
    }
}

static enum admin_exit try_sinks(const char *only, unsigned seconds, json_t *list)
{
    char text[BG_MSG_MAX];
    struct trial t = {.began = bg_now_ms()};
    enum bg_err r;

    memset(t.took, 0xff, sizeof t.took);
    (void)bg_msg_text(text, sizeof text, BG_M_ALERT_EV_TEST, BG_NOARGS);
    who_record_at(BG_EV_ALERT_TEST, NULL, text, &t.at);
    if (t.at.sequence == 0)
        return ADMIN_CANNOT; /* who_record told of it */
    if ((r = bg_bell_ring(PROGRAM_ALERT)) != BG_OK)
        ui_finding(BG_M_ALERT_START, BG_ARGS(only == NULL ? "*" : only, bg_strerror(r)));
    watch(&t, only, bg_deadline((int64_t)seconds * 1000));
    report(&t, only, seconds, list);
    return ui_findings() > 0 ? ADMIN_FINDING : ADMIN_GOOD;
}

static bool known(const char *only)
{
    for (unsigned i = 0; i < policy.sinks.n; i++)
        if (strcmp(policy.sinks.sink[i].name, only) == 0)
            return true;
    return false;
}

static enum admin_exit run_test(const char *only, unsigned seconds, json_t *list)
{
    enum admin_exit x;

    if (geteuid() != 0)
        return ui_finding(BG_M_CMD_ROOT, BG_ARGS("alert")), ADMIN_CANNOT;
    if ((x = load_policy()) != ADMIN_GOOD)
        return x;
    if (policy.sinks.n == 0)
        return ui_finding(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH)), ADMIN_FINDING;
    if (only != NULL && !known(only))
        return ui_finding(BG_M_ALERT_NO_SUCH_SINK, BG_ARGS(only, BG_POLICY_PATH)), ADMIN_USAGE;
    return try_sinks(only, seconds, list);
}

static enum admin_exit test(int argc, char **argv)
{
    json_t *list;
    uint32_t seconds = TEST_SECONDS;
    bool json = false;
    enum admin_exit x;
    int c;

    while ((c = opts_next(argc, argv, test_options, "alert")) != -1) {
        if (c == OPT_HELP)
            return puts("usage: breakglass alert test [--json] [--seconds N] [SINK]"), ADMIN_GOOD;
        if (c == 0)
            return ADMIN_USAGE;
        if (c == O_SECONDS && (!opts_number(optarg, SECONDS_MAX, &seconds) || seconds == 0))
            return (enum admin_exit)opts_bad_value(optarg, "--seconds", "a number from 1 to 600");
        json = json || c == O_JSON;
    }
    ui_mode(json, false);
    if (optind + 1 < argc)
        return ui_finding(BG_M_CMD_OPTION, BG_ARGS(argv[optind + 1], "alert")), ADMIN_USAGE;
    list = json_array();
    x = run_test(argv[optind], seconds, list);
    if (json)
        ui_json(json_pack("{s:o}", "sinks", list));
    else
        json_decref(list);
    return x;
}

enum admin_exit cmd_alert(int argc, char **argv)
{
    static const struct subcommand table[] = {
        {"status", "how far each sink has got", status},
        {"test", "send a test event and wait until it is taken", test},
        {NULL, NULL, NULL},
    };

    return admin_dispatch(table, "usage: breakglass alert status|test [OPTION...]", argc, argv);
}
