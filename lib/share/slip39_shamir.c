/* SPDX-License-Identifier: ISC */
/* One level of secret sharing with the digest share of SLIP-0039. */
#include <string.h>
#include "base/hash.h"
#include "base/secret.h"
#include "share/slip39_parts.h"

#define X_SECRET 255
#define X_DIGEST 254
#define DIGEST   4 /* bytes of the digest; the rest of its share is the random key */

/* HMAC-SHA256(key = the random rest of the digest share, secret), cut to DIGEST bytes. */
static enum bg_err digest_of(const uint8_t *key, const uint8_t *secret, size_t bytes, uint8_t out[DIGEST])
{
    struct bg_part text = {secret, bytes};
    uint8_t mac[BG_HASH];
    enum bg_err r = bg_hmac_sha256(key, bytes - DIGEST, &text, 1, mac);

    if (r == BG_OK)
        memcpy(out, mac, DIGEST);
    bg_wipe(mac, sizeof mac);
    return r;
}

enum bg_err slip39_shamir_split(uint8_t threshold, uint8_t count, const uint8_t *secret, size_t bytes,
                                uint8_t y[][SLIP39_MAX_BYTES])
{
    uint8_t digest[SLIP39_MAX_BYTES] = {0}, x[SLIP39_MAX_SHARES];
    const uint8_t *point[SLIP39_MAX_SHARES];
    uint8_t random = (uint8_t)(threshold - 2); /* shares that are drawn; the others follow from them */
    enum bg_err r;

    if (threshold == 1) {
        for (uint8_t i = 0; i < count; i++)
            memcpy(y[i], secret, bytes);
        return BG_OK;
    }
    if ((r = bg_random(digest + DIGEST, bytes - DIGEST)) != BG_OK ||
        (r = digest_of(digest + DIGEST, secret, bytes, digest)) != BG_OK)
        goto out;
    for (uint8_t i = 0; i < random; i++) {
        if ((r = bg_random(y[i], bytes)) != BG_OK)
            goto out;
        x[i] = i;
        point[i] = y[i];
    }
    x[random] = X_DIGEST;
    point[random] = digest;
    x[random + 1] = X_SECRET;
    point[random + 1] = secret;
    for (uint8_t i = random; i < count; i++)
        gf256_interpolate(threshold, x, point, bytes, i, y[i]);
out:
    bg_wipe(digest, sizeof digest);
    return r;
}

enum bg_err slip39_shamir_join(uint8_t threshold, const uint8_t *x, const uint8_t *const *y, size_t bytes,
                               uint8_t *secret)
{
    uint8_t digest[SLIP39_MAX_BYTES], joined[SLIP39_MAX_BYTES], again[DIGEST];
    enum bg_err r;

    if (threshold == 1) {
        memcpy(secret, y[0], bytes);
        return BG_OK;
    }
    gf256_interpolate(threshold, x, y, bytes, X_SECRET, joined);
    gf256_interpolate(threshold, x, y, bytes, X_DIGEST, digest);
    if ((r = digest_of(digest + DIGEST, joined, bytes, again)) != BG_OK)
        goto out;
    if (!slip39_public(bg_ct_equal(digest, again, DIGEST))) {
        r = BG_E_MISMATCH;
        goto out;
    }
    memcpy(secret, joined, bytes);
out:
    bg_wipe(digest, sizeof digest);
    bg_wipe(joined, sizeof joined);
    bg_wipe(again, sizeof again);
    return r;
}
