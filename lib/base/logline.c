#include "base/logline.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>
#include "base/text.h"

static bool offer(const char *line, size_t n)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = BG_LOG_SOCKET};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ssize_t put;

    if (fd < 0)
        return false;
    put = sendto(fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof to);
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
