/* SPDX-License-Identifier: ISC */
#include "base/nscd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/packet.h"
#include "base/safefile.h"

/* nscd/nscd-client.h of glibc, the same since 2003. */
#define NSCD_VERSION    2
#define NSCD_INVALIDATE 10
#define DATABASE_MAX    16

struct request {
    int32_t version, type, key_len;
    char key[DATABASE_MAX]; /* with its NUL, no more is sent */
};

/* A queue that is full belongs to a daemon that accepts nobody. */
static enum bg_err dial(const char *path, int *out)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd, n = snprintf(to.sun_path, sizeof to.sun_path, "%s", path);

    if (n < 0 || (size_t)n >= sizeof to.sun_path)
        return BG_E_RANGE;
    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
        return BG_E_IO;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
        *out = fd;
        return BG_OK;
    }
    bg_close(fd);
    return errno == ENOENT || errno == ECONNREFUSED ? BG_E_NOENT : errno == EAGAIN ? BG_E_TIMEOUT : BG_E_IO;
}

static enum bg_err await_answer(int fd, int64_t deadline)
{
    int32_t answer;
    ssize_t got;
    enum bg_err r;

    if ((r = bg_wait_ready(fd, POLLIN, BG_WATCH_NOTHING, deadline)) != BG_OK)
        return r;
    /* unscd does it and hangs up without a word */
    got = recv(fd, &answer, sizeof answer, 0);
    return got == 0 || (got == (ssize_t)sizeof answer && answer == 0) ? BG_OK : BG_E_REFUSED;
}

enum bg_err bg_nscd_forget(const char *socket_path, const char *database, int64_t deadline)
{
    struct request q = {.version = NSCD_VERSION, .type = NSCD_INVALIDATE};
    size_t len = strlen(database) + 1, size = offsetof(struct request, key) + len;
    enum bg_err r;
    int fd;

    if (len > sizeof q.key)
        return BG_E_RANGE;
    q.key_len = (int32_t)len;
    memcpy(q.key, database, len);
    if ((r = dial(socket_path, &fd)) != BG_OK)
        return r;
    r = send(fd, &q, size, MSG_NOSIGNAL) == (ssize_t)size ? await_answer(fd, deadline) : BG_E_IO;
    bg_close(fd);
    return r;
}
