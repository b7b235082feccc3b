/* SPDX-License-Identifier: ISC */
/* The codes of a test of the alarm: one a sink, from a file that nobody else can read. */
#include "../record/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/hash.h"
#include "delivery/code.h"

static struct place *p;
static char path[256];

static int make(void **state)
{
    int r = place_setup(state);

    p = *state;
    (void)snprintf(path, sizeof path, "%s/alert-test", p->root);
    return r;
}

static void put(const char *text)
{
    (void)unlink(path);
    place_write(p->root, "alert-test", text, strlen(text));
    assert_int_equal(chmod(path, 0400), 0);
}

/* By Python's hmac: int.from_bytes(hmac.new(bytes(range(32)), b"pager", "sha256").digest()[:8], "big") %
 * 10**6 */
static void a_code_is_that_of_its_sink_and_test(void **state)
{
    char code[BG_CODE_LEN + 1] = "x";

    (void)state;
    put("0011223344556677 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    assert_true(bg_code_of(path, "0011223344556677", "pager", code));
    assert_string_equal(code, "103497");
    assert_true(bg_code_of(path, NULL, "mail", code));
    assert_string_equal(code, "633532");
    assert_false(bg_code_of(path, "0011223344556678", "pager", code)); /* another test */
    assert_false(bg_code_of(path, "", "pager", code));
}

static void what_others_can_read_or_is_damaged_has_no_code(void **state)
{
    char code[BG_CODE_LEN + 1];

    (void)state;
    assert_false(bg_code_of(path, NULL, "pager", code));
    put("0011223344556677 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    assert_int_equal(chmod(path, 0440), 0);
    assert_false(bg_code_of(path, NULL, "pager", code));
    put("0011223344556677 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1\n");
    assert_false(bg_code_of(path, NULL, "pager", code));
    put("0011223344556677 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\nx");
    assert_false(bg_code_of(path, NULL, "pager", code));
    put("0011223344556677 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F\n");
    assert_false(bg_code_of(path, NULL, "pager", code));
}

static void each_test_has_others(void **state)
{
    char one[BG_CODE_NAME + 1], two[BG_CODE_NAME + 1], code[BG_CODE_LEN + 1], other[BG_CODE_LEN + 1];
    struct stat st;
    unsigned same = 0;

    (void)state;
    assert_int_equal(bg_code_begin(path, getuid(), getgid(), one), BG_OK);
    assert_true(stat(path, &st) == 0 && (st.st_mode & 07777) == 0400);
    assert_true(bg_code_of(path, one, "pager", code));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bg_code_begin(path, getuid(), getgid(), two), BG_OK);
        assert_string_not_equal(one, two);
        assert_false(bg_code_of(path, one, "pager", other));
        assert_true(bg_code_of(path, two, "pager", other));
        same += strcmp(code, other) == 0;
    }
    assert_in_range(same, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_is_that_of_its_sink_and_test, make, place_teardown),
        cmocka_unit_test_setup_teardown(what_others_can_read_or_is_damaged_has_no_code, make, place_teardown),
        cmocka_unit_test_setup_teardown(each_test_has_others, make, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
