/* SPDX-License-Identifier: ISC */
/* What was typed ahead on a pseudo terminal is gone, and nothing else is touched. */
#include "base/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"

static int master, slave;

static int begin(void **state)
{
    (void)state;
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_true(slave >= 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(master);
    (void)close(slave);
    return 0;
}

static int lines_there(void)
{
    int n = -1;

    assert_int_equal(ioctl(slave, FIONREAD, &n), 0);
    return n;
}

/* Until the terminal has its lines: the kernel hands them over a little later. */
static void type(const char *text)
{
    int before = lines_there(), want = before;
    int64_t end = bg_deadline(60000);

    for (const char *c = text; *c != '\0'; c++)
        if (*c == '\n' || *c == '\003')
            want = before + (int)(c + 1 - text);
    assert_int_equal(write(master, text, strlen(text)), strlen(text));
    while (lines_there() < want && bg_left_ms(end) > 0)
        bg_sleep_ms(1);
    assert_true(lines_there() >= want);
}

static ssize_t waiting(void)
{
    char line[64];

    return read(slave, line, sizeof line);
}

static void typed_ahead_is_dropped(void **state)
{
    (void)state;
    type("one\n");
    assert_int_equal(waiting(), 4); /* it would have been read */
    type("one\ntwo\nhalf a li");
    bg_terminal_settle(slave);
    assert_int_equal(waiting(), -1);
    type("three\n"); /* nothing of the half line stands before it */
    assert_int_equal(waiting(), 6);
}

/* The kernel's, unless somebody types for ever: how busy the machine is does not matter then. */
static bool never_quiet;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (!never_quiet)
        return __real_poll(fds, n, timeout);
    fds->revents = POLLIN;
    bg_sleep_ms(1);
    return 1;
}

static void one_that_never_ends_is_bounded(void **state)
{
    (void)state;
    never_quiet = true;
    (void)alarm(60); /* ends a test that would not */
    bg_terminal_settle(slave);
    (void)alarm(0);
    never_quiet = false;
}

static void what_is_no_terminal_is_left_alone(void **state)
{
    int pipes[2];
    char c;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "a", 1), 1);
    bg_terminal_settle(pipes[0]);
    bg_terminal_settle(-1);
    assert_int_equal(read(pipes[0], &c, 1), 1);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

/* What the terminal has echoed to whoever types. */
static ssize_t echoed(void)
{
    char text[64];

    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    return read(master, text, sizeof text);
}

/* The kernel echoes a little later. */
static void assert_echoed(void)
{
    struct pollfd pf = {.fd = master, .events = POLLIN};

    assert_int_equal(poll(&pf, 1, 60000), 1);
    assert_true(echoed() > 0);
}

static void what_is_hidden_is_not_echoed(void **state)
{
    struct termios before, saved, after;

    (void)state;
    assert_int_equal(tcgetattr(slave, &before), 0);
    type("ahead\n");
    assert_echoed();
    assert_true(bg_terminal_hide(slave, false, &saved));
    assert_int_equal(waiting(), -1); /* what was typed before the question is no answer to it */
    type("secret\n");
    assert_int_equal(poll(&(struct pollfd){.fd = master, .events = POLLIN}, 1, 300), 0);
    type("ahead\n");
    bg_terminal_show(slave, &saved);
    assert_int_equal(waiting(), -1);
    assert_int_equal(tcgetattr(slave, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    type("seen\n");
    assert_echoed();
}

static void ctrl_c_ends_a_hidden_line(void **state)
{
    struct termios saved;
    char c[4];

    (void)state;
    assert_true(bg_terminal_hide(slave, true, &saved));
    type("ab\003");
    assert_int_equal(read(slave, c, sizeof c), 3);
    assert_int_equal(c[2], 3);
    bg_terminal_show(slave, &saved);
    assert_false(bg_terminal_hide(-1, true, &saved));
}

/* In the background: 0 when it was neither stopped by SIGTTOU nor took the foreground's input. */
static int in_the_background(void)
{
    int status;
    pid_t pid;

    if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) != 0)
        return 1;
    if ((pid = fork()) == 0) {
        if (setpgid(0, 0) != 0)
            _exit(2);
        bg_terminal_settle(slave);
        _exit(0);
    }
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFEXITED(status))
        return 3;
    return WEXITSTATUS(status) != 0 ? 4 : waiting() == 4 ? 0 : 5;
}

static void the_background_does_not_stop(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    type("one\n");
    if ((pid = fork()) == 0)
        _exit(in_the_background());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A terminal by the name that PAM has for it; what is none is not even opened. */
static void columns_of_a_terminal(void **state)
{
    const struct winsize size = {.ws_row = 24, .ws_col = 43};
    char name[64];

    (void)state;
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    assert_int_equal(ttyname_r(slave, name, sizeof name), 0);
    assert_int_equal(bg_terminal_columns(name), 43);
    assert_int_equal(bg_terminal_columns(name + strlen("/dev/")), 43);
    assert_int_equal(bg_terminal_columns(""), 0);
    assert_int_equal(bg_terminal_columns("ssh"), 0);
    assert_int_equal(bg_terminal_columns("/dev/null"), 0);
    assert_int_equal(bg_terminal_columns("/dev/tty/../pts/../null"), 0);
    assert_int_equal(bg_terminal_columns("pts/nothing"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(typed_ahead_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(one_that_never_ends_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_terminal_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(what_is_hidden_is_not_echoed, begin, end),
        cmocka_unit_test_setup_teardown(ctrl_c_ends_a_hidden_line, begin, end),
        cmocka_unit_test_setup_teardown(the_background_does_not_stop, begin, end),
        cmocka_unit_test_setup_teardown(columns_of_a_terminal, begin, end),
    };

    (void)alarm(120); /* a wait without an end is a failed test */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
