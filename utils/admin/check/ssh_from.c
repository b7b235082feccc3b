/* SPDX-License-Identifier: ISC */
/* Where a connection may come from: sshd can have other settings for each address, port and name. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include "admin/check/ssh.h"
#include "base/text.h"

#define LOCALS_MAX 8

struct gather {
    struct ssh_origins *out;
    char locals[LOCALS_MAX][64]; /* of this host, loopback first */
    size_t n;
    unsigned port;
    bool dns;
    const char *rdomain; /* "" where Match lines ask for it, or sshd would not answer */
};

static bool is_inside(const char *addr)
{
    return strncmp(addr, "127.", 4) == 0 || strcmp(addr, "::1") == 0;
}

/* The address of this host that somebody from there would reach: of the same family. */
static const char *reached(const struct gather *g, const char *addr)
{
    bool six = strchr(addr, ':') != NULL, inside = is_inside(addr);

    for (size_t i = 0; i < g->n; i++)
        if ((strchr(g->locals[i], ':') != NULL) == six && is_inside(g->locals[i]) == inside)
            return g->locals[i];
    return inside ? addr : six ? "2001:db8::2" : "192.0.2.2"; /* documentation, RFC 3849 and 5737 */
}

static bool same(const struct ssh_from *a, const struct bg_sshd_from *b)
{
    return strcmp(a->addr, b->addr) == 0 && strcmp(a->host, b->host) == 0 &&
           strcmp(a->laddr, b->laddr) == 0 && a->from.lport == b->lport;
}

static void add(struct gather *g, const char *addr, const char *host, const char *laddr, unsigned port)
{
    const struct bg_sshd_from f = {.host = host, .addr = addr, .laddr = laddr, .lport = port};
    struct ssh_from *to = &g->out->of[g->out->n];

    for (size_t i = 0; i < g->out->n; i++)
        if (same(&g->out->of[i], &f))
            return;
    if (g->out->n == SSH_FROM_MAX)
        return;
    g->out->n++;
    (void)snprintf(to->addr, sizeof to->addr, "%s", addr);
    (void)snprintf(to->host, sizeof to->host, "%s", host);
    (void)snprintf(to->laddr, sizeof to->laddr, "%s", laddr);
    to->from = (struct bg_sshd_from){to->host, to->addr, to->laddr, g->rdomain, port};
    to->inside = is_inside(addr);
}

static void add_address(struct gather *g, const char *addr)
{
    add(g, addr, addr, reached(g, addr), g->port);
}

/* The first host of a range: 10.0.0.0/8 -> 10.0.0.1. False for what is no range of addresses. */
static bool first_host(const char *range, char out[64])
{
    uint8_t a[sizeof(struct in6_addr)];
    char net[64];
    int family = strchr(range, ':') != NULL ? AF_INET6 : AF_INET;
    const char *slash = strchr(range, '/');
    size_t bytes = family == AF_INET6 ? 16 : 4;
    uint32_t bits;

    (void)snprintf(net, sizeof net, "%.*s", (int)strcspn(range, "/"), range);
    if (inet_pton(family, net, a) != 1)
        return false;
    if (slash != NULL && bg_number(slash + 1, 0, (uint32_t)bytes * 8, &bits) && bits + 1 < bytes * 8)
        a[bytes - 1] |= 1;
    return inet_ntop(family, a, out, 64) != NULL;
}

/* 10.1.* -> 10.1.1.1 */
static bool example_address(const char *pattern, char out[64])
{
    size_t n = 0;
    unsigned dots = 0;

    if (pattern[strspn(pattern, "0123456789.*?")] != '\0')
        return false;
    for (const char *p = pattern; *p != '\0' && n < 32; p++) {
        out[n++] = *p == '*' || *p == '?' ? '1' : *p;
        dots += *p == '.';
    }
    out[n] = '\0';
    for (; dots < 3; dots++, n += 2)
        (void)snprintf(out + n, 64 - n, ".1");
    return true;
}

/* *.example.org -> 1.example.org */
static void add_host(struct gather *g, const char *pattern)
{
    char name[128];
    size_t n = 0;

    for (const char *p = pattern; *p != '\0' && n + 1 < sizeof name; p++)
        name[n++] = *p == '*' || *p == '?' ? '1' : *p;
    name[n] = '\0';
    if (g->dns && name[0] != '\0' && strpbrk(name, "/ ,") == NULL)
        add(g, "192.0.2.10", name, reached(g, "192.0.2.10"), g->port);
}

/* One for each pattern of a list: those behind a ! are the ones that differ. */
static void add_list(struct gather *g, const char *list, bool addresses)
{
    char copy[1024], *save = NULL, addr[64];

    (void)snprintf(copy, sizeof copy, "%s", list);
    for (char *p = strtok_r(copy, ", \t\"", &save); p != NULL; p = strtok_r(NULL, ", \t\"", &save)) {
        p += *p == '!';
        if (strcmp(p, "*") == 0)
            continue;
        if (first_host(p, addr) || example_address(p, addr))
            add_address(g, addr);
        else if (!addresses)
            add_host(g, p);
    }
}

/* Only what this host has can be reached. */
static void add_locals(struct gather *g, const char *list)
{
    for (size_t i = 0; i < g->n; i++) {
        const char *local = g->locals[i], *addr = is_inside(local)             ? local
                                                  : strchr(local, ':') != NULL ? "2001:db8::10"
                                                                               : "192.0.2.10";
        if (bg_sshd_in_addresses(local, list) > 0)
            add(g, addr, addr, local, g->port);
    }
}

static void take_match(struct gather *g, const char *criteria)
{
    char copy[1024], *save = NULL, *value;

    (void)snprintf(copy, sizeof copy, "%s", criteria);
    for (char *w = strtok_r(copy, " \t=\"", &save); w != NULL; w = strtok_r(NULL, " \t=\"", &save)) {
        if (strcasecmp(w, "all") == 0)
            continue;
        if ((value = strtok_r(NULL, " \t=\"", &save)) == NULL)
            return;
        if (strcasecmp(w, "Address") == 0 || strcasecmp(w, "Host") == 0)
            add_list(g, value, strcasecmp(w, "Address") == 0);
        else if (strcasecmp(w, "LocalAddress") == 0)
            add_locals(g, value);
    }
}

static bool gather(void *arg, const struct bg_sshd_line *l)
{
    char copy[1024], *save = NULL, *at;

    if (strcasecmp(l->key, "Match") == 0) {
        take_match(arg, l->value);
    } else if (strcasecmp(l->key, "AllowUsers") == 0 || strcasecmp(l->key, "DenyUsers") == 0) {
        (void)snprintf(copy, sizeof copy, "%s", l->value);
        for (char *w = strtok_r(copy, " \t\"", &save); w != NULL; w = strtok_r(NULL, " \t\"", &save))
            if ((at = strchr(w, '@')) != NULL)
                add_list(arg, at + 1, false);
    }
    return true;
}

static void find_locals(struct gather *g)
{
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *i = all; i != NULL && g->n < LOCALS_MAX; i = i->ifa_next) {
        int family = i->ifa_addr == NULL ? AF_UNSPEC : i->ifa_addr->sa_family;
        const void *a =
            family == AF_INET
                ? (const void *)&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr
                : (const void *)&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
        if ((family == AF_INET || family == AF_INET6) &&
            inet_ntop(family, a, g->locals[g->n], sizeof g->locals[0]) != NULL)
            g->n++;
    }
    freeifaddrs(all);
}

struct asks {
    const char *what;
    bool does;
};

static bool look_for(void *arg, const struct bg_sshd_line *l)
{
    struct asks *a = arg;

    a->does = a->does || (strcasecmp(l->key, "Match") == 0 && strcasestr(l->value, a->what) != NULL);
    return !a->does;
}

bool ssh_asks_for(const struct ssh_server *s, const char *what)
{
    struct asks a = {what, false};

    (void)!bg_sshd_walk(s->config, look_for, &a);
    return a.does;
}

/* The same once more at each port, where Match lines ask for the port. */
static void each_port(struct gather *g, const struct ssh_server *s)
{
    const char *at = s->dump;
    size_t n = g->out->n;
    char port[16];
    uint32_t number;

    if (!ssh_asks_for(s, "LocalPort"))
        return;
    while (ssh_next(&at, "port", port, sizeof port))
        if (bg_number(port, 1, 65535, &number) && number != g->port)
            for (size_t i = 0; i < n; i++)
                add(g, g->out->of[i].addr, g->out->of[i].host, g->out->of[i].laddr, number);
}

void ssh_origins(const struct ssh_server *s, struct ssh_origins *out)
{
    struct gather g = {.out = out,
                       .port = ssh_number(s->dump, "port", 22),
                       .dns = ssh_is(s->dump, "usedns", "yes"),
                       .rdomain = ssh_asks_for(s, "RDomain") ? "" : NULL};
    bool four = !ssh_is(s->dump, "addressfamily", "inet6"), six = !ssh_is(s->dump, "addressfamily", "inet");

    out->n = 0;
    find_locals(&g);
    if (four)
        add_address(&g, "192.0.2.10");
    if (six)
        add_address(&g, "2001:db8::10");
    if (four)
        add_address(&g, "127.0.0.1");
    if (six)
        add_address(&g, "::1");
    (void)!bg_sshd_walk(s->config, gather, &g);
    each_port(&g, s);
}

struct signature {
    const struct bg_sshd_user *user;
    const struct bg_sshd_from *from;
    char *out;
    size_t n, cap;
};

static bool sign(void *arg, const struct bg_sshd_line *l)
{
    struct signature *s = arg;

    if (strcasecmp(l->key, "Match") == 0 && s->n + 1 < s->cap)
        s->out[s->n++] = bg_sshd_match_holds(l->match, s->user, s->from) ? '1' : '0';
    return true;
}

void ssh_signature(const struct ssh_server *s, const struct bg_sshd_user *u, const struct bg_sshd_from *from,
                   char *out, size_t cap)
{
    struct signature sig = {.user = u, .from = from, .out = out, .cap = cap};

    (void)!bg_sshd_walk(s->config, sign, &sig);
    out[sig.n] = '\0';
}
