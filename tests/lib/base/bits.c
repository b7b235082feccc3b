/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include "base/bits.h"

/* Each number alone, at the edges of words too; what is beyond is in no set, and nothing is written there. */
static void each_alone(void **state)
{
    struct {
        struct bg_bits set;
        uint64_t beyond;
    } at = {.beyond = 0};

    (void)state;
    for (size_t i = 0; i < BG_BITS_MAX; i++) {
        at.set = (struct bg_bits){{0}};
        assert_false(bg_bits_any(&at.set));
        bg_bits_add(&at.set, i);
        assert_true(bg_bits_any(&at.set));
        for (size_t k = 0; k < BG_BITS_MAX + 64; k++)
            assert_int_equal(bg_bits_has(&at.set, k), k == i);
    }
    for (size_t i = BG_BITS_MAX; i < BG_BITS_MAX + 64; i++)
        bg_bits_add(&at.set, i);
    assert_int_equal(at.beyond, 0);
}

static void together(void **state)
{
    struct bg_bits a = {{0}}, b = {{0}}, others;

    (void)state;
    bg_bits_add(&a, 0);
    bg_bits_add(&a, 63);
    bg_bits_add(&b, 64);
    bg_bits_add(&b, 511);
    bg_bits_join(&a, &b);
    others = bg_bits_others(&a);
    for (size_t i = 0; i < BG_BITS_MAX; i++) {
        bool in = i == 0 || i == 63 || i == 64 || i == 511;
        assert_int_equal(bg_bits_has(&a, i), in);
        assert_int_equal(bg_bits_has(&others, i), !in);
    }
    assert_false(bg_bits_has(&others, BG_BITS_MAX));
    assert_false(bg_bits_has(&b, 0)); /* it only lent its own */
    bg_bits_drop(&b, BG_BITS_MAX);
    bg_bits_drop(&b, 64);
    assert_true(!bg_bits_has(&b, 64) && bg_bits_has(&b, 511));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_alone),
        cmocka_unit_test(together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
