/* SPDX-License-Identifier: ISC */
/* The factor "password", with crypt(3) itself: what is asked, what is told, what goes on record. */
#include "scene.h"

#include <string.h>
#include "login/login.h"

#define ONE "correct horse"
#define TWO "battery staple"
#define HOW "say BG188\n"
#define ASK "hide Part 1 of 2: \nhide Part 2 of 2: \n"

static char hash[BG_PASSWORD_HASH];

static void begin(const char *const *answers)
{
    scene_begin(answers);
    scene.L.credential.has_shares = false;
    scene.L.credential.has_password = true;
    scene.L.credential.password.parts = 2;
    if (hash[0] == '\0')
        assert_int_equal(bg_password_make(ONE TWO, false, hash), BG_OK);
    (void)strcpy(scene.L.credential.password.hash, hash);
}

static void the_parts_open(void **state)
{
    (void)state;
    begin(ANSWERS(ONE, TWO));
    assert_int_equal(login_password(&scene.L), BG_OK);
    assert_log(HOW ASK);
    assert_int_equal(scene.secrets, 0);
}

static void in_their_order_alone(void **state)
{
    (void)state;
    begin(ANSWERS(TWO, ONE, ONE, TWO));
    assert_int_equal(login_password(&scene.L), BG_OK);
    assert_log(HOW ASK "record attempt.failed failed BG191\nsay BG191\nsay BG105\nsleep 1000\n" ASK);
    assert_int_equal(scene_count(BG_EV_ATTEMPT_FAILED), 1);
    assert_true(scene_event(BG_EV_ATTEMPT_FAILED)->unproven);
    assert_unsaid(ONE);
}

static void no_more_tries(void **state)
{
    (void)state;
    begin(ANSWERS(ONE, ONE, ONE, ONE, ONE, ONE));
    scene.L.policy.attempts = 3;
    assert_int_equal(login_password(&scene.L), BG_E_MISMATCH);
    assert_int_equal(scene_count(BG_EV_ATTEMPT_FAILED), 3);
    assert_int_equal(scene.secrets, 0);
}

/* A slip of the fingers is told at once, and is no attempt. */
static void slips(void **state)
{
    static char long_one[BG_ANSWER_MAX];

    (void)state;
    memset(long_one, 'x', sizeof long_one - 1);
    begin(ANSWERS("short", ONE, "?", "", long_one, TWO, ONE, TWO));
    assert_int_equal(login_password(&scene.L), BG_OK);
    assert_log(HOW "hide Part 1 of 2: \nsay BG189\nhide Part 1 of 2: \nhide Part 2 of 2: \nsay BG188\n"
                   "hide Part 2 of 2: \nsay BG196\nhide Part 1 of 2: \nhide Part 2 of 2: \nsay BG192\n" ASK);
    assert_int_equal(scene_count(BG_EV_ATTEMPT_FAILED), 0);
}

static void letters_that_were_drawn(void **state)
{
    (void)state;
    begin(ANSWERS("BCDEF GHJKN PRSTU XBCDE", "bcdef ghjkn prstz", "bcdef-ghjkn prstu xbcde"));
    assert_int_equal(
        bg_password_make("bcdefghjknprstuxbcdebcdefghjknprstuxbcde", false, scene.L.credential.password.hash),
        BG_OK);
    scene.L.credential.password.letters = true;
    assert_int_equal(login_password(&scene.L), BG_OK);
    assert_log(HOW "hide Part 1 of 2: \nhide Part 2 of 2: \nsay BG193\nhide Part 2 of 2: \n");
}

static void who_leaves(void **state)
{
    (void)state;
    begin(ANSWERS(ONE, "q"));
    assert_int_equal(login_password(&scene.L), BG_E_CANCEL);
    assert_int_equal(scene.secrets, 0);
    begin(ANSWERS("", "", ""));
    assert_int_equal(login_password(&scene.L), BG_E_CANCEL);
    begin(ANSWERS(ONE, hang_up));
    assert_int_equal(login_password(&scene.L), BG_E_EOF);
    assert_int_equal(scene.secrets, 0);
}

/* crypt(3) that cannot tell is no wrong password, and ends the dialogue with a sentence of its own. */
static bool out_of_order;
enum bg_err __real_bg_password_check(const char *of, const char *whole);
enum bg_err __wrap_bg_password_check(const char *of, const char *whole);
enum bg_err __wrap_bg_password_check(const char *of, const char *whole)
{
    scene_secret(whole);
    return out_of_order ? BG_E_CRYPTO : __real_bg_password_check(of, whole);
}

static void crypt_that_fails(void **state)
{
    (void)state;
    begin(ANSWERS("", ONE, TWO));
    out_of_order = true;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    out_of_order = false;
    assert_said("This host could not compute the hash of the password (yescrypt)");
    assert_unsaid("BG191");
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG190");
    assert_int_equal(scene.secrets, 0);
}

/* Others who try at the same time are waited for, as with cards. */
static void one_after_the_other(void **state)
{
    (void)state;
    begin(ANSWERS(ONE, TWO));
    scene.busy[0] = 2;
    assert_int_equal(login_password(&scene.L), BG_OK);
    assert_said("BG161");
}

static void the_whole_dialogue(void **state)
{
    (void)state;
    begin(ANSWERS("p", ONE, TWO, "Jo Operator", "the directory is gone"));
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_string_equal(scene_event(BG_EV_AUTH_SUCCEEDED)->factor, "password");
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->factor, "password");
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->host_identity, "unknown");
    assert_said("BG194");
}

/* A hash that is refused is told of, and no question is asked for it. */
static void a_hash_that_is_refused(void **state)
{
    (void)state;
    begin(ANSWERS(hang_up));
    (void)strcpy(scene.L.credential.password.hash, "$6$abcdefgh$hash");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_log("record attempt.failed failed BG107\nsay BG107\n");
    begin(ANSWERS(hang_up));
    (void)strcpy(scene.L.credential.password.hash, "$2b$12$R9h");
    scene.L.credential.has_shares = true;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_said("The password of bg1 is not used: bcrypt: it ignores what stands behind 72 bytes.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_open),          cmocka_unit_test(in_their_order_alone),
        cmocka_unit_test(no_more_tries),           cmocka_unit_test(slips),
        cmocka_unit_test(letters_that_were_drawn), cmocka_unit_test(who_leaves),
        cmocka_unit_test(crypt_that_fails),        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(the_whole_dialogue),      cmocka_unit_test(a_hash_that_is_refused),
    };

    return BG_WITH_PASSWORD ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
