/* SPDX-License-Identifier: ISC */
#include "base/terminal.h"

#include <poll.h>
#include <stdint.h>
#include <unistd.h>
#include "base/clock.h"

#define QUIET_MS 100

/* From the background tcflush(3) would stop us by SIGTTOU. */
static bool may_flush(int fd)
{
    pid_t foreground;

    if (isatty(fd) != 1)
        return false;
    foreground = tcgetpgrp(fd);
    return foreground < 0 || foreground == getpgrp();
}

void bg_terminal_settle(int fd)
{
    struct pollfd pf = {.fd = fd, .events = POLLIN};
    int64_t end = bg_deadline(BG_SETTLE_MS);
    int more;

    if (!may_flush(fd))
        return;
    do {
        (void)tcflush(fd, TCIFLUSH);
        more = poll(&pf, 1, QUIET_MS);
    } while (more > 0 && pf.revents == POLLIN && bg_left_ms(end) > 0);
    (void)tcflush(fd, TCIFLUSH);
}

bool bg_terminal_hide(int fd, bool ctrl_c_ends, struct termios *saved)
{
    struct termios quiet;

    if (tcgetattr(fd, saved) != 0)
        return false;
    quiet = *saved;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | (ctrl_c_ends ? ISIG : 0));
    if (ctrl_c_ends)
        quiet.c_cc[VEOL] = saved->c_cc[VINTR];
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    return true;
}

void bg_terminal_show(int fd, const struct termios *saved)
{
    (void)tcsetattr(fd, TCSAFLUSH, saved);
}
