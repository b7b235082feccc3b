/* SPDX-License-Identifier: ISC */
/* What goes from the journal once a day, and who holds what would go. */
#include "../../lib/record/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "alert/alert.h"
#include "base/clock.h"
#include "record/lines.h"
#include "record/trim.h"

#define DAY_MS INT64_C(86400000)

static struct place p;
static struct bg_policy policy;
static struct bg_cursor_dirs dirs;
static char run[128], state[128];
static int64_t ahead; /* ms by which the clock is */

int64_t __real_bg_wall_ms(void);
int64_t __wrap_bg_wall_ms(void);
int64_t __wrap_bg_wall_ms(void)
{
    return __real_bg_wall_ms() + ahead;
}

int64_t __wrap_bg_event_age(const json_t *ev);
int64_t __wrap_bg_event_age(const json_t *ev)
{
    (void)ev;
    return ahead;
}

/* Six segments, and two sinks. */
static int make(void **unused)
{
    (void)unused;
    ahead = 0;
    place_make(&p);
    assert_int_equal(bg_journal_create(&p.rec), BG_OK);
    for (int i = 0; i < 5; i++)
        place_append_alone(&p);
    (void)snprintf(run, sizeof run, "%s/rc", p.root);
    (void)snprintf(state, sizeof state, "%s/sc", p.root);
    assert_int_equal(mkdir(run, 0750) | mkdir(state, 0750), 0);
    dirs = (struct bg_cursor_dirs){.run = run, .state = state};
    bg_policy_defaults(&policy);
    policy.sinks.n = 2;
    (void)snprintf(policy.sinks.sink[0].name, sizeof policy.sinks.sink[0].name, "a");
    (void)snprintf(policy.sinks.sink[1].name, sizeof policy.sinks.sink[1].name, "b");
    return 0;
}

static int drop(void **unused)
{
    (void)unused;
    place_remove(&p);
    return 0;
}

/* The sink has all lines up to that number. */
static void has(const char *sink, uint64_t upto)
{
    static struct bg_cursor c;
    json_t *ev = place_line(p.journal, 0);

    memset(&c, 0, sizeof c);
    bg_cursor_chain(&c, str(ev, "journalid"), true)->floor = upto;
    json_decref(ev);
    assert_int_equal(bg_cursor_save(&dirs, sink, &c), BG_OK);
}

static bool after_days(int days)
{
    ahead += days * DAY_MS;
    return keep_bounded(&policy, &p.rec, &dirs);
}

static uint64_t gone(void)
{
    return bg_journal_earlier(p.journal);
}

static void what_everybody_has_goes_after_a_year(void **unused)
{
    struct bg_verify v = {0};

    (void)unused;
    has("a", 6);
    has("b", 6);
    assert_false(after_days(366));
    assert_int_equal(gone(), 0);
    assert_true(after_days(1));
    assert_int_equal(gone(), 2); /* the newest four segments stay */
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.trimmed, 2);
    assert_false(after_days(1));
    assert_int_equal(gone(), 2);
}

static void once_a_day(void **unused)
{
    (void)unused;
    assert_false(after_days(367)); /* nobody has anything */
    has("a", 6);
    has("b", 6);
    assert_false(after_days(0));
    assert_true(after_days(1));
}

static void what_a_sink_lacks_stays_and_is_told(void **unused)
{
    unsigned before;
    json_t *ev;

    (void)unused;
    has("a", 6);
    has("b", 1);
    assert_true(after_days(367));
    assert_int_equal(gone(), 1);
    before = place_lines(p.journal);
    assert_false(after_days(28));
    assert_true(after_days(2));
    assert_int_equal(gone(), 1);
    assert_int_equal(place_lines(p.journal), before + 1);
    ev = place_line(p.journal, before);
    assert_string_equal(str(ev, "type"), "org.breakglass.due.overdue.v1");
    assert_string_equal(str(own(ev), "item"), "journal-keep");
    assert_string_equal(str(own(ev), "detail"), "b");
    json_decref(ev);
    assert_false(after_days(2));
    assert_true(after_days(5));
    assert_int_equal(place_lines(p.journal), before + 2);
    policy.sinks.n = 1; /* somebody took it out */
    assert_true(after_days(1));
    assert_int_equal(gone(), 2);
}

static void a_sink_without_a_cursor_has_nothing(void **unused)
{
    (void)unused;
    has("a", 6);
    assert_false(after_days(367));
    assert_int_equal(gone(), 0);
}

static void for_ever_by_choice(void **unused)
{
    (void)unused;
    policy.journal_keep = 0;
    has("a", 6);
    has("b", 6);
    assert_false(after_days(36500));
    assert_int_equal(gone(), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_everybody_has_goes_after_a_year),
        T(once_a_day),
        T(what_a_sink_lacks_stays_and_is_told),
        T(a_sink_without_a_cursor_has_nothing),
        T(for_ever_by_choice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
