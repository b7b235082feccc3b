/* SPDX-License-Identifier: ISC */
/* What is kept of a master secret. Which shares join a set: sharetyper.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "share/messages.h"
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

/* As above, with Python's hmac module: key 00..0f, 'breakglass-card-v1' 00 10, the salt, 01 02. */
static const uint8_t of_card[BG_CARD_CHECK] = {0xd1, 0x07, 0x32, 0x58, 0x50, 0xc4, 0x51, 0xd3,
                                               0x30, 0x44, 0x59, 0x79, 0xb7, 0xbc, 0xa8, 0xe0};

static void a_card_is_recognized(void **state)
{
    struct bg_shareset set = {.bytes = 16, .id = 7, .group_threshold = 2, .group_count = 2};
    struct slip39_share s = {.id = 7, .group_index = 1, .group_threshold = 2, .group_count = 2};
    uint8_t got[BG_CARD_CHECK];
    size_t number = 0;

    (void)state;
    set.group[0] = set.group[1] = (struct bg_share_group){2, 3};
    s.member_index = s.member_threshold = 2;
    s.bytes = 16;
    fill(s.value, set.salt);
    assert_int_equal(bg_share_card_check(&set, &s, got), BG_OK);
    assert_memory_equal(got, of_card, sizeof got);
    assert_null(bg_shareset_refuses(&set, NULL, 0, &s, &number)); /* nothing is kept of any card */
    set.cards = 2;
    bg_share_card_at(&set.card[0], 2, 2, 0);
    memset(set.card[0].check, 1, BG_CARD_CHECK);
    bg_share_card_at(&set.card[1], 2, 3, 0);
    assert_null(bg_shareset_refuses(&set, NULL, 0, &s, &number)); /* nothing is kept of this one */
    memcpy(set.card[1].check, of_card, sizeof of_card);
    assert_null(bg_shareset_refuses(&set, NULL, 0, &s, &number));
    for (size_t i = 0; i < 16; i++) { /* every byte of the value counts, and of what is kept */
        s.value[i] ^= 1;
        assert_ptr_equal(bg_shareset_refuses(&set, NULL, 0, &s, &number), BG_M_SHARE_NOT_GENUINE);
        assert_int_equal(number, 3);
        s.value[i] ^= 1;
        set.card[1].check[i] ^= 1;
        assert_ptr_equal(bg_shareset_refuses(&set, NULL, 0, &s, &number), BG_M_SHARE_NOT_GENUINE);
        set.card[1].check[i] ^= 1;
    }
    assert_null(bg_shareset_refuses(&set, NULL, 0, &s, &number));
}

static void places_of_cards(void **state)
{
    static const char *const bad[] = {"",    "1",     "1-",   "-1",   "0-1",     "1-0",  "3-1", "1-4",
                                      "2-3", "1-1-0", "01-1", "1-1-", "1-1-1-1", "1-1 ", "a-b"};
    struct bg_shareset set = {.group_count = 2, .group = {{2, 3}, {1, 1}}};
    struct bg_share_card card;
    struct slip39_share s = {.group_index = 1};
    unsigned g, n, c;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (bg_share_card_place(&set, bad[i], &g, &n, &c))
            fail_msg("taken: \"%s\"", bad[i]);
    bg_share_card_at(&card, 1, 3, 0);
    assert_string_equal(card.place, "1-3");
    assert_true(bg_share_card_place(&set, "1-3", &g, &n, &c));
    assert_int_equal(g * 100 + n * 10 + c, 130);
    assert_true(bg_share_card_place(&set, "2-1-3", &g, &n, &c));
    assert_int_equal(g * 100 + n * 10 + c, 213);
    set.cards = 3;
    bg_share_card_at(&set.card[0], 1, 1, 0);
    bg_share_card_at(&set.card[1], 2, 1, 1);
    bg_share_card_at(&set.card[2], 2, 1, 2);
    assert_ptr_equal(bg_share_card_of(&set, &s, 0), &set.card[1]);
    assert_ptr_equal(bg_share_card_of(&set, &s, 1), &set.card[2]);
    assert_null(bg_share_card_of(&set, &s, 2));
}

static void replaced_sets_stay_known(void **state)
{
    struct bg_shareset set = {
        .bytes = 16, .extendable = true, .group_threshold = 1, .group_count = 1, .group = {{2, 3}}};
    struct slip39_share s = {.id = 3,
                             .extendable = true,
                             .group_threshold = 1,
                             .group_count = 1,
                             .member_threshold = 2,
                             .bytes = 16};
    struct bg_shareset next;
    size_t number;

    (void)state;
    for (uint16_t i = 0; i < BG_OLD_SETS + 4; i++) {
        set.id = i;
        (void)snprintf(set.label, sizeof set.label, "RED %u", i);
        (void)strcpy(set.created, "2026-11-22T12:03:24.123456Z");
        next = set;
        bg_shareset_retire(&set, "2026-11-23T12:03:24.123456Z", &next);
        next.id = (uint16_t)(i + 1);
        set = next;
    }
    assert_int_equal(set.olds, BG_OLD_SETS);
    assert_string_equal(set.old[BG_OLD_SETS - 1].label, "RED 19");
    assert_string_equal(set.old[BG_OLD_SETS - 1].replaced, "2026-11-23T12:03:24.123456Z");
    assert_ptr_equal(bg_shareset_refuses(&set, NULL, 0, &s, &number), BG_M_SHARE_OTHER_SET); /* forgotten */
    s.id = 4;
    assert_ptr_equal(bg_shareset_refuses(&set, NULL, 0, &s, &number), BG_M_SHARE_OLD_SET);
    assert_string_equal(bg_shareset_old(&set, &s)->label, "RED 4");
    s.exponent = 1;
    assert_ptr_equal(bg_shareset_refuses(&set, NULL, 0, &s, &number), BG_M_SHARE_OTHER_SET);
    set.id = 4; /* drawn again: the set that is valid goes first, and is kept once when it is replaced */
    s.exponent = 0;
    assert_null(bg_shareset_refuses(&set, NULL, 0, &s, &number));
    next = set;
    bg_shareset_retire(&set, "2026-11-24T12:03:24.123456Z", &next);
    assert_int_equal(next.olds, BG_OLD_SETS);
    assert_string_equal(next.old[0].label, "RED 5");
    assert_string_equal(next.old[next.olds - 1].replaced, "2026-11-24T12:03:24.123456Z");
}

static void what_it_is_called(void **state)
{
    struct bg_shareset set = {.words = "acid academic", .created = "2026-11-22T12:03:24.123456Z"};
    char name[BG_SET_NAME];

    (void)state;
    bg_shareset_name(&set, name);
    assert_string_equal(name, "made 2026-11-22"); /* no word of a card */
    assert_string_equal(bg_shareset_title(&set), "acid academic");
    (void)strcpy(set.label, "AMBER 42");
    bg_shareset_name(&set, name);
    assert_string_equal(name, "AMBER 42");
    assert_string_equal(bg_shareset_title(&set), "AMBER 42");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verifier),         cmocka_unit_test(a_card_is_recognized),
        cmocka_unit_test(places_of_cards),      cmocka_unit_test(replaced_sets_stay_known),
        cmocka_unit_test(what_it_is_called),    cmocka_unit_test(the_old_verifier),
        cmocka_unit_test(either_kind_verifies), cmocka_unit_test(the_verifier_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
