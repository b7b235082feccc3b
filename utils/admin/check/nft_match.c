/* SPDX-License-Identifier: ISC */
/* Whether a condition of a rule holds for a TCP packet that comes from elsewhere to a port of this host. */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/nft.h"
#include "base/text.h"

#define INSIDE_MAX 16 /* of lists in lists */

/* The other side's port is any of those that Linux chooses for a client (ip_local_port_range). */
#define CLIENT      "a client's"
#define CLIENT_LOW  32768
#define CLIENT_HIGH 60999

static const struct nft_fit all, nobody = {.nobody = true}, unsure = {.unsure = true, .others = true},
                                 hardly = {.others = true, .few = true, .some = 2};

bool nft_works(const struct nft_packet *p, unsigned much)
{
    unsigned *left = &p->host->left;

    *left = *left < much ? 0 : *left - much;
    return *left > 0;
}

/* --- what is looked at */

/* Only for packets of that kind does a rule that looks there hold, whatever it asks for. */
static bool is_of_others(const char *protocol, bool six)
{
    static const char *const its[] = {"udp",  "udplite", "icmp", "icmpv6", "igmp", "sctp",
                                      "dccp", "esp",     "ah",   "comp",   "arp",  NULL};

    return bg_among(its, protocol) || strcmp(protocol, six ? "ip" : "ip6") == 0;
}

/* "tcp dport", "meta iifname", "ct state"; "" for what is not known here. */
static void key_of(const json_t *left, char *out, size_t cap)
{
    const char *a = "", *b = "", *flag = NULL;

    out[0] = '\0';
    if (json_unpack((json_t *)left, "{s:{s:s, s:s}}", "payload", "protocol", &a, "field", &b) == 0)
        (void)snprintf(out, cap, "%s %s", a, b);
    else if (json_unpack((json_t *)left, "{s:{s:s !}}", "meta", "key", &b) == 0)
        (void)snprintf(out, cap, "meta %s", b);
    else if (json_unpack((json_t *)left, "{s:{s:s !}}", "ct", "key", &b) == 0)
        (void)snprintf(out, cap, "ct %s", b);
    else if (json_unpack((json_t *)left, "{s:{s:s, s:[s !]}}", "fib", "result", &a, "flags", &flag) == 0)
        (void)snprintf(out, cap, "fib %s %s", a, flag);
    else if (json_unpack((json_t *)left, "{s:{s:s}}", "fib", "result", &a) == 0 && strcmp(a, "oif") == 0)
        (void)snprintf(out, cap, "fib oif");
}

/* What a packet has there; NULL: it is not known. */
static const char *value_of(const struct nft_packet *p, const char *key)
{
    static char digits[12];
    const char *const has[][2] = {{p->out ? "tcp sport" : "tcp dport", digits},
                                  {p->out ? "th sport" : "th dport", digits},
                                  {p->out ? "tcp dport" : "tcp sport", CLIENT},
                                  {p->out ? "th dport" : "th sport", CLIENT},
                                  {"ip protocol", "tcp"},
                                  {"ip6 nexthdr", "tcp"},
                                  {"meta l4proto", "tcp"},
                                  {"meta nfproto", p->six ? "ipv6" : "ipv4"},
                                  {"meta protocol", p->six ? "ip6" : "ip"},
                                  {"meta pkttype", p->out ? NULL : "host"},
                                  {"fib type daddr", p->out ? NULL : "local"},
                                  {"tcp flags", p->first ? "syn" : NULL},
                                  {"ct state", p->first ? "new" : "established"}};

    (void)snprintf(digits, sizeof digits, "%u", p->port);
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        if (strcmp(has[i][0], key) == 0)
            return has[i][1];
    return NULL;
}

/* --- what it is compared with */

const json_t *nft_named(const struct nft_packet *p, const char *name)
{
    char key[NFT_KEY];

    if ((size_t)snprintf(key, sizeof key, "%s %s", p->table, name) >= sizeof key)
        return NULL;
    return json_object_get(p->host->rules, key);
}

/* Of a set or list its elements, of an element with a time its value; else NULL. */
static const json_t *inside(const json_t *right)
{
    static const char *const words[] = {"set", "|", "elem", "val"};
    const json_t *in = NULL;

    for (size_t i = 0; i < sizeof words / sizeof *words && in == NULL; i++)
        in = json_object_get(right, words[i]);
    return in;
}

static enum nft_end same(const char *text, const char *value)
{
    size_t n = strlen(text);
    bool equal = n > 0 && text[n - 1] == '*' ? strncmp(text, value, n - 1) == 0 : strcmp(text, value) == 0;

    return equal ? NFT_OPEN : NFT_SHUT;
}

static enum nft_end number_in(const json_t *from, const json_t *to, const char *value)
{
    json_int_t low = json_integer_value(from), high = json_integer_value(to), n = atoll(value);

    if (!json_is_integer(from) || !json_is_integer(to))
        return NFT_UNSURE;
    if (strcmp(value, CLIENT) == 0)
        return low == high || high < CLIENT_LOW || low > CLIENT_HIGH ? NFT_SHUT
               : low <= CLIENT_LOW && high >= CLIENT_HIGH            ? NFT_OPEN
                                                                     : NFT_UNSURE;
    if (strspn(value, "0123456789") != strlen(value))
        return NFT_UNSURE;
    return n >= low && n <= high ? NFT_OPEN : NFT_SHUT;
}

/* Is the value one of these? Open: yes. What begins with @ in a list is no
 * reference. */
static enum nft_end has_at(const struct nft_packet *p, const json_t *right, const char *value, unsigned depth)
{
    const json_t *in = inside(right), *range = json_object_get(right, "range");
    enum nft_end best = NFT_SHUT, one;

    if (depth > INSIDE_MAX || !nft_works(p, 1))
        return NFT_UNSURE;
    if (in != NULL)
        return has_at(p, in, value, depth + 1);
    if (range != NULL)
        return number_in(json_array_get(range, 0), json_array_get(range, 1), value);
    if (json_is_integer(right))
        return number_in(right, right, value);
    if (json_is_string(right) && json_string_value(right)[0] != '@')
        return same(json_string_value(right), value);
    if (!json_is_array(right))
        return NFT_UNSURE;
    for (size_t i = 0; i < json_array_size(right) && best != NFT_OPEN; i++)
        if ((one = has_at(p, json_array_get(right, i), value, depth + 1)) < best)
            best = one;
    return best;
}

static enum nft_end has(const struct nft_packet *p, const json_t *right, const char *value)
{
    return has_at(p, right, value, 0);
}

static struct nft_fit fit_of(enum nft_end yes, bool negated)
{
    return yes == NFT_UNSURE ? unsure : (yes == NFT_OPEN) != negated ? all : nobody;
}

/* --- who comes */

/* Is it an address that somebody comes to now? An interface that is down, has no cable in it or no address
 * but the one that it made itself is hardly anybody's. */
static bool is_used(const struct ifaddrs *i)
{
    const struct sockaddr *a = i->ifa_addr;

    if (a == NULL || (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_RUNNING) == 0)
        return false;
    return a->sa_family == AF_INET ||
           (a->sa_family == AF_INET6 &&
            !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr));
}

/* By one of this host's interfaces to others, as they are now. */
static struct nft_fit by_interface(const struct nft_packet *p, const json_t *right, bool negated)
{
    unsigned n = 0, in = 0, unused = 0;

    for (const struct ifaddrs *i = p->host->all; i != NULL; i = i->ifa_next) {
        char name[IF_NAMESIZE];
        enum nft_end one;
        /* an address may have a label, "eth0:1" */
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(i->ifa_name, ":"), i->ifa_name);
        if (strcmp(name, "lo") == 0)
            continue;
        if ((one = has(p, right, name)) == NFT_UNSURE)
            return unsure;
        n += is_used(i);
        in += is_used(i) && (one == NFT_OPEN) != negated;
        unused += !is_used(i) && (one == NFT_OPEN) != negated;
    }
    if (p->host->all == NULL)
        return unsure;
    if (n == 0) /* whatever comes then, it is not by lo */
        return has(p, right, "lo") == NFT_OPEN && (negated || unused == 0) ? fit_of(NFT_SHUT, negated)
                                                                           : unsure;
    if (in == 0)
        return unused == 0 ? nobody : hardly;
    return in == n ? all : (struct nft_fit){.others = true, .some = 1};
}

struct who {
    bool unsure, all, any, many;
};

static void add_address(const char *addr, long long bits, struct who *w)
{
    if (strncmp(addr, "127.", 4) == 0 || strcmp(addr, "::1") == 0)
        return; /* nobody comes from there */
    w->any = true;
    w->all = w->all || bits == 0;
    w->many = w->many || bits < 8;
}

static void add_addresses(const struct nft_packet *p, const json_t *right, struct who *w, unsigned depth)
{
    const json_t *in = inside(right);
    const char *addr;
    json_int_t bits;

    if (depth > INSIDE_MAX || !nft_works(p, 1))
        w->unsure = true;
    else if (in != NULL)
        add_addresses(p, in, w, depth + 1);
    else if (json_is_array(right))
        for (size_t i = 0; i < json_array_size(right) && !w->unsure; i++)
            add_addresses(p, json_array_get(right, i), w, depth + 1);
    else if (json_is_string(right) && json_string_value(right)[0] != '@')
        add_address(json_string_value(right), 32, w);
    else if (json_unpack((json_t *)right, "{s:{s:s, s:I}}", "prefix", "addr", &addr, "len", &bits) == 0)
        add_address(addr, bits, w);
    else if (json_object_get(right, "range") != NULL)
        w->any = w->many = true;
    else
        w->unsure = true;
}

static struct nft_fit by_address(const struct nft_packet *p, const json_t *right, bool negated)
{
    struct who w = {.any = false};

    add_addresses(p, right, &w, 0);
    if (w.unsure)
        return unsure;
    if (w.all || !w.any)
        return w.all != negated ? all : nobody;
    return (struct nft_fit){.others = true, .few = !negated && !w.many, .some = 1};
}

/* Of the flags in a mask the first packet has SYN alone: "tcp flags & (fin|syn|rst|ack) == syn". */
static struct nft_fit by_flags(const struct nft_packet *p, const json_t *masked, const json_t *right,
                               bool negated)
{
    char key[48];

    key_of(json_array_get(masked, 0), key, sizeof key);
    if (strcmp(key, "tcp flags") != 0 || !p->first || !json_is_string(right) ||
        has(p, json_array_get(masked, 1), "syn") != NFT_OPEN)
        return unsure;
    return fit_of(same(json_string_value(right), "syn"), negated);
}

struct nft_fit nft_match(const struct nft_packet *p, const json_t *left, const char *op, const json_t *right)
{
    const char *value, *protocol, *set = json_string_value(right);
    bool negated = strcmp(op, "!=") == 0;
    char key[48];

    key_of(left, key, sizeof key);
    if (set != NULL && *set == '@' && (right = nft_named(p, set)) == NULL)
        return unsure;
    if (json_unpack((json_t *)left, "{s:{s:s}}", "payload", "protocol", &protocol) == 0 &&
        is_of_others(protocol, p->six))
        return nobody;
    if (!negated && strcmp(op, "==") != 0 && strcmp(op, "in") != 0)
        return unsure;
    if (strcmp(key, p->out ? "meta oif" : "meta iif") == 0 ||
        strcmp(key, p->out ? "meta oifname" : "meta iifname") == 0)
        return by_interface(p, right, negated);
    if (strncmp(key, p->six ? "ip6 " : "ip ", p->six ? 4 : 3) == 0 &&
        strcmp(strchr(key, ' '), p->out ? " daddr" : " saddr") == 0)
        return by_address(p, right, negated);
    if (strcmp(key, "fib oif") == 0 &&
        !p->out) /* where an answer would go: it tells who comes by the wrong interface */
        return (struct nft_fit){.others = true, .few = true, .some = 1};
    if (json_object_get(left, "&") != NULL)
        return by_flags(p, json_object_get(left, "&"), right, negated);
    return (value = value_of(p, key)) == NULL ? unsure : fit_of(has(p, right, value), negated);
}
