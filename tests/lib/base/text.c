/* SPDX-License-Identifier: ISC */
/* Hostile text. Byte sequences are RFC 3629's and the Unicode standard's (table 3-7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"

static void test_utf8_good(void **state)
{
    static const struct {
        const char *s;
        size_t n;
        uint32_t cp;
    } good[] = {{"A", 1, 0x41},
                {"\x7f", 1, 0x7f},
                {"\xc2\x80", 2, 0x80},
                {"\xdf\xbf", 2, 0x7ff},
                {"\xe0\xa0\x80", 3, 0x800},
                {"\xed\x9f\xbf", 3, 0xd7ff},
                {"\xee\x80\x80", 3, 0xe000},
                {"\xef\xbf\xbf", 3, 0xffff},
                {"\xf0\x90\x80\x80", 4, 0x10000},
                {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
                {"\xe2\x89\xa2", 3, 0x2262}}; /* RFC 3629, section 7 */
    uint32_t cp;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(bg_utf8_next(good[i].s, good[i].n, &cp), good[i].n);
        assert_int_equal(cp, good[i].cp);
        for (size_t cut = 0; cut < good[i].n; cut++)
            assert_int_equal(bg_utf8_next(good[i].s, cut, &cp), 0);
    }
    assert_int_equal(bg_utf8_next("", 1, &cp), 1); /* NUL is a character */
    assert_int_equal(cp, 0);
}

static void test_utf8_bad(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xf0\x8f\xbf\xbf", /* lone and overlong */
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xed\xa0\xbd\xed\xb8\x80", /* surrogates */
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "\xf8\x88\x80\x80\x80", /* past the end */
                                      "\xc2\x41",
                                      "\xe2\x89\x41",
                                      "\xe2\x41\x89",
                                      "\xf0\x90\x80\x41",
                                      "\xc2\xc2"}; /* broken off */
    uint32_t cp;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(bg_utf8_next(bad[i], strlen(bad[i]), &cp), 0);
}

static void test_hostile(void **state)
{
    /* the ends of each range of Cc, Bidi_Control, Zl, Zp and Default_Ignorable_Code_Point (Unicode 14) */
    static const uint32_t hostile[] = {
        0,       7,       8,       '\t',    '\n',    '\r',    0x1b,    0x1f,    0x7f,    0x80,
        0x9b,    0x9f,    0x61c,   0x200b,  0x200c,  0x200d,  0x200e,  0x200f,  0x2028,  0x2029,
        0x202a,  0x202b,  0x202c,  0x202d,  0x202e,  0x2066,  0x2067,  0x2068,  0x2069,  0xfeff,
        0xfff9,  0xfffb,  0x2060,  0x206f,  0xad,    0xe0001, 0xe0041, 0xe007f, 0x115f,  0x1160,
        0x17b4,  0x17b5,  0x180e,  0x3164,  0xffa0,  0xfff0,  0xfff8,  0xfffa,  0x1bca0, 0x1bca3,
        0x1d173, 0x1d17a, 0xe0000, 0xe00ff, 0xe01f0, 0xe0fff};
    static const uint32_t honest[] = {' ',     '~',    'A',    0xa0,   0xa1,    0xe9,   0xdf,
                                      0x3b1,   0x4e2d, 0x2019, 0x20ac, 0x1f600, 0xac,   0xae,
                                      0x2010,  0x2027, 0x202f, 0x205f, 0x2070,  0xfe0f, 0xe0100,
                                      0xe01ef, 0xfffd, 0x115e, 0x1161, 0xe1000};

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        assert_true(bg_text_hostile(hostile[i]));
    for (size_t i = 0; i < sizeof honest / sizeof honest[0]; i++)
        assert_false(bg_text_hostile(honest[i]));
}

static void test_ascii_and_clean(void **state)
{
    static const struct {
        const char *in, *ascii, *clean;
    } cases[] = {
        {"", "", ""},
        {"plain text", "plain text", "plain text"},
        {"a\\b", "a\\\\b", "a\\\\b"},
        {"\x1b[2J", "\\u{001B}[2J", "\\u{001B}[2J"},
        {"\x9b"
         "2J",
         "\\x{9B}2J", "\\x{9B}2J"}, /* the C1 byte alone */
        {"\xc2\x9b"
         "2J",
         "\\u{009B}2J", "\\u{009B}2J"}, /* and as UTF-8 */
        {"one\ntwo\r", "one\\u{000A}two\\u{000D}", "one\\u{000A}two\\u{000D}"},
        {"\xe2\x80\xae"
         "evil",
         "\\u{202E}evil", "\\u{202E}evil"}, /* right-to-left override */
        {"Zo\xc3\xab", "Zo\\u{00EB}", "Zo\xc3\xab"},
        {"\xf0\x9f\x98\x80", "\\u{1F600}", "\xf0\x9f\x98\x80"},
        {"\xc3", "\\x{C3}", "\\x{C3}"},
        {"\xed\xa0\x80", "\\x{ED}\\x{A0}\\x{80}", "\\x{ED}\\x{A0}\\x{80}"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(bg_text_ascii(out, sizeof out, cases[i].in, strlen(cases[i].in)),
                         strlen(cases[i].ascii));
        assert_string_equal(out, cases[i].ascii);
        assert_int_equal(bg_text_clean(out, sizeof out, cases[i].in, strlen(cases[i].in)),
                         strlen(cases[i].clean));
        assert_string_equal(out, cases[i].clean);
    }
    assert_int_equal(bg_text_ascii(out, sizeof out, "a\0b", 3), 10);
    assert_string_equal(out, "a\\u{0000}b");
}

/* Whatever the size: NUL-ended, never past it, no half escape, no half character. */
static void test_every_size(void **state)
{
    static const char in[] = "ab\x1b\xc3\xab\\\xff"
                             "cd";
    static const char all[] = "ab\\u{001B}\xc3\xab\\\\\\x{FF}cd";
    char out[64];

    (void)state;
    for (size_t cap = 1; cap <= sizeof all; cap++) {
        memset(out, '#', sizeof out);
        size_t n = bg_text_clean(out, cap, in, sizeof in - 1);
        assert_true(n < cap);
        assert_int_equal(strlen(out), n);
        for (size_t i = cap; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
        if (cap == sizeof all) {
            assert_string_equal(out, all);
        } else if (cap > 3) {
            assert_string_equal(out + n - 3, "...");
            assert_memory_equal(out, all, n - 3);
            /* the cut is at the end of a piece */
            size_t at = n - 3;
            assert_true(at <= 2 || at == 10 || at == 12 || at == 14 || at == 20 || at == 21);
        }
    }
}

static void test_unpaste(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"abc", "abc"},
        {"\033[200~abc\033[201~", "abc"},
        {"\033[201~", ""},
        {"a\033[200~\033[201~b\033[201~c", "abc"},
        {"\033[202~", "\033[202~"},
        {"\033[200", "\033[200"},
        {"[200~a", "[200~a"},
        {"\033[A\033[200~", "\033[A"},
    };
    char s[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].in), to = strlen(rows[i].out);
        memset(s, 'x', sizeof s);
        memcpy(s, rows[i].in, n + 1);
        assert_int_equal(bg_text_unpaste(s, n), to);
        assert_string_equal(s, rows[i].out);
        for (size_t k = to; k <= n; k++) /* nothing of a secret stays behind its end */
            assert_int_equal(s[k], 0);
        assert_int_equal(s[n + 1], 'x');
    }
}

/* What keys send (ECMA-48, xterm): nothing of it is part of a word, and a backspace takes one character away.
 */
static void test_typed(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"acid acne", "acid acne"},
        {"ac\033[Did", "acid"},
        {"ac\033[1;5Cid\033[3~", "acid"},
        {"ac\033OAid", "acid"},
        {"ac\033id", "acid"},
        {"\033[200~acid\033[201~\033[200~acne\033[201~", "acid acne"},
        {"\033[200~246813\033[201~", "246813"},
        {"\033[201~", " "},
        {"acie\bd", "acid"},
        {"acie\177d", "acid"},
        {"\b\177acid", "acid"},
        {"J\u00f6\brg", "Jrg"},
        {"ac\001\005\030id\tacne\r", "acid acne"},
        {"acid\033[", "acid"},
        {"acid\033[12", "acid"},
        {"acid\033", "acid"},
        {"acid\033O", "acid"},
    };
    char s[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].in), to = strlen(rows[i].out);
        memset(s, 'x', sizeof s);
        memcpy(s, rows[i].in, n + 1);
        assert_int_equal(bg_text_typed(s, n), to);
        assert_string_equal(s, rows[i].out);
        for (size_t k = to; k <= n; k++) /* nothing of a secret stays behind its end */
            assert_int_equal(s[k], 0);
        assert_int_equal(s[n + 1], 'x');
    }
}

static void test_trim(void **state)
{
    char a[] = "  a b \t\r\n", b[] = " \n\t ", c[] = "", d[] = "x";

    (void)state;
    assert_int_equal(bg_text_trim(a), 3);
    assert_string_equal(a, "a b");
    assert_int_equal(bg_text_trim(b), 0);
    assert_string_equal(b, "");
    assert_int_equal(bg_text_trim(c), 0);
    assert_int_equal(bg_text_trim(d), 1);
}

static void test_names(void **state)
{
    static const char *const good[] = {"bg1", "_", "a", "break-glass_1", "a234567890123456789012345678901"};
    static const char *const bad[] = {"",
                                      "1bg",
                                      "-a",
                                      "Bg1",
                                      "bg 1",
                                      "bg1\n",
                                      "b:g",
                                      "../etc",
                                      "b.g",
                                      "bg\xc3\xab",
                                      "a2345678901234567890123456789012",
                                      "root$",
                                      "b/g"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(bg_name_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bg_name_valid(bad[i]));
}

static void test_wrap(void **state)
{
    static const struct {
        size_t first, rest;
        const char *in, *out;
    } cases[] = {
        {10, 10, "", ""},
        {10, 10, "one two", "one two"},
        {7, 7, "one two", "one two"},
        {6, 7, "one two", "one\ntwo"},
        {7, 7, "one two three", "one two\nthree"},
        {3, 13, "one two three four", "one\ntwo three\nfour"},
        {3, 3, "longest word", "longest\nword"},
        {7, 7, "\u00f6n\u00eb tw\u00f6 three", "\u00f6n\u00eb tw\u00f6\nthree"},
        {3, 3, "a longest word", "a\nlongest\nword"},
        {5, 3, "one\ntwo a b", "one\ntwo\na b"},
        {5, 5, "ab cd\nef gh ij", "ab cd\nef gh\nij"},
        {5, 5, "ab cd ", "ab cd\n"},
    };
    char s[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)strcpy(s, cases[i].in);
        bg_text_wrap(s, cases[i].first, cases[i].rest);
        assert_string_equal(s, cases[i].out);
    }
}

static void test_ulids(void **state)
{
    /* the alphabet of the ULID specification: no I, L, O, U */
    static const char *const bad[] = {"",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FA",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAVV",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAI",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAl",
                                      "O1ARZ3NDEKTSV4RRFFQ69G5FAV",
                                      "01arz3ndektsv4rrffq69g5fav",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FA\n"};

    (void)state;
    assert_true(bg_ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bg_ulid_valid(bad[i]));
}

static void test_numbers(void **state)
{
    static const char *const bad_numbers[] = {"",   "-1",         "+1",         " 1",
                                              "1 ", "1.0",        "0x1",        "61",
                                              "0",  "4294967297", "1234567890", "18446744073709551617"};
    unsigned v = 77;

    (void)state;
    assert_true(bg_number("60", 1, 60, &v));
    assert_int_equal(v, 60);
    for (size_t i = 0; i < sizeof bad_numbers / sizeof bad_numbers[0]; i++)
        assert_false(bg_number(bad_numbers[i], 1, 60, &v));
    assert_int_equal(v, 60);
    assert_true(bg_number("4294967295", 0, UINT32_MAX, &v));
    assert_false(bg_number("4294967296", 0, UINT32_MAX, &v));
}

static void durations(void **state)
{
    static const char *const bad[] = {"",     "m",        "5",  "-5m",  "5 m",
                                      "5min", "1000001s", "5M", "0x5m", "99999999999m"};
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bg_duration(bad[i], &ms));
    assert_int_equal(ms, 7);
    assert_true(bg_duration("90s", &ms) && ms == 90000);
    assert_true(bg_duration("30m", &ms) && ms == 1800000);
    assert_true(bg_duration("2h", &ms) && ms == 7200000);
    assert_true(bg_duration("7d", &ms) && ms == INT64_C(604800000));
    assert_true(bg_duration("1000000d", &ms) && ms == INT64_C(86400000000000));
}

static void what_was_cleaned_once(void **state)
{
    static const struct {
        const char *text;
        size_t cap;
        const char *want;
    } t[] = {{"plain \\u{001B} text", 64, "plain \\u{001B} text"},
             {"J\u00f6rg", 4, "J\u00f6"},
             {"J\u00f6rg", 3, "J"},
             {"a\x1b[2J\xff", 64, "a\xef\xbf\xbd[2J\xef\xbf\xbd"},
             {"", 1, ""},
             {"abc", 1, ""}};
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        bg_text_again(out, t[i].cap, t[i].text);
        assert_string_equal(out, t[i].want);
    }
}

static void one_of_a_list(void **state)
{
    static const char *const words[] = {"passwd", "group", NULL}, *const none[] = {NULL};

    (void)state;
    assert_true(bg_among(words, "passwd"));
    assert_true(bg_among(words, "group"));
    assert_false(bg_among(words, "pass"));
    assert_false(bg_among(words, "groups"));
    assert_false(bg_among(words, ""));
    assert_false(bg_among(none, "passwd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_cleaned_once),
        cmocka_unit_test(test_utf8_good),
        cmocka_unit_test(test_utf8_bad),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_ascii_and_clean),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_unpaste),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_ulids),
        cmocka_unit_test(durations),
        cmocka_unit_test(one_of_a_list),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
