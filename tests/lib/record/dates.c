/* SPDX-License-Identifier: ISC */
/* When things were done last, and what was told of their dates. */
#include "place.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "record/dates.h"

static void what_was_done_and_told(void **state)
{
    struct place *p = *state;
    static struct bg_dates d;
    int64_t before = bg_wall_ms();

    assert_int_equal(bg_dates_load(p->journal, p->run, &d), BG_E_NOENT);
    bg_dates_done(p->journal, p->run, "seal");
    assert_int_equal(bg_dates_told(p->journal, p->run, "drill bg1", 77, BG_TOLD_7), BG_OK);
    assert_int_equal(bg_dates_told(p->journal, p->run, "seal", 78, BG_TOLD_OVERDUE), BG_OK);
    assert_int_equal(bg_dates_load(p->journal, p->run, &d), BG_OK);
    assert_int_equal(d.n, 2);
    assert_true(bg_dates_find(&d, "seal")->done_ms >= before);
    assert_int_equal(bg_dates_find(&d, "seal")->due_ms, 78);
    assert_int_equal(bg_dates_find(&d, "seal")->told, BG_TOLD_OVERDUE);
    assert_int_equal(bg_dates_find(&d, "drill bg1")->done_ms, 0);
    assert_int_equal(bg_dates_find(&d, "drill bg1")->told, BG_TOLD_7);
    assert_null(bg_dates_find(&d, "drill bg2"));
}

static void a_use_with_a_key_is_a_test_of_it(void **state)
{
    struct place *p = *state;
    static struct bg_dates d;
    struct bg_event e = place_event("LDAP is down");

    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(bg_dates_load(p->journal, p->run, &d), BG_E_NOENT); /* by cards */
    e.key = "blue";
    e.type = BG_EV_ATTEMPT_STARTED;
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(bg_dates_load(p->journal, p->run, &d), BG_E_NOENT);
    e.type = BG_EV_USE_GRANTED;
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(bg_dates_load(p->journal, p->run, &d), BG_OK);
    assert_non_null(bg_dates_find(&d, "key-test bg1 blue"));
}

/* There is room for so many; the one that nobody has touched for the longest time makes room. */
static void the_oldest_makes_room(void **state)
{
    struct place *p = *state;
    static struct bg_dates d;
    char item[32];

    bg_dates_done(p->journal, p->run, "first");
    bg_sleep_ms(2);
    for (int i = 0; i < BG_DATES_MAX - 1; i++) {
        (void)snprintf(item, sizeof item, "thing %d", i);
        bg_dates_done(p->journal, p->run, item);
    }
    bg_sleep_ms(2);
    assert_int_equal(bg_dates_told(p->journal, p->run, "first", 1, BG_TOLD_1), BG_OK);
    bg_dates_done(p->journal, p->run, "last");
    assert_int_equal(bg_dates_load(p->journal, p->run, &d), BG_OK);
    assert_int_equal(d.n, BG_DATES_MAX);
    assert_non_null(bg_dates_find(&d, "first"));
    assert_non_null(bg_dates_find(&d, "last"));
    assert_non_null(bg_dates_find(&d, item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_done_and_told, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_use_with_a_key_is_a_test_of_it, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(the_oldest_makes_room, place_setup, place_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
