/* SPDX-License-Identifier: ISC */
/* A sign of life when one is due, and no other. */
#include "../../lib/record/place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "alert/alert.h"
#include "base/clock.h"
#include "record/lines.h"

static struct place p;
static struct bg_policy policy;
static int64_t now = INT64_C(1795349004123);

int64_t __wrap_bg_wall_ms(void);
int64_t __wrap_bg_wall_ms(void)
{
    return now;
}

static int make(void **state)
{
    (void)state;
    place_make(&p);
    bg_policy_defaults(&policy);
    assert_int_equal(bg_journal_create(&p.rec), BG_OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    place_remove(&p);
    return 0;
}

/* Lines after the genesis when those minutes have passed. */
static unsigned beats_after(int minutes)
{
    now += (int64_t)minutes * 60000;
    heartbeat_record(&policy, &p.rec);
    return place_lines(p.journal) - 1;
}

static void one_when_it_is_due(void **state)
{
    json_t *ev;

    (void)state;
    assert_int_equal(beats_after(0), 0); /* begins to count */
    assert_int_equal(beats_after(15), 0);
    assert_int_equal(beats_after(43), 0);
    assert_int_equal(beats_after(1), 1); /* a minute early: the timer does not come at its very second */
    assert_int_equal(beats_after(0), 1);
    assert_int_equal(beats_after(58), 1);
    assert_int_equal(beats_after(2), 2);
    assert_non_null(ev = place_line(p.journal, 2));
    assert_string_equal(str(ev, "type"), "org.breakglass.heartbeat.v1");
    assert_string_equal(str(ev, "severitytext"), "INFO");
    assert_string_equal(str(own(ev), "detail"), "60");
    json_decref(ev);
}

static void a_clock_that_goes_back_does_not_silence(void **state)
{
    (void)state;
    assert_int_equal(beats_after(0), 0);
    assert_int_equal(beats_after(-5000), 1);
    assert_int_equal(beats_after(10), 1);
    assert_int_equal(beats_after(60), 2);
}

static void none_by_choice(void **state)
{
    (void)state;
    assert_int_equal(beats_after(0), 0);
    policy.heartbeat = 0;
    assert_int_equal(beats_after(10000), 0);
    policy.heartbeat = 5;
    assert_int_equal(beats_after(0), 1);
}

static void none_before_there_is_a_journal(void **state)
{
    static struct place bare;

    (void)state;
    place_make(&bare);
    for (int i = 0; i < 2; i++) {
        now += INT64_C(3600000);
        heartbeat_record(&policy, &bare.rec);
        assert_int_not_equal(access(bare.journal, F_OK), 0);
    }
    place_remove(&bare);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {T(one_when_it_is_due), T(a_clock_that_goes_back_does_not_silence),
                                       T(none_by_choice), T(none_before_there_is_a_journal)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
