/* SPDX-License-Identifier: ISC */
/* The rules of the packet filter, as nft tells of them, and whether there are any. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "admin/check/nft.h"
#include "admin/run.h"
#include "base/safefile.h"
#include "base/text.h"

#define READ_MAX (8u << 20)
#define READ_MS  2000

/* --- what nft says */

static json_t *room_of(json_t *rules, const json_t *one, const char *mark, const char *name)
{
    const char *family = json_string_value(json_object_get(one, "family")),
               *table = json_string_value(json_object_get(one, "table")),
               *last = json_string_value(json_object_get(one, name));
    char key[NFT_KEY];
    json_t *room;

    if (family == NULL || table == NULL || last == NULL ||
        (size_t)snprintf(key, sizeof key, "%s %s %s%s", family, table, mark, last) >= sizeof key)
        return NULL;
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

/* Its kind is its only member. One that is not known may change what another one says. */
static bool add(json_t *rules, const json_t *item)
{
    static const struct {
        const char *kind;
        bool (*add)(json_t *rules, const json_t *one);
    } kinds[] = {
        {"table", add_table}, {"set", add_set}, {"map", add_set}, {"chain", add_chain}, {"rule", add_rule}};
    static const char *const other[] = {"metainfo", "flowtable", "counter",    "quota",
                                        "limit",    "ct helper", "ct timeout", "ct expectation",
                                        "secmark",  "synproxy",  NULL};
    const char *is = json_object_iter_key(json_object_iter((json_t *)item));

    for (size_t i = 0; is != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(is, kinds[i].kind) == 0)
            return kinds[i].add(rules, json_object_get(item, is));
    return is != NULL && bg_among(other, is);
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

/* --- without nft */

/* The first of its answers to "which tables are there". */
static enum bg_err answer(int fd)
{
    union {
        struct nlmsghdr head;
        char room[8192];
    } got;
    const struct nlmsgerr *e = NLMSG_DATA(&got.head);
    ssize_t n = recv(fd, &got, sizeof got, 0);

    if (n < (ssize_t)NLMSG_LENGTH(0))
        return BG_E_IO;
    if (got.head.nlmsg_type == NLMSG_DONE)
        return BG_E_NOENT;
    if (got.head.nlmsg_type != NLMSG_ERROR)
        return BG_OK;
    if (n < (ssize_t)NLMSG_LENGTH(sizeof *e))
        return BG_E_IO;
    return e->error == -EINVAL || e->error == -EOPNOTSUPP ? BG_E_NOENT : BG_E_IO; /* there is no nf_tables */
}

enum bg_err nft_tables(void)
{
    const struct {
        struct nlmsghdr head;
        struct nfgenmsg what;
    } ask = {{sizeof ask, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_REQUEST | NLM_F_DUMP, 0, 0},
             {AF_UNSPEC, NFNETLINK_V0, 0}};
    const struct timeval wait = {.tv_sec = READ_MS / 1000};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    enum bg_err r = BG_E_IO;

    if (fd < 0)
        return errno == EPROTONOSUPPORT ? BG_E_NOENT : BG_E_IO;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
        send(fd, &ask, sizeof ask, 0) == (ssize_t)sizeof ask)
        r = answer(fd);
    bg_close(fd);
    return r;
}
