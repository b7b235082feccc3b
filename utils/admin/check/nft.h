/* SPDX-License-Identifier: ISC */
/*
 * The kernel's packet filter, as "nft -j list ruleset" tells it (libnftables-json(5)): does somebody who
 * comes from another host reach a TCP port of this one? What is not known here is unsure, in every case.
 */
#ifndef BG_ADMIN_CHECK_NFT_H
#define BG_ADMIN_CHECK_NFT_H

#include <ifaddrs.h>
#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"

#define NFT_PROGRAM "/usr/sbin/nft"
#define NFT_KEY     600 /* room for "family table @name": names have up to 255 bytes */
#define NFT_WORK    (4u << 20)

enum nft_end {
    NFT_OPEN, /* for some who come, at least */
    NFT_UNSURE,
    NFT_SHUT
};

/* What a run looks at, read once. */
struct nft_host {
    json_t *rules;
    struct ifaddrs *all; /* NULL: they cannot be listed */
    unsigned left;       /* of NFT_WORK: what is used up is unsure from then on */
};

/* A packet that comes from elsewhere: the first of a connection, or a later one; or the answer to it. */
struct nft_packet {
    struct nft_host *host;
    const char *table; /* "inet filter", of the rule that is looked at */
    unsigned port;
    bool six, first, out;
};

/* Of all who may come: for whom does a condition hold? All false and 0: for everybody. */
struct nft_fit {
    bool nobody, unsure;
    bool others;   /* there are some for whom it does not hold */
    bool few;      /* and it holds for few, as for those on a list of addresses */
    unsigned some; /* so many conditions are about who comes, and each holds for somebody */
};

/*
 * nft_read.c: ask nft. *rules: {"inet filter input": the chain with its rules, "inet filter @name":
 * elements of a set or map}, in its order; json_decref() by the caller. BG_E_TIMEOUT after 2 s; BG_E_SYNTAX,
 * BG_E_IO, BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err nft_read(json_t **rules);

/* nft_read.c: has the kernel rules that only nft shows? It is asked itself. BG_OK, BG_E_NOENT: none; BG_E_IO:
 * it does not say. */
BG_MUST_CHECK enum bg_err nft_tables(void);

/* nft_match.c: that much work (an element of a set is 1) is done now; false: it is too much. */
bool nft_works(const struct nft_packet *p, unsigned much);

/* nft_match.c: what the packet's table has of that name; NULL: nothing. */
const json_t *nft_named(const struct nft_packet *p, const char *name);

/* nft_match.c: does what a rule looks at, such as {"ct": {"key": "state"}}, have that value or one of these?
 */
struct nft_fit nft_match(const struct nft_packet *p, const json_t *left, const char *op, const json_t *right);

/* nft_walk.c: the way of packets to that port, and of their answers; by: the chain that drops them, kept with
 * the rules. */
enum nft_end nft_walk(struct nft_host *host, unsigned port, bool six, const char **by);

#endif
