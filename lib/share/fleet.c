/* SPDX-License-Identifier: ISC */
#include "share/fleet.h"

#include <string.h>
#include "base/hash.h"
#include "base/secret.h"

#define DOMAIN     "breakglass-fleet-v1"
#define NAME_BYTES 255 /* of a host or an account, bytes */
#define DERIVED    (BG_FLEET_SECRET + 2)

bool bg_fleet_host_valid(const char *host)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789", more[] = ".-_";
    size_t n = strlen(host);

    if (n < 1 || n >= BG_FLEET_HOST || strchr(letters, host[0]) == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strchr(letters, host[i]) == NULL && strchr(more, host[i]) == NULL)
            return false;
    return true;
}

/* A name behind its length, so that no two pairs of names give the same bytes. */
static size_t put_name(uint8_t *to, const char *name)
{
    size_t n = strlen(name);

    to[0] = (uint8_t)(n >> 8);
    to[1] = (uint8_t)n;
    memcpy(to + 2, name, n);
    return n + 2;
}

static enum bg_err derive(const struct bg_fleet_host *of, const uint8_t *secret, size_t bytes,
                          uint8_t out[DERIVED])
{
    uint8_t info[sizeof DOMAIN + 2 * (NAME_BYTES + 2) + 4];
    size_t n = sizeof DOMAIN - 1;

    if (of->host[0] == '\0' || of->account[0] == '\0' || strlen(of->host) > NAME_BYTES ||
        strlen(of->account) > NAME_BYTES || of->epoch < 1 || of->epoch > BG_FLEET_EPOCH_MAX ||
        bytes < SLIP39_MIN_BYTES || bytes > SLIP39_MAX_BYTES)
        return BG_E_RANGE;
    memcpy(info, DOMAIN, n);
    n += put_name(info + n, of->host);
    n += put_name(info + n, of->account);
    for (int shift = 24; shift >= 0; shift -= 8)
        info[n++] = (uint8_t)(of->epoch >> shift);
    return bg_hkdf_sha256((struct bg_part){secret, bytes}, (struct bg_part){of->fleet, sizeof of->fleet},
                          (struct bg_part){info, n}, out, DERIVED);
}

static enum bg_err make_set(const uint8_t key[DERIVED], struct bg_shareset *set)
{
    enum bg_err r;

    *set = (struct bg_shareset){
        .id = (uint16_t)((key[BG_FLEET_SECRET] << 8 | key[BG_FLEET_SECRET + 1]) >> 1),
        .extendable = true,
        .group_threshold = 1,
        .group_count = 1,
        .group = {{.threshold = 1, .count = 1}},
        .bytes = BG_FLEET_SECRET,
        .host = BG_HOST_ELSEWHERE,
    };
    bg_shareset_words(set);
    if ((r = bg_random(set->salt, sizeof set->salt)) != BG_OK)
        return r;
    return bg_shareset_verifier(key, BG_FLEET_SECRET, set->salt, set->verifier);
}

static enum bg_err make_share(const uint8_t key[DERIVED], const struct bg_shareset *set,
                              struct slip39_share *share)
{
    struct slip39_params p = {
        .id = set->id,
        .extendable = set->extendable,
        .exponent = set->exponent,
        .bytes = set->bytes,
        .group_threshold = 1,
        .group_count = 1,
        .member_threshold = {1},
        .member_count = {1},
    };
    size_t n;

    return slip39_split(&p, key, "", share, 1, &n);
}

enum bg_err bg_fleet_derive(const struct bg_fleet_host *of, const uint8_t *secret, size_t bytes,
                            struct bg_shareset *set, struct slip39_share *share)
{
    struct bg_shareset made;
    uint8_t key[DERIVED];
    enum bg_err r = derive(of, secret, bytes, key);

    if (r == BG_OK)
        r = make_set(key, &made);
    if (r == BG_OK && share != NULL)
        r = make_share(key, &made, share);
    if (r == BG_OK)
        *set = made;
    bg_wipe(key, sizeof key);
    return r;
}
