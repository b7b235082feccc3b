/* SPDX-License-Identifier: ISC */
/* Which cards opened the door: their numbers, and who keeps them. */
#include <stdio.h>
#include <string.h>
#include "login/login.h"

static void add(struct login *L, const struct slip39_share *s, const struct bg_share_card *kept)
{
    struct bg_event_card *c = &L->card[L->cards];
    unsigned group, number;

    if (L->cards == BG_EVENT_CARDS)
        return;
    *c = (struct bg_event_card){.group = s->group_index + 1u, .number = s->member_index + 1u};
    if (kept != NULL) {
        (void)bg_share_card_place(&L->credential.shares, kept->place, &group, &number, &c->copy);
        c->custodian = kept->custodian;
        c->envelope = kept->envelope;
        c->seal = kept->seal;
    }
    L->cards++;
}

void cards_note(struct login *L, const struct slip39_share *shares, size_t n)
{
    const struct bg_share_card *kept;

    L->cards = 0;
    for (size_t i = 0; i < n; i++) {
        add(L, &shares[i], bg_share_card_of(&L->credential.shares, &shares[i], 0));
        for (unsigned copy = 1; (kept = bg_share_card_of(&L->credential.shares, &shares[i], copy)) != NULL;
             copy++)
            add(L, &shares[i], kept);
    }
}

static bool given(const char *s)
{
    return s != NULL && s[0] != '\0';
}

/* "2-1 (Jane Doe, envelope 17)"; without the group where there is one alone. */
static size_t one_text(const struct login *L, const struct bg_event_card *c, char *out, size_t cap)
{
    bool who = given(c->custodian), envelope = given(c->envelope);
    char group[16] = "";

    if (L->credential.shares.group_count > 1)
        (void)snprintf(group, sizeof group, "%u-", c->group);
    return (size_t)snprintf(out, cap, "%s%u%s%s%s%s%s%s", group, c->number, who || envelope ? " (" : "",
                            who ? c->custodian : "", who && envelope ? ", " : "", envelope ? "envelope " : "",
                            envelope ? c->envelope : "", who || envelope ? ")" : "");
}

void cards_text(const struct login *L, char out[CARDS_TEXT])
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < L->cards && at < CARDS_TEXT; i++) {
        bool copy =
            i > 0 && L->card[i].group == L->card[i - 1].group && L->card[i].number == L->card[i - 1].number;
        if (i > 0)
            at += (size_t)snprintf(out + at, CARDS_TEXT - at, "%s", copy ? " or " : ", ");
        if (at < CARDS_TEXT)
            at += one_text(L, &L->card[i], out + at, CARDS_TEXT - at);
    }
}
