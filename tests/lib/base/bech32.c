/* SPDX-License-Identifier: ISC */
/* Bech32m: the vectors of BIP-350 that are whole bytes, and every mistake in one character. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/bech32.h"
#include "base/hash.h"

/* BIP-350, "valid Bech32m"; the bytes are BIP-173's values 31, 30 ... 0, and those of the characters. */
static void takes_the_vectors(void **state)
{
    char hex[2 * BG_BECH32_MAX + 1];
    uint8_t data[BG_BECH32_MAX];

    (void)state;
    assert_int_equal(bg_bech32m_decode("A1LQFN3A", "a", data, 0), BG_OK);
    assert_int_equal(bg_bech32m_decode("a1lqfn3a", "a", data, 0), BG_OK);
    assert_int_equal(bg_bech32m_decode("?1v759aa", "?", data, 0), BG_OK);
    assert_int_equal(bg_bech32m_decode("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", "abcdef", data, 20),
                     BG_OK);
    bg_hex(hex, data, 20);
    assert_string_equal(hex, "ffbbcdeb38bdab49ca307b9ac5a928398a418820");
    assert_int_equal(
        bg_bech32m_decode("split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "split", data, 30),
        BG_OK);
    bg_hex(hex, data, 30);
    assert_string_equal(hex, "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d");
}

/* BIP-350, "not valid": checksum of another constant, a separator alone, nothing in front of it. */
static void refuses_the_others(void **state)
{
    uint8_t data[BG_BECH32_MAX];

    (void)state;
    assert_int_equal(bg_bech32m_decode("a12uel5l", "a", data, 0), BG_E_SYNTAX); /* Bech32, BIP-173 */
    assert_int_equal(bg_bech32m_decode("M1VUXWEZ", "m", data, 0), BG_E_SYNTAX);
    assert_int_equal(bg_bech32m_decode("16plkw9", "", data, 0), BG_E_SYNTAX);
    assert_int_equal(bg_bech32m_decode("qyrz8wqd2c9m", "q", data, 0), BG_E_SYNTAX);
    assert_int_equal(bg_bech32m_decode("in1muywd", "in", data, 0), BG_E_SYNTAX);
    assert_int_equal(bg_bech32m_decode("", "a", data, 0), BG_E_SYNTAX);
}

static void writes_what_it_reads(void **state)
{
    uint8_t data[20];
    char out[BG_BECH32_MAX + 1];

    (void)state;
    assert_true(bg_unhex("ffbbcdeb38bdab49ca307b9ac5a928398a418820", data, sizeof data));
    assert_int_equal(bg_bech32m_encode("abcdef", data, sizeof data, out), BG_OK);
    assert_string_equal(out, "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx");
    assert_int_equal(bg_bech32m_encode("abcdef", data, 0, out), BG_OK);
    memset(data, 0xa5, sizeof data);
    assert_int_equal(bg_bech32m_encode("x", data, 1, out), BG_OK);
    memset(data, 0, 1);
    assert_int_equal(bg_bech32m_decode(out, "x", data, 1), BG_OK);
    assert_int_equal(data[0], 0xa5);
}

static void finds_every_wrong_character(void **state)
{
    static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio";
    uint8_t data[48], got[48];
    char out[BG_BECH32_MAX + 1], wrong[BG_BECH32_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    assert_int_equal(bg_bech32m_encode("bgseal", data, sizeof data, out), BG_OK);
    assert_int_equal(strlen(out), 90);
    for (size_t i = 0; i < 90; i++)
        for (const char *d = digits; *d != '\0'; d++) {
            if (*d == out[i])
                continue;
            memcpy(wrong, out, sizeof wrong);
            wrong[i] = *d;
            assert_int_equal(bg_bech32m_decode(wrong, "bgseal", got, sizeof got), BG_E_SYNTAX);
        }
    assert_int_equal(bg_bech32m_encode("bgseals", data, sizeof data, out), BG_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_vectors),
        cmocka_unit_test(refuses_the_others),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(finds_every_wrong_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
