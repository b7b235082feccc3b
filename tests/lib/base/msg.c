/* SPDX-License-Identifier: ISC */
/* The table of messages: its rules, and what is filled in is made harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/msg.h"

struct entry {
    int number;
    const char *name, *what, *means, *next;
};

static const struct entry all[] = {
#define BG_MESSAGE(number, name, what, means, next) {number, #name, what, means, next},
#include "man/all-messages.def"
#undef BG_MESSAGE
};
#define COUNT (sizeof all / sizeof all[0])

static bool printable_ascii(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

/* Only %1 .. %4, so that no argument list can be too short by design. */
static bool sound_places(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s == '%' && (s[1] < '1' || s[1] > '4'))
            return false;
    return true;
}

static bool ends_in_stop(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && (s[n - 1] == '.' || s[n - 1] == '?' || s[n - 1] == ':');
}

static void test_rules_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const struct entry *e = &all[i];
        if (e->number < 100 || e->number > 9999)
            fail_msg("%s: number %d", e->name, e->number);
        if (!printable_ascii(e->what) || !printable_ascii(e->means) || !printable_ascii(e->next))
            fail_msg("%s: not plain ASCII", e->name);
        if (!sound_places(e->what) || !sound_places(e->next))
            fail_msg("%s: a %% without a digit from 1 to 4", e->name);
        if (!ends_in_stop(e->what) || (e->next[0] != '\0' && !ends_in_stop(e->next)))
            fail_msg("%s: it does not end like a sentence", e->name);
        if (strlen(e->what) + strlen(e->next) + 8 > BG_MSG_MAX / 2)
            fail_msg("%s: too long", e->name);
        for (size_t k = 0; k < i; k++)
            if (all[k].number == e->number)
                fail_msg("%s and %s share number %d", all[k].name, e->name, e->number);
    }
}

static const struct bg_message sample[1] = {{410, "The audit uid %1 could not be set for %2.",
                                             "Nothing now. See \"audit uid\" in pam_breakglass(8).", NULL}};

static void test_filling_in(void **state)
{
    char out[BG_MSG_MAX], name[8];
    size_t n;

    (void)state;
    n = bg_msg_text(out, sizeof out, sample, BG_ARGS("59001", "bg1"));
    assert_int_equal(n, strlen(out));
    assert_string_equal(out, "BG410 The audit uid 59001 could not be set for bg1.");
    (void)bg_msg_full(out, sizeof out, sample, BG_ARGS("59001", "bg1"));
    assert_string_equal(out, "BG410 The audit uid 59001 could not be set for bg1. "
                             "Nothing now. See \"audit uid\" in pam_breakglass(8).");
    (void)bg_msg_text(out, sizeof out, sample, BG_ARGS("\x1b[2J%2", "%1\n"));
    assert_string_equal(out, "BG410 The audit uid \\u{001B}[2J%2 could not be set for %1\\u{000A}.");
    (void)bg_msg_text(out, sizeof out, sample, BG_NOARGS);
    assert_string_equal(out, "BG410 The audit uid ? could not be set for ?.");
    bg_msg_name(name, sample);
    assert_string_equal(name, "BG410");
    assert_string_equal(BG_COUNTED(1, "second"), "1 second");
    assert_string_equal(BG_COUNTED(30, "second"), "30 seconds");
}

/* The number last, letters as they are; for an event nothing is escaped yet, and no character is cut. */
static void test_for_people_and_for_events(void **state)
{
    char out[BG_MSG_MAX];

    (void)state;
    (void)bg_msg_say(out, sizeof out, sample, BG_ARGS("J\u00f6rg", "b\x1bg\u202e"));
    assert_string_equal(out, "The audit uid J\u00f6rg could not be set for b\\u{001B}g\\u{202E}. "
                             "Nothing now. See \"audit uid\" in pam_breakglass(8). (BG410)");
    (void)bg_msg_raw(out, sizeof out, sample, BG_ARGS("J\u00f6rg", "b\x1bg\\"));
    assert_string_equal(out, "BG410 The audit uid J\u00f6rg could not be set for b\x1bg\\.");
    for (size_t cap = 1; cap < 200; cap++) {
        size_t n = bg_msg_say(out, cap, sample, BG_ARGS("59001", "J\u00f6rg"));
        assert_int_equal(strlen(out), n);
        assert_true(n < cap);
        if (cap > 20)
            assert_string_equal(out + n - 8, " (BG410)");
        n = bg_msg_raw(out, cap, sample, BG_ARGS("\u00f6\u00f6\u00f6", "x"));
        assert_true(n < cap && (n == 0 || ((unsigned char)out[n - 1] & 0xC0) != 0xC0));
    }
}

/* One second, two seconds; a name that is 1 changes no word that is none of a number's. */
static void test_one_of_a_kind(void **state)
{
    static const struct bg_message m[] = {
        {105, "Waiting %1 seconds, %1 tries.", "", NULL},
        {106, "%1 is %1 secondsx or %1 questions.", "Wait %1 minutes.", NULL}};
    char out[BG_MSG_MAX];

    (void)state;
    (void)bg_msg_text(out, sizeof out, &m[0], BG_ARGS("1"));
    assert_string_equal(out, "BG105 Waiting 1 second, 1 tries.");
    (void)bg_msg_text(out, sizeof out, &m[0], BG_ARGS("2"));
    assert_string_equal(out, "BG105 Waiting 2 seconds, 2 tries.");
    (void)bg_msg_full(out, sizeof out, &m[1], BG_ARGS("1"));
    assert_string_equal(out, "BG106 1 is 1 secondsx or 1 question. Wait 1 minute.");
    (void)bg_msg_full(out, sizeof out, &m[1], BG_ARGS("11"));
    assert_string_equal(out, "BG106 11 is 11 secondsx or 11 questions. Wait 11 minutes.");
    for (size_t cap = 1; cap < 40; cap++) {
        (void)memset(out, 'x', sizeof out);
        assert_true(bg_msg_text(out, cap, &m[0], BG_ARGS("1")) < cap);
        assert_int_equal(out[cap], 'x');
    }
}

static void test_four_digits(void **state)
{
    static const struct bg_message m = {1027, "It is so.", "", NULL};
    char name[8], out[64];

    (void)state;
    bg_msg_name(name, &m);
    assert_string_equal(name, "BG1027");
    (void)bg_msg_text(out, sizeof out, &m, BG_NOARGS);
    assert_string_equal(out, "BG1027 It is so.");
}

static void test_every_size(void **state)
{
    char out[256];

    (void)state;
    for (size_t cap = 1; cap < 200; cap++) {
        memset(out, '#', sizeof out);
        size_t n = bg_msg_full(out, cap, sample, BG_ARGS("59001", "bg1\xff\xff\xff"));
        assert_true(n < cap);
        assert_int_equal(strlen(out), n);
        assert_int_equal(out[cap], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_of_the_table), cmocka_unit_test(test_filling_in),
        cmocka_unit_test(test_one_of_a_kind),      cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_four_digits),        cmocka_unit_test(test_for_people_and_for_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
