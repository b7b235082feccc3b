/* SPDX-License-Identifier: ISC */
#include "alert/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/child.h"
#include "base/safefile.h"

#define CONNECT_TRIES 3 /* SYNs: some seven seconds */

struct name {
    const char *host, *port;
};

/* flags: AI_NUMERICHOST for an address alone. */
static enum bg_err ask(const char *host, const char *port, int flags, struct dial *d)
{
    const struct addrinfo want = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    unsigned before = d->n;

    if (getaddrinfo(host, port, &want, &list) != 0)
        return BG_E_NOENT;
    for (const struct addrinfo *a = list; a != NULL && d->n < DIAL_MAX; a = a->ai_next)
        if (a->ai_addrlen <= sizeof d->to[0].at) {
            memcpy(&d->to[d->n].at, a->ai_addr, a->ai_addrlen);
            d->to[d->n++].len = a->ai_addrlen;
        }
    freeaddrinfo(list);
    return d->n > before ? BG_OK : BG_E_NOENT;
}

static enum bg_err ask_service(void *arg, void *out)
{
    const struct name *x = arg;

    return ask(x->host, x->port, 0, out);
}

/* "[::1]" as "::1"; n bytes at s. False for what is too long. */
static bool bare(const char *s, size_t n, char *out, size_t cap)
{
    if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
        s++;
        n -= 2;
    }
    return (size_t)snprintf(out, cap, "%.*s", (int)n, s) < cap;
}

/* HOST:PORT:ADDRESS[,ADDRESS...], as libcurl has it. */
static enum bg_err from_conf(const char *resolve, const char *host, const char *port, struct dial *d)
{
    char head[512], one[INET6_ADDRSTRLEN + 3];
    int n = snprintf(head, sizeof head, "%s:%s:", host, port);

    if (n < 0 || (size_t)n >= sizeof head || strncasecmp(resolve, head, (size_t)n) != 0)
        return BG_E_NOENT;
    for (const char *p = resolve + n; *p != '\0';) {
        size_t len = strcspn(p, ",");
        if (bare(p, len, one, sizeof one))
            (void)!ask(one, port, AI_NUMERICHOST, d);
        p += len + (p[len] == ',');
    }
    return d->n > 0 ? BG_OK : BG_E_NOENT;
}

enum bg_err dial_look_up(const struct bg_sink *conf, const char *host, const char *port, int64_t ms,
                         struct dial *out)
{
    struct dial d = {0};
    struct name x = {host, port};
    enum bg_err r = from_conf(conf->resolve, host, port, &d);

    if (r != BG_OK)
        r = ask(host, port, AI_NUMERICHOST, &d);
    if (r != BG_OK)
        r = bg_child_run(ask_service, &x, ms, &d, sizeof d, NULL);
    if (r == BG_OK)
        *out = d;
    return r;
}

/* An address of this host, or the name of an interface. */
static bool choose_way(int fd, const char *interface)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (*interface == '\0')
        return true;
    if (inet_pton(AF_INET, interface, &v4.sin_addr) == 1)
        return bind(fd, (const struct sockaddr *)&v4, sizeof v4) == 0;
    if (inet_pton(AF_INET6, interface, &v6.sin6_addr) == 1)
        return bind(fd, (const struct sockaddr *)&v6, sizeof v6) == 0;
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) == 0;
}

enum bg_err dial_begin(const struct bg_sink *conf, const struct dial *d, unsigned i, int *fd)
{
    const struct sockaddr *to = (const struct sockaddr *)&d->to[i].at;
    int s = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
    int tries = CONNECT_TRIES;

    if (s < 0)
        return BG_E_IO;
    (void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(s, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof tries);
    if (choose_way(s, conf->interface) && (connect(s, to, d->to[i].len) == 0 || errno == EINPROGRESS)) {
        *fd = s;
        return BG_OK;
    }
    bg_close(s);
    return BG_E_IO;
}
