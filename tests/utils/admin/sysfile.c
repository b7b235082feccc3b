/* SPDX-License-Identifier: ISC */
/*
 * Edits of several files: all or nothing, whatever goes wrong or interrupts at any step. The calls that
 * change something on disk are counted; at a chosen one a signal arrives, or it fails after (or without) its
 * work.
 */
#undef BG_RUNDIR
#define BG_RUNDIR "run"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "scratch.h"

static int counted_link(const char *from, const char *to);
static int counted_unlink(const char *path);
#define bg_file_stage  counted_stage
#define bg_file_commit counted_commit
#define bg_deadline    no_time
#define link           counted_link
#define unlink         counted_unlink
#include "admin/conf/sysfile.c"
#undef bg_file_stage
#undef bg_file_commit
#undef bg_deadline
#undef link
#undef unlink

enum bg_err bg_file_stage(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid,
                          char *tmp);
enum bg_err bg_file_commit(const char *tmp, const char *path);

static enum {
    NOTHING,
    SIGNAL,
    FAIL,
    FAIL_LATE
} what;
static int when, count;

/* True when this call is to do nothing. */
static bool step(void)
{
    bool now = count++ == when;

    if (now && what == SIGNAL)
        (void)raise(SIGINT);
    return now && what == FAIL;
}

static bool late(void)
{
    return what == FAIL_LATE && count - 1 == when;
}

enum bg_err counted_stage(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid,
                          char *tmp)
{
    enum bg_err r = step() ? BG_E_IO : bg_file_stage(path, data, len, mode, uid, gid, tmp);

    if (r == BG_OK && late()) {
        (void)unlink(tmp);
        r = BG_E_IO;
    }
    return r;
}

enum bg_err counted_commit(const char *tmp, const char *path)
{
    enum bg_err r = step() ? BG_E_IO : bg_file_commit(tmp, path);

    return late() ? BG_E_IO : r;
}

static int counted_link(const char *from, const char *to)
{
    return step() ? -1 : link(from, to);
}

static int counted_unlink(const char *path)
{
    (void)step();
    return unlink(path);
}

/* The bound is the one that is promised; here it is over at once. */
int64_t no_time(int64_t ms)
{
    assert_int_equal(ms, 5000);
    return 0;
}

/* --- four files: changed, changed, made, removed ------------------------------------------- */

#define FILES 4
static const char *const before[FILES] = {"a old\n", "b old\n", NULL, "d old\n"};
static const char *const after[FILES] = {"a new\n", "b new\n", "c new\n", NULL};

static const char *path_of(size_t i)
{
    static char path[64];

    (void)snprintf(path, sizeof path, "%s/%c", scratch, (char)('a' + i));
    return path;
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(bg_file_replace(path, text, strlen(text), 0640, (uid_t)-1, (gid_t)-1), BG_OK);
}

static char *copy(const char *s)
{
    return s == NULL ? NULL : strdup(s);
}

static struct sysedits edits;

static void lay_out(void)
{
    char command[96];

    (void)snprintf(command, sizeof command, "rm -rf %s/*", scratch);
    assert_int_equal(system(command), 0);
    sysedits_finish(&edits); /* what was left to a child */
    for (size_t i = 0; i < FILES; i++) {
        if (before[i] != NULL)
            write_text(path_of(i), before[i]);
        assert_int_equal(sysedits_add(&edits, NULL, path_of(i), copy(before[i]), copy(after[i])), BG_OK);
        edits.item[i].uid = geteuid();
        edits.item[i].gid = getegid();
    }
    count = 0;
}

static bool holds(const char *const text[FILES])
{
    bool all = true;

    for (size_t i = 0; i < FILES; i++) {
        char *now = NULL;
        all = sysfile_read(path_of(i), &now) == BG_OK && same(now, text[i]) && all;
        free(now);
    }
    return all;
}

/* Names in the directory: nothing of ours may be left beside the files. */
static int names(void)
{
    char command[96];
    int status;

    (void)snprintf(command, sizeof command, "exit $(ls -A %s | wc -l)", scratch);
    status = system(command);
    return WEXITSTATUS(status);
}

/* As conf_apply does; go_back: take all of it back at the end, as after a check that failed. */
static bool run(bool go_back)
{
    const char *failed = NULL;
    bool good = sysedits_stage(&edits) == BG_OK;

    for (size_t i = 0; i < edits.n && good; i++)
        good = sysedit_apply(&edits.item[i]) == BG_OK;
    if (!good || go_back) {
        if (sysedits_rollback(&edits, &failed) != BG_OK)
            print_error("%s is stuck\n", failed);
        good = false;
    }
    sysedits_finish(&edits);
    return good;
}

static int steps(bool go_back)
{
    what = NOTHING;
    lay_out();
    (void)run(go_back);
    assert_true(holds(go_back ? before : after));
    assert_int_equal(names(), 3);
    return count;
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    assert_int_equal(steps(false),
                     3 + 3 + 2 + 4 + 3 + 3); /* stage, unlink, link, rename, clean up both names */
    assert_int_equal(steps(true), 3 + 3 + 2 + 4 + 4 + 3 + 3);
}

/* A Ctrl-C at any step waits until all of it is done. */
static void test_signals_wait(void **state)
{
    (void)state;
    for (int go_back = 0; go_back < 2; go_back++)
        for (int i = 0, n = steps(go_back != 0); i < n; i++) {
            int status = 0;
            pid_t pid;
            lay_out();
            what = SIGNAL;
            when = i;
            if ((pid = fork()) == 0) {
                (void)signal(SIGINT, SIG_DFL);
                (void)run(go_back != 0);
                _exit(0); /* not reached: the signal arrives at the end of sysedits_finish */
            }
            assert_int_equal(waitpid(pid, &status, 0), pid);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
            assert_true(holds(go_back != 0 ? before : after));
            assert_int_equal(names(), 3);
        }
}

/* Whatever refuses, before or after its work (a rename may be done although its sync failed): nothing has
 * changed. */
static void test_failures_change_nothing(void **state)
{
    (void)state;
    for (int kind = FAIL; kind <= FAIL_LATE; kind++)
        for (int i = 0, n = steps(false) - 6; i < n; i++) {
            lay_out();
            what = kind == FAIL ? FAIL : FAIL_LATE;
            when = i;
            if (!run(false)) {
                assert_true(holds(before));
                assert_int_equal(names(), 3);
            } else {
                assert_true(holds(after)); /* an unlink, which only makes room */
            }
        }
}

static void test_mode_and_owner_stay(void **state)
{
    struct stat st;

    (void)state;
    what = NOTHING;
    lay_out();
    if (geteuid() == 0) {
        assert_int_equal(chown(path_of(0), 0, 7), 0);
        sysedits_finish(&edits);
        assert_int_equal(sysedits_add(&edits, NULL, path_of(0), copy(before[0]), copy(after[0])), BG_OK);
    }
    (void)run(false);
    assert_int_equal(stat(path_of(0), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_gid, geteuid() == 0 ? 7 : getegid());
}

static void test_strange_files(void **state)
{
    char *text = NULL;

    (void)state;
    lay_out();
    assert_int_equal(symlink("a", path_of(2)), 0);
    assert_int_equal(sysfile_read(path_of(2), &text), BG_E_UNSAFE); /* a link */
    assert_int_equal(chmod(path_of(0), 0662), 0);
    assert_int_equal(sysfile_read(path_of(0), &text), BG_E_UNSAFE); /* anybody may write it */
    assert_int_equal(bg_file_replace(path_of(1), "a\0b", 3, 0644, (uid_t)-1, (gid_t)-1), BG_OK);
    assert_int_equal(sysfile_read(path_of(1), &text), BG_E_SYNTAX);
    assert_int_equal(truncate(path_of(1), SYSFILE_LIMIT + 1), 0);
    assert_int_equal(sysfile_read(path_of(1), &text), BG_E_RANGE);
    assert_null(text);
    sysedits_finish(&edits);
}

static void test_edit_of_somebody_else_is_kept(void **state)
{
    const char *failed = NULL;
    char *now = NULL;

    (void)state;
    what = NOTHING;
    lay_out();
    assert_int_equal(sysedits_stage(&edits), BG_OK);
    assert_int_equal(sysedit_apply(&edits.item[0]), BG_OK);
    write_text(path_of(1), "theirs\n");
    assert_int_equal(sysedit_apply(&edits.item[1]), BG_E_MISMATCH);
    write_text(path_of(2), "theirs too\n"); /* it was not there when the change was planned */
    assert_int_equal(sysedit_apply(&edits.item[2]), BG_E_MISMATCH);
    assert_int_equal(sysedits_rollback(&edits, &failed), BG_OK);
    sysedits_finish(&edits);
    assert_int_equal(sysfile_read(path_of(1), &now), BG_OK);
    assert_string_equal(now, "theirs\n");
    free(now);
    assert_int_equal(unlink(path_of(2)), 0);
    write_text(path_of(1), before[1]);
    assert_true(holds(before));
}

static void test_old_text_stays_when_it_cannot_go_back(void **state)
{
    char old[96], *text = NULL;
    const char *failed = "";

    (void)state;
    what = NOTHING;
    lay_out();
    (void)snprintf(old, sizeof old, "%s.breakglass-old", path_of(1));
    assert_int_equal(sysedits_stage(&edits), BG_OK);
    for (size_t i = 0; i < FILES; i++)
        assert_int_equal(sysedit_apply(&edits.item[i]), BG_OK);
    assert_int_equal(unlink(path_of(1)), 0);
    assert_int_equal(mkdir(path_of(1), 0700), 0); /* no file can be renamed over it */
    assert_int_equal(sysedits_rollback(&edits, &failed), BG_E_IO);
    assert_string_equal(failed, path_of(1));
    sysedits_finish(&edits);
    assert_int_equal(sysfile_read(old, &text), BG_OK);
    assert_string_equal(text, before[1]);
    free(text);
    /* the others are back, those behind it and those before it */
    assert_int_equal(rmdir(path_of(1)), 0);
    assert_int_equal(rename(old, path_of(1)), 0);
    assert_true(holds(before));
    assert_int_equal(names(), 3);
}

/* The lock is held until the process ends; another waits for at most 5 s, and a link is not followed. */
static void test_lock(void **state)
{
    int to_parent[2], status = 0;
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(to_parent), 0);
    if ((pid = fork()) == 0) {
        bool held = sysfile_lock() == BG_OK;
        (void)!write(to_parent[1], held ? "y" : "n", 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(to_parent[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(sysfile_lock(), BG_E_BUSY);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(sysfile_lock(), BG_OK);
    assert_int_equal(unlink("run/init.lock"), 0);
    assert_int_equal(symlink("../a", "run/init.lock"), 0);
    assert_int_equal(sysfile_lock(), BG_E_UNSAFE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_signals_wait),
        cmocka_unit_test(test_failures_change_nothing),
        cmocka_unit_test(test_mode_and_owner_stay),
        cmocka_unit_test(test_strange_files),
        cmocka_unit_test(test_edit_of_somebody_else_is_kept),
        cmocka_unit_test(test_old_text_stays_when_it_cannot_go_back),
        cmocka_unit_test(test_lock),
    };

    if (!scratch_enter())
        return 99;
    return scratch_leave(cmocka_run_group_tests(tests, NULL, NULL));
}
