/* SPDX-License-Identifier: ISC */
/* What is kept of a master secret. Which shares join a set: sharetyper.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "share/shareset.h"

/*
 * Expected values: printf 'breakglass-v1\0\003bg1\0\0400123456789abcdef0123456789abcdef\0\020\240...\257' |
 * openssl mac -digest SHA256 -macopt hexkey:000102030405060708090a0b0c0d0e0f HMAC
 * and the same bytes through Python's hmac module; so too for the second.
 */
static void the_old_verifier(void **state)
{
    uint8_t secret[32], salt[BG_SALT_BYTES], got[BG_VERIFIER_BYTES];
    static const uint8_t first[] = {0xb9, 0x10, 0x6b, 0xfe, 0xee, 0x27, 0xb8, 0x11, 0x84, 0xcc, 0xf5,
                                    0xf6, 0xec, 0xb6, 0x15, 0x8a, 0xe3, 0x12, 0x66, 0xc1, 0x5a, 0x37,
                                    0x55, 0xc7, 0xd6, 0x8b, 0xe4, 0x9f, 0xbc, 0x39, 0x4b, 0x36};
    static const uint8_t second[] = {0xbb, 0x68, 0x70, 0x8f, 0x63, 0x11, 0xff, 0xe4, 0x4a, 0x42, 0x98,
                                     0xac, 0x71, 0xf2, 0xfa, 0xf0, 0xf4, 0xd1, 0xde, 0x63, 0x1f, 0xa4,
                                     0xa4, 0xac, 0x79, 0x97, 0x93, 0x46, 0xba, 0x8c, 0x3e, 0x77};

    (void)state;
    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < 16; i++)
        secret[i] = (uint8_t)i;
    assert_int_equal(
        bg_shareset_verifier_v1(secret, 16, "bg1", "0123456789abcdef0123456789abcdef", salt, got), BG_OK);
    assert_memory_equal(got, first, sizeof first);
    for (size_t i = 0; i < 32; i++)
        secret[i] = (uint8_t)(0xff - i);
    assert_int_equal(bg_shareset_verifier_v1(secret, 32, "_e-2", "vm7.example.org", salt, got), BG_OK);
    assert_memory_equal(got, second, sizeof second);
}

static void the_verifier_refuses(void **state)
{
    static char long_host[400];
    uint8_t secret[65] = {0}, salt[BG_SALT_BYTES] = {0}, got[BG_VERIFIER_BYTES];

    (void)state;
    memset(long_host, 'h', sizeof long_host - 1);
    assert_int_equal(bg_shareset_verifier_v1(secret, 0, "bg1", "h", salt, got), BG_E_RANGE);
    assert_int_equal(bg_shareset_verifier_v1(secret, 65, "bg1", "h", salt, got), BG_E_RANGE);
    assert_int_equal(bg_shareset_verifier_v1(secret, 16, "", "h", salt, got), BG_E_RANGE);
    assert_int_equal(bg_shareset_verifier_v1(secret, 16, "bg1", "", salt, got), BG_E_RANGE);
    assert_int_equal(bg_shareset_verifier_v1(secret, 16, "bg1", long_host, salt, got), BG_E_RANGE);
}

/* As above: printf 'breakglass-v2\0\020\240...\257', and through Python's hmac module. */
static const uint8_t plain[] = {0x84, 0x6c, 0x44, 0x46, 0x4b, 0x73, 0x58, 0x17, 0x1c, 0x42, 0x08,
                                0xd5, 0x1a, 0xc3, 0x89, 0xa2, 0x3a, 0x96, 0xd7, 0x1c, 0xe6, 0x3b,
                                0xe2, 0xcd, 0xd7, 0x4a, 0x83, 0xb1, 0x54, 0x30, 0xf8, 0x8e};

static void fill(uint8_t secret[16], uint8_t salt[BG_SALT_BYTES])
{
    for (size_t i = 0; i < 16; i++) {
        salt[i] = (uint8_t)(0xa0 + i);
        secret[i] = (uint8_t)i;
    }
}

static void the_verifier(void **state)
{
    uint8_t secret[65] = {0}, salt[BG_SALT_BYTES], got[BG_VERIFIER_BYTES];

    (void)state;
    fill(secret, salt);
    assert_int_equal(bg_shareset_verifier(secret, 16, salt, got), BG_OK);
    assert_memory_equal(got, plain, sizeof plain);
    assert_int_equal(bg_shareset_verifier(secret, 15, salt, got), BG_E_RANGE);
    assert_int_equal(bg_shareset_verifier(secret, 65, salt, got), BG_E_RANGE);
}

static void either_kind_verifies(void **state)
{
    static const struct bg_identity here = {.machine = "0123456789abcdef0123456789abcdef", .name = "vm7"};
    static const struct bg_identity renamed = {.name = "vm8"}, nobody = {.name = ""};
    struct bg_shareset set = {.bytes = 16};
    uint8_t secret[16];

    (void)state;
    fill(secret, set.salt);
    memcpy(set.verifier, plain, sizeof plain);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &here), BG_OK);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &nobody), BG_OK);
    for (size_t i = 0; i < BG_VERIFIER_BYTES; i++) { /* every byte counts */
        set.verifier[i] ^= 1;
        assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &here), BG_E_MISMATCH);
        set.verifier[i] ^= 1;
    }
    assert_int_equal(bg_shareset_verifier_v1(secret, 16, "bg1", here.machine, set.salt, set.verifier), BG_OK);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &here), BG_OK);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &renamed), BG_E_MISMATCH);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &nobody), BG_E_MISMATCH);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg2", &here), BG_E_MISMATCH);
    assert_int_equal(bg_shareset_verifier_v1(secret, 16, "bg1", here.name, set.salt, set.verifier), BG_OK);
    assert_int_equal(bg_shareset_verify(&set, secret, 16, "bg1", &here), BG_OK);
    assert_int_equal(bg_shareset_verify(&set, secret, 15, "bg1", &here), BG_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verifier),
        cmocka_unit_test(the_old_verifier),
        cmocka_unit_test(either_kind_verifies),
        cmocka_unit_test(the_verifier_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
