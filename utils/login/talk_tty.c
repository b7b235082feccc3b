/* The conversation on a terminal, for rescue mode and for tests: no PAM, no relay. */
#include "login/talk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
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

/* One byte before the deadline. A signal is the person's Ctrl-C. */
static enum bg_err read_byte(struct talk *t, char *c)
{
    struct pollfd pf = {.fd = t->fd, .events = POLLIN};
    ssize_t got;
    int n = poll(&pf, 1, bg_left_ms(t->deadline));

    if (n < 0)
        return errno == EINTR && !interrupted ? BG_OK : BG_E_CANCEL;
    if (n == 0)
        return BG_E_TIMEOUT;
    got = read(t->fd, c, 1);
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
        if (interrupted)
            return BG_E_CANCEL;
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
    struct termios saved, quiet;
    bool hide = style == BG_STYLE_ECHO_OFF && tcgetattr(t->fd, &saved) == 0;
    enum bg_err r;

    if (hide) { /* before the prompt: who sees it may type at once */
        quiet = saved;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
        (void)tcsetattr(t->fd, TCSAFLUSH, &quiet);
    }
    if ((r = print(prompt, "")) == BG_OK)
        r = read_line(t, a);
    if (hide) {
        /* flush too: what was typed ahead must not be echoed into the shell (CVE-2025-64170) */
        (void)tcsetattr(t->fd, TCSAFLUSH, &saved);
        (void)print("\n", "");
    }
    if (r != BG_OK)
        bg_wipe(a, sizeof *a);
    return r;
}

void talk_on_terminal(struct talk *t, int64_t deadline)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal; /* no SA_RESTART: poll must come back */
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGQUIT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
    (void)sigaction(SIGHUP, &sa, NULL);
    *t = (struct talk){.say = tty_say,
                       .ask = tty_ask,
                       .watch = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : -1,
                       .fd = STDIN_FILENO,
                       .deadline = deadline};
}
