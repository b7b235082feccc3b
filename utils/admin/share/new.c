/* SPDX-License-Identifier: ISC */
#include "admin/share/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/identity.h"
#include "share/shareset.h"

/* Colours, of which none is a word of a card, as the table of words shows. */
static const char *const colours[] = {"AMBER",   "BEIGE",   "BRONZE", "BROWN",  "COPPER", "CORAL",
                                      "CRIMSON", "CYAN",    "GREEN",  "GREY",   "INDIGO", "MAROON",
                                      "NAVY",    "OCHRE",   "OLIVE",  "PLUM",   "RED",    "ROSE",
                                      "RUBY",    "SCARLET", "TEAL",   "VIOLET", "WHITE",  "YELLOW"};
#define COLOURS (sizeof colours / sizeof colours[0])

/* "AMBER 42": short to read out, and nothing that a stranger could begin a forged card with. */
static enum bg_err draw_label(char out[BG_SET_LABEL])
{
    uint32_t n;
    enum bg_err r = bg_random(&n, sizeof n);

    if (r == BG_OK)
        (void)snprintf(out, BG_SET_LABEL, "%s %u", colours[n % COLOURS], (unsigned)(10 + n / COLOURS % 90));
    return r;
}

static enum bg_err fresh_numbers(struct bg_shareset *set)
{
    struct bg_identity host;
    uint16_t id;
    enum bg_err r;

    if (set->label[0] == '\0' && (r = draw_label(set->label)) != BG_OK)
        return r;
    if ((r = bg_random(&id, sizeof id)) != BG_OK || (r = bg_random(set->salt, sizeof set->salt)) != BG_OK)
        return r;
    set->id = id & 0x7fff;
    set->extendable = true;
    (void)bg_time_rfc3339(set->created);
    bg_identity_read(&host);
    return bg_identity_print(&host, set->host);
}

static struct slip39_params params_of(const struct bg_shareset *set)
{
    struct slip39_params p = {
        .id = set->id,
        .extendable = set->extendable,
        .exponent = set->exponent,
        .bytes = set->bytes,
        .group_threshold = set->group_threshold,
        .group_count = set->group_count,
    };

    for (size_t i = 0; i < set->group_count; i++) {
        p.member_threshold[i] = set->group[i].threshold;
        p.member_count[i] = set->group[i].count;
    }
    return p;
}

/* The words on paper must read back as the share. */
static enum bg_err read_back(const struct slip39_share *s, struct bg_shareset *set)
{
    struct slip39_share again = {0};
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = 0;
    enum bg_err r = slip39_encode(s, words, &n);

    if (r == BG_OK)
        r = slip39_decode(words, n, &again);
    if (r == BG_OK &&
        (again.id != s->id || again.extendable != s->extendable || again.exponent != s->exponent ||
         again.group_index != s->group_index || again.group_threshold != s->group_threshold ||
         again.group_count != s->group_count || again.member_index != s->member_index ||
         again.member_threshold != s->member_threshold || again.bytes != s->bytes ||
         !bg_ct_equal(again.value, s->value, s->bytes)))
        r = BG_E_MISMATCH;
    if (r == BG_OK)
        bg_shareset_words(set);
    bg_wipe(words, sizeof words);
    bg_wipe(&again, sizeof again);
    return r;
}

/* Join the last cards that suffice, as a login would, and compare. */
static enum bg_err join_some(const struct bg_shareset *set, const struct slip39_share *shares, size_t n)
{
    struct slip39_share *some = calloc(SHARES_MAX, sizeof *some);
    uint8_t secret[SLIP39_MAX_BYTES], got[BG_VERIFIER_BYTES];
    size_t k = 0, bytes = 0;
    enum bg_err r = some == NULL ? BG_E_NOMEM : BG_OK;

    for (size_t i = n; r == BG_OK && i-- > 0;) {
        const struct slip39_share *s = &shares[i];
        const struct bg_share_group *g = &set->group[s->group_index];
        if (s->group_index >= set->group_count - set->group_threshold &&
            s->member_index >= g->count - g->threshold)
            some[k++] = *s;
    }
    if (r == BG_OK)
        r = slip39_combine(some, k, "", secret, &bytes);
    if (r == BG_OK && bytes != set->bytes)
        r = BG_E_MISMATCH;
    if (r == BG_OK)
        r = bg_shareset_verifier(secret, bytes, set->salt, got);
    if (r == BG_OK && !bg_ct_equal(got, set->verifier, sizeof got))
        r = BG_E_MISMATCH;
    bg_wipe(secret, sizeof secret);
    if (some != NULL)
        bg_wipe(some, SHARES_MAX * sizeof *some);
    free(some);
    return r;
}

/* What will recognize each card. */
static enum bg_err note_checks(struct bg_shareset *set, const struct slip39_share *shares, size_t n)
{
    unsigned group, number, copy;
    enum bg_err r = BG_OK;

    for (size_t c = 0; r == BG_OK && c < set->cards; c++) {
        if (!bg_share_card_place(set, set->card[c].place, &group, &number, &copy))
            return BG_E_RANGE;
        for (size_t i = 0; r == BG_OK && i < n; i++)
            if (shares[i].group_index + 1u == group && shares[i].member_index + 1u == number)
                r = bg_share_card_check(set, &shares[i], set->card[c].check);
    }
    return r;
}

enum bg_err sharenew_make(struct bg_shareset *set, struct slip39_share *shares, size_t *n)
{
    uint8_t secret[SLIP39_MAX_BYTES];
    struct slip39_params p;
    size_t made = 0;
    enum bg_err r;

    if ((r = fresh_numbers(set)) != BG_OK || (r = bg_random(secret, set->bytes)) != BG_OK)
        return r;
    p = params_of(set);
    if ((r = bg_shareset_verifier(secret, set->bytes, set->salt, set->verifier)) == BG_OK)
        r = slip39_split(&p, secret, "", shares, SHARES_MAX, &made);
    bg_wipe(secret, sizeof secret);
    for (size_t i = 0; r == BG_OK && i < made; i++)
        r = read_back(&shares[i], set);
    if (r == BG_OK)
        r = join_some(set, shares, made);
    if (r == BG_OK)
        r = note_checks(set, shares, made);
    if (r == BG_OK)
        *n = made;
    return r;
}
