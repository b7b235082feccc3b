/* SPDX-License-Identifier: ISC */
#include "config/sshdmatch.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

#define LIST_MAX 1024

bool bg_sshd_fits(const char *s, const char *pattern)
{
    const char *star = NULL, *again = NULL;

    while (*s != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            again = s;
        } else if (*pattern == '?' || *pattern == *s) {
            pattern++;
            s++;
        } else if (star != NULL) {
            pattern = star + 1;
            s = ++again;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

typedef bool fits_one(const char *s, const char *pattern);

static int in_list(const char *s, const char *list, bool lower, fits_one *fits)
{
    char copy[LIST_MAX], *save = copy, *p;
    int found = 0;

    (void)snprintf(copy, sizeof copy, "%s", list);
    for (char *c = copy; lower && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    while ((p = strsep(&save, ",")) != NULL) {
        bool no = *p == '!';
        if (!fits(s, p + no))
            continue;
        if (no)
            return -1;
        found = 1;
    }
    return found;
}

int bg_sshd_in_list(const char *s, const char *list, bool lower)
{
    return in_list(s, list, lower, bg_sshd_fits);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned rest = bits % 8;

    return memcmp(a, b, bits / 8) == 0 && (rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

static bool in_range(const char *addr, const char *range)
{
    uint8_t a[sizeof(struct in6_addr)], b[sizeof(struct in6_addr)];
    char net[INET6_ADDRSTRLEN];
    const char *slash = strchr(range, '/');
    int family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET;
    unsigned bits = family == AF_INET6 ? 128 : 32;

    (void)snprintf(net, sizeof net, "%.*s", (int)strcspn(range, "/"), range);
    if (inet_pton(family, addr, a) != 1 || inet_pton(family, net, b) != 1 ||
        (slash != NULL && !bg_number(slash + 1, 0, bits, &bits)))
        return false;
    return same_bits(a, b, bits);
}

static bool address_fits(const char *addr, const char *pattern)
{
    return in_range(addr, pattern) || bg_sshd_fits(addr, pattern);
}

int bg_sshd_in_addresses(const char *addr, const char *list)
{
    return in_list(addr, list, false, address_fits);
}

/* As sshd: excluded by address or by name is excluded, and either may fit. */
static bool origin_fits(const char *list, const struct bg_sshd_from *from)
{
    int by_addr = bg_sshd_in_addresses(from->addr, list), by_name = bg_sshd_in_list(from->host, list, true);

    return by_addr >= 0 && by_name >= 0 && by_addr + by_name > 0;
}

bool bg_sshd_user_fits(const char *word, const char *user, const struct bg_sshd_from *from)
{
    char name[256];
    const char *at = strchr(word, '@');

    if (at == NULL)
        return bg_sshd_fits(user, word);
    (void)snprintf(name, sizeof name, "%.*s", (int)(at - word), word);
    return bg_sshd_fits(user, name) && origin_fits(at + 1, from);
}

static bool in_groups(const struct bg_sshd_user *u, const char *list)
{
    bool found = false;
    int one;

    for (size_t i = 0; i < u->groups; i++) {
        if ((one = bg_sshd_in_list(u->group[i], list, false)) < 0)
            return false;
        found = found || one > 0;
    }
    return found;
}

static bool criterion(const char *what, const char *value, const struct bg_sshd_user *u,
                      const struct bg_sshd_from *from)
{
    if (strcasecmp(what, "User") == 0)
        return bg_sshd_in_list(u->name, value, false) > 0;
    if (strcasecmp(what, "Group") == 0)
        return in_groups(u, value);
    if (strcasecmp(what, "Host") == 0)
        return bg_sshd_in_list(from->host, value, true) > 0;
    if (strcasecmp(what, "Address") == 0)
        return bg_sshd_in_addresses(from->addr, value) > 0;
    if (strcasecmp(what, "LocalAddress") == 0)
        return bg_sshd_in_addresses(from->laddr, value) > 0;
    if (strcasecmp(what, "LocalPort") == 0)
        return strtoul(value, NULL, 10) == from->lport;
    return strcasecmp(what, "RDomain") == 0 && from->rdomain != NULL &&
           bg_sshd_in_list(from->rdomain, value, false) > 0;
}

bool bg_sshd_match_holds(const char *criteria, const struct bg_sshd_user *u, const struct bg_sshd_from *from)
{
    char copy[LIST_MAX], *save = NULL, *value;

    (void)snprintf(copy, sizeof copy, "%s", criteria);
    for (char *w = strtok_r(copy, " \t=\"", &save); w != NULL; w = strtok_r(NULL, " \t=\"", &save)) {
        if (strcasecmp(w, "all") == 0)
            continue;
        if ((value = strtok_r(NULL, " \t=\"", &save)) == NULL || !criterion(w, value, u, from))
            return false;
    }
    return true;
}
