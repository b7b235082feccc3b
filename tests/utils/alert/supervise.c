/* SPDX-License-Identifier: ISC */
/* The watchdog's word: by the function itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../../utils/alert/supervise.c"

static atomic_llong tick[2];

static void a_worker_that_stands_still_is_not_vouched_for(void **state)
{
    struct crew c = {.n = 2, .tick = tick};

    (void)state;
    atomic_store(&tick[0], bg_now_ms());
    atomic_store(&tick[1], bg_now_ms());
    assert_true(vouch(&c));
    atomic_store(&tick[1], bg_now_ms() - STUCK_MS - 1);
    assert_false(vouch(&c));
    c.n = 1;
    assert_true(vouch(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_stands_still_is_not_vouched_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
