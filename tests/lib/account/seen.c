/* SPDX-License-Identifier: ISC */
/* What libc says of an account, compared: right, wrong in each field, and not at all. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "account/seen.h"

#define LONG_MS 60000 /* the machine may be busy */

/* What libc answers. */
static struct passwd bg1, root;
static const struct passwd *number;
static bool nobody, hangs;

struct passwd *__wrap_getpwnam(const char *name);
struct passwd *__wrap_getpwnam(const char *name)
{
    while (hangs)
        (void)pause();
    assert_string_equal(name, "bg1");
    return nobody ? NULL : &bg1;
}

struct passwd *__wrap_getpwuid(uid_t uid);
struct passwd *__wrap_getpwuid(uid_t uid)
{
    static struct passwd answer;

    if (number == NULL || uid == 59001) /* the question that does the damage */
        return NULL;
    answer = *number;
    return &answer;
}

/* bg2 is an account too. */
enum bg_match __wrap_bg_account_by_name(const char *path, const char *name, char *buf,
                                        struct bg_account *out);
enum bg_match __wrap_bg_account_by_name(const char *path, const char *name, char *buf, struct bg_account *out)
{
    (void)buf;
    (void)out;
    assert_string_equal(path, BG_ACCOUNTS_PATH);
    return strcmp(name, "bg2") == 0 ? BG_OURS : BG_NOT_OURS;
}

static struct bg_account account;
static struct bg_seen seen;

static int begin(void **state)
{
    static char name[] = "bg1", home[] = "/h", shell[] = "/bin/sh", boss[] = "root";

    (void)state;
    account = (struct bg_account){
        .name = name, .home = home, .shell = shell, .has_audit_uid = true, .audit_uid = 59001};
    bg1 = (struct passwd){.pw_name = name, .pw_dir = home, .pw_shell = shell};
    root = (struct passwd){.pw_name = boss};
    number = &root;
    nobody = hangs = false;
    memset(&seen, 0, sizeof seen);
    return 0;
}

static void wrong(bool rights, const char *how)
{
    assert_int_equal(bg_seen_check(&account, LONG_MS, &seen), BG_E_MISMATCH);
    assert_string_equal(seen.how, how);
    assert_int_equal(seen.rights, rights);
}

static void test_right(void **state)
{
    static char toor[] = "toor";

    (void)state;
    assert_int_equal(bg_seen_check(&account, LONG_MS, &seen), BG_OK);
    root.pw_name = toor; /* some call root so first of all */
    assert_int_equal(bg_seen_check(&account, LONG_MS, &seen), BG_OK);
    account.uid = bg1.pw_uid = 990;
    number = &bg1;
    assert_int_equal(bg_seen_check(&account, LONG_MS, &seen), BG_OK);
    assert_string_equal(seen.how, "");
}

static void test_wrong(void **state)
{
    static char other[] = "/x\x1b[2J", name[] = "bg1", second[] = "bg2";

    (void)state;
    bg1.pw_uid = 59001;
    wrong(true, "bg1 is uid 59001, not 0");
    begin(state);
    bg1.pw_gid = 7;
    wrong(true, "bg1 is in group 7, not 0");
    begin(state);
    bg1.pw_shell = other;
    wrong(false, "bg1 has the shell /x\\u{001B}[2J, not /bin/sh");
    begin(state);
    bg1.pw_dir = other;
    wrong(false, "bg1 has the home /x\\u{001B}[2J, not /h");
    begin(state);
    nobody = true;
    wrong(true, "bg1 is nobody, not an account");
    begin(state);
    root.pw_name = name;
    wrong(false, "uid 0 is bg1, not root");
    root.pw_name = second;
    wrong(false, "uid 0 is bg2, not root");
    number = NULL;
    wrong(false, "uid 0 is nobody, not root");
    account.uid = bg1.pw_uid = 990;
    wrong(false, "uid 990 is nobody, not bg1");
}

static void test_silent(void **state)
{
    (void)state;
    hangs = true;
    assert_int_equal(bg_seen_check(&account, 20, &seen), BG_E_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_right, begin),
        cmocka_unit_test_setup(test_wrong, begin),
        cmocka_unit_test_setup(test_silent, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
