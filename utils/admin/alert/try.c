/* SPDX-License-Identifier: ISC */
/* breakglass alert test | confirm: does every sink take an event, and did a person see it? */
#include "admin/alert/alert.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/sysuser.h"
#include "base/text.h"
#include "delivery/bell.h"
#include "delivery/code.h"
#include "delivery/messages.h"
#include "programs.h"
#include "record/dates.h"
#include "record/event.h"
#include "record/life.h"

#define TEST_SECONDS 15
#define SECONDS_MAX  600u

static uint32_t seconds = TEST_SECONDS;

const struct command_option alert_test_options[] = {
    {"wait", "SECONDS", "wait at most SECONDS [15]", .number = &seconds, .min = 1, .max = SECONDS_MAX},
    {0},
};

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

struct trial {
    const struct bg_policy *policy;
    bool asked[BG_SINKS_MAX];
    struct bg_position at;
    int64_t began;
    int64_t took[BG_SINKS_MAX];  /* ms; -1: not yet */
    char name[BG_CODE_NAME + 1]; /* "": there are no codes */
};

/* Look at each sink that was asked until all have answered or the time is over. */
static void watch(struct trial *t, int64_t deadline)
{
    bool open = true;

    while (open) {
        open = false;
        for (unsigned i = 0; i < t->policy->sinks.n; i++) {
            const struct bg_sink *s = &t->policy->sinks.sink[i];
            if (!t->asked[i] || !wants_test(s) || t->took[i] >= 0)
                continue;
            if (bg_bell_acked(s->name, &t->at))
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

static void tell_one(const struct bg_sink *s, int64_t took)
{
    char why[160];

    if (took < 0)
        ui_finding(BG_M_ALERT_NOT_TAKEN, BG_ARGS(s->name, BG_DIGITS(seconds),
                                                 wants_test(s) ? last_error(s->name, why)
                                                               : "its events key leaves out alert.test"));
    else
        ui_text("%s  took it after %" PRId64 " ms\n", s->name, took);
}

/* That sink's next test is due a while after this one. */
static void note_test(const struct bg_sink *s)
{
    char item[BG_DATE_ITEM];

    (void)snprintf(item, sizeof item, "alert-test %s", s->name);
    bg_dates_done(NULL, NULL, item);
}

static void tell(const struct trial *t, json_t *list)
{
    bool pages = false;

    for (unsigned i = 0; i < t->policy->sinks.n; i++) {
        const struct bg_sink *s = &t->policy->sinks.sink[i];
        if (!t->asked[i])
            continue;
        tell_one(s, t->took[i]);
        if (t->took[i] >= 0)
            note_test(s);
        pages =
            pages || (t->took[i] >= 0 && bg_sink_is_answered(&t->policy->sinks, s) && bg_sink_in_words(s));
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:I}", "sink", s->name, "class",
                                                    bg_sink_class_name(bg_sink_class(s)), "taken",
                                                    t->took[i] >= 0, "ms", (json_int_t)t->took[i]));
    }
    if (pages && t->name[0] != '\0')
        ui_text("Each message that wakes a person shows a code. Whoever reads it: breakglass alert confirm "
                "CODE\n");
}

/* Before the event, which whoever delivers may have at once. Without codes the test goes on. */
static void begin_codes(const char *path, char name[BG_CODE_NAME + 1])
{
    uid_t uid = 0;
    gid_t gid = 0;

    (void)!bg_sysuser(BG_ALERT_USER, &uid, &gid);
    if (bg_dir_make(BG_RUNDIR, 0755) != BG_OK || bg_code_begin(path, uid, gid, name) != BG_OK)
        name[0] = '\0';
}

void alert_codes_begin(const char *account)
{
    char name[BG_CODE_NAME + 1], path[PATH_MAX];

    if (bg_code_path(BG_CODE_PATH, account, path, sizeof path))
        begin_codes(path, name);
}

static void record_test(struct trial *t)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, BG_M_ALERT_EV_TEST, BG_NOARGS);
    e.type = BG_EV_ALERT_TEST;
    e.success = true;
    e.message = text;
    e.detail = t->name;
    report_event_whole(&e, &t->at);
}

static enum admin_exit try_sinks(struct trial *t, json_t *list)
{
    enum bg_err r;

    t->began = bg_now_ms();
    memset(t->took, 0xff, sizeof t->took);
    begin_codes(BG_CODE_PATH, t->name);
    record_test(t);
    if (t->at.sequence == 0)
        return ADMIN_CANNOT; /* it was said why */
    if ((r = bg_bell_ring(PROGRAM_ALERT)) != BG_OK)
        ui_finding(BG_M_ALERT_START, BG_ARGS("*", bg_strerror(r)));
    watch(t, bg_deadline((int64_t)seconds * 1000));
    tell(t, list);
    return ADMIN_GOOD;
}

/* Those that are named, else all that want a test. */
static bool choose(struct trial *t, char *const words[])
{
    for (unsigned i = 0; i < t->policy->sinks.n; i++)
        t->asked[i] = words[0] == NULL && wants_test(&t->policy->sinks.sink[i]);
    for (; *words != NULL; words++) {
        const struct bg_sink *s = alert_sink(t->policy, *words);
        if (s == NULL)
            return false;
        t->asked[s - t->policy->sinks.sink] = true;
    }
    return true;
}

enum admin_exit alert_test(char *const words[], json_t *root)
{
    json_t *list = json_array();
    struct trial t = {.name = ""};
    bool sound;

    (void)json_object_set_new(root, "sinks", list);
    t.policy = alert_policy(&sound);
    if (!sound && t.policy->sinks.n == 0)
        return ADMIN_CANNOT;
    if (!choose(&t, words))
        return ADMIN_USAGE;
    if (t.policy->sinks.n == 0)
        return ui_finding(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH)), ADMIN_FINDING;
    return try_sinks(&t, list);
}

/* --- confirm ---------------------------------------------------------------------------------------- */

/* Blanks and hyphens do not count. False: it is no code. */
static bool read_code(const char *typed, char digits[BG_CODE_LEN + 1])
{
    size_t n = 0;

    for (; *typed != '\0'; typed++)
        if (*typed != ' ' && *typed != '-') {
            if (n == BG_CODE_LEN)
                return false;
            digits[n++] = *typed;
        }
    digits[n] = '\0';
    return n == BG_CODE_LEN;
}

/* The sink whose message shows that code, of those that path makes; NULL: none. */
static const struct bg_sink *whose(const struct bg_policy *p, const char *path, const char *digits)
{
    char code[BG_CODE_LEN + 1];

    for (unsigned i = 0; i < p->sinks.n; i++)
        if (bg_sink_is_answered(&p->sinks, &p->sinks.sink[i]) &&
            bg_code_of(path, NULL, p->sinks.sink[i].name, code) && strcmp(code, digits) == 0)
            return &p->sinks.sink[i];
    return NULL;
}

static const char *by;

static bool parse_by(const char *value)
{
    bool hostile;

    by = value;
    return bg_text_letters(value, &hostile) > 0 && !hostile && strlen(value) < BG_LIFE_NAME;
}

const struct command_option alert_confirm_options[] = {
    {"by", "NAME", "who has read it", .parse = parse_by, .expected = "a name"},
    {0},
};

/* The same of a drill that has not ended: its announcement made the codes. *l: whose drill it is. */
static const struct bg_sink *whose_drill(const struct bg_policy *p, const char *digits, struct bg_life *l)
{
    static struct account_rows rows;
    const struct bg_sink *s = NULL;
    char path[PATH_MAX];

    if (!rows_load(&rows))
        return NULL;
    for (size_t i = 0; i < rows.n && s == NULL; i++)
        if (rows.row[i].wrong[0] == '\0' && bg_code_path(BG_CODE_PATH, rows.row[i].name, path, sizeof path) &&
            bg_life_load(NULL, NULL, rows.row[i].name, l) == BG_OK && l->drill.id[0] != '\0' &&
            l->drill.closed_ms == 0)
            s = whose(p, path, digits);
    return s;
}

enum admin_exit alert_confirm(char *const words[], json_t *root)
{
    static struct bg_life life;
    struct bg_event e = BG_EVENT_INIT;
    const struct bg_sink *s = NULL, *of_drill = NULL;
    char text[BG_MSG_MAX], digits[BG_CODE_LEN + 1];
    const struct bg_policy *p;
    bool sound;

    (void)json_object_set_new(root, "confirmed", json_string(""));
    p = alert_policy(&sound);
    if (read_code(words[0], digits) && (of_drill = whose_drill(p, digits, &life)) == NULL)
        s = whose(p, BG_CODE_PATH, digits);
    if ((s = of_drill != NULL ? of_drill : s) == NULL)
        return ui_finding(BG_M_ALERT_NO_CODE, BG_NOARGS), ADMIN_FINDING;
    (void)bg_msg_raw(text, sizeof text, BG_M_ALERT_EV_CONFIRMED, BG_ARGS(s->name));
    e.type = BG_EV_ALERT_CONFIRMED;
    e.success = true;
    e.message = text;
    e.detail = s->name;
    e.by = by;
    if (of_drill != NULL) {
        e.account = life.account;
        e.drill = life.drill.id;
    }
    if (!report_first_event(&e))
        return ADMIN_CANNOT;
    (void)json_object_set_new(root, "confirmed", json_string(s->name));
    ui_text("Sink %s reaches a person; that is on record.\n", s->name);
    return ADMIN_GOOD;
}
