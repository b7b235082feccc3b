/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config/ini.h"

/* All that is read, in order: "[section];", "section/key=value;", and "line!section;" for a fault. *last is
 * the last fault. */
static const char *read_all(const char *text, size_t len, struct bg_ini_error *last)
{
    static char got[BG_INI_FILE_MAX];
    struct bg_ini r;
    enum bg_ini_item item;
    size_t n = 0;

    got[0] = '\0';
    memset(last, 0, sizeof *last);
    bg_ini_begin(&r, text, len);
    while ((item = bg_ini_next(&r)) != BG_INI_END && n < sizeof got) {
        if (item == BG_INI_SECTION)
            n += (size_t)snprintf(got + n, sizeof got - n, "[%s];", r.section);
        else if (item == BG_INI_PAIR)
            n += (size_t)snprintf(got + n, sizeof got - n, "%s/%s=%s;", r.section, r.key, r.value);
        else {
            n += (size_t)snprintf(got + n, sizeof got - n, "%u!%s;", r.line, r.section);
            last->line = r.line;
            (void)snprintf(last->text, sizeof last->text, "%s%.200s", r.comment ? "comment: " : "", r.why);
        }
    }
    return got;
}

static const char *read_text(const char *text, struct bg_ini_error *last)
{
    return read_all(text, strlen(text), last);
}

static void what_is_read(void **state)
{
    struct bg_ini_error e;

    (void)state;
    assert_string_equal(read_text("top = 1\n# comment\n; comment\n\n   \n[ a ]\nkey=v ; no comment \n"
                                  "k-2 =\t[x] = # y\nempty =\n[b]\nkey = \xc3\xa4 b\t\n[b 2]\nlast = 1",
                                  &e),
                        "/top=1;[a];a/key=v ; no comment;a/k-2=[x] = # y;a/empty=;[b];b/key=\xc3\xa4 b;[b 2];"
                        "b 2/last=1;");
    assert_int_equal(e.line, 0);
    assert_string_equal(read_text("", &e), "");
}

static const struct {
    const char *text;
    unsigned line;
    const char *says;
} bad[] = {
    {"a = 1\nnonsense\n", 2, "key = value"},
    {"= 1\n", 1, "not a key"},
    {"A = 1\n", 1, "not a key"},
    {"a b = 1\n", 1, "not a key"},
    {"a_b = 1\n", 1, "not a key"},
    {"a = 1\na = 2\n", 2, "repeated key a"},
    {"[s]\na = 1\n\n# c\na=2\n", 5, "repeated key a"},
    {"[s]\n[t]\n[s]\n", 3, "repeated section [s]"},
    {"[s\n", 1, "does not end in ]"},
    {"[\n", 1, "does not end in ]"},
    {"[]\n", 1, "not a section name"},
    {"[s t u]\n", 1, "not a section name"},
    {"[s  t]\n", 1, "not a section name"},
    {"[S t]\n", 1, "not a section name"},
    {"[s ../t]\n", 1, "not a section name"},
    {"[s a]\n[s b]\n[s a]\n", 3, "repeated section [s a]"},
    {"[s] # c\n", 1, "does not end in ]"},
    {"a = 1\n b = 2\n", 2, "begins with a blank"},
    {"a = 1\n\tb\n", 2, "begins with a blank"},
    {"a = 1\r\n", 1, "control"},
    {"a = \x1b[2J\n", 1, "control"},
    {"# \x1b[2J\n", 1, "control"},
    {"\xef\xbb\xbf# c\n", 1, "invisible"},
    {"a = \xe2\x80\xae\n", 1, "invisible"},
    {"a = \xff\n", 1, "UTF-8"},
    {"# \xff\n", 1, "comment: "},
};

static void what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bg_ini_error e;
        (void)read_text(bad[i].text, &e);
        if (e.line != bad[i].line || strstr(e.text, bad[i].says) == NULL)
            fail_msg("%s: line %u, %s", bad[i].text, e.line, e.text);
    }
}

/* A fault is told with the section that it belongs to; no line moves into the section before. */
static void what_a_fault_costs(void **state)
{
    static const char *const cases[][2] = {
        {"[a]\nx=1\nnonsense\ny=2\n", "[a];a/x=1;3!a;a/y=2;"},
        {"[a]\nx=1\nx=2\ny=2\n", "[a];a/x=1;3!a;a/y=2;"},
        {"[a]\nx=1\n[b\ny=2\nnonsense\n[c]\nz=3\n", "[a];a/x=1;3!;[c];c/z=3;"},
        {"[a]\nx=1\n [b]\ny=2\n[c]\nz=3\n", "[a];a/x=1;3!;[c];c/z=3;"},
        {"[a]\nx=1\n[b\r]\ny=2\n[c]\nz=3\n", "[a];a/x=1;3!;[c];c/z=3;"},
        {"[a]\nx=1\n[B]\ny=2\n[c]\nz=3\n", "[a];a/x=1;3!;[c];c/z=3;"},
        {"[a]\nx=1\n[b]\n[a]\ny=2\n", "[a];a/x=1;[b];4!a;"},
        {"[a]\nx=1\n[b]\nx=1\n", "[a];a/x=1;[b];b/x=1;"},
    };
    static const char nul[] = "[a]\nb = \0 2\nc = 3\n";
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(read_text(cases[i][0], &e), cases[i][1]);
    assert_string_equal(read_all(nul, sizeof nul - 1, &e), "[a];2!a;a/c=3;");
}

static void lengths(void **state)
{
    static char text[BG_INI_LINE_MAX + 2];
    struct bg_ini_error e;

    (void)state;
    memset(text, 'x', BG_INI_LINE_MAX + 1);
    memcpy(text, "a = ", 4);
    assert_int_equal(strlen(read_all(text, BG_INI_LINE_MAX, &e)), BG_INI_LINE_MAX); /* the longest line */
    assert_int_equal(e.line, 0);
    assert_string_equal(read_all(text, BG_INI_LINE_MAX + 1, &e), "1!;");
    memset(text, 'x', 80);
    (void)strcpy(text + 64, " = 1");
    assert_string_equal(read_text(text, &e), "1!;"); /* a key of 64 bytes */
    (void)strcpy(text + 63, " = 1");
    assert_int_equal(strlen(read_text(text, &e)), 63 + 4);
}

static void too_many(void **state)
{
    char text[8192] = "";
    struct bg_ini_error e;
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 129; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "k%u=\n", i);
    (void)read_text(text, &e);
    assert_int_equal(e.line, 129);
    n = 0;
    for (unsigned i = 0; i < BG_INI_SECTIONS + 1; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "[s%u]\n", i);
    (void)read_text(text, &e);
    assert_int_equal(e.line, BG_INI_SECTIONS + 1);
}

static void the_list_of_faults(void **state)
{
    struct bg_faults f = {0};

    (void)state;
    for (unsigned i = 1; i <= BG_FAULTS_MAX + 2; i++)
        bg_fault(&f, i, "\xc3\xa4 %u", i);
    assert_int_equal(f.n, BG_FAULTS_MAX);
    assert_int_equal(f.fault[BG_FAULTS_MAX - 1].line, BG_FAULTS_MAX);
    assert_string_equal(f.fault[0].text, "\\u{00E4} 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),       cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_a_fault_costs), cmocka_unit_test(lengths),
        cmocka_unit_test(the_list_of_faults), cmocka_unit_test(too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
