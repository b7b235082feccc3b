/* SPDX-License-Identifier: ISC */
/*
 * One delivery at a time, and no ring unheard. The delivery is this program itself, which is started as
 * breakglass-alert would be; the lock and the service's are below the directory in which the test runs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "delivery/bell.h"

#define STARTED "bell/started" /* a byte for each delivery that was started */
#define WAIT_MS 60000

static char self[PATH_MAX];

static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* As a delivery: say whether the lock was given, and keep it until the file "go" is there. */
static int deliver(bool given)
{
    int64_t end = bg_deadline(WAIT_MS);
    struct bg_round r;
    int fd = open(STARTED, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (bg_round_begin(&r, given, 0) != BG_OK || write(fd, given ? "g" : "a", 1) != 1)
        return 1;
    while (access("bell/go", F_OK) != 0 && bg_left_ms(end) > 0)
        bg_sleep_ms(1);
    return 0;
}

static void clean(void)
{
    (void)unlink(STARTED);
    (void)unlink("bell/go");
    (void)unlink("bell/cursors/.service");
    (void)unlink("bell/round.lock");
    (void)rmdir("bell/cursors");
    (void)rmdir("bell");
}

static int make(void **state)
{
    (void)state;
    clean();
    assert_int_equal(mkdir("bell", 0755) | mkdir("bell/cursors", 0755), 0);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    clean();
    return 0;
}

static void until_size(off_t n)
{
    int64_t end = bg_deadline(WAIT_MS);

    while (size_of(STARTED) < n && bg_left_ms(end) > 0)
        bg_sleep_ms(1);
    assert_int_equal(size_of(STARTED), n);
}

static bool is_free(void)
{
    int fd;
    bool got = bg_lock(AT_FDCWD, BG_ROUND_LOCK, 0, &fd) == BG_OK;

    if (got)
        (void)close(fd);
    return got;
}

static void until_free(void)
{
    int64_t end = bg_deadline(WAIT_MS);
    int fd = open("bell/go", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)close(fd);
    while (!is_free() && bg_left_ms(end) > 0)
        bg_sleep_ms(1);
    assert_true(is_free());
    (void)unlink("bell/go");
}

/* A hundred rings start one delivery, which is given the lock: there is no moment without it. */
static void one_delivery_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(bg_bell_ring(self), BG_OK);
    assert_false(is_free());
    for (int i = 0; i < 100; i++)
        assert_int_equal(bg_bell_ring(self), BG_OK);
    until_size(1);
    until_free();
    assert_int_equal(bg_bell_ring(self), BG_OK);
    until_size(2);
    until_free();
}

/* Whoever found the lock held is heard at the end. */
static void no_ring_goes_unheard(void **state)
{
    struct bg_round r;

    (void)state;
    assert_int_equal(bg_round_begin(&r, false, 0), BG_OK);
    assert_false(bg_round_again(&r));
    assert_true(is_free());
    assert_int_equal(flock(r.lock, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(bg_bell_ring(self), BG_OK);
    assert_true(bg_round_rung(&r));
    assert_false(bg_round_rung(&r));
    assert_true(bg_round_again(&r));
    assert_false(bg_round_rung(&r));
    assert_false(is_free());
    assert_false(bg_round_again(&r)); /* it was heard */
    assert_int_equal(size_of(STARTED), 0);
    (void)close(r.lock);
}

static void a_second_delivery_waits_or_gives_up(void **state)
{
    struct bg_round a, b;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC); /* as descriptor 3, if that was free */

    (void)state;
    assert_int_equal(bg_round_begin(&a, false, 0), BG_OK);
    assert_int_equal(bg_round_begin(&b, false, bg_deadline(20)), BG_E_BUSY);
    assert_int_equal(bg_round_begin(&b, true, bg_deadline(20)),
                     BG_E_BUSY); /* descriptor 3 is something else */
    (void)close(a.lock);
    assert_int_equal(bg_round_begin(&b, false, 0), BG_OK);
    (void)close(b.lock);
    (void)close(null);
}

static void a_service_needs_no_delivery(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(bg_lock(AT_FDCWD, BG_SERVICE_LOCK, 0, &fd), BG_OK);
    assert_true(bg_bell_served());
    assert_int_equal(bg_bell_ring(self), BG_OK);
    assert_true(is_free());
    (void)close(fd);
    assert_false(bg_bell_served());
}

/* No lock to be had: better too many deliveries than none. */
static void without_a_lock_it_is_started_all_the_same(void **state)
{
    struct bg_round r;

    (void)state;
    assert_int_equal(mkdir(BG_ROUND_LOCK, 0700), 0);
    assert_int_equal(bg_round_begin(&r, false, 0), BG_OK);
    assert_int_equal(r.lock, -1);
    assert_false(bg_round_again(&r));
    assert_int_equal(bg_bell_ring(self), BG_OK);
    assert_int_equal(bg_bell_ring(self), BG_OK);
    until_size(2);
    assert_int_equal(close(open("bell/go", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
    assert_int_equal(rmdir(BG_ROUND_LOCK), 0);
}

static void a_program_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(bg_bell_ring("/nonexistent/breakglass-alert"), BG_E_NOENT);
    assert_true(is_free());
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(one_delivery_at_a_time),
        T(no_ring_goes_unheard),
        T(a_second_delivery_waits_or_gives_up),
        T(a_service_needs_no_delivery),
        T(without_a_lock_it_is_started_all_the_same),
        T(a_program_that_is_not_there),
    };

    if (argc > 1) /* "--once", and "--locked" when the lock is given */
        return deliver(argc > 2 && strcmp(argv[2], "--locked") == 0);
    if (realpath("/proc/self/exe", self) == NULL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
