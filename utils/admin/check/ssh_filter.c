/* SPDX-License-Identifier: ISC */
/* SSH-14: the host's own packet filter, where nft is there to tell of it. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/nft.h"
#include "admin/check/ssh.h"
#include "admin/run.h"
#include "base/text.h"

#define READ_MAX (8u << 20)
#define READ_MS  2000
#define OLD_LIST "/proc/net/ip_tables_names" /* tables that the kernel has without nft */

/* --- what nft says */

static json_t *room_of(json_t *rules, const json_t *one, const char *mark, const char *name)
{
    const char *family = json_string_value(json_object_get(one, "family")),
               *table = json_string_value(json_object_get(one, "table")),
               *last = json_string_value(json_object_get(one, name));
    char key[256];
    json_t *room;

    if (family == NULL || table == NULL || last == NULL)
        return NULL;
    (void)snprintf(key, sizeof key, "%s %s %s%s", family, table, mark, last);
    if ((room = json_object_get(rules, key)) == NULL &&
        json_object_set_new(rules, key, *mark == '@' ? json_array() : json_object()) == 0)
        room = json_object_get(rules, key);
    return room;
}

/* One that sleeps ("flags dormant") does nothing, which is not followed here. nft 1.0.6 tells anything
 * instead of that word, so only those that are known to do no harm pass. */
static bool is_awake(const json_t *flags)
{
    const char *one = json_string_value(flags);
    bool awake = flags == NULL || json_is_array(flags) ||
                 (one != NULL && (strcmp(one, "owner") == 0 || strcmp(one, "persist") == 0));

    for (size_t i = 0; i < json_array_size(flags) && awake; i++)
        awake = is_awake(json_array_get(flags, i));
    return awake;
}

static bool add_table(json_t *rules, const json_t *table)
{
    (void)rules;
    return is_awake(json_object_get(table, "flags"));
}

static bool add_set(json_t *rules, const json_t *set)
{
    json_t *room = room_of(rules, set, "@", "name"), *elements = json_object_get(set, "elem");

    return room != NULL && (elements == NULL || json_array_extend(room, elements) == 0);
}

static bool add_chain(json_t *rules, const json_t *chain)
{
    json_t *room = room_of(rules, chain, "", "name");

    return room != NULL && json_object_update(room, (json_t *)chain) == 0 &&
           json_object_set_new(room, "rules", json_array()) == 0;
}

/* Its chain was told before. */
static bool add_rule(json_t *rules, const json_t *rule)
{
    json_t *list = json_object_get(room_of(rules, rule, "", "chain"), "rules");

    return list != NULL && json_array_append(list, json_object_get(rule, "expr")) == 0;
}

static bool add(json_t *rules, const json_t *item)
{
    static const struct {
        const char *kind;
        bool (*add)(json_t *rules, const json_t *one);
    } kinds[] = {
        {"table", add_table}, {"set", add_set}, {"map", add_set}, {"chain", add_chain}, {"rule", add_rule}};
    const json_t *one;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((one = json_object_get(item, kinds[i].kind)) != NULL)
            return kinds[i].add(rules, one);
    return true;
}

enum bg_err nft_read(json_t **rules)
{
    static const char *const argv[] = {NFT_PROGRAM, "-j", "list", "ruleset", NULL};
    struct run_result res = {0};
    json_t *said = NULL, *out = NULL;
    const json_t *items;
    enum bg_err r = run_program(argv, NULL, 0, READ_MAX, READ_MS, &res);

    if (r == BG_OK && res.exit_status != 0)
        r = BG_E_IO;
    if (r == BG_OK && ((said = json_loads(res.out, 0, NULL)) == NULL || (out = json_object()) == NULL))
        r = BG_E_SYNTAX;
    items = json_object_get(said, "nftables");
    if (r == BG_OK && !json_is_array(items))
        r = BG_E_SYNTAX;
    for (size_t i = 0; r == BG_OK && i < json_array_size(items); i++)
        r = add(out, json_array_get(items, i)) ? BG_OK : BG_E_SYNTAX;
    json_decref(said);
    free(res.out);
    if (r != BG_OK) {
        json_decref(out);
        return r;
    }
    *rules = out;
    return BG_OK;
}

/* --- the rule */

/* What other hosts may know an address of. */
static void families(bool *four, bool *six)
{
    struct ifaddrs *all = NULL;

    *four = *six = false;
    if (getifaddrs(&all) != 0)
        all = NULL;
    for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        if (i->ifa_addr == NULL || strcmp(i->ifa_name, "lo") == 0)
            continue;
        *four = *four || i->ifa_addr->sa_family == AF_INET;
        *six = *six ||
               (i->ifa_addr->sa_family == AF_INET6 &&
                !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr));
    }
    freeifaddrs(all);
    if (!*four && !*six)
        *four = *six = true;
}

/* The best of a server's ports and of this host's kinds of addresses. */
struct reached {
    enum nft_end end;
    char port[16], by[256]; /* one of them, where it is shut */
};

static struct reached reach(const json_t *rules, const struct ssh_server *s)
{
    struct reached out = {.end = NFT_SHUT};
    const char *at = s->dump, *by = "";
    bool family[2];
    uint32_t number;
    char text[16];

    families(&family[0], &family[1]);
    while (ssh_next(&at, "port", text, sizeof text)) {
        for (int six = 0; six < 2 && bg_number(text, 1, 65535, &number); six++) {
            enum nft_end one = family[six] ? nft_walk(rules, number, six == 1, &by) : NFT_SHUT;
            out.end = one < out.end ? one : out.end;
        }
        (void)snprintf(out.port, sizeof out.port, "%s", text);
    }
    (void)snprintf(out.by, sizeof out.by, "%s", by);
    return out;
}

/* Rules of a kernel's older filter, of which nft does not tell. */
static bool has_others(void)
{
    char *tables = facts_file(OLD_LIST, &(bool){false});
    bool has = tables != NULL && strstr(tables, "filter") != NULL;

    free(tables);
    return has;
}

static void tell(struct check *c, const char *server, const struct reached *r, bool other,
                 const char *unknown)
{
    const struct check_at at = {.service = server};

    if (r->end == NFT_SHUT)
        check_find(c, other ? CHECK_SSH_FILTER_BESIDE : CHECK_SSH_FILTER, &at,
                   BG_ARGS(server, r->port, r->by));
    else if (unknown != NULL || r->end == NFT_UNSURE)
        check_unknown(c, CHECK_SSH_FILTER, &at,
                      unknown != NULL ? unknown : "the rules have conditions that are not known here");
}

void ssh_filter(struct check *c, const struct ssh_server *servers, size_t n)
{
    json_t *rules = NULL;
    struct reached r[2] = {{.end = NFT_SHUT}, {.end = NFT_SHUT}};
    const char *unknown = NULL;

    if (access(NFT_PROGRAM, X_OK) != 0)
        return;
    if (nft_read(&rules) != BG_OK)
        unknown = "\"nft -j list ruleset\" does not answer as expected";
    else if (has_others())
        unknown = "there are rules that only iptables-legacy shows";
    for (size_t i = 0; i < n && i < 2; i++)
        if (servers[i].dump != NULL)
            r[i] = reach(rules, &servers[i]);
    for (size_t i = 0; i < n && i < 2; i++)
        if (servers[i].dump != NULL)
            tell(c, servers[i].name, &r[i], r[1 - i].end != NFT_SHUT, unknown);
    json_decref(rules);
}
