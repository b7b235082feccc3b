/* SPDX-License-Identifier: ISC */
#include "config/from.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include "base/text.h"

#define PLACE_MAX 64 /* "ffff:...:255.255.255.255/128" has 49 */
#define MAPPED    96 /* bits of ::ffff:0:0 (RFC 4291, 2.5.5.2) */

struct range {
    int family;
    unsigned bits;
    uint8_t address[sizeof(struct in6_addr)];
};

static bool is_mapped(const uint8_t *a)
{
    static const uint8_t head[MAPPED / 8] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(a, head, sizeof head) == 0;
}

/* An address in digits, whole: bits are all that it has. */
static bool read_address(const char *text, struct range *out)
{
    *out = (struct range){.family = AF_INET, .bits = 32};
    if (inet_pton(AF_INET, text, out->address) == 1)
        return true;
    *out = (struct range){.family = AF_INET6, .bits = 128};
    return inet_pton(AF_INET6, text, out->address) == 1;
}

/* IPv4 in IPv6 form becomes IPv4; a range that is wider than these stays what it is. */
static void unmap(struct range *r)
{
    if (r->family != AF_INET6 || r->bits < MAPPED || !is_mapped(r->address))
        return;
    memmove(r->address, r->address + MAPPED / 8, sizeof(struct in_addr));
    r->family = AF_INET;
    r->bits -= MAPPED;
}

static bool read_range(const char *place, struct range *out)
{
    char text[PLACE_MAX];
    const char *slash = strchr(place, '/');
    size_t n = slash == NULL ? strlen(place) : (size_t)(slash - place);
    unsigned bits;

    if (n >= sizeof text)
        return false;
    memcpy(text, place, n);
    text[n] = '\0';
    if (!read_address(text, out))
        return false;
    if (slash != NULL) {
        if (!bg_number(slash + 1, 0, out->bits, &bits))
            return false;
        out->bits = bits;
    }
    unmap(out);
    return true;
}

/* What sshd tells of a link-local address has its interface behind it: fe80::1%eth0. */
static bool read_host(const char *rhost, struct range *out)
{
    char text[PLACE_MAX];
    size_t n = strcspn(rhost, "%");

    if (n >= sizeof text)
        return false;
    memcpy(text, rhost, n);
    text[n] = '\0';
    if (!read_address(text, out) || (rhost[n] == '%' && out->family != AF_INET6))
        return false;
    unmap(out);
    return true;
}

static bool is_in(const struct range *host, const struct range *r)
{
    size_t whole = r->bits / 8;
    unsigned rest = r->bits % 8;

    if (host->family != r->family || memcmp(host->address, r->address, whole) != 0)
        return false;
    return rest == 0 || (host->address[whole] ^ r->address[whole]) >> (8 - rest) == 0;
}

/* The next place of the list into place; false at its end. One that is too long comes as "?". */
static bool next(const char **at, char place[PLACE_MAX])
{
    size_t n;

    *at += strspn(*at, " \t");
    n = strcspn(*at, " \t");
    if (n == 0)
        return false;
    memcpy(place, n < PLACE_MAX ? *at : "?", n < PLACE_MAX ? n : 1);
    place[n < PLACE_MAX ? n : 1] = '\0';
    *at += n;
    return true;
}

bool bg_from_valid(const char *from)
{
    char place[PLACE_MAX];
    struct range r;

    while (next(&from, place))
        if (bg_source_by_name(place) == 0 && !read_range(place, &r))
            return false;
    return true;
}

bool bg_from_allows(const char *from, enum bg_source s, const char *rhost)
{
    char place[PLACE_MAX];
    struct range r, host = {0};
    bool known = s == BG_SOURCE_NETWORK && rhost != NULL && read_host(rhost, &host);

    if (*from == '\0')
        return true;
    while (next(&from, place)) {
        if (bg_source_by_name(place) == s)
            return true;
        if (s == BG_SOURCE_NETWORK && (rhost == NULL || known) && read_range(place, &r) &&
            (rhost == NULL || is_in(&host, &r)))
            return true;
    }
    return false;
}

bool bg_from_some(const char *from)
{
    return bg_from_allows(from, BG_SOURCE_NETWORK, NULL) && !bg_from_allows(from, BG_SOURCE_NETWORK, "");
}
