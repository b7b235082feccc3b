/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include "password/password.h"

static struct bg_parts p;

static enum bg_err add(bool letters, const char *part)
{
    return bg_parts_add(&p, letters, part, strlen(part));
}

static void begin(void)
{
    memset(&p, 0, sizeof p);
}

/* 50 bits by length alone: log2(32) = 5, log2(10) = 3.32, log2(16) = 4. */
static void the_shortest(void **state)
{
    (void)state;
    begin();
    assert_int_equal(add(false, "abcdefghi"), BG_E_SYNTAX);
    assert_int_equal(add(false, "123456789012345"), BG_E_SYNTAX);
    assert_int_equal(add(false, ""), BG_E_SYNTAX);
    assert_int_equal(add(false, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"),
                     BG_E_SYNTAX); /* 5 letters, 10 bytes */
    assert_int_equal(p.n, 0);
    assert_int_equal(p.len, 0);
    assert_int_equal(add(false, "abcdefghij"), BG_OK);
    assert_int_equal(add(false, "1234567890123456"), BG_OK);
    assert_int_equal(add(false, "123456789x"), BG_OK);
    assert_int_equal(add(false, " \xc3\xa4 \xff 45678"), BG_OK); /* as it was typed, blanks and all */
    assert_int_equal(p.n, 4);
    assert_string_equal(p.whole, "abcdefghij1234567890123456123456789x \xc3\xa4 \xff 45678");
    assert_int_equal(p.len, strlen(p.whole));
}

static void the_longest(void **state)
{
    char part[BG_PASSWORD_MAX + 2];

    (void)state;
    begin();
    memset(part, 'x', sizeof part);
    part[BG_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(add(false, part), BG_E_RANGE);
    part[BG_PASSWORD_MAX] = '\0';
    assert_int_equal(add(false, part), BG_OK);
    assert_int_equal(add(false, "abcdefghij"), BG_E_RANGE);
    assert_int_equal(p.len, BG_PASSWORD_MAX);
    begin();
    part[BG_PASSWORD_MAX - 10] = '\0';
    assert_int_equal(add(false, part), BG_OK);
    assert_int_equal(add(false, "abcdefghijk"), BG_E_RANGE);
    assert_int_equal(add(false, "abcdefghij"), BG_OK);
}

static void drawn_letters(void **state)
{
    (void)state;
    begin();
    assert_int_equal(add(true, "bcdef ghjkn prs"), BG_OK);
    assert_int_equal(add(true, "  BCDEF-ghjkn\tPRSTU  "), BG_OK);
    assert_string_equal(p.whole, "bcdefghjknprsbcdefghjknprstu");
    assert_int_equal(add(true, "bcdefghjknpr"), BG_E_SYNTAX);
    assert_int_equal(add(true, "bcdef ghjkn zrstu"), BG_E_PROTO); /* z is not drawn: another layout */
    assert_int_equal(add(true, "bcdef1ghjknprstu"), BG_E_PROTO);
    assert_int_equal(p.n, 2);
}

/* Letters whose key is another one on QWERTZ or AZERTY, digits, and what is taken for another on paper. */
static void draws(void **state)
{
    char part[BG_PART_DRAWN + 1], again[BG_PART_DRAWN + 1];
    bool seen[256] = {false};
    size_t different = 0;

    (void)state;
    assert_int_equal(strlen(BG_PART_ALPHABET), 16);
    assert_int_equal(strcspn(BG_PART_ALPHABET, "aqwzym0123456789ilov"), 16);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(bg_part_draw(part), BG_OK);
        assert_int_equal(strlen(part), BG_PART_DRAWN);
        assert_int_equal(strspn(part, BG_PART_ALPHABET), BG_PART_DRAWN);
        for (size_t k = 0; part[k] != '\0'; k++)
            seen[(unsigned char)part[k]] = true;
    }
    for (size_t i = 0; i < 256; i++)
        different += seen[i];
    assert_int_equal(different, 16);
    assert_int_equal(bg_part_draw(again), BG_OK);
    assert_string_not_equal(part, again);
    begin();
    assert_int_equal(add(true, part), BG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest),
        cmocka_unit_test(the_longest),
        cmocka_unit_test(drawn_letters),
        cmocka_unit_test(draws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
