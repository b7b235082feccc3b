/* SPDX-License-Identifier: ISC */
/* Work in a child with a deadline, and the clocks that it stands on. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/child.h"
#include "base/clock.h"
#include "fds.h"

#define LONG_MS 60000 /* the machine may be busy */

struct text {
    size_t len;
    char text[32];
};

/* Adds arg to what it finds. */
static enum bg_err echo(void *arg, void *out)
{
    struct text *t = out;

    t->len = strlen(strcat(t->text, arg));
    return BG_OK;
}

static enum bg_err refuse(void *arg, void *out)
{
    (void)arg;
    if (out != NULL)
        ((struct text *)out)->len = 5;
    return BG_E_UNSAFE;
}

static enum bg_err no_space(void *arg, void *out)
{
    (void)refuse(arg, out);
    errno = ENOSPC;
    return BG_E_IO;
}

static enum bg_err hang(void *arg, void *out)
{
    (void)refuse(arg, out);
    (void)signal(SIGTERM, SIG_IGN);
    (void)alarm(60); /* should nobody kill it */
    for (;;)
        (void)pause();
    return BG_OK;
}

/* Which descriptors a child finds open. */
static enum bg_err list_open(void *arg, void *out)
{
    char *open = out;

    (void)arg;
    for (int fd = 0; fd < 64; fd++)
        open[fd] = fcntl(fd, F_GETFD) < 0 ? '.' : 'o';
    return BG_OK;
}

static enum bg_err die(void *arg, void *out)
{
    (void)refuse(arg, out);
    (void)raise(SIGKILL);
    return BG_OK;
}

static void no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_results(void **state)
{
    struct text t = {.text = "well, "};
    unsigned before = open_fds();

    (void)state;
    assert_int_equal(bg_child_run(echo, "hello", LONG_MS, &t, sizeof t, NULL), BG_OK);
    assert_int_equal(t.len, 11);
    assert_string_equal(t.text, "well, hello");
    assert_int_equal(bg_child_run(refuse, NULL, LONG_MS, &t, sizeof t, NULL), BG_E_UNSAFE);
    assert_int_equal(t.len, 11); /* outputs only on success */
    errno = 0;
    assert_int_equal(bg_child_run(no_space, NULL, LONG_MS, NULL, 0, NULL), BG_E_IO);
    assert_string_equal(bg_strerror(BG_E_IO), "No space left on device"); /* its errno came back */
    assert_int_equal(open_fds(), before);
    no_child();
}

static void test_hang_and_death(void **state)
{
    unsigned before = open_fds();
    int64_t start = bg_now_ms();
    int status = 0;
    struct text t = {.len = 99};

    (void)state;
    assert_int_equal(bg_child_run(hang, NULL, 50, &t, sizeof t, NULL), BG_E_TIMEOUT);
    assert_true(bg_now_ms() - start < LONG_MS);
    if (waitpid(-1, &status, 0) > 0) /* a slow machine may not have reaped it within its moment */
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(bg_child_run(die, NULL, LONG_MS, &t, sizeof t, &status), BG_E_IO);
    assert_string_equal(bg_strerror(BG_E_IO), "Broken pipe");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(t.len, 99);
    assert_int_equal(open_fds(), before);
    no_child();
}

static void test_descriptors(void **state)
{
    char out[64] = "", want[64];                    /* out goes to the child and comes back */
    int low = dup(2), high = fcntl(2, F_DUPFD, 50); /* not close-on-exec: there is no exec here */

    (void)state;
    memset(want, '.', sizeof want);
    memset(want, 'o', 4); /* 0 to 2 and the pipe */
    assert_true(low == 3 && high == 50);
    assert_int_equal(bg_child_run(list_open, NULL, LONG_MS, out, sizeof out, NULL), BG_OK);
    assert_memory_equal(out, want, sizeof want);
    (void)close(low);
    assert_int_equal(bg_child_run(list_open, NULL, LONG_MS, out, sizeof out, NULL), BG_OK);
    assert_memory_equal(out, want, sizeof want);
    (void)close(high);
}

static void test_host_ignores_sigchld(void **state)
{
    struct text t = {.len = 0};

    (void)state;
    (void)signal(SIGCHLD, SIG_IGN);
    assert_int_equal(bg_child_run(echo, "hello", LONG_MS, &t, sizeof t, NULL), BG_OK);
    assert_int_equal(bg_child_run(hang, NULL, 50, NULL, 0, NULL), BG_E_TIMEOUT);
    (void)signal(SIGCHLD, SIG_DFL);
}

static void test_clocks(void **state)
{
    char text[BG_TIME_LEN], want[BG_TIME_LEN];
    int64_t past = bg_now_ms() - 5, ms;
    struct tm tm;
    time_t s;

    (void)state;
    assert_int_equal(bg_left_ms(past), 0);
    assert_int_equal(bg_left_ms(INT64_MAX / 2), 2147483647);
    assert_true(bg_left_ms(bg_deadline(10000)) > 5000 && bg_left_ms(bg_deadline(10000)) <= 10000);
    ms = bg_time_rfc3339(text);
    s = (time_t)(ms / 1000);
    (void)strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.", gmtime_r(&s, &tm));
    assert_memory_equal(text, want, 20);
    assert_int_equal(strlen(text), 27);
    assert_int_equal(text[26], 'Z');
    assert_true(time(NULL) - s < 60);
    assert_true(bg_wall_ms() - ms >= 0 && bg_wall_ms() - ms < 60000);
}

/* As date(1) from coreutils prints them. */
static void test_moments(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {951782400999, "2000-02-29T00:00:00Z"},
                {253402300799999, "9999-12-31T23:59:59Z"},
                {253402300800000, ""}};
    char text[BG_TIME_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bg_time_of(rows[i].ms, text);
        assert_string_equal(text, rows[i].want);
    }
}

/* As date(1) reads them: date -u -d 2000-02-29T23:59:59Z +%s. */
static void test_moments_read(void **state)
{
    static const struct {
        const char *text;
        int64_t moment, day_end;
    } rows[] = {{"2000-02-29T12:00:00Z", 951825600000, 951868799999},
                {"2000-02-29T12:00:00.25Z", 951825600250, 951868799999},
                {"2000-02-29", 0, 951868799999},
                {"1970-01-01T00:00:00Z", 0, 86399999},
                {"", 0, 0},
                {"soon", 0, 0},
                {"2000-02-29T12:00:00+01:00", 0, 951868799999}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(bg_time_or_never(rows[i].text), rows[i].moment);
        assert_int_equal(bg_day_end(rows[i].text), rows[i].day_end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),      cmocka_unit_test(test_hang_and_death),
        cmocka_unit_test(test_descriptors),  cmocka_unit_test(test_host_ignores_sigchld),
        cmocka_unit_test(test_clocks),       cmocka_unit_test(test_moments),
        cmocka_unit_test(test_moments_read),
    };

    (void)alarm(60); /* a child that is not killed would be waited for for ever */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
