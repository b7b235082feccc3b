/* SPDX-License-Identifier: ISC */
/*
 * One secret for a fleet, another one for each of its hosts. The fleet's secret is joined from cards on a
 * machine without a network and is never typed on a host; a host's secret follows from it, and nothing
 * follows from that: neither the fleet's, nor another host's, nor that of the same host in another epoch.
 */
#ifndef BG_SHARE_FLEET_H
#define BG_SHARE_FLEET_H

#include "share/shareset.h"

#define BG_FLEET_ID        16  /* random, public */
#define BG_FLEET_HOST      254 /* a host's name with its NUL: as in DNS, lower case */
#define BG_FLEET_SECRET    16  /* bytes of a host's secret: a card of 20 words */
#define BG_FLEET_EPOCH_MAX 999999u

/* What a host's secret is derived for. */
struct bg_fleet_host {
    uint8_t fleet[BG_FLEET_ID];
    const char *host, *account; /* both not empty */
    uint32_t epoch;             /* from 1: moved on after each use */
};

/* True for 1 to 253 bytes of a-z, 0-9, '.', '-' and '_' that begin with a letter or a digit. */
bool bg_fleet_host_valid(const char *host);

/*
 * The host's share set and, unless share is NULL, its one share (1 of 1), from the fleet's secret (16 to 64
 * bytes): HKDF-SHA256(key = secret, salt = fleet id, info = "breakglass-fleet-v1" || len16be(host) || host ||
 * len16be(account) || account || epoch as 4 bytes, big-endian) gives 16 bytes, the secret of the set, and 2
 * bytes, whose upper 15 bits are its identifier. The set's salt is fresh; the time is the caller's. The
 * share costs 10000 rounds of PBKDF2, the set alone none. The caller wipes the share.
 * BG_E_RANGE, BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_fleet_derive(const struct bg_fleet_host *of, const uint8_t *secret, size_t bytes,
                                          struct bg_shareset *set, struct slip39_share *share);

#endif
