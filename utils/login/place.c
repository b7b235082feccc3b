/* SPDX-License-Identifier: ISC */
#include "login/place.h"

#include <stdio.h>
#include <string.h>

/* "a key, cards or the password" */
static void name_kinds(unsigned kinds, char *out, size_t cap)
{
    static const char *const names[] = {"a key", "cards", "the password"}; /* in the order of the bits */
    unsigned left = kinds;
    size_t n = 0;

    for (size_t i = 0; left != 0 && n < cap; i++) {
        if ((left >> i & 1) == 0)
            continue;
        left &= ~(1u << i);
        n += (size_t)snprintf(out + n, cap - n, "%s%s", n == 0 ? "" : left == 0 ? " or " : ", ", names[i]);
    }
}

/* "two keys"; "a key and cards" */
static void name_ways(const struct bg_ways *w, char out[PLACE_MAX / 5])
{
    char first[PLACE_MAX / 10 - 4] = "", second[PLACE_MAX / 10 - 4] = ""; /* with " and " between them */

    name_kinds(w->kinds[0], first, sizeof first);
    name_kinds(w->kinds[1], second, sizeof second);
    if (w->steps == 1)
        (void)snprintf(out, PLACE_MAX / 5, "%s", first);
    else if (w->kinds[0] == w->kinds[1])
        (void)snprintf(out, PLACE_MAX / 5, "two keys");
    else
        (void)snprintf(out, PLACE_MAX / 5, "%s and %s", first, second);
}

/* With what it opens at the best place of a class, and the phrase; false: not at all. */
static bool ways_at(const struct bg_credential *c, enum bg_source s, struct bg_ways *w,
                    char out[PLACE_MAX / 3])
{
    static const char *const at[] = {"at a console", "by su on this host", "over the network"};
    struct bg_place best = bg_place_of(s), unknown;
    char what[PLACE_MAX / 5];
    struct bg_ways any;
    bool some;

    best.key_here = best.key_here && BG_WITH_FIDO;
    if (!bg_credential_ways(c, &best, w))
        return false;
    unknown = best;
    unknown.rhost = ""; /* in no range */
    some = !bg_credential_ways(c, &unknown, &any) || memcmp(&any, w, sizeof any) != 0;
    name_ways(w, what);
    (void)snprintf(out, PLACE_MAX / 3, "%s with %s",
                   some ? "from certain addresses of the network" : at[s - BG_SOURCE_CONSOLE], what);
    return true;
}

/* Phrases of the places that offer a kind of credential beyond those in `have`. */
static void ways_beyond(const struct bg_credential *c, unsigned have, char out[PLACE_MAX])
{
    char one[PLACE_MAX / 3];
    struct bg_ways w;
    size_t n = 0;

    out[0] = '\0';
    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK && n < PLACE_MAX; s++)
        if (ways_at(c, s, &w, one) && ((w.kinds[0] | w.kinds[1]) & ~have) != 0)
            n += (size_t)snprintf(out + n, PLACE_MAX - n, "%s%s", n > 0 ? "; " : "", one);
}

void place_elsewhere(const struct bg_credential *c, char out[PLACE_MAX])
{
    ways_beyond(c, 0, out);
}

bool place_limits(const struct bg_credential *c, const struct bg_place *p, char here[PLACE_MAX],
                  char more[PLACE_MAX])
{
    struct bg_ways w;

    if (!bg_credential_ways(c, p, &w))
        return false;
    name_ways(&w, here);
    ways_beyond(c, w.kinds[0] | w.kinds[1], more);
    return more[0] != '\0';
}
