/* SPDX-License-Identifier: ISC */
/* Base64: the vectors of RFC 4648, section 10, and what is not base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/base64.h"

static const char *const vectors[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};

static void of_the_rfc(void **state)
{
    uint8_t out[8];
    char text[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t n = strlen(vectors[i][0]), chars = strlen(vectors[i][1]);
        assert_true(bg_base64_read(vectors[i][1], chars, out, n, &len));
        assert_int_equal(len, n);
        assert_memory_equal(out, vectors[i][0], n);
        bg_base64_print(out, len, text);
        assert_string_equal(text, vectors[i][1]);
        assert_int_equal(BG_BASE64_LEN(n), chars);
    }
}

static void refused(void **state)
{
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",  "Zg==\n", " Zg==", "Zm9v=",    "Zm=v",
                                      "=g==", "Z===", "====", "Zm-v",   "Zm_v",  "Zm9v====", "Zg==Zg=="};
    uint8_t out[16];
    size_t len = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (bg_base64_read(bad[i], strlen(bad[i]), out, sizeof out, &len) || len != 7)
            fail_msg("read: %s", bad[i]);
    assert_false(bg_base64_read("Zm9v\0Zm9", 8, out, sizeof out, &len));
}

static void no_byte_too_many(void **state)
{
    uint8_t out[8] = {0};
    size_t len;

    (void)state;
    assert_false(bg_base64_read("Zm9vYmE=", 8, out, 4, &len));
    assert_int_equal(out[0], 0);
    assert_true(bg_base64_read("Zm9vYmE=", 8, out, 5, &len));
    assert_int_equal(out[5], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_the_rfc), cmocka_unit_test(refused),
                                       cmocka_unit_test(no_byte_too_many)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
