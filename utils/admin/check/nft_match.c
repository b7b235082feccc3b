/* SPDX-License-Identifier: ISC */
/* Whether a condition of a rule holds for a TCP packet that comes from elsewhere to a port of this host. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/nft.h"

static const struct nft_fit all, nobody = {.nobody = true}, unsure = {.unsure = true, .others = true};

/* --- what is looked at */

static bool among(const char *const words[], const char *s)
{
    while (*words != NULL && strcmp(*words, s) != 0)
        words++;
    return *words != NULL;
}

/* Only for packets of that kind does a rule that looks there hold, whatever it asks for. */
static bool is_of_others(const char *protocol, bool six)
{
    static const char *const its[] = {"udp",  "udplite", "icmp", "icmpv6", "igmp", "sctp",
                                      "dccp", "esp",     "ah",   "comp",   "arp",  NULL};

    return among(its, protocol) || strcmp(protocol, six ? "ip" : "ip6") == 0;
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
    const char *const has[][2] = {{"tcp dport", digits},
                                  {"th dport", digits},
                                  {"ip protocol", "tcp"},
                                  {"ip6 nexthdr", "tcp"},
                                  {"meta l4proto", "tcp"},
                                  {"meta nfproto", p->six ? "ipv6" : "ipv4"},
                                  {"meta protocol", p->six ? "ip6" : "ip"},
                                  {"meta pkttype", "host"},
                                  {"fib type daddr", "local"},
                                  {"tcp flags", p->first ? "syn" : NULL},
                                  {"ct state", p->first ? "new" : "established"}};

    (void)snprintf(digits, sizeof digits, "%u", p->port);
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        if (strcmp(has[i][0], key) == 0)
            return has[i][1];
    return NULL;
}

/* --- what it is compared with */

/* The elements of "@name"; an empty array for a set that is empty, NULL: there is none of that name. */
static const json_t *named(const struct nft_packet *p, const char *name)
{
    char key[256];

    (void)snprintf(key, sizeof key, "%s %s", p->table, name);
    return json_object_get(p->rules, key);
}

/* Of a set or list its elements, of an element with a time its value; else NULL. */
static const json_t *inside(const struct nft_packet *p, const json_t *right)
{
    static const char *const words[] = {"set", "|", "elem", "val"};
    const json_t *in = NULL;

    if (json_is_string(right) && json_string_value(right)[0] == '@')
        return named(p, json_string_value(right));
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

static enum nft_end number_in(const json_t *low, const json_t *high, const char *value)
{
    long long n = atoll(value);

    if (!json_is_integer(low) || !json_is_integer(high) || strspn(value, "0123456789") != strlen(value))
        return NFT_UNSURE;
    return n >= json_integer_value(low) && n <= json_integer_value(high) ? NFT_OPEN : NFT_SHUT;
}

/* Is the value one of these? Open: yes. */
static enum nft_end has(const struct nft_packet *p, const json_t *right, const char *value)
{
    const json_t *in = inside(p, right), *range = json_object_get(right, "range");
    enum nft_end best = NFT_SHUT, one;

    if (in != NULL)
        return has(p, in, value);
    if (range != NULL)
        return number_in(json_array_get(range, 0), json_array_get(range, 1), value);
    if (json_is_integer(right))
        return number_in(right, right, value);
    if (json_is_string(right) && json_string_value(right)[0] != '@')
        return same(json_string_value(right), value);
    if (!json_is_array(right))
        return NFT_UNSURE;
    for (size_t i = 0; i < json_array_size(right); i++)
        if ((one = has(p, json_array_get(right, i), value)) < best)
            best = one;
    return best;
}

static struct nft_fit fit_of(enum nft_end yes, bool negated)
{
    return yes == NFT_UNSURE ? unsure : (yes == NFT_OPEN) != negated ? all : nobody;
}

/* --- who comes */

/* By one of this host's interfaces to others, as they are now. */
static struct nft_fit by_interface(const struct nft_packet *p, const json_t *right, bool negated)
{
    struct if_nameindex *names = if_nameindex();
    unsigned n = 0, in = 0;
    bool sure = names != NULL;

    for (const struct if_nameindex *i = names; sure && i->if_index != 0; i++) {
        enum nft_end one = strcmp(i->if_name, "lo") == 0 ? NFT_SHUT : has(p, right, i->if_name);
        sure = one != NFT_UNSURE;
        n += strcmp(i->if_name, "lo") != 0;
        in += one == NFT_OPEN;
    }
    if (names != NULL)
        if_freenameindex(names);
    if (sure && n == 0) /* whatever comes then, it is not by lo */
        return has(p, right, "lo") == NFT_OPEN ? fit_of(NFT_SHUT, negated) : unsure;
    in = negated ? n - in : in;
    return !sure ? unsure : in == n ? all : in == 0 ? nobody : (struct nft_fit){.others = true, .some = 1};
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

static void add_addresses(const struct nft_packet *p, const json_t *right, struct who *w)
{
    const json_t *in = inside(p, right);
    const char *addr;
    json_int_t bits;

    if (in != NULL)
        add_addresses(p, in, w);
    else if (json_is_array(right))
        for (size_t i = 0; i < json_array_size(right); i++)
            add_addresses(p, json_array_get(right, i), w);
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

    add_addresses(p, right, &w);
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
    const char *value, *protocol;
    bool negated = strcmp(op, "!=") == 0;
    char key[48];

    key_of(left, key, sizeof key);
    if (json_unpack((json_t *)left, "{s:{s:s}}", "payload", "protocol", &protocol) == 0 &&
        is_of_others(protocol, p->six))
        return nobody;
    if (!negated && strcmp(op, "==") != 0 && strcmp(op, "in") != 0)
        return unsure;
    if (strcmp(key, "meta iif") == 0 || strcmp(key, "meta iifname") == 0)
        return by_interface(p, right, negated);
    if (strcmp(key, p->six ? "ip6 saddr" : "ip saddr") == 0)
        return by_address(p, right, negated);
    if (strcmp(key, "fib oif") == 0) /* where an answer would go: it tells who comes by the wrong interface */
        return (struct nft_fit){.others = true, .few = true, .some = 1};
    if (json_object_get(left, "&") != NULL)
        return by_flags(p, json_object_get(left, "&"), right, negated);
    return (value = value_of(p, key)) == NULL ? unsure : fit_of(has(p, right, value), negated);
}
