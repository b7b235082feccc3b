/* SPDX-License-Identifier: ISC */
/* A grant passes between two processes of one login: once, in time, to nobody else, in whatever place is
 * left. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/host.h"
#include "base/safefile.h"
#include "record/grant.h"
#include "record/keyring.h"

#define USE_A "01JD7Z3W9Q6M3B1V5X0C8K3F2A"
#define USE_B "01JD7Z3W9Q6M3B1V5X0C8K3F2B"

static char root[64], run[96], shm[96];
static struct bg_grant_places at;

static int begin(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/bg-grant-XXXXXX");
    assert_non_null(mkdtemp(root));
    (void)snprintf(run, sizeof run, "%s/up/grants", root);
    (void)snprintf(shm, sizeof shm, "%s/shm", root);
    assert_int_equal(mkdir(shm, 0755), 0);
    at = (struct bg_grant_places){.run = run, .shm = shm, .no_keyring = true};
    return 0;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    bg_grant_drop(NULL, USE_A);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static bool in(const char *dir, const char *lead)
{
    char path[160];

    (void)snprintf(path, sizeof path, "%s/%s" USE_A, dir, lead);
    return access(path, F_OK) == 0;
}

static void put(void)
{
    assert_int_equal(bg_grant_put(&at, "bg1", USE_A, getpid()), BG_OK);
}

static enum bg_err take(void)
{
    return bg_grant_take(&at, "bg1", USE_A, getpid());
}

/* What it says in a child, where getpid() is another. */
static enum bg_err in_child(enum bg_err (*fn)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit((int)fn());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return (enum bg_err)WEXITSTATUS(status);
}

static void one_token_opens_one_session(void **state)
{
    struct stat st;
    char path[160];

    (void)state;
    put();
    (void)snprintf(path, sizeof path, "%s/" USE_A, run);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(run, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(bg_grant_check(&at, "bg1", USE_A, getpid()), BG_OK);
    assert_int_equal(take(), BG_OK);
    assert_int_equal(take(), BG_E_NOENT);
    assert_int_equal(bg_grant_check(&at, "bg1", USE_A, getpid()), BG_E_NOENT);
}

static void it_is_for_one_account_and_one_use(void **state)
{
    (void)state;
    put();
    assert_int_equal(bg_grant_take(&at, "bg2", USE_A, getpid()), BG_E_MISMATCH);
    assert_int_equal(bg_grant_take(&at, "bg", USE_A, getpid()), BG_E_MISMATCH);
    assert_int_equal(bg_grant_take(&at, "bg1", USE_B, getpid()), BG_E_NOENT);
    assert_int_equal(bg_grant_take(&at, "bg1", "", getpid()), BG_E_NOENT);
    assert_int_equal(bg_grant_take(&at, "bg1", "../" USE_A, getpid()), BG_E_NOENT);
    assert_int_equal(bg_grant_put(&at, "bg1", "../x", getpid()), BG_E_SYNTAX);
    assert_int_equal(take(), BG_OK);
}

/* As sshd does it: the dialogue in a child of the process that opens the session. */
static enum bg_err leave_one(void)
{
    return bg_grant_put(&at, "bg1", USE_A, getpid());
}

static void the_parent_of_the_dialogue_may_take_it(void **state)
{
    (void)state;
    assert_int_equal(in_child(leave_one), BG_OK);
    assert_int_equal(bg_grant_take(&at, "bg1", USE_A, getppid()), BG_E_MISMATCH);
    assert_int_equal(take(), BG_OK);
}

static void another_child_of_that_parent_may_take_it(void **state)
{
    (void)state;
    assert_int_equal(in_child(leave_one), BG_OK);
    assert_int_equal(in_child(take), BG_OK);
    assert_int_equal(take(), BG_E_NOENT);
}

static enum bg_err take_from_a_grandchild(void)
{
    return in_child(take);
}

static void a_process_of_another_login_may_not(void **state)
{
    (void)state;
    assert_int_equal(in_child(leave_one), BG_OK);
    assert_int_equal(in_child(take_from_a_grandchild), BG_E_MISMATCH);
    assert_int_equal(bg_grant_take(&at, "bg1", USE_A, 1), BG_E_MISMATCH);
    assert_int_equal(bg_grant_take(&at, "bg1", USE_A, 0), BG_E_MISMATCH);
    assert_int_equal(take(), BG_OK);
}

/* Change a byte range of the token's file. */
static void spoil(long offset, const void *with, size_t n)
{
    char path[160];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/" USE_A, run);
    assert_non_null(f = fopen(path, "r+"));
    assert_int_equal(fseek(f, offset, offset < 0 ? SEEK_END : SEEK_SET), 0);
    assert_int_equal(fwrite(with, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void one_that_is_too_old_opens_nothing(void **state)
{
    const int64_t past = 1;

    (void)state;
    put();
    spoil(-8, &past, sizeof past);
    assert_int_equal(take(), BG_E_TIMEOUT);
    assert_int_equal(bg_grant_put(&at, "bg1", USE_B, getpid()), BG_OK); /* clears it away */
    assert_false(in(run, ""));
}

static void a_pid_that_was_given_again_is_another_process(void **state)
{
    const uint64_t other = 3;

    (void)state;
    put();
    spoil(-32, &other, sizeof other); /* start time of the process */
    spoil(-16, &other, sizeof other); /* and of its parent */
    assert_int_equal(take(), BG_E_MISMATCH);
}

/* The same pid and start time come again at another boot; here one digit of the boot's id is another. */
static void one_of_another_boot_opens_nothing(void **state)
{
    char text[4096], boot[BG_BOOT_ID_LEN + 1], path[160];
    const char *at_boot;
    size_t n;

    (void)state;
    put();
    (void)snprintf(path, sizeof path, "%s/" USE_A, run);
    assert_int_equal(bg_file_read(path, text, sizeof text, &n), BG_OK);
    bg_host_boot_id(boot);
    assert_non_null(at_boot = memmem(text, n, boot, BG_BOOT_ID_LEN));
    spoil(at_boot - text, boot[0] == '0' ? "1" : "0", 1);
    assert_int_equal(bg_grant_check(&at, "bg1", USE_A, getpid()), BG_E_MISMATCH);
    assert_int_equal(take(), BG_E_MISMATCH);
    assert_int_equal(bg_grant_put(&at, "bg1", USE_B, getpid()), BG_OK); /* clears it away */
    assert_false(in(run, ""));
}

static void a_damaged_one_opens_nothing(void **state)
{
    char path[160];

    (void)state;
    put();
    (void)snprintf(path, sizeof path, "%s/" USE_A, run);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(take(), BG_E_NOENT);
    assert_int_equal(unlink(path), 0);
    put();
    spoil(0, "X", 1);
    assert_int_equal(take(), BG_E_NOENT);
    assert_int_equal(unlink(path), 0);
    put();
    assert_int_equal(chmod(path, 0666), 0); /* anybody could have written it */
    assert_int_equal(take(), BG_E_NOENT);
}

/* A file of that name is there already: whoever made it knows more than he should. */
static void none_is_written_over(void **state)
{
    (void)state;
    put();
    at.shm = "";
    assert_int_equal(bg_grant_put(&at, "bg1", USE_A, getpid()), BG_E_IO);
}

/* Another login is in the middle of writing its token, or it cannot be read just now. */
static void one_that_cannot_be_read_is_not_cleared_away(void **state)
{
    char path[160];
    struct rlimit old, few;
    int next;

    (void)state;
    put();
    (void)snprintf(path, sizeof path, "%s/" USE_A, run);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(bg_grant_put(&at, "bg1", USE_B, getpid()), BG_OK);
    assert_true(in(run, ""));
    assert_int_equal(unlink(path), 0);
    put();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    assert_true((next = dup(STDIN_FILENO)) >= 0);
    assert_int_equal(close(next), 0);
    few = old;
    few.rlim_cur = (rlim_t)next + 1; /* the directory can be opened, a file in it cannot */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_not_equal(bg_grant_put(&at, "bg1", USE_B, getpid()), BG_E_SYNTAX);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(take(), BG_OK);
}

/* made: the directory of the tokens is there already. */
static void in_read_only_run(bool made)
{
    char command[256];
    int status;
    pid_t pid;

    if (geteuid() != 0)
        skip();
    if ((pid = fork()) == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
            _exit(77);
        (void)snprintf(command, sizeof command,
                       "cd %s && mkdir -p up && mount -t tmpfs none up && %s && "
                       "mount -o remount,ro up",
                       root, made ? "mkdir -m 700 up/grants" : "true");
        if (system(command) != 0)
            _exit(77);
        put();
        assert_true(in(shm, "breakglass-grant-"));
        assert_int_equal(take(), BG_OK);
        assert_false(in(shm, "breakglass-grant-"));
        assert_int_equal(take(), BG_E_NOENT);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

static void a_read_only_run_sends_it_to_shared_memory(void **state)
{
    (void)state;
    in_read_only_run(false);
}

/* There unlink says that the file system is read-only before it looks for the file. */
static void a_run_that_became_read_only_does_too(void **state)
{
    (void)state;
    in_read_only_run(true);
}

static void without_a_place_it_says_so(void **state)
{
    (void)state;
    at.run = at.shm = "";
    assert_int_equal(bg_grant_put(&at, "bg1", USE_A, getpid()), BG_E_IO);
    assert_int_equal(take(), BG_E_NOENT);
}

static void the_keyring_holds_one_when_run_does_not(void **state)
{
    (void)state;
    if (bg_keyring_put("breakglass:test", "x", 1, 5) != BG_OK)
        skip(); /* a container without keyrings */
    assert_int_equal(bg_keyring_drop("breakglass:test"), BG_OK);
    at = (struct bg_grant_places){.run = "/proc/none", .shm = ""};
    put();
    assert_int_equal(bg_grant_check(&at, "bg1", USE_A, getpid()), BG_OK);
    assert_int_equal(take(), BG_OK);
    assert_int_equal(take(), BG_E_NOENT);
    put();
    bg_grant_drop(&at, USE_A);
    assert_int_equal(take(), BG_E_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_token_opens_one_session, begin, end),
        cmocka_unit_test_setup_teardown(it_is_for_one_account_and_one_use, begin, end),
        cmocka_unit_test_setup_teardown(the_parent_of_the_dialogue_may_take_it, begin, end),
        cmocka_unit_test_setup_teardown(another_child_of_that_parent_may_take_it, begin, end),
        cmocka_unit_test_setup_teardown(a_process_of_another_login_may_not, begin, end),
        cmocka_unit_test_setup_teardown(one_that_is_too_old_opens_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_pid_that_was_given_again_is_another_process, begin, end),
        cmocka_unit_test_setup_teardown(one_of_another_boot_opens_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_one_opens_nothing, begin, end),
        cmocka_unit_test_setup_teardown(none_is_written_over, begin, end),
        cmocka_unit_test_setup_teardown(one_that_cannot_be_read_is_not_cleared_away, begin, end),
        cmocka_unit_test_setup_teardown(a_read_only_run_sends_it_to_shared_memory, begin, end),
        cmocka_unit_test_setup_teardown(a_run_that_became_read_only_does_too, begin, end),
        cmocka_unit_test_setup_teardown(without_a_place_it_says_so, begin, end),
        cmocka_unit_test_setup_teardown(the_keyring_holds_one_when_run_does_not, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
