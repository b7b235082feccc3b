/* SPDX-License-Identifier: ISC */
/* One line to the log socket, in RFC 3164's form, and never a wait. Built with BG_LOG_SOCKET "log". */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/logline.h"

static char dir[] = "/tmp/bg-logline.XXXXXX";
static const struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = "log"};

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink("log");
    return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int daemon_of(int type)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    (void)unlink("log");
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&here, sizeof here), 0);
    return fd;
}

static void test_form(void **state)
{
    int fd = daemon_of(SOCK_DGRAM);
    char got[2048], want[256];
    ssize_t n;

    (void)state;
    assert_true(bg_log_line(LOG_ERR, "pam_breakglass", "BG401 bad\n<0>forged: \x1b[2J"));
    assert_true((n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT)) > 0);
    got[n] = '\0';
    /* authpriv is facility 10, err severity 3 (RFC 3164, 4.1.1): 83 */
    (void)snprintf(want, sizeof want, "<83>pam_breakglass[%ld]: BG401 bad\\u{000A}<0>forged: \\u{001B}[2J",
                   (long)getpid());
    assert_string_equal(got, want);
    (void)close(fd);
}

static void test_long_parts_are_cut(void **state)
{
    static char text[5000];
    int fd = daemon_of(SOCK_DGRAM);
    char got[4096];
    ssize_t n;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_true(bg_log_line(LOG_ERR, text, text));
    n = recv(fd, got, sizeof got, MSG_DONTWAIT);
    assert_true(n > 1000 && n < 1200);
    assert_memory_equal(got + n - 3, "...", 3);
    (void)close(fd);
}

static void test_nobody_listens(void **state)
{
    int fd;

    (void)state;
    (void)unlink("log");
    assert_false(bg_log_line(LOG_ERR, "a", "b"));
    fd = daemon_of(SOCK_STREAM); /* another kind of socket */
    assert_false(bg_log_line(LOG_ERR, "a", "b"));
    (void)close(fd);
    assert_false(bg_log_line(LOG_ERR, "a", "b")); /* left behind by a daemon that died */
    fd = daemon_of(SOCK_DGRAM);
    for (int i = 0; i < 100000 && bg_log_line(LOG_ERR, "a", "b"); i++)
        continue;
    assert_int_equal(errno, EAGAIN);
    assert_false(bg_log_line(LOG_ERR, "a", "b")); /* a daemon that does not read */
    (void)close(fd);
}

/* A name without a file, as systemd may put it into NOTIFY_SOCKET (unix(7), "abstract"). */
static void test_name_without_a_file(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "breakglass-test-%ld", (long)getpid());
    int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), fd = -1;
    char path[200], got[8] = "";

    (void)state;
    (void)snprintf(path, sizeof path, "@%s", at.sun_path + 1);
    assert_int_equal(bg_datagram_connect(path, &fd), BG_E_NOENT);
    assert_int_equal(bind(listener, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)),
                     0);
    assert_int_equal(bg_datagram_connect(path, &fd), BG_OK);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(send(fd, "READY=1", 7, 0), 7);
    assert_int_equal(recv(listener, got, sizeof got - 1, MSG_DONTWAIT), 7);
    assert_string_equal(got, "READY=1");
    (void)close(fd);
    (void)close(listener);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(bg_datagram_connect(path, &fd), BG_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_long_parts_are_cut),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_name_without_a_file),
    };

    (void)alarm(60); /* a line that waits for its reader would do so for ever */
    return cmocka_run_group_tests(tests, setup, teardown);
}
