/* SPDX-License-Identifier: ISC */
/* SSH-14: the host's own packet filter. */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/nft.h"
#include "admin/check/ssh.h"
#include "base/text.h"

/* What other hosts may know an address of. */
static void families(const struct ifaddrs *all, bool has[2])
{
    has[0] = has[1] = false;
    for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        if (i->ifa_addr == NULL || strcmp(i->ifa_name, "lo") == 0)
            continue;
        has[0] = has[0] || i->ifa_addr->sa_family == AF_INET;
        has[1] =
            has[1] ||
            (i->ifa_addr->sa_family == AF_INET6 &&
             !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr));
    }
    if (!has[0] && !has[1])
        has[0] = has[1] = true;
}

/* The best of the addresses at which a server listens to others. */
struct reached {
    enum nft_end end;
    bool any;                   /* there is one */
    char port[16], by[NFT_KEY]; /* one of them, where it is shut, and "dport" or "sport" */
    const char *side;
};

/* "0.0.0.0:22", "[::]:22 rdomain red". Nobody comes to an address of a kind that this host has none of. */
static enum nft_end at_address(struct nft_host *h, const char *value, bool six, struct reached *out)
{
    const char *by = "", *hook, *colon = strrchr(value, ':');
    bool has[2];
    uint32_t number;
    enum nft_end end;

    families(h->all, has);
    if (!has[six])
        return NFT_SHUT;
    if (colon == NULL || !bg_number(colon + 1, 1, 65535, &number))
        return NFT_UNSURE; /* rdomain: rules may name its interface */
    if ((end = nft_walk(h, number, six, &by)) == NFT_SHUT) {
        hook = json_string_value(json_object_get(json_object_get(h->rules, by), "hook"));
        out->side = hook != NULL && (*hook == 'o' || strcmp(hook, "postrouting") == 0) ? "sport" : "dport";
        (void)snprintf(out->port, sizeof out->port, "%s", colon + 1);
        (void)snprintf(out->by, sizeof out->by, "%s", by);
    }
    return end;
}

static struct reached reach(struct nft_host *h, const char *dump)
{
    struct reached out = {.end = NFT_SHUT};
    const char *at = dump;
    char value[128];
    bool six, seen = false;

    while (ssh_next(&at, "listenaddress", value, sizeof value)) {
        seen = true;
        if (ssh_reach(value, &six) != SSH_OTHERS)
            continue;
        enum nft_end one = at_address(h, value, six, &out);
        out.any = true;
        out.end = one < out.end ? one : out.end;
    }
    if (!seen || (out.end == NFT_SHUT && out.port[0] == '\0'))
        out.end = NFT_UNSURE;
    out.any = out.any || !seen;
    return out;
}

/* --- is anything to be followed */

/* A kernel's older filter has tables of its own, of which nft does not tell. */
static bool is_table(const char *line, const void *what)
{
    static const char *const tables[] = {"filter", "raw", "mangle", "security", NULL};

    (void)what;
    return bg_among(tables, line);
}

static const char *others(void)
{
    static const char *const lists[] = {"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names",
                                        "/proc/net/arp_tables_names"};
    enum bg_pam_sure worst = BG_PAM_NO, one;

    for (size_t i = 0; i < sizeof lists / sizeof *lists && worst != BG_PAM_YES; i++)
        if ((one = facts_say(lists[i], is_table, NULL)) != BG_PAM_NO)
            worst = one;
    return worst == BG_PAM_NO    ? NULL
           : worst == BG_PAM_YES ? "there are rules that only iptables-legacy or arptables-legacy shows"
                                 : "/proc/net/ip_tables_names cannot be read";
}

/* Its rules, if there are any; what is not known of them. */
static const char *look(struct nft_host *h)
{
    enum bg_err r;

    if (access(NFT_PROGRAM, X_OK) == 0)
        return nft_read(&h->rules) == BG_OK ? others()
                                            : "\"nft -j list ruleset\" does not answer as expected";
    r = nft_tables();
    return r == BG_E_NOENT ? others()
           : r == BG_OK    ? "there are rules, and nft, which shows them, is not installed"
                           : "nft is not installed, and the kernel does not say whether there are rules";
}

/* --- the rule */

static void tell(struct check *c, const char *server, const struct reached *r, bool other,
                 const char *unknown)
{
    const struct check_at at = {.service = server};

    if (r->end == NFT_SHUT)
        check_find(c, other ? CHECK_SSH_FILTER_BESIDE : CHECK_SSH_FILTER, &at,
                   BG_ARGS(server, r->port, r->by, r->side));
    else if (unknown != NULL || r->end == NFT_UNSURE)
        check_unknown_but(
            c, CHECK_SSH_FILTER, &at,
            unknown != NULL ? unknown : "the rules have conditions that are not known here",
            "Log in by ssh from another host. Where that works keep the output of \"breakglass check "
            "--json\" in a file: with --baseline FILE this is left out from then on.");
}

void ssh_filter(struct check *c, const struct ssh_server *servers, size_t n)
{
    struct nft_host h = {.left = NFT_WORK};
    struct reached r[2] = {{.any = false}, {.any = false}};
    const char *unknown = look(&h);

    if (getifaddrs(&h.all) != 0)
        h.all = NULL;
    for (size_t i = 0; i < n && i < 2; i++)
        if (servers[i].dump != NULL)
            r[i] = reach(&h, servers[i].dump);
    for (size_t i = 0; i < n && i < 2; i++)
        if (r[i].any)
            tell(c, servers[i].name, &r[i], r[1 - i].any && r[1 - i].end != NFT_SHUT, unknown);
    if (h.all != NULL)
        freeifaddrs(h.all);
    json_decref(h.rules);
}
