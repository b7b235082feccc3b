/* SPDX-License-Identifier: ISC */
/* The conversation on a terminal, for rescue mode and for tests: no PAM, no relay. */
#include "login/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/terminal.h"

static volatile sig_atomic_t interrupted, watched = -1, hung_up = -1;

/*
 * A signal that comes between two waits would go unseen until the next keystroke or the end of a touch: so
 * it also makes the watched descriptor one that is hung up, for every wait from now on.
 */
static void on_signal(int sig)
{
    int saved = errno;

    (void)sig;
    interrupted = 1;
    if (watched >= 0 && hung_up >= 0)
        (void)dup3(hung_up, watched, O_CLOEXEC);
    errno = saved;
}

static enum bg_err print(const char *text, const char *end)
{
    enum bg_err r = bg_write_all(STDOUT_FILENO, text, strlen(text));

    if (r == BG_OK)
        r = bg_write_all(STDOUT_FILENO, end, strlen(end));
    return r == BG_E_IO && errno == EIO ? BG_E_EOF : r; /* EIO: the terminal was hung up */
}

static enum bg_err tty_say(struct talk *t, enum bg_style style, const char *text)
{
    (void)t;
    (void)style;
    return print(text, "\n");
}

/* Until a byte can be read. A signal is the person's Ctrl-C. */
static enum bg_err wait_for_byte(struct talk *t)
{
    struct pollfd pf[2] = {{.fd = t->fd, .events = POLLIN}, {.fd = t->watch, .events = 0}};
    int n;

    while ((n = poll(pf, 2, bg_left_ms(t->deadline))) < 0 && errno == EINTR && !interrupted)
        continue;
    if (interrupted)
        return BG_E_CANCEL;
    return n < 0 ? BG_E_IO : n == 0 ? BG_E_TIMEOUT : BG_OK;
}

/* One byte before the deadline. What was ready may be gone by now: Ctrl-C drops what was typed. */
static enum bg_err read_byte(struct talk *t, char *c)
{
    ssize_t got;
    enum bg_err r;

    do {
        if ((r = wait_for_byte(t)) != BG_OK)
            return r;
        got = read(t->fd, c, 1);
    } while (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (got == 0)
        return BG_E_EOF;
    return got < 0 ? (errno == EIO ? BG_E_EOF : BG_E_IO) : BG_OK;
}

/* A line into a; bytes past the room are read, dropped and make the line too long. */
static enum bg_err read_line(struct talk *t, struct bg_answer *a)
{
    size_t n = 0;
    char c = '\0';
    enum bg_err r;

    while ((r = read_byte(t, &c)) == BG_OK && c != '\n' && c != '\r') {
        if (n < sizeof a->text - 1)
            a->text[n] = c;
        n++;
    }
    if (r != BG_OK)
        return r;
    if (n >= sizeof a->text)
        return BG_E_RANGE;
    a->text[n] = '\0';
    a->len = n;
    a->state = BG_ANSWER_GIVEN;
    return BG_OK;
}

static enum bg_err tty_ask(struct talk *t, enum bg_style style, const char *prompt, struct bg_answer *a)
{
    struct termios saved;
    /* before the prompt: who sees it may type at once */
    bool hide = style == BG_STYLE_ECHO_OFF && bg_terminal_hide(t->fd, false, &saved);
    enum bg_err r;

    if ((r = print(prompt, "")) == BG_OK)
        r = read_line(t, a);
    if (hide) {
        int saved_errno = errno;
        bg_terminal_show(t->fd, &saved);
        (void)print("\n", "");
        errno = saved_errno;
    }
    if (r != BG_OK)
        bg_wipe(a, sizeof *a);
    return r;
}

/* What is watched is a copy of standard input that a signal may exchange; nothing where that is no terminal.
 */
static void watch_terminal(void)
{
    int ends[2];

    if (isatty(STDIN_FILENO) != 1 || pipe2(ends, O_CLOEXEC) != 0)
        return;
    (void)close(ends[1]); /* what is left hangs up at once */
    hung_up = ends[0];
    watched = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* The terminal in a description of its own, where a read never waits: whoever shares ours must not be
 * surprised. Standard input where that cannot be had, and where it is no terminal. */
static int open_reader(void)
{
    char name[64];
    int fd = -1;

    if (ttyname_r(STDIN_FILENO, name, sizeof name) == 0)
        fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? fd : STDIN_FILENO;
}

void talk_on_terminal(struct talk *t, int64_t deadline)
{
    struct sigaction sa;

    watch_terminal();
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal; /* no SA_RESTART: poll must come back */
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGQUIT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
    (void)sigaction(SIGHUP, &sa, NULL);
    *t = (struct talk){
        .say = tty_say, .ask = tty_ask, .watch = watched, .fd = open_reader(), .deadline = deadline};
}
