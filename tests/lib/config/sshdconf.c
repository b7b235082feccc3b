/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include <strings.h>
#include "config/sshdconf.h"

/* Files in the test's directory; "file" is the first. */
static void put(const char *name, const char *text)
{
    char at[160];
    FILE *f;

    (void)snprintf(at, sizeof at, "%s/%s", dir, name);
    f = fopen(at, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
    assert_int_equal(chmod(at, 0644), 0);
}

static int remove_all(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

struct seen {
    char text[2048];
    int left; /* lines before it has enough */
};

static bool note(void *arg, const struct bg_sshd_line *l)
{
    struct seen *s = arg;
    size_t n = strlen(s->text);

    (void)snprintf(s->text + n, sizeof s->text - n, "%s:%u [%s] %s=%s\n", strrchr(l->file, '/') + 1,
                   l->number, l->match == NULL ? "" : l->match, l->key, l->value);
    return --s->left != 0;
}

static void sees(int enough, const char *want)
{
    struct seen s = {.left = enough};

    assert_int_equal(bg_sshd_walk(path, note, &s), BG_OK);
    assert_string_equal(s.text, want);
}

static void the_walk(void **state)
{
    (void)state;
    put("a.conf", "Port 23\nMatch User x\n Banner no\n");
    put("b.conf", "PidFile  none\n");
    put("file", "# Port 1\n\n  Port 22 # and more\nBanner=\"a b\"\nKey = v\nInclude *.conf "
                "\"nowhere\"\nOdd\r\nMatch Address 10.0.0.0/8\n"
                "\tBanner x#y\n  include b.conf\nMATCH all\nX 1");
    sees(0, "file:3 [] Port=22\nfile:4 [] Banner=a b\nfile:5 [] Key=v\na.conf:1 [] Port=23\na.conf:2 [User "
            "x] Match=User x\n"
            "a.conf:3 [User x] Banner=no\nb.conf:1 [] PidFile=none\nfile:7 [] Odd=\nfile:8 [Address "
            "10.0.0.0/8] Match=Address 10.0.0.0/8\n"
            "file:9 [Address 10.0.0.0/8] Banner=x#y\nb.conf:1 [Address 10.0.0.0/8] PidFile=none\nfile:11 "
            "[all] MATCH=all\nfile:12 [all] X=1\n");
    sees(4, "file:3 [] Port=22\nfile:4 [] Banner=a b\nfile:5 [] Key=v\na.conf:1 [] Port=23\n");
}

/* Whatever is in the files, the walk ends; what cannot be read is passed over. */
static void strange_files(void **state)
{
    struct seen s = {.left = 0};

    (void)state;
    assert_int_equal(bg_sshd_walk(path, note, &s), BG_E_NOENT);
    put("file", "Include file file\nA 1\n");
    assert_int_equal(bg_sshd_walk(path, note, &s), BG_OK);
    assert_true(strlen(s.text) > 0);
    put("open.conf", "B 2\n");
    put("file", "Include open.conf\nA 1\n");
    (void)snprintf(s.text, sizeof s.text, "%s/open.conf", dir);
    assert_int_equal(chmod(s.text, 0666), 0);
    sees(0, "file:2 [] A=1\n");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(bg_sshd_walk(path, note, &s), BG_E_UNSAFE);
}

static void times(void **state)
{
    static const struct {
        const char *text;
        unsigned seconds;
        bool good;
    } rows[] = {{"120", 120, true}, {"2m", 120, true},      {"1h30M", 5400, true},    {"0", 0, true},
                {"90s", 90, true},  {"1w2d", 777600, true}, {"", 0, false},           {"m", 0, false},
                {"-1", 0, false},   {"1y", 0, false},       {"99999999999", 0, false}};
    unsigned got;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(bg_sshd_seconds(rows[i].text, &got), rows[i].good);
        if (rows[i].good)
            assert_int_equal(got, rows[i].seconds);
    }
    assert_int_equal(bg_sshd_grace(path), 120); /* no file */
    put("file", "Port 22\n");
    assert_int_equal(bg_sshd_grace(path), 120);
    put("late.conf", "LoginGraceTime 5m\n");
    put("file", "logingracetime nonsense\nInclude late.conf\nLoginGraceTime 30\n");
    assert_int_equal(bg_sshd_grace(path), 300);
}

static struct bg_sshd_user user = {.name = "bg1", .group = {"root", "staff"}, .groups = 2};

static void names(void **state)
{
    (void)state;
    assert_true(bg_sshd_names_user("alice bg1", &user));
    assert_true(bg_sshd_names_user("b?1", &user));
    assert_true(bg_sshd_names_user("\"bg*\"", &user));
    assert_true(bg_sshd_names_user("bg1@10.0.0.1", &user));
    assert_false(bg_sshd_names_user("bg11 bg root", &user));
    assert_true(bg_sshd_names_user("bg* !bg1", &user)); /* the ! is a character: sshd negates in Match only */
    assert_false(bg_sshd_names_user("!bg1", &user));
    assert_false(bg_sshd_names_user("alice,bg1 [b]g1", &user));
    assert_false(bg_sshd_names_user("", &user));
    assert_true(bg_sshd_names_user("bg* !bg1@10.0.0.1", &user)); /* from elsewhere */
    assert_true(bg_sshd_denies_user("alice bg1", &user));
    assert_true(bg_sshd_denies_user("bg1@*", &user));
    assert_true(bg_sshd_denies_user("bg1@10.0.0.1 b*", &user));
    assert_true(bg_sshd_denies_user("!bg1@10.0.0.1 b*", &user));
    assert_false(bg_sshd_denies_user("bg1@10.0.0.1 *@192.0.2.*", &user));
    assert_true(bg_sshd_denies_user("bg* !bg1", &user));
    assert_false(bg_sshd_denies_user("!bg1 !root", &user));
    assert_true(bg_sshd_names_group("wheel st*", &user));
    assert_false(bg_sshd_names_group("wheel bg1", &user));
    assert_true(bg_sshd_names_group("root !staff", &user));
    assert_false(bg_sshd_names_group("!root !staff", &user));
}

static void the_groups_of_an_account(void **state)
{
    const struct bg_account root = {.name = "bg1"}, own = {.name = "bg2", .uid = 790, .gid = 790};
    struct bg_sshd_user u;

    (void)state;
    put("file", "root:x:0:\nadm:x:4:alice,bg1\nbg2:x:790:\nsudo:x:27:bg2,bg1\nbroken\n");
    bg_sshd_user(&root, path, &u);
    assert_int_equal(u.groups, 3);
    assert_string_equal(u.group[0], "root");
    assert_string_equal(u.group[1], "adm");
    assert_string_equal(u.group[2], "sudo");
    bg_sshd_user(&own, path, &u);
    assert_int_equal(u.groups, 2);
    assert_string_equal(u.group[0], "bg2");
}

static void what_keeps_a_user_out(void **state)
{
#define BLOCK "Match User bg1\n AllowUsers bg1\n PermitRootLogin yes\n"
    static const struct {
        const char *text, *key;
        unsigned line;
        bool uid0;
    } rows[] = {
        {"Port 22\nDenyUsers bg*\n" BLOCK, "DenyUsers", 2, true},
        {"DenyUsers eve\n" BLOCK, NULL, 0, true},
        {"DenyUsers *@192.0.2.*\n" BLOCK, NULL, 0, true},
        {"DenyUsers *@192.0.2.*\nDenyUsers *@*\n" BLOCK, "DenyUsers", 2, true},
        {"AllowUsers bg1@10.0.0.1\n", NULL, 0, false},
        {"DenyGroups wheel\nDenyGroups root\n" BLOCK, "DenyGroups", 2, true},
        {"AllowGroups wheel\nAllowGroups other\n" BLOCK, "AllowGroups", 1, true},
        {"AllowGroups wheel\nAllowGroups staff\n" BLOCK, NULL, 0, true},
        {"AllowUsers alice\n" BLOCK, NULL, 0, true},
        {"PermitRootLogin no\n" BLOCK, NULL, 0, true},
        {"PermitRootLogin no\nPermitRootLogin yes\n", "PermitRootLogin", 1, true},
        {"PermitRootLogin yes\nPermitRootLogin no\n", NULL, 0, true},
        {"Port 22\n", "PermitRootLogin", 0, true},
        {"Port 22\n", NULL, 0, false},
        {"Port 22\nAllowUsers alice\n", "AllowUsers", 2, false},
        {"Port 22\nAllowUsers alice\nAllowUsers bg1\n", NULL, 0, false},
        {"Match User bg11\n AllowUsers bg1\nMatch all\n DenyUsers bg1\n", "PermitRootLogin", 0, true},
        {"Match User bg1 Address 10.0.0.0/8\n PermitRootLogin yes\n", "PermitRootLogin", 0, true},
    };
    struct bg_sshd_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put("file", rows[i].text);
        if (bg_sshd_excludes(path, &user, rows[i].uid0, &rule) != (rows[i].key != NULL))
            fail_msg("%s", rows[i].text);
        if (rows[i].key == NULL)
            continue;
        assert_string_equal(rule.key, rows[i].key);
        assert_int_equal(rule.number, rows[i].line);
        assert_string_equal(rule.file, path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_walk, make_dir, remove_all),
        cmocka_unit_test_setup_teardown(strange_files, make_dir, remove_all),
        cmocka_unit_test_setup_teardown(times, make_dir, remove_all),
        cmocka_unit_test_setup_teardown(the_groups_of_an_account, make_dir, remove_all),
        cmocka_unit_test_setup_teardown(what_keeps_a_user_out, make_dir, remove_all),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
