/* SPDX-License-Identifier: ISC */
/* Requests to give an event up: kept until they are carried out, and through a moment without files. */
#include "../record/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "delivery/drops.h"

static const struct bg_position wanted = {"0123456789abcdef0123456789abcdef", 41};
static struct bg_position at[BG_DROPS_MAX];
static struct place *p;

static int make(void **state)
{
    int r = place_setup(state);

    p = *state;
    return r;
}

static unsigned take(void)
{
    memset(at, 0, sizeof at);
    return bg_drops_take(p->root, "hook", BG_WISH_DROP, at);
}

static void what_is_asked_for_stays_until_it_is_done(void **state)
{
    (void)state;
    assert_false(bg_drops_wait(p->root, "hook", BG_WISH_DROP));
    assert_int_equal(take(), 0);
    assert_int_equal(bg_drops_ask(p->root, "hook", BG_WISH_DROP, &wanted), BG_OK);
    assert_false(bg_drops_wait(p->root, "hook", BG_WISH_AGAIN)); /* another wish */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(take(), 1);
        assert_string_equal(at[0].journalid, wanted.journalid);
        assert_int_equal(at[0].sequence, 41);
    }
    bg_drops_done(p->root, "hook", BG_WISH_DROP);
    assert_false(bg_drops_wait(p->root, "hook", BG_WISH_DROP));
}

/* No file can be opened for a moment: that is no word on the request. */
static void what_cannot_be_read_now_is_read_later(void **state)
{
    struct rlimit was, none;

    (void)state;
    assert_int_equal(bg_drops_ask(p->root, "hook", BG_WISH_DROP, &wanted), BG_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(take(), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_true(bg_drops_wait(p->root, "hook", BG_WISH_DROP));
    assert_int_equal(take(), 1);
    assert_int_equal(at[0].sequence, 41);
}

/* Nobody will ever carry it out: it does not stand in the way of the next one. */
static void what_is_of_no_use_goes(void **state)
{
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/hook.drop", p->root);
    place_write(p->root, "hook.drop", "nonsense\n", 9);
    assert_int_equal(take(), 0);
    assert_false(bg_drops_wait(p->root, "hook", BG_WISH_DROP));
    assert_int_equal(bg_drops_ask(p->root, "hook", BG_WISH_DROP, &wanted), BG_OK);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(take(), 0);
    assert_false(bg_drops_wait(p->root, "hook", BG_WISH_DROP));
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(take(), 0);
    assert_false(bg_drops_wait(p->root, "hook", BG_WISH_DROP));
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_asked_for_stays_until_it_is_done),
        T(what_cannot_be_read_now_is_read_later),
        T(what_is_of_no_use_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
