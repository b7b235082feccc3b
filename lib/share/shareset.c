/* SPDX-License-Identifier: ISC */
#include "share/shareset.h"

#include <string.h>
#include "base/hash.h"
#include "base/secret.h"
#include "share/messages.h"

#define NAME_MAX_BYTES 64

/* Shares in hand of one group. */
static unsigned of_group(const struct slip39_share *in_hand, size_t n, unsigned group)
{
    unsigned count = 0;

    for (size_t i = 0; i < n; i++)
        count += in_hand[i].group_index == group;
    return count;
}

static bool group_complete(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n,
                           unsigned group)
{
    return of_group(in_hand, n, group) >= set->group[group].threshold;
}

static const struct bg_message *stranger(const struct bg_shareset *set, const struct slip39_share *s)
{
    if (s->id != set->id || s->extendable != set->extendable || s->exponent != set->exponent)
        return BG_M_SHARE_OTHER_SET;
    if (s->bytes != set->bytes || s->group_threshold != set->group_threshold ||
        s->group_count != set->group_count || s->member_threshold != set->group[s->group_index].threshold ||
        s->member_index >= set->group[s->group_index].count)
        return BG_M_SHARE_OTHER_RULES;
    return NULL;
}

const struct bg_message *bg_shareset_refuses(const struct bg_shareset *set,
                                             const struct slip39_share *in_hand, size_t n,
                                             const struct slip39_share *s, size_t *number)
{
    const struct bg_message *msg = stranger(set, s);

    *number = 0;
    if (msg != NULL)
        return msg;
    for (size_t i = 0; i < n; i++) {
        if (in_hand[i].group_index != s->group_index || in_hand[i].member_index != s->member_index)
            continue;
        *number = i + 1;
        return slip39_public(bg_ct_equal(in_hand[i].value, s->value, s->bytes)) ? BG_M_SHARE_TWICE
                                                                                : BG_M_SHARE_FORGED;
    }
    if (group_complete(set, in_hand, n, s->group_index)) {
        *number = s->group_index + 1u;
        return BG_M_SHARE_GROUP_DONE;
    }
    return NULL;
}

bool bg_shareset_complete(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n)
{
    unsigned complete = 0;

    for (unsigned g = 0; g < set->group_count; g++)
        complete += group_complete(set, in_hand, n, g);
    return complete >= set->group_threshold;
}

/* The shortest way: the groups that need the fewest more shares, as many as the set requires. */
unsigned bg_shareset_missing(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n)
{
    unsigned left = set->group_threshold, sum = 0;

    for (unsigned lack = 0; lack <= SLIP39_MAX_SHARES && left > 0; lack++) {
        for (unsigned g = 0; g < set->group_count && left > 0; g++) {
            if (of_group(in_hand, n, g) + lack == set->group[g].threshold) {
                sum += lack;
                left--;
            }
        }
    }
    return sum;
}

size_t bg_shareset_prune(const struct bg_shareset *set, struct slip39_share *in_hand, size_t n)
{
    bool keep[SLIP39_MAX_SHARES] = {false};
    size_t kept = 0;

    for (unsigned g = 0; g < set->group_count; g++)
        keep[g] = group_complete(set, in_hand, n, g);
    for (size_t i = 0; i < n; i++)
        if (keep[in_hand[i].group_index])
            in_hand[kept++] = in_hand[i];
    bg_wipe(in_hand + kept, (n - kept) * sizeof *in_hand);
    return kept;
}

/* Append len16be(field) || field; NULL when it does not fit. */
static uint8_t *put_field(uint8_t *at, const uint8_t *end, const void *field, size_t n)
{
    if (n > UINT16_MAX || (size_t)(end - at) < n + 2)
        return NULL;
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
    memcpy(at + 2, field, n);
    return at + 2 + n;
}

static enum bg_err mac_of(const uint8_t *secret, size_t bytes, const uint8_t *data, size_t n,
                          uint8_t out[BG_VERIFIER_BYTES])
{
    _Static_assert(BG_VERIFIER_BYTES == BG_HASH, "a verifier is an HMAC-SHA256");
    return bg_hmac_sha256(secret, bytes, &(struct bg_part){data, n}, 1, out);
}

enum bg_err bg_shareset_verifier(const uint8_t *secret, size_t bytes, const uint8_t salt[BG_SALT_BYTES],
                                 uint8_t out[BG_VERIFIER_BYTES])
{
    static const char label[] = "breakglass-v2";
    uint8_t data[sizeof label + 2 + BG_SALT_BYTES], *at = data + sizeof label - 1;

    if (bytes < SLIP39_MIN_BYTES || bytes > SLIP39_MAX_BYTES)
        return BG_E_RANGE;
    memcpy(data, label, sizeof label - 1);
    at = put_field(at, data + sizeof data, salt, BG_SALT_BYTES);
    return at == NULL ? BG_E_RANGE : mac_of(secret, bytes, data, (size_t)(at - data), out);
}

enum bg_err bg_shareset_verifier_v1(const uint8_t *secret, size_t bytes, const char *account,
                                    const char *host, const uint8_t salt[BG_SALT_BYTES],
                                    uint8_t out[BG_VERIFIER_BYTES])
{
    static const char label[] = "breakglass-v1";
    uint8_t
        data[sizeof label + 3 * 2 + NAME_MAX_BYTES + sizeof((struct bg_identity *)0)->name + BG_SALT_BYTES];
    uint8_t *at = data + sizeof label - 1;
    const uint8_t *end = data + sizeof data;

    if (bytes < SLIP39_MIN_BYTES || bytes > SLIP39_MAX_BYTES || *account == '\0' || *host == '\0')
        return BG_E_RANGE;
    memcpy(data, label, sizeof label - 1);
    if ((at = put_field(at, end, account, strlen(account))) == NULL ||
        (at = put_field(at, end, host, strlen(host))) == NULL ||
        (at = put_field(at, end, salt, BG_SALT_BYTES)) == NULL)
        return BG_E_RANGE;
    return mac_of(secret, bytes, data, (size_t)(at - data), out);
}

enum bg_err bg_shareset_verify(const struct bg_shareset *set, const uint8_t *secret, size_t bytes,
                               const char *account, const struct bg_identity *host)
{
    const char *const old[] = {host->machine, host->name};
    uint8_t got[BG_VERIFIER_BYTES];
    enum bg_err r = bg_shareset_verifier(secret, bytes, set->salt, got);
    bool good = r == BG_OK && slip39_public(bg_ct_equal(got, set->verifier, sizeof got));

    for (size_t i = 0; r == BG_OK && !good && i < sizeof old / sizeof old[0]; i++)
        if (*old[i] != '\0' &&
            (r = bg_shareset_verifier_v1(secret, bytes, account, old[i], set->salt, got)) == BG_OK)
            good = slip39_public(bg_ct_equal(got, set->verifier, sizeof got));
    bg_wipe(got, sizeof got);
    return r == BG_OK && !good ? BG_E_MISMATCH : r;
}
