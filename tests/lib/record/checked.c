/* SPDX-License-Identifier: ISC */
/* What the newest look at the host found. */
#include "place.h"

#include <stdio.h>
#include <string.h>
#include "record/checked.h"

static struct bg_checked c, d;

static void what_was_found_is_kept(void **state)
{
    struct place *p = *state;

    memset(&c, 0, sizeof c);
    assert_int_equal(bg_checked_load(p->journal, p->run, &d), BG_E_NOENT);
    bg_checked_add(&c, "PAM-01 bg1 sshd");
    bg_checked_add(&c, "PAM-01 bg1 sshd");
    bg_checked_add(&c, "SSH-02 bg1");
    assert_int_equal(bg_checked_save(p->journal, p->run, &c), BG_OK);
    assert_int_equal(bg_checked_load(p->journal, p->run, &d), BG_OK);
    assert_int_equal(d.n, 2);
    assert_true(bg_checked_has(&d, "PAM-01 bg1 sshd") && bg_checked_has(&d, "SSH-02 bg1"));
    assert_false(bg_checked_has(&d, "SSH-02") || bg_checked_has(&d, "SSH-02 bg11"));
}

static void what_is_too_long_or_too_much(void **state)
{
    char what[200];

    (void)state;
    memset(&c, 0, sizeof c);
    memset(what, 'a', sizeof what);
    what[sizeof what - 1] = '\0';
    bg_checked_add(&c, what);
    assert_true(bg_checked_has(&c, what));
    for (int i = 0; i < 2 * BG_CHECKED_MAX; i++) {
        (void)snprintf(what, sizeof what, "rule %d", i);
        bg_checked_add(&c, what);
    }
    assert_int_equal(c.n, BG_CHECKED_MAX);
}

static void what_another_wrote_is_nothing(void **state)
{
    struct place *p = *state;

    memset(&c, 'x', sizeof c);
    assert_int_equal(bg_checked_save(p->journal, p->run, &c), BG_OK);
    assert_int_equal(bg_checked_load(p->journal, p->run, &d), BG_E_NOENT);
    c.n = 1; /* a text without an end */
    assert_int_equal(bg_checked_save(p->journal, p->run, &c), BG_OK);
    assert_int_equal(bg_checked_load(p->journal, p->run, &d), BG_E_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_found_is_kept, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_is_too_long_or_too_much, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_another_wrote_is_nothing, place_setup, place_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
