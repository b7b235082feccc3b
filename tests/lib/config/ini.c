#include "../testfiles.h"

#include "config/ini.h"

/* Writes down all that it is told: "section/key=value;" and "[section];". */
static enum bg_err note(void *arg, const char *section, const char *key, const char *value, char *why,
                        size_t cap)
{
    char *out = arg;
    size_t n = strlen(out);

    if (key == NULL) {
        (void)snprintf(out + n, 512 - n, "[%s];", section);
        return BG_OK;
    }
    if (strcmp(key, "refuse") == 0) {
        (void)snprintf(why, cap, "no: %s", value);
        return BG_E_SYNTAX;
    }
    (void)snprintf(out + n, 512 - n, "%s/%s=%s;", section, key, value);
    return BG_OK;
}

static void what_is_read(void **state)
{
    char got[512] = "";
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(bg_ini_parse("top = 1\n# comment\n; comment\n\n   \n[ a ]\nkey=v ; no comment \n"
                                  "k-2 =\t[x] = # y\nempty =\n[b]\nkey = \xc3\xa4 b\t\n[b 2]\n",
                                  note, got, &e),
                     BG_OK);
    assert_string_equal(
        got, "/top=1;[a];a/key=v ; no comment;a/k-2=[x] = # y;a/empty=;[b];b/key=\xc3\xa4 b;[b 2];");
    assert_int_equal(e.line, 0);
    got[0] = '\0';
    assert_int_equal(bg_ini_parse("", note, got, &e), BG_OK);
    assert_string_equal(got, "");
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
    {"a = 1\nrefuse = \xc3\xa4\n", 2, "no: \\u{00E4}"},
};

static void what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char got[512] = "";
        struct bg_ini_error e;
        if (bg_ini_parse(bad[i].text, note, got, &e) != BG_E_SYNTAX || e.line != bad[i].line ||
            strstr(e.text, bad[i].says) == NULL)
            fail_msg("%s: line %u, %s", bad[i].text, e.line, e.text);
    }
}

static void lengths(void **state)
{
    static char text[BG_INI_FILE_MAX + 2];
    char got[512] = "";
    struct bg_ini_error e;

    (void)state;
    memset(text, 'x', BG_INI_LINE_MAX + 1);
    memcpy(text, "a = ", 4);
    text[BG_INI_LINE_MAX] = '\0';
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_OK); /* the longest line */
    got[0] = '\0';
    text[BG_INI_LINE_MAX] = 'x';
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 1);
    memset(text, '\n', sizeof text - 1);
    text[BG_INI_FILE_MAX] = '\0';
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_OK);
    text[BG_INI_FILE_MAX] = '\n';
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_E_RANGE);
    memset(text, 'x', 80);
    (void)strcpy(text + 64, " = 1");
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_E_SYNTAX); /* a key of 64 bytes */
    (void)strcpy(text + 63, " = 1");
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_OK);
}

static void too_many(void **state)
{
    char text[4096] = "", got[512] = "";
    struct bg_ini_error e;
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 129; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "k%u=\n", i);
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 129);
    n = 0;
    for (unsigned i = 0; i < 33; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "[s%u]\n", i);
    assert_int_equal(bg_ini_parse(text, note, got, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 33);
}

static void from_a_file(void **state)
{
    static const char nul[] = "a = 1\nb = \0 2\nc = 3\n";
    char got[512] = "";
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(bg_ini_load(path, note, got, &e), BG_E_NOENT);
    put_text("a = 1\nb\n");
    assert_int_equal(bg_ini_load(path, note, got, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 2);
    got[0] = '\0';
    put_bytes(nul, sizeof nul - 1);
    assert_int_equal(bg_ini_load(path, note, got, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 2);
    assert_string_equal(got, "");
    assert_int_equal(chmod(path, 0622), 0);
    assert_int_equal(bg_ini_load(path, note, got, &e), BG_E_UNSAFE);
    assert_true(e.text[0] != '\0');
}

static void values(void **state)
{
    static const char *const bad_numbers[] = {"",    "-1",  "+1", " 1",         "1 ",
                                              "1.0", "0x1", "61", "4294967297", "1234567890"};
    unsigned v = 77;
    bool yes = false;

    (void)state;
    assert_true(bg_ini_number("60", 1, 60, &v));
    assert_int_equal(v, 60);
    for (size_t i = 0; i < sizeof bad_numbers / sizeof bad_numbers[0]; i++)
        assert_false(bg_ini_number(bad_numbers[i], 1, 60, &v));
    assert_false(bg_ini_number("0", 1, 60, &v));
    assert_int_equal(v, 60);
    assert_true(bg_ini_yesno("yes", &yes));
    assert_true(yes);
    assert_false(bg_ini_yesno("Yes", &yes));
    assert_false(bg_ini_yesno("y", &yes));
    assert_false(bg_ini_yesno("true", &yes));
    assert_false(bg_ini_yesno("", &yes));
    assert_true(yes);
    assert_true(bg_ini_yesno("no", &yes));
    assert_false(yes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read), cmocka_unit_test(what_is_refused), cmocka_unit_test(lengths),
        cmocka_unit_test(too_many),     cmocka_unit_test(from_a_file),     cmocka_unit_test(values),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
