/* SPDX-License-Identifier: ISC */
/* The clock is set while the service runs: by the function itself, with a wall clock of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>

static int64_t wall;
static int64_t fake_wall(void);

#include "base/clock.h"
#define bg_wall_ms fake_wall
#include "../../../utils/alert/worker.c"

static int64_t fake_wall(void)
{
    return bg_now_ms() + wall;
}

static struct worker w;
static struct item item;

static int make(void **state)
{
    static const struct queue_dirs none = {{"/nonexistent", "/nonexistent"}};

    (void)state;
    wall = 1795349004123;
    queue_init(&w.queue, NULL, &w.cursor, &none);
    w.offset = fake_wall() - bg_now_ms();
    item = (struct item){.due = INT64_MAX, .tries = 9, .flown = bg_now_ms()};
    TAILQ_INSERT_TAIL(&w.queue.waiting, &item, link);
    w.hold = INT64_MAX;
    return 0;
}

/* What was refused, perhaps because of the time, is tried again; also when the clock goes back. */
static void a_step_of_the_clock_is_worth_another_try(void **state)
{
    static const int64_t steps[] = {3600000, -3600000, 2000, -2000};

    for (unsigned i = 0; i < 4; i++) {
        make(state);
        wall += steps[i];
        look_at_clock(&w);
        assert_int_equal(item.due, 0);
        assert_int_equal(w.hold, 0);
        item.due = 77;
        look_at_clock(&w); /* once for each step */
        assert_int_equal(item.due, 77);
    }
}

static void a_clock_that_is_only_steered_is_none(void **state)
{
    make(state);
    for (unsigned i = 0; i < 100; i++) {
        wall += i % 2 == 0 ? 400 : -300;
        look_at_clock(&w);
    }
    assert_true(item.due == INT64_MAX && w.hold == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_of_the_clock_is_worth_another_try),
        cmocka_unit_test(a_clock_that_is_only_steered_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
