/* SPDX-License-Identifier: ISC */
/* A new share set: its secret, salt and shares are drawn anew each time, every byte of them, and it opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "admin/share/share.h"

#define SETS 64

static uint8_t secret[SETS][SLIP39_MAX_BYTES], difference[SETS][15];
static struct bg_shareset set[SETS];
static struct slip39_share shares[SHARES_MAX];

static void make(size_t i, uint8_t bytes)
{
    size_t n = 0, got = 0;

    set[i] = (struct bg_shareset){
        .group_threshold = 1, .group_count = 1, .group = {{2, 3}}, .bytes = bytes, .exponent = 0};
    assert_int_equal(sharenew_make(&set[i], shares, &n), BG_OK);
    assert_int_equal(n, 3);
    assert_int_equal(slip39_combine(shares, 2, "", secret[i], &got), BG_OK);
    assert_int_equal(got, bytes);
}

/* 64 draws of a byte take about 57 of its 256 values, and fewer than 35 never in a lifetime. */
static void must_vary(const void *first, size_t stride, size_t bytes, const char *what)
{
    for (size_t k = 0; k < bytes; k++) {
        bool seen[256] = {false};
        unsigned values = 0;
        for (size_t i = 0; i < SETS; i++) {
            uint8_t v = ((const uint8_t *)first)[i * stride + k];
            values += !seen[v];
            seen[v] = true;
        }
        if (values < 35)
            fail_msg("%s, byte %zu: %u values in %d sets", what, k, values, SETS);
    }
}

static void each_set_is_drawn_anew(void **state)
{
    unsigned long ids = 0;

    (void)state;
    for (size_t i = 0; i < SETS; i++) {
        make(i, 16);
        ids |= set[i].id;
    }
    must_vary(secret, sizeof secret[0], 16, "master secret");
    for (size_t i = 0; i < SETS; i++) /* nor do its bytes follow from each other */
        for (size_t k = 0; k + 1 < 16; k++)
            difference[i][k] = secret[i][k] ^ secret[i][k + 1];
    must_vary(difference, sizeof difference[0], 15, "differences in the master secret");
    must_vary(set[0].salt, sizeof set[0], BG_SALT_BYTES, "salt");
    must_vary(set[0].verifier, sizeof set[0], BG_VERIFIER_BYTES, "verifier");
    must_vary(&set[0].id, sizeof set[0], 1, "id");
    assert_int_equal(ids, 0x7fff);
    for (size_t i = 0; i < SETS; i++)
        make(i, 32);
    must_vary(secret, sizeof secret[0], 32, "master secret of 32 bytes");
}

/* What the file keeps recognises the secret, and says which host made it. */
static void its_verifier_is_the_secrets(void **state)
{
    uint8_t want[BG_VERIFIER_BYTES];
    struct bg_identity here;

    (void)state;
    make(0, 16);
    assert_int_equal(bg_shareset_verifier(secret[0], 16, set[0].salt, want), BG_OK);
    assert_memory_equal(want, set[0].verifier, sizeof want);
    bg_identity_read(&here);
    assert_int_equal(bg_identity_compare(&here, set[0].host), BG_HOST_SAME);
}

/* The label is none of the words, and what a card is recognized by is its own. */
static void labels_and_checks(void **state)
{
    struct bg_shareset *s = &set[0];
    struct slip39_share other;
    char first[16], *blank;
    size_t n = 0, number;
    uint16_t index;

    (void)state;
    for (int i = 0; i < 500; i++) {
        *s = (struct bg_shareset){.group_threshold = 1, .group_count = 1, .group = {{1, 1}}, .bytes = 16};
        assert_int_equal(sharenew_make(s, shares, &n), BG_OK);
        (void)snprintf(first, sizeof first, "%.15s", s->label);
        assert_non_null(blank = strchr(first, ' '));
        *blank = '\0';
        assert_int_equal(slip39_word_find(first, strlen(first), &index), BG_E_NOENT);
        assert_true(bg_share_text_valid(s->label));
    }
    *s = (struct bg_shareset){.label = "SAFE 7",
                              .group_threshold = 2,
                              .group_count = 2,
                              .group = {{2, 3}, {1, 1}},
                              .bytes = 16,
                              .cards = 4};
    for (uint8_t i = 0; i < 3; i++)
        bg_share_card_at(&s->card[i], 1, (uint8_t)(i + 1), 0);
    bg_share_card_at(&s->card[3], 2, 1, 0);
    assert_int_equal(sharenew_make(s, shares, &n), BG_OK);
    assert_string_equal(s->label, "SAFE 7");
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_null(bg_shareset_refuses(s, NULL, 0, &shares[i], &number));
        other = shares[i];
        memcpy(other.value, shares[(i + 1) % n].value, sizeof other.value);
        assert_non_null(bg_shareset_refuses(s, NULL, 0, &other, &number));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_set_is_drawn_anew),
        cmocka_unit_test(labels_and_checks),
        cmocka_unit_test(its_verifier_is_the_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
