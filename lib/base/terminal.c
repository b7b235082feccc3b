/* SPDX-License-Identifier: ISC */
#include "base/terminal.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>
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
