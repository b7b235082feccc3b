/* SPDX-License-Identifier: ISC */
/* The line of a key: one that openssl(1) signed as breakglass-challenge(7) says, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "key/textkey.h"

#define FACTS                                                                                                \
    "breakglass-text-key-1 es256 blue abababababababababababababababab 328707 "                              \
    "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffee "                                                      \
    "103122a0bee76a189c88baefde5cb00f49fe0681c7c3f68ecd1fc884be8d7e2548498afaff71d3bcb32ee0c0c0"             \
    "1552f541cce015b7c46d0ed0e7a6bab46d2c02"
#define PROOF                                                                                                \
    "ef3a7729500251e59e7c63ac83f2da36d2e7bdd5d46eee770ec9e38e23592b35852d52a082416854decee02044"             \
    "7269b362027b440512cb39c879119118edadd0"

static const char line[] = FACTS " 5 9 " PROOF;

static void read_and_verified(void **state)
{
    struct bg_textkey k;
    struct bg_fido_said said;
    enum bg_fido_fault fault;
    char again[BG_TEXTKEY_LINE];

    (void)state;
    assert_int_equal(bg_textkey_read("\t" FACTS " 5   9 " PROOF "\r\n", &k), BG_OK);
    assert_string_equal(k.name, "blue");
    assert_int_equal(k.firmware, 328707);
    assert_int_equal(k.id.len, 24);
    assert_int_equal(bg_textkey_verify(&k, &said, &fault), BG_OK);
    assert_int_equal(said.counter, 9);
    bg_textkey_print(&k, again);
    assert_string_equal(again, line);
}

/* Every digit counts: another one is no line, or proves nothing. */
static void every_character(void **state)
{
    char bad[sizeof line];
    struct bg_textkey k;
    struct bg_fido_said said;
    enum bg_fido_fault fault;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof line; i++) {
        (void)snprintf(bad, sizeof bad, "%s", line);
        bad[i] = bad[i] == '1' ? '2' : '1';
        if (bg_textkey_read(bad, &k) == BG_OK) /* a public key off the curve is none (BG_E_RANGE) */
            assert_int_not_equal(bg_textkey_verify(&k, &said, &fault), BG_OK);
    }
}

static void no_line(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "breakglass-text-key-1",
        FACTS,
        FACTS " 5 9",
        FACTS " 5 9 " PROOF " more",
        FACTS " 64 9 " PROOF,
        FACTS " 5 4294967296 " PROOF,
        FACTS " 5 9 00" PROOF,
        FACTS " 5 -9 " PROOF,
        "breakglass-text-key-2 es256 blue",
        "breakglass-text-key-1 rs256 blue",
        "breakglass-text-key-1 es256 Blue",
        "breakglass-text-key-1 es256 blue abcd",
    };
    char huge[2 * BG_TEXTKEY_LINE];
    struct bg_textkey k;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(bg_textkey_read(bad[i], &k), BG_E_SYNTAX);
    memset(huge, 'a', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(bg_textkey_read(huge, &k), BG_E_SYNTAX);
}

/* The longest there can be fits. */
static void longest(void **state)
{
    struct bg_textkey k = {.pub.type = BG_FIDO_ES256, .firmware = UINT32_MAX, .id.len = BG_FIDO_ID}, again;
    char text[BG_TEXTKEY_LINE];

    (void)state;
    memset(k.name, 'n', sizeof k.name - 1);
    memset(k.id.bytes, 0xee, sizeof k.id.bytes);
    k.proof.flags = 63;
    k.proof.counter = UINT32_MAX;
    bg_textkey_print(&k, text);
    assert_int_equal(bg_textkey_read(text, &again), BG_OK);
    assert_memory_equal(&again, &k, sizeof k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_and_verified),
        cmocka_unit_test(every_character),
        cmocka_unit_test(no_line),
        cmocka_unit_test(longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
