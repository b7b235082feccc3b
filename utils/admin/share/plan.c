/* SPDX-License-Identifier: ISC */
#include "admin/share/share.h"

#include <string.h>

bool shareplan_groups(const char *text, struct bg_shareset *set)
{
    unsigned t, n;
    int used;

    set->group_count = 0;
    for (;;) {
        struct bg_share_group *g = &set->group[set->group_count];
        if (set->group_count == BG_GROUPS_MAX || *text < '0' || *text > '9' ||
            sscanf(text, "%2u/%2u%n", &t, &n, &used) != 2)
            return false;
        /* one of several would let each card open the door alone */
        if (t < 1 || t > n || n > SLIP39_MAX_SHARES || (t == 1 && n > 1))
            return false;
        g->threshold = (uint8_t)t;
        g->count = (uint8_t)n;
        set->group_count++;
        text += used;
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

/* SLIP-0039 has no 1 of 2: there it is one card, which two people have. */
static bool one_of_several(const char *text, struct bg_share_group *g, uint8_t *copies)
{
    unsigned n;
    int used = 0;

    if (sscanf(text, "1/%2u%n", &n, &used) != 1 || text[used] != '\0' || n < 2 || n > SLIP39_MAX_SHARES)
        return false;
    *g = (struct bg_share_group){1, 1};
    *copies = (uint8_t)n;
    return true;
}

bool shareplan_group(const char *text, struct shareplan *p)
{
    const char *blank = strrchr(text, ' ');
    struct bg_shareset *s = &p->set, one = {0};
    char name[BG_GROUP_NAME];
    uint8_t copies = 1;
    size_t n = blank == NULL ? 0 : (size_t)(blank - text);

    if (!p->named)
        s->group_count = 0;
    p->named = true;
    if (n == 0 || n >= sizeof name || s->group_count == BG_GROUPS_MAX)
        return false;
    memcpy(name, text, n);
    name[n] = '\0';
    if (!bg_group_name_valid(name) || (!one_of_several(blank + 1, &one.group[0], &copies) &&
                                       (!shareplan_groups(blank + 1, &one) || one.group_count != 1)))
        return false;
    for (size_t i = 0; i < s->group_count; i++)
        if (strcmp(s->group_name[i], name) == 0)
            return false;
    memcpy(s->group_name[s->group_count], name, sizeof name);
    s->group[s->group_count] = one.group[0];
    p->copies[s->group_count++] = copies;
    return true;
}

/* The next part up to a colon; an empty one is left out. */
static bool take_part(const char **text, char *out, size_t cap)
{
    size_t n = strcspn(*text, ":");

    if (n >= cap)
        return false;
    memcpy(out, *text, n);
    out[n] = '\0';
    *text += n + ((*text)[n] == ':');
    return n == 0 || bg_share_text_valid(out);
}

bool shareplan_keeper(const char *text, struct shareplan *p)
{
    struct bg_share_card *k = &p->keeper[p->keepers];

    if (p->keepers == BG_CARDS_MAX || !take_part(&text, k->custodian, sizeof k->custodian) ||
        !take_part(&text, k->envelope, sizeof k->envelope) || !take_part(&text, k->seal, sizeof k->seal) ||
        *text != '\0')
        return false;
    p->keepers++;
    return true;
}

static bool add_card(struct shareplan *p, uint8_t group, uint8_t number, uint8_t copy)
{
    struct bg_share_card *card = &p->set.card[p->set.cards];

    if (p->set.cards == BG_CARDS_MAX)
        return false;
    *card = p->keeper[p->set.cards++];
    bg_share_card_at(card, group, number, copy);
    return true;
}

bool shareplan_cards(struct shareplan *p)
{
    p->set.cards = 0;
    for (uint8_t g = 0; g < p->set.group_count; g++)
        for (uint8_t m = 0; m < p->set.group[g].count; m++)
            for (uint8_t copy = 1; copy <= p->copies[g] || copy == 1; copy++)
                if (!add_card(p, (uint8_t)(g + 1), (uint8_t)(m + 1), p->copies[g] > 1 ? copy : 0))
                    return false;
    return p->keepers <= p->set.cards;
}
