/* SPDX-License-Identifier: ISC */
/* Becoming a user for good, also where a call says yes and does nothing: whatever is left must be noticed. */
#include <linux/securebits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <grp.h>
#include <cmocka.h>
#include "base/sysuser.h"

#define USER  54321
#define GROUP 54322

static bool skip_groups, skip_gid, skip_uid;

static int lying_setgroups(size_t n, const gid_t *list)
{
    return skip_groups ? 0 : setgroups(n, list);
}

static int lying_setresgid(gid_t r, gid_t e, gid_t s)
{
    return skip_gid ? 0 : setresgid(r, e, s);
}

static int lying_setresuid(uid_t r, uid_t e, uid_t s)
{
    return skip_uid ? 0 : setresuid(r, e, s);
}

static int take_groups(void)
{
    static const gid_t groups[] = {1, 2, 3};

    return setgroups(3, groups);
}

/* As a set-uid program that somebody else has started. */
static int take_foreign_uid(void)
{
    return setresuid(USER, 0, 0);
}

#define setgroups lying_setgroups
#define setresgid lying_setresgid
#define setresuid lying_setresuid
#include "../../../lib/base/sysuser.c"

/* Line `name` of /proc/self/status. */
static void status_line(const char *name, char *out, size_t cap)
{
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(out, (int)cap, f) != NULL)
        if (strncmp(out, name, strlen(name)) == 0)
            break;
    if (f != NULL)
        (void)fclose(f);
}

static bool status_is(const char *name, const char *want)
{
    char line[256] = "";

    status_line(name, line, sizeof line);
    return strcmp(line, want) == 0;
}

static int good_drop(void)
{
    if (bg_become_user(USER, GROUP) != BG_OK)
        return 1;
    if (!status_is("Uid:", "Uid:\t54321\t54321\t54321\t54321\n") ||
        !status_is("Gid:", "Gid:\t54322\t54322\t54322\t54322\n"))
        return 2;
    if (!status_is("CapEff:", "CapEff:\t0000000000000000\n") ||
        !status_is("CapPrm:", "CapPrm:\t0000000000000000\n"))
        return 3;
    return getgroups(0, NULL) == 0 ? 0 : 4;
}

static int plain_root(void)
{
    if (bg_become_user(0, 0) != BG_OK)
        return 1;
    return getgroups(0, NULL) == 0 && status_is("Gid:", "Gid:\t0\t0\t0\t0\n") ? 0 : 2;
}

static int refused(void)
{
    return bg_become_user(USER, GROUP) == BG_E_REFUSED ? 0 : 1;
}

/* With this bit the kernel leaves root's capabilities to the new uid, which can then take root back. */
static int root_comes_back(void)
{
    return prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0 ? 2 : refused();
}

static int not_root(void)
{
    return setresuid(USER, USER, USER) != 0 ? 2 : refused();
}

static int foreign_uid_stays(void)
{
    if (take_foreign_uid() != 0)
        return 2;
    return bg_become_user(0, 0) == BG_E_REFUSED ? 0 : 1;
}

/* fn's exit status in a child that has groups to lose. */
static int in_child(int (*fn)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(take_groups() != 0 ? 99 : fn());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_become(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_child(good_drop), 0);
    assert_int_equal(in_child(plain_root), 0);
    assert_int_equal(in_child(root_comes_back), 0);
    assert_int_equal(in_child(not_root), 0);
}

static void test_calls_that_do_nothing(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    skip_groups = true;
    assert_int_equal(in_child(refused), 0);
    skip_groups = false, skip_gid = true;
    assert_int_equal(in_child(refused), 0);
    skip_gid = false, skip_uid = true;
    assert_int_equal(in_child(refused), 0);
    assert_int_equal(in_child(foreign_uid_stays), 0);
    skip_uid = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_become),
                                       cmocka_unit_test(test_calls_that_do_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
