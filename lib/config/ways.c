/* SPDX-License-Identifier: ISC */
#include "config/ways.h"

#include <string.h>
#include "config/from.h"

const unsigned *bg_require_steps(enum bg_require require)
{
    static const unsigned steps[][BG_STEPS_MAX + 1] = {
        [BG_REQUIRE_ANY] = {BG_KIND_KEY | BG_KIND_SHARES | BG_KIND_PASSWORD},
        [BG_REQUIRE_KEY] = {BG_KIND_KEY},
        [BG_REQUIRE_SHARES] = {BG_KIND_SHARES},
        [BG_REQUIRE_BOTH] = {BG_KIND_KEY, BG_KIND_SHARES},
        [BG_REQUIRE_TWO_KEYS] = {BG_KIND_KEY, BG_KIND_KEY},
        [BG_REQUIRE_PASSWORD] = {BG_KIND_PASSWORD},
        [BG_REQUIRE_KEY_PASSWORD] = {BG_KIND_KEY, BG_KIND_PASSWORD},
        [BG_REQUIRE_SHARES_PASSWORD] = {BG_KIND_SHARES, BG_KIND_PASSWORD},
    };

    return steps[require];
}

struct bg_place bg_place_of(enum bg_source s)
{
    return (struct bg_place){.source = s, .key_here = s == BG_SOURCE_CONSOLE};
}

bool bg_place_in(const struct bg_place *p, const char *from)
{
    return bg_from_allows(from, p->source, p->rhost);
}

enum bg_require bg_credential_require(const struct bg_credential *c, enum bg_source s)
{
    unsigned at = s >= BG_SOURCE_CONSOLE && s <= BG_SOURCE_NETWORK ? c->require_at[s - BG_SOURCE_CONSOLE] : 0;

    return at == 0 ? c->require : (enum bg_require)(at - 1);
}

bool bg_key_usable(const struct bg_key *k, const struct bg_place *p)
{
    return (k->use == BG_USE_TEXT || p->key_here) && !k->suspended && bg_place_in(p, k->from);
}

unsigned bg_credential_keys(const struct bg_credential *c, const struct bg_place *p)
{
    unsigned n = 0;

    for (size_t i = 0; i < c->key_count; i++)
        n += bg_key_usable(&c->key[i], p);
    return n;
}

bool bg_keys_of_two(const struct bg_key *a, const struct bg_key *b)
{
    bool far_away = a->use == BG_USE_TEXT || b->use == BG_USE_TEXT;
    bool told = a->custodian[0] != '\0' && b->custodian[0] != '\0';

    return a != b && (told ? strcmp(a->custodian, b->custodian) != 0 : !far_away);
}

bool bg_credential_two_keys(const struct bg_credential *c, const struct bg_place *p)
{
    struct bg_bits usable = {{0}}; /* its `from` is read once */

    for (size_t i = 0; i < c->key_count; i++) {
        if (!bg_key_usable(&c->key[i], p))
            continue;
        bg_bits_add(&usable, i);
        for (size_t j = 0; j < i; j++)
            if (bg_bits_has(&usable, j) && bg_keys_of_two(&c->key[i], &c->key[j]))
                return true;
    }
    return false;
}

bool bg_ssh_usable(const struct bg_ssh_key *k, const struct bg_place *p)
{
    return p->source == BG_SOURCE_NETWORK && !k->suspended && bg_place_in(p, k->from);
}

bool bg_ssh_of_two(const struct bg_ssh_key *a, const struct bg_key *b)
{
    return b->use == BG_USE_TEXT && a->custodian[0] != '\0' && b->custodian[0] != '\0' &&
           strcmp(a->custodian, b->custodian) != 0;
}

bool bg_credential_ssh_pair(const struct bg_credential *c, const struct bg_ssh_key *k,
                            const struct bg_place *p)
{
    bool pair = false;

    for (size_t i = 0; bg_ssh_usable(k, p) && !pair && i < c->key_count; i++)
        pair = bg_ssh_of_two(k, &c->key[i]) && bg_key_usable(&c->key[i], p);
    return pair;
}

/* Two keys, of whatever kinds. */
static bool two_people(const struct bg_credential *c, const struct bg_place *p)
{
    bool pair = bg_credential_two_keys(c, p);

    for (size_t i = 0; !pair && i < c->ssh_count; i++)
        pair = bg_credential_ssh_pair(c, &c->ssh[i], p);
    return pair;
}

unsigned bg_credential_ssh_keys(const struct bg_credential *c, const struct bg_place *p)
{
    unsigned n = 0;

    for (size_t i = 0; i < c->ssh_count; i++)
        n += bg_ssh_usable(&c->ssh[i], p);
    return n;
}

bool bg_credential_password(const struct bg_credential *c)
{
    return c->has_password && bg_password_refusal(c->password.hash) == NULL;
}

/* The kinds that are enrolled and allowed there. */
static unsigned kinds_at(const struct bg_credential *c, const struct bg_place *p)
{
    unsigned kinds = 0;

    if (bg_credential_keys(c, p) > 0 || bg_credential_ssh_keys(c, p) > 0)
        kinds |= BG_KIND_KEY;
    if (c->has_shares && bg_place_in(p, c->shares.from))
        kinds |= BG_KIND_SHARES;
    if (bg_credential_password(c) && bg_place_in(p, c->password.from))
        kinds |= BG_KIND_PASSWORD;
    return kinds;
}

bool bg_credential_ways(const struct bg_credential *c, const struct bg_place *p, struct bg_ways *out)
{
    enum bg_require require = bg_credential_require(c, p->source);
    unsigned there = kinds_at(c, p);
    struct bg_ways w = {0};

    if (!bg_place_in(p, c->from) || (require == BG_REQUIRE_TWO_KEYS && !two_people(c, p)))
        return false;
    for (const unsigned *kinds = bg_require_steps(require); *kinds != 0; kinds++) {
        if ((there & *kinds) == 0)
            return false;
        w.kinds[w.steps++] = there & *kinds;
    }
    *out = w;
    return true;
}

bool bg_credential_suffices(const struct bg_credential *c)
{
    struct bg_ways ways;

    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++) {
        struct bg_place p = bg_place_of(s);
        if (bg_credential_ways(c, &p, &ways))
            return true;
    }
    return false;
}

bool bg_credential_opens(const struct bg_credential *c)
{
    return c->enabled && bg_credential_suffices(c);
}
