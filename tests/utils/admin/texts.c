/* Share cards and group lists. Expected texts are written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "admin/share/card.h"
#include "admin/share/new.h"

static void test_groups(void **state)
{
    static const char *const bad[] = {"",     "2",    "2/",   "/3",   "0/3",  "4/3",      "1/3",
                                      "2/17", "2/3,", ",2/3", "2/3x", "-2/3", "2/3,,2/3", " 2/3"};
    struct bg_shareset set = {0};

    (void)state;
    assert_true(sharenew_parse_groups("2/3,3/5,1/1,16/16", &set));
    assert_int_equal(set.group_count, 4);
    assert_int_equal(set.group[1].threshold, 3);
    assert_int_equal(set.group[1].count, 5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sharenew_parse_groups(bad[i], &set));
}

/* The longest card: 33 words, 16 groups. */
static void test_card_fits(void **state)
{
    struct slip39_share *shares = calloc(SHARES_MAX, sizeof *shares);
    struct bg_shareset set = {.bytes = 32, .group_threshold = 2};
    char *text = NULL;
    size_t size, n = 0, lines = 0;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_non_null(shares);
    assert_true(sharenew_parse_groups("2/16,3/16", &set));
    assert_int_equal(sharenew_make("breakglass_account_of_31_letter", &set, shares, &n), BG_OK);
    assert_int_equal(n, 32);
    struct sharecard card = {"breakglass_account_of_31_letter",
                             "a-host-with-a-very-long-name.of.some.example.com", &set, &shares[31], 16};
    assert_int_equal(sharecard_print(to, &card), BG_OK);
    assert_int_equal(fclose(to), 0);
    for (const char *p = text; *p != '\0'; lines++) {
        size_t len = strcspn(p, "\n");
        assert_true(len <= 80);
        for (size_t i = 0; i < len; i++)
            assert_true(p[i] >= ' ' && p[i] <= '~');
        p += len + 1;
    }
    assert_true(lines <= 22); /* and the line that waits for Enter */
    free(text);
    free(shares);
}

static void test_card_word(void **state)
{
    char out[12];

    (void)state;
    sharecard_word("academic", out);
    assert_string_equal(out, "ACADemic");
    sharecard_word("acid", out);
    assert_string_equal(out, "ACID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_card_fits),
        cmocka_unit_test(test_card_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
