/* SPDX-License-Identifier: ISC */
/* The cache that is told to forget: what it is sent, and one that hangs, refuses or is not there. */
#include "../testfiles.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/clock.h"
#include "base/nscd.h"

#define LONG_MS 60000

static int listener = -1;
static char got[64];
static ssize_t got_len;
static int32_t answer;

static int setup(void **state)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};

    if (make_dir(state) != 0 || (listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        return -1;
    memcpy(here.sun_path, path, strlen(path) + 1);
    return bind(listener, (struct sockaddr *)&here, sizeof here) == 0 && listen(listener, 0) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)close(listener);
    return remove_dir(state);
}

static void *serve(void *arg)
{
    int fd = accept(listener, NULL, NULL);

    got_len = recv(fd, got, sizeof got, 0);
    if (arg == NULL)
        (void)!send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
    (void)close(fd);
    return NULL;
}

static enum bg_err forget_of(void *how, int32_t says)
{
    pthread_t t;
    enum bg_err r;

    answer = says;
    assert_int_equal(pthread_create(&t, NULL, serve, how), 0);
    r = bg_nscd_forget(path, "passwd", bg_deadline(LONG_MS));
    assert_int_equal(pthread_join(t, NULL), 0);
    return r;
}

static void test_what_is_sent(void **state)
{
    /* glibc, nscd/nscd-client.h: version 2, INVALIDATE is the eleventh request, the key with its NUL */
    const struct {
        int32_t head[3];
        char key[7];
    } want = {{2, 10, 7}, "passwd"};

    (void)state;
    assert_int_equal(forget_of(NULL, 0), BG_OK);
    assert_int_equal(got_len, 19);
    assert_memory_equal(got, &want, 19);
}

static void test_answers(void **state)
{
    (void)state;
    assert_int_equal(forget_of(NULL, 1), BG_E_REFUSED);
    assert_int_equal(forget_of(&answer, 0), BG_OK); /* hangs up without a word, as unscd */
    assert_int_equal(bg_nscd_forget(path, "a database of a long name", bg_deadline(LONG_MS)), BG_E_RANGE);
}

/* It accepts nobody; then its queue is full. */
static void test_hangs(void **state)
{
    enum bg_err r = BG_OK;

    (void)state;
    assert_int_equal(bg_nscd_forget(path, "passwd", bg_deadline(20)), BG_E_TIMEOUT);
    for (int i = 0; i < 10 && r != BG_E_TIMEOUT; i++)
        r = bg_nscd_forget(path, "passwd", bg_deadline(i < 3 ? 0 : LONG_MS));
    assert_int_equal(r, BG_E_TIMEOUT);
}

static void test_not_there(void **state)
{
    (void)state;
    (void)close(listener);
    assert_int_equal(bg_nscd_forget(path, "passwd", bg_deadline(LONG_MS)), BG_E_NOENT); /* died */
    (void)unlink(path);
    assert_int_equal(bg_nscd_forget(path, "passwd", bg_deadline(LONG_MS)), BG_E_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hangs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_there, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
