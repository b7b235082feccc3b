/* SPDX-License-Identifier: ISC */
/* What of a session is in no recording, by the marks that a recorder and a watcher leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/safefile.h"
#include "login/recording.h"

#define USE   "01JD7Z3W9Q6M3B1V5X0C8K3F2A"
#define OTHER "01JD7Z3W9Q6M3B1V5X0C8K3F2B"
#define NONE  "no recording was begun"

static int empty(void **state)
{
    (void)state;
    return system("rm -rf " BG_RUNDIR) == 0 ? 0 : -1;
}

static void a_shell_that_nothing_records(void **state)
{
    (void)state;
    assert_string_equal(recording_missing(USE, false, 0), ""); /* a command, for all that is known */
    assert_string_equal(recording_missing(USE, true, 0), NONE);
    recording_saw_shell(OTHER);
    assert_string_equal(recording_missing(USE, false, 0), "");
    recording_saw_shell(USE);
    assert_string_equal(recording_missing(USE, false, 0), NONE);
    assert_string_equal(recording_missing(USE, false, 990),
                        "an account with a uid of its own is not recorded");
}

/* Also when what it said was that there is none: nobody hears that twice. */
static void what_was_said(void **state)
{
    (void)state;
    recording_saw_shell(USE);
    recording_said(USE);
    assert_string_equal(recording_missing(USE, true, 0), "");
    assert_string_equal(recording_missing(USE, true, 990), "");
}

static void what_was_killed(void **state)
{
    (void)state;
    recording_said(USE);
    assert_int_equal(mkfifo(BG_RUNDIR "/recording/" USE "-42.timing", 0600), 0);
    assert_string_equal(recording_missing(USE, false, 0), "what recorded it was killed");
    assert_string_equal(recording_missing(OTHER, false, 0), "");
}

static void nothing_is_left(void **state)
{
    (void)state;
    recording_saw_shell(USE);
    recording_said(USE);
    recording_saw_shell(OTHER);
    recording_forget(USE);
    assert_int_equal(access(BG_RUNDIR "/recording/" USE ".shell", F_OK), -1);
    assert_int_equal(access(BG_RUNDIR "/recording/" USE ".said", F_OK), -1);
    assert_string_equal(recording_missing(OTHER, false, 0), NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_shell_that_nothing_records, empty, empty),
        cmocka_unit_test_setup_teardown(what_was_said, empty, empty),
        cmocka_unit_test_setup_teardown(what_was_killed, empty, empty),
        cmocka_unit_test_setup_teardown(nothing_is_left, empty, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
