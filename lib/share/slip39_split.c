/* SPDX-License-Identifier: ISC */
/* From a secret to shares, with the proof that every way to join them gives the secret back. */
#include <string.h>
#include "base/secret.h"
#include "share/slip39_parts.h"

static bool params_ok(const struct slip39_params *p)
{
    if (p->id >= 0x8000 || p->exponent >= 16 || p->bytes < SLIP39_MIN_BYTES || p->bytes > SLIP39_MAX_BYTES ||
        p->bytes % 2 != 0 || p->group_count < 1 || p->group_count > SLIP39_MAX_SHARES ||
        p->group_threshold < 1 || p->group_threshold > p->group_count)
        return false;
    for (unsigned g = 0; g < p->group_count; g++) {
        uint8_t t = p->member_threshold[g], n = p->member_count[g];
        if (t < 1 || t > n || n > SLIP39_MAX_SHARES || (t == 1 && n > 1))
            return false;
    }
    return true;
}

/* One level: does every subset of `threshold` of the `count` values give `secret`? */
static enum bg_err every_subset(uint8_t threshold, uint8_t count, uint8_t y[][SLIP39_MAX_BYTES],
                                const uint8_t *secret, size_t bytes)
{
    uint8_t x[SLIP39_MAX_SHARES], joined[SLIP39_MAX_BYTES], n;
    const uint8_t *point[SLIP39_MAX_SHARES];
    enum bg_err r = BG_OK;

    for (uint32_t subset = 1; subset < UINT32_C(1) << count && r == BG_OK; subset++) {
        if (__builtin_popcount(subset) != threshold)
            continue;
        n = 0;
        for (uint8_t i = 0; i < count; i++) {
            if (subset >> i & 1) {
                x[n] = i;
                point[n++] = y[i];
            }
        }
        if (slip39_shamir_join(threshold, x, point, bytes, joined) != BG_OK ||
            !slip39_public(bg_ct_equal(joined, secret, bytes)))
            r = BG_E_CRYPTO;
    }
    bg_wipe(joined, sizeof joined);
    return r;
}

static enum bg_err split_checked(uint8_t threshold, uint8_t count, const uint8_t *secret, size_t bytes,
                                 uint8_t y[][SLIP39_MAX_BYTES])
{
    enum bg_err r;

    if ((r = slip39_shamir_split(threshold, count, secret, bytes, y)) != BG_OK)
        return r;
    return every_subset(threshold, count, y, secret, bytes);
}

static struct slip39_share blank_share(const struct slip39_params *p)
{
    return (struct slip39_share){.id = p->id,
                                 .extendable = p->extendable,
                                 .exponent = p->exponent,
                                 .group_threshold = p->group_threshold,
                                 .group_count = p->group_count,
                                 .bytes = p->bytes};
}

/* The shares of one group, appended to out. */
static enum bg_err split_group(const struct slip39_params *p, uint8_t g, const uint8_t *group_secret,
                               struct slip39_share *out)
{
    uint8_t y[SLIP39_MAX_SHARES][SLIP39_MAX_BYTES] = {0};
    enum bg_err r;

    r = split_checked(p->member_threshold[g], p->member_count[g], group_secret, p->bytes, y);
    for (uint8_t i = 0; i < p->member_count[g] && r == BG_OK; i++) {
        out[i] = blank_share(p);
        out[i].group_index = g;
        out[i].member_index = i;
        out[i].member_threshold = p->member_threshold[g];
        memcpy(out[i].value, y[i], p->bytes);
    }
    bg_wipe(y, sizeof y);
    return r;
}

enum bg_err slip39_split(const struct slip39_params *p, const uint8_t *secret, const char *passphrase,
                         struct slip39_share *out, size_t room, size_t *n)
{
    struct slip39_share set = blank_share(p);
    uint8_t ems[SLIP39_MAX_BYTES], y[SLIP39_MAX_SHARES][SLIP39_MAX_BYTES] = {0};
    size_t total = 0, at = 0;
    enum bg_err r;

    if (!params_ok(p))
        return BG_E_RANGE;
    for (unsigned g = 0; g < p->group_count; g++)
        total += p->member_count[g];
    if (total > room)
        return BG_E_RANGE;
    if ((r = slip39_cipher(SLIP39_ENCRYPT, &set, passphrase, secret, ems)) != BG_OK ||
        (r = split_checked(p->group_threshold, p->group_count, ems, p->bytes, y)) != BG_OK)
        goto out;
    for (uint8_t g = 0; g < p->group_count && r == BG_OK; g++) {
        r = split_group(p, g, y[g], out + at);
        at += p->member_count[g];
    }
    if (r == BG_OK)
        *n = total;
    else
        bg_wipe(out, total * sizeof *out);
out:
    bg_wipe(ems, sizeof ems);
    bg_wipe(y, sizeof y);
    return r;
}
