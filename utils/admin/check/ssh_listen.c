/* SPDX-License-Identifier: ISC */
/* SSH-01 and SSH-17: whether sshd is there, now and after the next start, and at which addresses. */
#include <arpa/inet.h>
#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/ssh.h"
#include "admin/conf/sshd.h"
#include "base/text.h"

#define SYSTEMD_RUNS "/run/systemd/system" /* sd_booted(3) */
#define WANTS        BG_SYSCONFDIR "/systemd/system/*.wants/"

static bool any_file(const char *pattern)
{
    glob_t g;
    bool any = glob(pattern, GLOB_BRACE, NULL, &g) == 0 && g.gl_pathc > 0;

    globfree(&g);
    return any;
}

static bool at_boot(const struct ssh_server *s)
{
    return s->own ? any_file(WANTS "breakglass-sshd.service") : any_file(WANTS "{ssh,sshd}.{service,socket}");
}

/* --- a socket of systemd's listens where its unit says, whatever sshd_config says */

static bool has_port(const char *text, unsigned port)
{
    char want[16];
    size_t n;

    (void)snprintf(want, sizeof want, "%u", port);
    for (const char *p = text; (p = strstr(p, "ListenStream=")) != NULL; p += 13) {
        const char *value = p + 13, *digits = value;
        n = strcspn(value, "\n");
        for (size_t i = 0; i < n; i++)
            if (value[i] == ':')
                digits = value + i + 1;
        if (strncmp(digits, want, strlen(want)) == 0 && strspn(digits, "0123456789") == strlen(want))
            return true;
    }
    return false;
}

static bool socket_has(unsigned port)
{
    static const char pattern[] = "{/etc,/run,/usr/local/lib,/usr/lib,/lib}/systemd/{system,generator}/"
                                  "{ssh,sshd}.socket{,.d/*.conf}";
    glob_t g;
    bool has = false;

    if (glob(pattern, GLOB_BRACE, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc && !has; i++) {
        char *text = facts_file(g.gl_pathv[i], &(bool){false});
        has = text != NULL && has_port(text, port);
        free(text);
    }
    globfree(&g);
    return has;
}

/* --- is it there */

static void port(struct check *c, const struct ssh_server *s, unsigned number, bool enabled)
{
    struct ssh_where w;
    struct check_at at = {.service = s->name, .file = s->config};

    if (sshd_listens(number))
        return;
    ssh_where(s, "Port", NULL, NULL, NULL, &w);
    if (w.line > 0)
        at = (struct check_at){.service = s->name, .file = w.file, .line = w.line};
    if (!s->own && any_file(WANTS "{ssh,sshd}.socket") && !any_file(WANTS "{ssh,sshd}.service") &&
        !socket_has(number))
        check_find(c, CHECK_SSH_SOCKET, &at, BG_ARGS(s->name, BG_DIGITS(number)));
    else if (access(SYSTEMD_RUNS, F_OK) == 0 && !enabled && !s->own) /* nobody has ours unless it is wanted */
        check_find(c, CHECK_SSH_OFF, &at, BG_ARGS(s->name, BG_DIGITS(number)));
    else
        check_find(c, CHECK_SSH_DOWN, &at, BG_ARGS(s->name, BG_DIGITS(number)));
}

/* --- at which addresses */

static bool has_address(int family, const void *want)
{
    struct ifaddrs *all = NULL;
    bool has = false;

    if (getifaddrs(&all) != 0)
        return true;
    for (const struct ifaddrs *i = all; i != NULL && !has; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family)
            continue;
        has =
            family == AF_INET
                ? memcmp(&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, want, 4) == 0
                : memcmp(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr, want, 16) == 0;
    }
    freeifaddrs(all);
    return has;
}

enum ssh_reach ssh_reach(const char *value, bool *is_six)
{
    char text[64];
    uint8_t a[sizeof(struct in6_addr)];
    const bool six = *is_six = value[0] == '[';
    static const uint8_t none[16], loop[16] = {[15] = 1};

    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(value + six, six ? "%]" : ":"), value + six);
    if (inet_pton(six ? AF_INET6 : AF_INET, text, a) != 1)
        return SSH_OTHERS; /* not known here */
    if (memcmp(a, none, six ? 16 : 4) == 0)
        return SSH_OTHERS;
    if (six ? memcmp(a, loop, 16) == 0 : a[0] == 127)
        return SSH_THIS_HOST;
    return has_address(six ? AF_INET6 : AF_INET, a) ? SSH_OTHERS : SSH_NOBODY;
}

static void addresses(struct check *c, const struct ssh_server *s)
{
    const char *at = s->dump;
    char value[128], said[SSH_SAID], first[128] = "";
    enum ssh_reach best = SSH_NOBODY, one;
    struct ssh_where w;
    bool six;

    while (ssh_next(&at, "listenaddress", value, sizeof value)) {
        if (first[0] == '\0')
            memcpy(first, value, sizeof first);
        if ((one = ssh_reach(value, &six)) > best)
            best = one;
        if (strstr(value, " rdomain ") != NULL)
            best = best == SSH_NOBODY ? SSH_OTHERS : best;
    }
    if (first[0] == '\0' || best == SSH_OTHERS)
        return;
    ssh_where(s, "ListenAddress", NULL, NULL, NULL, &w);
    ssh_said(said, "ListenAddress", first, &w);
    check_find(
        c, best == SSH_THIS_HOST ? CHECK_SSH_LOOPBACK : CHECK_SSH_ADDRESS,
        &(struct check_at){.service = s->name, .file = w.line > 0 ? w.file : s->config, .line = w.line},
        BG_ARGS(s->name, said));
}

void ssh_listens(struct check *c, const struct ssh_server *s)
{
    const char *at = s->dump;
    char text[16];
    uint32_t number;
    bool enabled = at_boot(s), up = false;

    while (ssh_next(&at, "port", text, sizeof text)) {
        if (!bg_number(text, 1, 65535, &number))
            continue;
        port(c, s, number, enabled);
        up = up || sshd_listens(number);
    }
    if (up && !enabled && access(SYSTEMD_RUNS, F_OK) == 0)
        check_find(c, CHECK_SSH_NOT_AT_BOOT, &(struct check_at){.service = s->name}, BG_ARGS(s->name));
    addresses(c, s);
}
