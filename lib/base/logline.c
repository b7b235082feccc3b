/* SPDX-License-Identifier: ISC */
#include "base/logline.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/text.h"

enum bg_err bg_datagram_connect(const char *path, int *fd)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    enum bg_err r = BG_E_IO;
    int s;

    if (n >= sizeof to.sun_path)
        return BG_E_RANGE;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    else
        n++; /* a file's name takes its NUL along */
    if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
        return BG_E_IO;
    if (connect(s, (const struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) ==
        0) {
        *fd = s;
        return BG_OK;
    }
    if (errno == ENOENT || errno == ECONNREFUSED)
        r = BG_E_NOENT;
    bg_close(s);
    return r;
}

static bool offer(const char *line, size_t n)
{
    ssize_t put;
    int fd;

    if (bg_datagram_connect(BG_LOG_SOCKET, &fd) != BG_OK)
        return false;
    put = send(fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)close(fd);
    return put == (ssize_t)n;
}

bool bg_log_line(int severity, const char *ident, const char *text)
{
    char who[128], what[1024], line[sizeof who + sizeof what + 32];
    int n;

    (void)bg_text_ascii(who, sizeof who, ident, strlen(ident));
    (void)bg_text_ascii(what, sizeof what, text, strlen(text));
    n = snprintf(line, sizeof line, "<%d>%s[%ld]: %s", LOG_AUTHPRIV | (severity & LOG_PRIMASK), who,
                 (long)getpid(), what);
    return n > 0 && (size_t)n < sizeof line && offer(line, (size_t)n);
}
