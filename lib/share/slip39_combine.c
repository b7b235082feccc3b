/* SPDX-License-Identifier: ISC */
/* From shares to the secret: every check of the standard first, then two levels, then the cipher. */
#include <string.h>
#include "base/secret.h"
#include "share/slip39_parts.h"

/* One group's shares as points of its polynomial. */
struct points {
    uint8_t count, threshold;
    uint8_t x[SLIP39_MAX_SHARES];
    const uint8_t *y[SLIP39_MAX_SHARES];
};

static bool same_set(const struct slip39_share *a, const struct slip39_share *b)
{
    return a->id == b->id && a->extendable == b->extendable && a->exponent == b->exponent &&
           a->group_threshold == b->group_threshold && a->group_count == b->group_count &&
           a->bytes == b->bytes;
}

/* There is always room: indices are 0..15 and differ. gather() counts. */
static bool add_point(struct points *g, const struct slip39_share *s)
{
    for (uint8_t i = 0; i < g->count; i++)
        if (g->x[i] == s->member_index)
            return false;
    if (g->count > 0 && g->threshold != s->member_threshold)
        return false;
    g->threshold = s->member_threshold;
    g->x[g->count] = s->member_index;
    g->y[g->count++] = s->value;
    return true;
}

/* Sort the shares into groups; true when exactly the thresholds are met. */
static bool gather(const struct slip39_share *shares, size_t n, struct points groups[SLIP39_MAX_SHARES])
{
    unsigned begun = 0;

    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct slip39_share *s = &shares[i];
        if (!slip39_share_sane(s) || !same_set(s, &shares[0]) || !add_point(&groups[s->group_index], s))
            return false;
    }
    for (unsigned g = 0; g < SLIP39_MAX_SHARES; g++) {
        if (groups[g].count != groups[g].threshold) /* both are 0 for a group that has no share here */
            return false;
        begun += groups[g].count > 0;
    }
    return begun == shares[0].group_threshold;
}

enum bg_err slip39_join(const struct slip39_share *shares, size_t n, uint8_t *ems)
{
    struct points groups[SLIP39_MAX_SHARES] = {0};
    uint8_t value[SLIP39_MAX_SHARES][SLIP39_MAX_BYTES], x[SLIP39_MAX_SHARES], count = 0;
    const uint8_t *y[SLIP39_MAX_SHARES];
    enum bg_err r = BG_OK;

    if (!gather(shares, n, groups))
        return BG_E_SYNTAX;
    for (uint8_t g = 0; g < SLIP39_MAX_SHARES && r == BG_OK; g++) {
        if (groups[g].count == 0)
            continue;
        r = slip39_shamir_join(groups[g].threshold, groups[g].x, groups[g].y, shares[0].bytes, value[count]);
        x[count] = g;
        y[count] = value[count];
        count++;
    }
    if (r == BG_OK)
        r = slip39_shamir_join(count, x, y, shares[0].bytes, ems);
    bg_wipe(value, sizeof value);
    return r;
}

enum bg_err slip39_combine(const struct slip39_share *shares, size_t n, const char *passphrase,
                           uint8_t *secret, size_t *bytes)
{
    uint8_t ems[SLIP39_MAX_BYTES];
    enum bg_err r;

    if ((r = slip39_join(shares, n, ems)) != BG_OK ||
        (r = slip39_cipher(SLIP39_DECRYPT, &shares[0], passphrase, ems, secret)) != BG_OK)
        goto out;
    *bytes = shares[0].bytes;
out:
    bg_wipe(ems, sizeof ems);
    return r;
}
