/* SPDX-License-Identifier: ISC */
/* What is done about an account that libc takes for something else: told, forgotten, recorded, never refused.
 */
#include "scene.h"

#include <string.h>

#define WRONG_UID  "!bg1 is uid 59001, not 0"
#define WRONG_NAME "uid 0 is bg1, not root"

static int begin(void **state)
{
    (void)state;
    scene_begin(ANSWERS(""));
    scene.forgets = true;
    return 0;
}

static void all_is_well(void **state)
{
    (void)state;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    selfcheck_opened(&scene.L);
    assert_log("");
    assert_int_equal(scene.asked, 3);
}

/*
 * Anybody comes as far as the first look, so it only says so: what a cache holds may be all that the users of
 * a directory still log in by.
 */
static void a_stranger_throws_nothing_away(void **state)
{
    static const char *const wrong[] = {WRONG_UID, WRONG_NAME};

    for (size_t i = 0; i < 2; i++) {
        begin(state);
        scene.seen[0] = wrong[i];
        assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
        assert_log("say BG445\n");
        assert_int_equal(scene.asked, 1);
        assert_unsaid("on record");
    }
}

static void a_wrong_uid(void **state)
{
    (void)state;
    scene.seen[0] = scene.seen[1] = WRONG_UID;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_said("bg1 is uid 59001, not 0");
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("say BG445\nforget\nrecord account.mistaken failed BG444\nsay BG441\n");
    assert_int_equal(scene.asked, 3); /* it was forgotten indeed */
    assert_string_equal(
        scene_event(BG_EV_ACCOUNT_MISTAKEN)->message,
        "BG444 The name service took the account for something else: bg1 is uid 59001, not 0.");
}

/* Somebody else had it forgotten in between: the calling program may have believed it all the same. */
static void right_again_by_then(void **state)
{
    (void)state;
    scene.seen[0] = WRONG_UID;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("say BG445\nrecord account.mistaken failed BG444\nsay BG441\n");
}

/* Asking again gave root's number the account's name. */
static void forgetting_leaves_no_trace(void **state)
{
    (void)state;
    scene.seen[0] = WRONG_UID;
    scene.seen[1] = WRONG_NAME;
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("forget\nforget\nrecord account.mistaken failed BG444\nsay BG441\n");
}

static void the_worse_of_two_is_told(void **state)
{
    (void)state;
    scene.seen[0] = WRONG_UID;
    scene.seen[1] = WRONG_NAME;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("say BG445\nforget\nrecord account.mistaken failed BG444\nsay BG441\n");
    assert_non_null(strstr(scene_event(BG_EV_ACCOUNT_MISTAKEN)->message, "59001"));
}

static void a_wrong_name(void **state)
{
    (void)state;
    scene.seen[0] = WRONG_NAME;
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("forget\nrecord account.mistaken failed BG444\nsay BG440\n");
    assert_int_equal(scene.asked, 1);
}

static void what_cannot_be_cured(void **state)
{
    (void)state;
    scene.seen[0] = scene.seen[1] = WRONG_UID;
    scene.forgets = false;
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("forget\nforget\nrecord account.mistaken failed BG444\nsay BG442\n");
    begin(state);
    scene.seen[0] = WRONG_NAME;
    scene.forgets = false;
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("forget\nrecord account.mistaken failed BG444\nsay BG442\n");
}

static void without_pam(void **state)
{
    (void)state;
    scene.L.alone = true;
    scene.seen[0] = WRONG_UID;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("");
}

/* Between the first question and the last answer. */
static void wrong_only_later(void **state)
{
    (void)state;
    scene.seen[1] = WRONG_UID;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_log("forget\nrecord account.mistaken failed BG444\nsay BG441\n");
}

static void a_service_that_hangs(void **state)
{
    (void)state;
    scene.seen_by = BG_E_TIMEOUT;
    assert_int_equal(selfcheck_begin(&scene.L), BG_OK);
    assert_log("say BG443\n");
    assert_int_equal(selfcheck_granting(&scene.L), BG_OK);
    assert_int_equal(scene.asked, 1); /* not waited for again */
    assert_log("say BG443\n");
}

static void the_line_is_cut(void **state)
{
    (void)state;
    scene.seen[0] = WRONG_UID;
    scene.sayable = 1;
    assert_int_equal(selfcheck_begin(&scene.L), BG_E_IO);
}

static void in_a_session(void **state)
{
    (void)state;
    scene.seen[0] = WRONG_NAME;
    selfcheck_opened(&scene.L);
    assert_log("forget\n");
    begin(state);
    scene.seen[0] = WRONG_UID;
    selfcheck_opened(&scene.L);
    assert_log("forget\nrecord account.mistaken failed BG444\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_is_well, begin),
        cmocka_unit_test_setup(a_stranger_throws_nothing_away, begin),
        cmocka_unit_test_setup(a_wrong_uid, begin),
        cmocka_unit_test_setup(right_again_by_then, begin),
        cmocka_unit_test_setup(forgetting_leaves_no_trace, begin),
        cmocka_unit_test_setup(the_worse_of_two_is_told, begin),
        cmocka_unit_test_setup(a_wrong_name, begin),
        cmocka_unit_test_setup(what_cannot_be_cured, begin),
        cmocka_unit_test_setup(without_pam, begin),
        cmocka_unit_test_setup(wrong_only_later, begin),
        cmocka_unit_test_setup(a_service_that_hangs, begin),
        cmocka_unit_test_setup(the_line_is_cut, begin),
        cmocka_unit_test_setup(in_a_session, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
