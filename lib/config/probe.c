/* SPDX-License-Identifier: ISC */
#include "config/probe.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "config/table.h"

#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define IPV6_CHARACTERS "0123456789abcdefABCDEF:."

static const struct scheme {
    const char *prefix;
    const char *port; /* "": it must be given */
    bool tls;
} schemes[] = {{"https://", "443", true},
               {"http://", "80", false},
               {"ldaps://", "636", true},
               {"ldap://", "389", false},
               {"tcp://", "", false}};

static const struct scheme *scheme_of(const char *word)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(word, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return &schemes[i];
    return NULL;
}

/* The host at s into p; what follows it, or NULL. */
static const char *take_host(const char *s, struct bg_probe *p)
{
    bool six = *s == '[';
    size_t n = strspn(s + six, six ? IPV6_CHARACTERS : HOST_CHARACTERS);

    if (n == 0 || n >= sizeof p->host || (six && s[1 + n] != ']'))
        return NULL;
    (void)snprintf(p->host, sizeof p->host, "%.*s", (int)n, s + six);
    return s + n + 2 * six;
}

bool bg_probe_parse(const char *word, struct bg_probe *p)
{
    const struct scheme *scheme = scheme_of(word);
    const char *rest;
    uint32_t port;
    size_t n = 0;

    if (scheme == NULL || (rest = take_host(word + strlen(scheme->prefix), p)) == NULL)
        return false;
    p->tls = scheme->tls;
    (void)snprintf(p->port, sizeof p->port, "%s", scheme->port);
    if (*rest == ':') {
        n = strspn(++rest, "0123456789");
        if (n == 0 || n >= sizeof p->port)
            return false;
        (void)snprintf(p->port, sizeof p->port, "%.*s", (int)n, rest);
    }
    return bg_number(p->port, 1, 65535, &port) && (rest[n] == '\0' || rest[n] == '/');
}

static bool is_wrong(const char *word, const char *s)
{
    struct bg_probe p;

    (void)s;
    return !bg_probe_parse(word, &p);
}

bool bg_probes_ok(const char *list)
{
    size_t n = 0;

    for (const char *s = list + strspn(list, " \t"); *s != '\0'; s += strspn(s, " \t"), n++)
        s += strcspn(s, " \t");
    return n <= BG_PROBES_MAX && !bg_any_word(list, "", is_wrong);
}
