/* SPDX-License-Identifier: ISC */
/*
 * Rows: every single error, every swap of neighbours, every left out and every doubled character, and that
 * two errors are never taken for a good row. That the code is the one of breakglass-challenge(7) is seen by
 * tests/utils/respond, where a second implementation reads and writes the same rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "key/textrow.h"

#define ROWS 40

static uint32_t seed;

static uint8_t symbol(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 24 & 31;
}

/* Row i of some; the first ones of one symbol all over. */
static void make(unsigned i, struct bg_row_place *p, uint8_t row[BG_ROW])
{
    seed = i;
    for (size_t k = 0; k < BG_ROW_TAG; k++)
        p->tag[k] = symbol();
    p->number = (uint8_t)(i % 6);
    for (size_t k = 0; k < BG_ROW_DATA; k++)
        row[k] = i < 4 ? (uint8_t)(i * 10) : symbol();
    bg_row_seal(p, row);
}

static void look(const struct bg_row_place *p, const uint8_t *row, enum bg_row_state state, size_t at,
                 const uint8_t *meant)
{
    struct bg_row_look l;

    bg_row_look(p, row, BG_ROW, &l);
    assert_int_equal(l.state, state);
    if (state != BG_ROW_GOOD)
        assert_int_equal(l.at, at);
    if (meant != NULL)
        assert_memory_equal(l.meant, meant, BG_ROW);
}

static void every_single_error(void **state)
{
    struct bg_row_place p;
    uint8_t row[BG_ROW], bad[BG_ROW];

    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        make(i, &p, row);
        look(&p, row, BG_ROW_GOOD, 0, row);
        for (size_t at = 0; at < BG_ROW; at++)
            for (uint8_t e = 1; e < 32; e++) {
                memcpy(bad, row, BG_ROW);
                bad[at] ^= e;
                look(&p, bad, BG_ROW_WRONG, at, row);
            }
    }
}

static void every_swap(void **state)
{
    struct bg_row_place p;
    uint8_t row[BG_ROW], bad[BG_ROW];

    (void)state;
    for (unsigned i = 0; i < ROWS * 20; i++) {
        make(i, &p, row);
        for (size_t at = 0; at + 1 < BG_ROW; at++) {
            memcpy(bad, row, BG_ROW);
            bad[at] = row[at + 1];
            bad[at + 1] = row[at];
            look(&p, bad, bad[at] == row[at] ? BG_ROW_GOOD : BG_ROW_SWAPPED, at, row);
        }
    }
}

/* Any two: 300 pairs of places, 155 pairs of errors (multiples of a pair do as it does, so these are all,
 * five times over). Found, and the one neighbours' swap is no single error. */
static void two_errors(void **state)
{
    struct bg_row_place p;
    struct bg_row_look l;
    uint8_t row[BG_ROW], bad[BG_ROW];

    (void)state;
    make(7, &p, row);
    for (size_t a = 0; a < BG_ROW; a++)
        for (size_t b = a + 1; b < BG_ROW; b++)
            for (uint8_t e = 1; e < 32; e = (uint8_t)(2 * e))
                for (uint8_t f = 1; f < 32; f++) {
                    memcpy(bad, row, BG_ROW);
                    bad[a] ^= e;
                    bad[b] ^= f;
                    bg_row_look(&p, bad, BG_ROW, &l);
                    assert_int_not_equal(l.state, BG_ROW_GOOD);
                    assert_int_not_equal(l.state, BG_ROW_WRONG);
                }
}

static void left_out(void **state)
{
    struct bg_row_place p;
    struct bg_row_look l;
    uint8_t row[BG_ROW], bad[BG_ROW];
    unsigned told = 0;

    (void)state;
    for (unsigned i = 4; i < ROWS; i++) {
        make(i, &p, row);
        for (size_t at = 0; at < BG_ROW; at++) {
            memcpy(bad, row, at);
            memcpy(bad + at, row + at + 1, BG_ROW - 1 - at);
            bg_row_look(&p, bad, BG_ROW - 1, &l);
            if (l.state == BG_ROW_MISSING) {
                told++;
                assert_memory_equal(l.meant, row, BG_ROW);
                assert_true(l.at <= at && l.meant[l.at] == row[at]);
            } else { /* two rows would fit: nobody can tell */
                assert_int_equal(l.state, BG_ROW_SEVERAL);
            }
        }
    }
    assert_true(told > (ROWS - 4) * BG_ROW * 9 / 10);
}

static void one_too_many(void **state)
{
    struct bg_row_place p;
    struct bg_row_look l;
    uint8_t row[BG_ROW], bad[BG_ROW + 1];

    (void)state;
    for (unsigned i = 4; i < ROWS; i++) {
        make(i, &p, row);
        for (size_t at = 0; at <= BG_ROW; at++) {
            memcpy(bad, row, at);
            bad[at] = at < BG_ROW ? row[at] : 9;
            memcpy(bad + at + 1, row + at, BG_ROW - at);
            bg_row_look(&p, bad, BG_ROW + 1, &l);
            assert_int_equal(l.state, BG_ROW_EXTRA);
            assert_memory_equal(l.meant, row, BG_ROW);
        }
    }
}

static void another_row(void **state)
{
    struct bg_row_place p;
    uint8_t row[BG_ROW];

    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        make(i, &p, row);
        for (uint8_t n = 0; n < 32; n++) {
            struct bg_row_place q = p;
            q.number = n;
            look(&q, row, n == p.number ? BG_ROW_GOOD : BG_ROW_OTHER, p.number, NULL);
        }
    }
}

/* Every other tag: never good, and off in the same way in every row. */
static void another_text(void **state)
{
    struct bg_row_place p, q;
    struct bg_row_look one, two;
    uint8_t row[BG_ROW], next[BG_ROW];

    (void)state;
    make(9, &p, row);
    for (size_t k = 0; k < BG_ROW_DATA; k++)
        next[k] = (uint8_t)(31 - row[k]);
    q = p;
    q.number++;
    bg_row_seal(&q, next);
    for (unsigned i = 1; i < 32768; i++) {
        for (size_t k = 0; k < BG_ROW_TAG; k++)
            p.tag[k] = q.tag[k] = (uint8_t)(p.tag[k] ^ (((i ^ (i - 1)) >> 5 * k) & 31));
        bg_row_look(&p, row, BG_ROW, &one);
        bg_row_look(&q, next, BG_ROW, &two);
        assert_int_not_equal(one.state, BG_ROW_GOOD);
        assert_memory_equal(one.off, two.off, sizeof one.off);
        bg_row_look(&p, next, BG_ROW, &two); /* and when it is taken for another row of it */
        assert_true(bg_row_off_alike(one.off, two.off));
    }
}

static void no_row(void **state)
{
    struct bg_row_place p;
    struct bg_row_look l;
    uint8_t row[2 * BG_ROW] = {0};

    (void)state;
    make(1, &p, row);
    for (size_t n = 0; n <= sizeof row; n++) {
        bg_row_look(&p, row, n, &l);
        if (n < BG_ROW - 1 || n > BG_ROW + 1)
            assert_int_equal(l.state, BG_ROW_SEVERAL);
    }
}

static void digits(void **state)
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char text[BG_ROW_TEXT];
    uint8_t row[BG_ROW];

    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        assert_int_equal(bg_row_digit(i), crockford[i]);
        assert_int_equal(bg_row_symbol(crockford[i]), i);
    }
    assert_int_equal(bg_row_symbol('o'), 0);
    assert_int_equal(bg_row_symbol('O'), 0);
    assert_int_equal(bg_row_symbol('i'), 1);
    assert_int_equal(bg_row_symbol('L'), 1);
    assert_int_equal(bg_row_symbol('z'), 31);
    for (const char *c = "uU-_ \n\x7f\xff{@[`/:"; *c != '\0'; c++)
        assert_int_equal(bg_row_symbol(*c), -1);
    assert_int_equal(bg_row_symbol('\0'), -1);
    for (uint8_t i = 0; i < BG_ROW; i++)
        row[i] = i;
    bg_row_print(row, text);
    assert_string_equal(text, "01234-56789-ABCDE-FGHJK-MNPQR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_single_error), cmocka_unit_test(every_swap),   cmocka_unit_test(two_errors),
        cmocka_unit_test(left_out),           cmocka_unit_test(one_too_many), cmocka_unit_test(another_row),
        cmocka_unit_test(another_text),       cmocka_unit_test(no_row),       cmocka_unit_test(digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
