/* SPDX-License-Identifier: ISC */
#include "share/shareset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/secret.h"
#include "base/text.h"
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

static bool begins_alike(const struct bg_shareset *set, const struct slip39_share *s)
{
    return s->id == set->id && s->extendable == set->extendable && s->exponent == set->exponent;
}

static const struct bg_message *stranger(const struct bg_shareset *set, const struct slip39_share *s)
{
    if (!begins_alike(set, s) && bg_shareset_old(set, s) != NULL)
        return BG_M_SHARE_OLD_SET;
    if (!begins_alike(set, s))
        return BG_M_SHARE_OTHER_SET;
    if (s->bytes != set->bytes || s->group_threshold != set->group_threshold ||
        s->group_count != set->group_count || s->member_threshold != set->group[s->group_index].threshold ||
        s->member_index >= set->group[s->group_index].count)
        return BG_M_SHARE_OTHER_RULES;
    return NULL;
}

/* A share with a check that differs is none of those that were made, whatever its words say. */
static bool is_enrolled(const struct bg_shareset *set, const struct slip39_share *s)
{
    static const uint8_t none[BG_CARD_CHECK];
    const struct bg_share_card *card = bg_share_card_of(set, s, 0);
    uint8_t check[BG_CARD_CHECK];

    if (card == NULL || memcmp(card->check, none, sizeof none) == 0)
        return true;
    if (bg_share_card_check(set, s, check) != BG_OK)
        return true; /* the set's own verifier decides */
    return slip39_public(bg_ct_equal(check, card->check, sizeof check));
}

const struct bg_message *bg_shareset_refuses(const struct bg_shareset *set,
                                             const struct slip39_share *in_hand, size_t n,
                                             const struct slip39_share *s, size_t *number)
{
    const struct bg_message *msg = stranger(set, s);

    *number = 0;
    if (msg != NULL)
        return msg;
    if (!is_enrolled(set, s)) {
        *number = s->member_index + 1u;
        return BG_M_SHARE_NOT_GENUINE;
    }
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

bool bg_share_text_valid(const char *s)
{
    size_t n = strlen(s), used;
    uint32_t cp;

    for (size_t i = 0; i < n; i += used) {
        used = bg_utf8_next(s + i, n - i, &cp);
        if (used == 0 || bg_text_hostile(cp) || (used == 1 && strchr(",:\"\\", s[i]) != NULL))
            return false;
    }
    return n > 0 && s[0] != ' ' && s[n - 1] != ' ';
}

bool bg_group_name_valid(const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] < ' ' || s[i] > '~')
            return false;
    return n < BG_GROUP_NAME && bg_share_text_valid(s);
}

void bg_shareset_name(const struct bg_shareset *set, char out[BG_SET_NAME])
{
    if (set->label[0] != '\0')
        (void)snprintf(out, BG_SET_NAME, "%s", set->label);
    else
        (void)snprintf(out, BG_SET_NAME, "made %.10s", set->created);
}

const char *bg_shareset_title(const struct bg_shareset *set)
{
    return set->label[0] != '\0' ? set->label : set->words;
}

void bg_shareset_retire(const struct bg_shareset *set, const char *when, struct bg_shareset *by)
{
    struct bg_share_old *o, old[BG_OLD_SETS];
    uint8_t n = 0;

    for (size_t i = 0; i < set->olds; i++) /* a number that was drawn again is named once */
        if (strtoul(set->old[i].place, NULL, 10) != set->id)
            old[n++] = set->old[i];
    by->olds = n == BG_OLD_SETS ? n - 1 : n;
    memcpy(by->old, old + n - by->olds, by->olds * sizeof old[0]);
    o = &by->old[by->olds++];
    *o = (struct bg_share_old){.extendable = set->extendable, .exponent = set->exponent};
    (void)snprintf(o->place, sizeof o->place, "%u", set->id);
    (void)snprintf(o->label, sizeof o->label, "%s", set->label);
    (void)snprintf(o->created, sizeof o->created, "%s", set->created);
    (void)snprintf(o->replaced, sizeof o->replaced, "%s", when);
}

const struct bg_share_old *bg_shareset_old(const struct bg_shareset *set, const struct slip39_share *s)
{
    for (size_t i = set->olds; i-- > 0;) {
        const struct bg_share_old *o = &set->old[i];
        if (strtoul(o->place, NULL, 10) == s->id && o->extendable == s->extendable &&
            o->exponent == s->exponent)
            return o;
    }
    return NULL;
}

void bg_share_card_at(struct bg_share_card *card, uint8_t group, uint8_t number, uint8_t copy)
{
    if (copy == 0)
        (void)snprintf(card->place, sizeof card->place, "%u-%u", group, number);
    else
        (void)snprintf(card->place, sizeof card->place, "%u-%u-%u", group, number, copy);
}

bool bg_share_card_place(const struct bg_shareset *set, const char *place, unsigned *group, unsigned *number,
                         unsigned *copy)
{
    struct bg_share_card same = {0};
    unsigned n[3] = {0};

    if (sscanf(place, "%2u-%2u-%2u", &n[0], &n[1], &n[2]) < 2)
        return false;
    bg_share_card_at(&same, (uint8_t)n[0], (uint8_t)n[1], (uint8_t)n[2]);
    if (strcmp(same.place, place) != 0 || n[0] < 1 || n[0] > set->group_count || n[1] < 1 ||
        n[1] > set->group[n[0] - 1].count)
        return false;
    *group = n[0];
    *number = n[1];
    *copy = n[2];
    return true;
}

const struct bg_share_card *bg_share_card_of(const struct bg_shareset *set, const struct slip39_share *s,
                                             unsigned i)
{
    unsigned group, number, copy;

    for (size_t k = 0; k < set->cards; k++)
        if (bg_share_card_place(set, set->card[k].place, &group, &number, &copy) &&
            group == s->group_index + 1u && number == s->member_index + 1u && i-- == 0)
            return &set->card[k];
    return NULL;
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

void bg_shareset_words(struct bg_shareset *set)
{
    unsigned first = set->id >> 5,
             second = (set->id & 31u) << 5 | (set->extendable ? 16u : 0u) | set->exponent;

    (void)snprintf(set->words, sizeof set->words, "%.8s %.8s", slip39_word((uint16_t)first),
                   slip39_word((uint16_t)second));
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

enum bg_err bg_share_card_check(const struct bg_shareset *set, const struct slip39_share *s,
                                uint8_t out[BG_CARD_CHECK])
{
    static const char label[] = "breakglass-card-v1";
    uint8_t data[sizeof label + 2 + BG_SALT_BYTES + 2], mac[BG_VERIFIER_BYTES], *at;
    enum bg_err r = BG_E_RANGE;

    memcpy(data, label, sizeof label - 1);
    if ((at = put_field(data + sizeof label - 1, data + sizeof data, set->salt, BG_SALT_BYTES)) == NULL)
        return r;
    *at++ = s->group_index;
    *at++ = s->member_index;
    if ((r = mac_of(s->value, s->bytes, data, (size_t)(at - data), mac)) == BG_OK)
        memcpy(out, mac, BG_CARD_CHECK);
    bg_wipe(mac, sizeof mac);
    return r;
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
