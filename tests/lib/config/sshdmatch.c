/* SPDX-License-Identifier: ISC */
/* The expected values are those that sshd 9.2 shows: tests/utils/admin/test_check_ssh.py asks it the same. */
#include "../testfiles.h"

#include "config/sshdmatch.h"

static const struct bg_sshd_user user = {.name = "bg1", .group = {"root", "staff"}, .groups = 2};
static const struct bg_sshd_from here = {
    .host = "pc.example.org", .addr = "10.1.2.3", .laddr = "10.1.0.1", .lport = 22};
static const struct bg_sshd_from six = {
    .host = "2001:db8::5", .addr = "2001:db8::5", .laddr = "2001:db8::1", .lport = 2222};

static void patterns(void **state)
{
    static const struct {
        const char *s, *pattern;
        bool fits;
    } rows[] = {
        {"bg1", "bg1", true},    {"bg1", "*", true},       {"bg1", "b*1", true},   {"bg1", "b?1", true},
        {"bg1", "bg1*", true},   {"bg1", "bg1?", false},   {"bg1", "*g", false},   {"bg1", "BG1", false},
        {"bg1", "[b]g1", false}, {"!bg1", "!bg1", true},   {"bg1", "!bg1", false}, {"", "", true},
        {"", "?", false},        {"aXbXc", "a*b*c", true}, {"bg1", "", false},     {"abab", "*ab", true}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bg_sshd_fits(rows[i].s, rows[i].pattern) != rows[i].fits)
            fail_msg("%s %s", rows[i].s, rows[i].pattern);
}

static void lists(void **state)
{
    (void)state;
    assert_int_equal(bg_sshd_in_list("bg1", "x,bg*", false), 1);
    assert_int_equal(bg_sshd_in_list("bg1", "!bg1,*", false), -1);
    assert_int_equal(bg_sshd_in_list("bg1", "*,!bg1", false), -1);
    assert_int_equal(bg_sshd_in_list("bg1", "!bg2", false), 0);
    assert_int_equal(bg_sshd_in_list("pc.example.org", "*.EXAMPLE.org", true), 1);
    assert_int_equal(bg_sshd_in_addresses("10.1.2.3", "192.0.2.1,10.0.0.0/8"), 1);
    assert_int_equal(bg_sshd_in_addresses("10.1.2.3", "10.0.0.0/8,!10.1.2.0/23"), -1);
    assert_int_equal(bg_sshd_in_addresses("10.1.2.3", "10.1.2.0/31"), 0);
    assert_int_equal(bg_sshd_in_addresses("10.1.2.3", "10.1.*"), 1);
    assert_int_equal(bg_sshd_in_addresses("10.1.2.3", "0.0.0.0/0"), 1);
    assert_int_equal(bg_sshd_in_addresses("2001:db8::5", "0.0.0.0/0,2001:db8::/32"), 1);
    assert_int_equal(bg_sshd_in_addresses("2001:db8::5", "::/129"), 0);
}

static void words_of_users(void **state)
{
    static const struct {
        const char *word;
        bool here, six;
    } rows[] = {{"bg1", true, true},
                {"bg1@10.1.2.3", true, false},
                {"b*@10.0.0.0/8", true, false},
                {"bg1@*.example.org", true, false},
                {"bg1@2001:db8::/32", false, true},
                {"bg1@*,!10.1.2.3", false, true},
                {"bg1@10.0.0.0/8,!pc.*", false, false},
                {"bg2@*", false, false},
                {"!bg1", false, false},
                {"bg1,bg2", false, false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bg_sshd_user_fits(rows[i].word, "bg1", &here) != rows[i].here ||
            bg_sshd_user_fits(rows[i].word, "bg1", &six) != rows[i].six)
            fail_msg("%s", rows[i].word);
}

static void blocks(void **state)
{
    static const struct {
        const char *criteria;
        bool here, six;
    } rows[] = {{"all", true, true},
                {"User bg1", true, true},
                {"user=bg1", true, true},
                {"User \"bg*\"", true, true},
                {"User *,!bg1", false, false},
                {"Group staff", true, true},
                {"Group *,!staff", false, false},
                {"Address 10.0.0.0/8 User bg1", true, false},
                {"Address 10.0.0.0/8 User bg2", false, false},
                {"Address *,!10.1.2.3", false, true},
                {"Host *.Example.org", true, false},
                {"LocalAddress 2001:db8::/32", false, true},
                {"LocalPort 2222", false, true},
                {"RDomain red", false, false},
                {"NoSuch x", false, false},
                {"User", false, false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bg_sshd_match_holds(rows[i].criteria, &user, &here) != rows[i].here ||
            bg_sshd_match_holds(rows[i].criteria, &user, &six) != rows[i].six)
            fail_msg("%s", rows[i].criteria);
}

static bool last_match(void *arg, const struct bg_sshd_line *l)
{
    (void)snprintf(arg, 64, "%s", l->match == NULL ? "" : l->match);
    return true;
}

/* What an included file says holds where the block does that includes it, and no longer than the file. */
static void block_in_block(void **state)
{
    char at[200], text[256], seen[64];
    FILE *f;

    (void)state;
    (void)snprintf(at, sizeof at, "%s/inner", dir);
    f = fopen(at, "we");
    assert_non_null(f);
    assert_true(fputs("Match Address 10.0.0.0/8\nBanner x\n", f) >= 0 && fclose(f) == 0);
    (void)snprintf(text, sizeof text, "Match User bg2\nInclude inner\n");
    f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
    assert_int_equal(bg_sshd_walk(path, last_match, seen), BG_OK);
    assert_string_equal(seen, "User bg2 Address 10.0.0.0/8");
    assert_false(bg_sshd_match_holds(seen, &user, &here));
}

static int remove_both(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(lists),
        cmocka_unit_test(words_of_users),
        cmocka_unit_test(blocks),
        cmocka_unit_test_setup_teardown(block_in_block, make_dir, remove_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
