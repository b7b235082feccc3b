/* The watchdog's word, and the configuration that is watched: by the functions themselves. */
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

static void any_change_of_the_file_is_seen(void **state)
{
    struct stat loaded;
    struct crew c = {.loaded = &loaded};

    (void)state;
    supervise_look(&loaded);
    assert_false(policy_changed(&c));
    loaded.st_mtim.tv_nsec ^= 1;
    assert_true(policy_changed(&c));
    supervise_look(&loaded);
    loaded.st_ino ^= 1;
    assert_true(policy_changed(&c));
    supervise_look(&loaded);
    loaded.st_size ^= 1;
    assert_true(policy_changed(&c));
    supervise_look(&loaded);
    loaded.st_mtim.tv_sec--;
    assert_true(policy_changed(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_stands_still_is_not_vouched_for),
        cmocka_unit_test(any_change_of_the_file_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
