/* SPDX-License-Identifier: ISC */
/* Where a damaged share is wrong: exhaustive over single words, sampled over the rest. */
#include "help.h"

#include "base/secret.h"

static const uint8_t lengths[] = {16, 32, 64}; /* 20, 33 and 59 words */

static size_t a_share(uint8_t bytes, bool extendable, uint16_t *words)
{
    struct slip39_share s = {.id = 0x2a5c,
                             .extendable = extendable,
                             .group_threshold = 1,
                             .group_count = 1,
                             .member_index = 2,
                             .member_threshold = 2,
                             .bytes = bytes};
    size_t n;

    assert_int_equal(bg_random(s.value, bytes), BG_OK);
    assert_int_equal(slip39_encode(&s, words, &n), BG_OK);
    return n;
}

static uint32_t draw(uint32_t below)
{
    uint32_t r;

    assert_int_equal(bg_random(&r, sizeof r), BG_OK);
    return r % below;
}

static void every_single_error_is_found(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t at, tried = 0;

    (void)state;
    for (size_t k = 0; k < sizeof lengths; k++) {
        size_t n = a_share(lengths[k], k % 2 == 0, words);
        assert_int_equal(slip39_locate_error(words, n, &at), BG_E_NOENT); /* nothing is wrong */
        for (size_t i = 0; i < n; i++) {
            for (uint16_t v = 1; v < 1024; v++, tried++) {
                words[i] ^= v;
                assert_false(slip39_checksum_ok(words, n));
                assert_int_equal(slip39_locate_error(words, n, &at), BG_OK);
                assert_int_equal(at, i);
                words[i] ^= v;
            }
        }
    }
    assert_int_equal(tried, (20 + 33 + 59) * 1023);
}

static void two_errors_are_never_taken_for_one(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS], bad[SLIP39_MAX_WORDS];
    size_t at;

    (void)state;
    for (size_t k = 0; k < sizeof lengths; k++) {
        size_t n = a_share(lengths[k], k % 2 == 0, words);
        for (int i = 0; i < 3000; i++) {
            size_t one = 2 + draw((uint32_t)n - 2), two = 2 + draw((uint32_t)n - 2);
            if (one == two)
                continue;
            memcpy(bad, words, sizeof bad);
            bad[one] ^= (uint16_t)(1 + draw(1023));
            bad[two] ^= (uint16_t)(1 + draw(1023));
            assert_false(slip39_checksum_ok(bad, n));
            /* Two errors never look like one, except where the one would turn over the bit "ext" in word 1:
             * it chooses another code, and a chance of 2^-21 is left. */
            if (slip39_locate_error(bad, n, &at) == BG_OK)
                assert_int_equal(at, 1);
        }
    }
}

static void every_swap_is_found(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t at;

    (void)state;
    for (int round = 0; round < 30; round++) {
        size_t n = a_share(lengths[round % 3], round % 2 == 0, words);
        for (size_t i = 0; i + 1 < n; i++) {
            uint16_t first = words[i];
            if (first == words[i + 1])
                continue;
            words[i] = words[i + 1];
            words[i + 1] = first;
            assert_int_equal(slip39_locate_swap(words, n, &at), BG_OK);
            assert_int_equal(at, i);
            words[i + 1] = words[i];
            words[i] = first;
        }
    }
}

/* A word lost next to an equal one leaves no trace of which it was. */
static bool between_equals(const uint16_t *words, size_t n, size_t at)
{
    return (at > 0 && words[at - 1] == words[at]) || (at + 1 < n && words[at + 1] == words[at]);
}

static void a_missing_word_is_found(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS], less[SLIP39_MAX_WORDS];
    size_t at, asked = 0, found = 0;

    (void)state;
    for (int round = 0; round < 30; round++) {
        size_t n = a_share(lengths[round % 3], round % 2 == 0, words);
        for (size_t i = 0; i < n; i++) {
            if (between_equals(words, n, i))
                continue;
            memcpy(less, words, i * sizeof *words);
            memcpy(less + i, words + i + 1, (n - 1 - i) * sizeof *words);
            asked++;
            if (slip39_locate_missing(less, n - 1, &at) == BG_OK) {
                assert_int_equal(at, i);
                found++;
            }
        }
    }
    assert_true(found >= asked * 98 / 100); /* a second explanation is rare, and then it is silent */
}

static void an_extra_word_is_found(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS], more[SLIP39_MAX_WORDS + 1];
    size_t at;

    (void)state;
    for (int round = 0; round < 30; round++) {
        size_t n = a_share(lengths[round % 3], round % 2 == 0, words);
        for (size_t i = 0; i <= n; i++) {
            memcpy(more, words, i * sizeof *words);
            more[i] = (uint16_t)draw(1024);
            memcpy(more + i + 1, words + i, (n - i) * sizeof *words);
            assert_int_equal(slip39_locate_extra(more, n + 1, &at), BG_OK);
            assert_int_equal(more[at], more[i]); /* the one, or an equal neighbour */
            if (!between_equals(more, n + 1, i))
                assert_int_equal(at, i);
        }
    }
}

static void odd_lengths_are_harmless(void **state)
{
    uint16_t words[128] = {0};
    size_t at;

    (void)state;
    for (size_t n = 0; n < 128; n++) {
        if (n >= 19 && n <= 60)
            continue;
        assert_int_equal(slip39_locate_error(words, n, &at), BG_E_NOENT);
        assert_int_equal(slip39_locate_swap(words, n, &at), BG_E_NOENT);
        assert_int_equal(slip39_locate_extra(words, n, &at), BG_E_NOENT);
        assert_int_equal(slip39_locate_missing(words, n, &at), BG_E_NOENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_single_error_is_found), cmocka_unit_test(two_errors_are_never_taken_for_one),
        cmocka_unit_test(every_swap_is_found),         cmocka_unit_test(a_missing_word_is_found),
        cmocka_unit_test(an_extra_word_is_found),      cmocka_unit_test(odd_lengths_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
