/* SPDX-License-Identifier: ISC */
#include "base/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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

/* Virtual and serial consoles, those of hypervisors, pseudo terminals. */
static bool names_terminal(const char *name)
{
    static const char *const begins[] = {"tty", "pts/", "hvc", "console", "xvc"};

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (strncmp(name, begins[i], strlen(begins[i])) == 0)
            return strstr(name, "..") == NULL;
    return false;
}

unsigned bg_terminal_columns(const char *name)
{
    const char *device = strncmp(name, "/dev/", 5) == 0 ? name + 5 : name;
    struct winsize size = {0};
    char path[64];
    int fd;

    if (!names_terminal(device) || (size_t)snprintf(path, sizeof path, "/dev/%s", device) >= sizeof path)
        return 0;
    if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW)) < 0)
        return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        size.ws_col = 0;
    (void)close(fd);
    return size.ws_col;
}
