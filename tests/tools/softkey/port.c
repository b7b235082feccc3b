/* SPDX-License-Identifier: ISC */
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define WRITE_WAIT_MS 1000

/* Bytes unchanged, and poll and read wake the client only for whole packets. */
static bool make_raw(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t) != 0)
        return false;
    cfmakeraw(&t);
    t.c_cc[VMIN] = SK_PACKET;
    t.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &t) == 0;
}

/*
 * A session leader that opens a free terminal gets it as its controlling terminal, and SIGHUP when it goes:
 * no real key does that. So a child of ours leads a session that has it already.
 */
static pid_t hold(int slave)
{
    int ready[2];
    char none;
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) != 0)
        return -1;
    if ((pid = fork()) == 0) {
        sigset_t empty;
        (void)sigemptyset(&empty);
        (void)sigprocmask(SIG_SETMASK, &empty, NULL);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setsid();
        (void)ioctl(slave, TIOCSCTTY, 0);
        closefrom(0);
        for (;;)
            (void)pause();
    }
    (void)close(ready[1]);
    (void)!read(ready[0], &none, 1); /* end of file: the child is set up */
    (void)close(ready[0]);
    return pid;
}

static bool make_link(const struct sk_port *port)
{
    char tmp[PATH_MAX];

    if (port->link == NULL)
        return true;
    if (snprintf(tmp, sizeof(tmp), "%s.new", port->link) >= (int)sizeof(tmp)) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)unlink(tmp);
    return symlink(port->path, tmp) == 0 && rename(tmp, port->link) == 0;
}

static bool open_pair(struct sk_port *port)
{
    port->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (port->master < 0 || grantpt(port->master) != 0 || unlockpt(port->master) != 0 ||
        ptsname_r(port->master, port->path, sizeof(port->path)) != 0)
        return false;
    port->slave = open(port->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return port->slave >= 0 && make_raw(port->slave);
}

bool sk_port_plug(struct sk_port *port)
{
    int e;

    port->slave = port->watch = -1;
    port->holder = -1;
    port->clients = 0;
    if (open_pair(port) && (port->holder = hold(port->slave)) > 0 &&
        (port->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) >= 0 &&
        inotify_add_watch(port->watch, port->path, IN_OPEN | IN_CLOSE) >= 0 && make_link(port))
        return true;
    e = errno;
    sk_port_unplug(port);
    errno = e;
    return false;
}

void sk_port_unplug(struct sk_port *port)
{
    if (port->link != NULL)
        (void)unlink(port->link);
    if (port->slave >= 0)
        (void)close(port->slave);
    if (port->master >= 0)
        (void)close(port->master);
    if (port->watch >= 0)
        (void)close(port->watch);
    if (port->holder > 0) {
        (void)kill(port->holder, SIGKILL);
        (void)waitpid(port->holder, NULL, 0);
    }
    port->master = port->slave = port->watch = -1;
    port->holder = -1;
}

bool sk_port_left(struct sk_port *port)
{
    char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool left = false;
    ssize_t n;

    while (port->watch >= 0 && (n = read(port->watch, buf, sizeof(buf))) > 0)
        for (char *p = buf; p < buf + n;) {
            const struct inotify_event *e = (const void *)p;
            if (e->mask & IN_OPEN)
                port->clients++;
            else if (e->mask & IN_CLOSE && --port->clients <= 0) {
                port->clients = 0;
                left = true;
            }
            p += sizeof(*e) + e->len;
        }
    if (left)
        (void)tcflush(port->slave, TCIFLUSH);
    return left;
}

size_t sk_port_read(struct sk_port *port, uint8_t *buf, size_t cap)
{
    ssize_t n = port->master < 0 ? 0 : read(port->master, buf, cap);

    return n > 0 ? (size_t)n : 0;
}

bool sk_port_write(struct sk_port *port, const uint8_t packet[SK_PACKET])
{
    size_t done = 0;

    while (port->master >= 0 && done < SK_PACKET) {
        ssize_t n = write(port->master, packet + done, SK_PACKET - done);
        struct pollfd p = {.fd = port->master, .events = POLLOUT};
        if (n > 0)
            done += (size_t)n;
        else if (errno != EAGAIN || poll(&p, 1, WRITE_WAIT_MS) != 1)
            return false;
    }
    return done == SK_PACKET;
}
