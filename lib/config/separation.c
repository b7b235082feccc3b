/* SPDX-License-Identifier: ISC */
#include "config/separation.h"

#include <stdarg.h>
#include <string.h>

#define TEXTS(id, key, asks, lost) [BG_RULE_##id] = {key, asks, lost},
static const struct bg_rule_text texts[BG_RULES] = {BG_RULE_LIST(TEXTS)};

const struct bg_rule_text *bg_rule_text(enum bg_rule r)
{
    return &texts[r];
}

__attribute__((format(printf, 4, 5))) static void breach(struct bg_breaches *out, enum bg_rule rule,
                                                         const char *account, const char *fmt, ...)
{
    struct bg_breach *b = &out->breach[out->n];
    va_list ap;

    if (out->n == BG_BREACHES_MAX)
        return;
    b->rule = rule;
    b->account = account;
    va_start(ap, fmt);
    (void)vsnprintf(b->text, sizeof b->text, fmt, ap);
    va_end(ap);
    out->n++;
}

static bool is_known(const struct bg_custody_account *a)
{
    return a->credential != NULL && a->envelopes != NULL;
}

static bool is_live(const struct bg_envelope *e)
{
    return e->status != BG_ENVELOPE_DESTROYED;
}

/* --- people and what they reach --------------------------------------------------------------- */

/* Names of people, each person once. */
#define NAMES_MAX (BG_CARDS_MAX + BG_KEYS_MAX + BG_SSH_KEYS_MAX + 4 * BG_ENVELOPES_MAX)
struct names {
    size_t n;
    char name[NAMES_MAX][BG_PERSON_NAME];
};

static bool has_name(const struct names *s, const struct bg_people *people, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (bg_people_same(people, s->name[i], name))
            return true;
    return false;
}

static void add_name(struct names *s, const struct bg_people *people, const char *name)
{
    if (name[0] != '\0' && s->n < NAMES_MAX && !has_name(s, people, name))
        (void)snprintf(s->name[s->n++], BG_PERSON_NAME, "%s", name);
}

static void add_custodians(struct names *s, const struct bg_people *people,
                           const struct bg_custody_account *a)
{
    const struct bg_credential *c = a->credential;

    for (size_t i = 0; c->has_shares && i < c->shares.cards; i++)
        add_name(s, people, c->shares.card[i].custodian);
    for (size_t i = 0; i < c->key_count; i++)
        add_name(s, people, c->key[i].custodian);
    for (size_t i = 0; i < c->ssh_count; i++)
        add_name(s, people, c->ssh[i].custodian);
    for (unsigned i = 0; i < a->envelopes->n; i++)
        if (is_live(&a->envelopes->envelope[i]))
            add_name(s, people, a->envelopes->envelope[i].custodian);
}

static const char *holders_of(const struct bg_custody *c, const struct bg_envelope *e)
{
    const struct bg_safe *safe = e == NULL ? NULL : bg_safe_find(c->safes, e->safe);

    return safe != NULL ? safe->holders : "";
}

static void add_holders(struct names *s, const struct bg_custody *c, const struct bg_custody_account *a)
{
    char name[BG_PERSON_NAME];

    for (unsigned i = 0; i < a->envelopes->n; i++)
        for (const char *at = is_live(&a->envelopes->envelope[i]) ? holders_of(c, &a->envelopes->envelope[i])
                                                                  : "";
             bg_comma_next(&at, name, sizeof name);)
            add_name(s, c->people, name);
}

/* Is the envelope kept by them, or in a safe that they can open? */
static bool reaches(const struct bg_custody *c, const struct bg_envelope *e, const char *who)
{
    char name[BG_PERSON_NAME];

    if (e == NULL)
        return false;
    if (bg_people_same(c->people, e->custodian, who))
        return true;
    for (const char *at = holders_of(c, e); bg_comma_next(&at, name, sizeof name);)
        if (bg_people_same(c->people, name, who))
            return true;
    return false;
}

/* How many groups of the set are complete in their hands; *cards: how many shares they reach. */
static unsigned groups_of(const struct bg_custody *c, const struct bg_custody_account *a, const char *who,
                          unsigned *cards)
{
    const struct bg_shareset *s = &a->credential->shares;
    bool has[BG_GROUPS_MAX][BG_GROUPS_MAX] = {{false}};
    unsigned n[3], complete = 0;
    char set[6];

    *cards = 0;
    bg_envelope_set(a->credential, set);
    for (size_t i = 0; i < s->cards; i++) {
        const struct bg_share_card *card = &s->card[i];
        const struct bg_envelope *e = bg_envelope_of(a->envelopes, BG_HOLDS_SHARE, card->place, set);
        if (bg_share_card_place(s, card->place, &n[0], &n[1], &n[2]) &&
            (bg_people_same(c->people, card->custodian, who) || reaches(c, e, who)))
            has[n[0] - 1][n[1] - 1] = true;
    }
    for (size_t g = 0; g < s->group_count; g++) {
        unsigned in_group = 0;
        for (size_t m = 0; m < s->group[g].count; m++)
            in_group += has[g][m];
        *cards += in_group;
        complete += in_group >= s->group[g].threshold;
    }
    return complete;
}

/* Does one person reach all parts of the password? Only envelopes tell who has one. */
static bool has_all_parts(const struct bg_custody *c, const struct bg_custody_account *a, const char *who)
{
    char part[4];

    for (unsigned i = 1; i <= a->credential->password.parts; i++) {
        (void)snprintf(part, sizeof part, "%u", i & 0xff);
        if (!reaches(c, bg_envelope_of(a->envelopes, BG_HOLDS_PASSWORD, part, ""), who))
            return false;
    }
    return true;
}

void bg_rule_threshold(const struct bg_custody *c, const struct bg_custody_account *a,
                       struct bg_breaches *out)
{
    struct names who = {0};
    unsigned cards = 0;

    if (!is_known(a))
        return;
    add_custodians(&who, c->people, a);
    add_holders(&who, c, a);
    for (size_t i = 0; i < who.n; i++) {
        if (a->credential->has_shares &&
            groups_of(c, a, who.name[i], &cards) >= a->credential->shares.group_threshold)
            breach(out, BG_RULE_THRESHOLD, a->name,
                   "%s keeps, or can take from safes, %u cards, which are enough to open %s", who.name[i],
                   cards, a->name);
        if (a->credential->has_password && has_all_parts(c, a, who.name[i]))
            breach(out, BG_RULE_THRESHOLD, a->name,
                   "%s keeps, or can take from safes, all parts of the password of %s", who.name[i], a->name);
    }
}

/* --- places ----------------------------------------------------------------------------------- */

/* Is it another share of the set, and not a copy of the same? */
static bool is_other_share(const struct bg_shareset *s, const char *a, const char *b)
{
    unsigned x[3], y[3];

    return bg_share_card_place(s, a, &x[0], &x[1], &x[2]) && bg_share_card_place(s, b, &y[0], &y[1], &y[2]) &&
           (x[0] != y[0] || x[1] != y[1]);
}

/* The first share in one and another in the other (from behind `at` on, if both are the same envelope). */
static bool two_shares(const struct bg_shareset *s, const struct bg_envelope *a, const struct bg_envelope *b,
                       struct bg_holding *x, struct bg_holding *y)
{
    for (const char *at = a->holds; bg_holding_next(&at, x);)
        for (const char *rest = a == b ? at : b->holds; bg_holding_next(&rest, y);)
            if (x->kind == BG_HOLDS_SHARE && y->kind == BG_HOLDS_SHARE && is_other_share(s, x->what, y->what))
                return true;
    return false;
}

void bg_rule_shares(const struct bg_custody_account *a, struct bg_breaches *out)
{
    struct bg_holding x, y;
    char set[6];

    if (!is_known(a) || !a->credential->has_shares)
        return;
    bg_envelope_set(a->credential, set);
    for (unsigned i = 0; i < a->envelopes->n; i++)
        for (unsigned k = 0; k <= i; k++) {
            const struct bg_envelope *e = &a->envelopes->envelope[k], *f = &a->envelopes->envelope[i];
            bool together = e == f || (e->safe[0] != '\0' && strcmp(e->safe, f->safe) == 0);
            if (together && is_live(e) && is_live(f) && strcmp(e->set, set) == 0 &&
                strcmp(f->set, set) == 0 && two_shares(&a->credential->shares, e, f, &x, &y))
                breach(out, BG_RULE_SHARES, a->name, "cards %s and %s of %s are both in %s %s", x.what,
                       y.what, a->name, e == f ? "envelope" : "safe", e == f ? e->id : e->safe);
        }
}

/* --- two accounts ----------------------------------------------------------------------------- */

void bg_rule_keys(const struct bg_custody_account *a, const struct bg_custody_account *b,
                  struct bg_breaches *out)
{
    const struct bg_credential *c = a->credential, *d = b->credential;

    if (!is_known(a) || !is_known(b))
        return;
    for (size_t i = 0; i < c->key_count; i++)
        for (size_t k = 0; k < d->key_count; k++)
            if (c->key[i].id.len == d->key[k].id.len &&
                memcmp(c->key[i].id.bytes, d->key[k].id.bytes, c->key[i].id.len) == 0)
                breach(out, BG_RULE_KEYS, a->name, "key %s of %s is key %s of %s too", c->key[i].label,
                       a->name, d->key[k].label, b->name);
    for (size_t i = 0; i < c->ssh_count; i++) {
        size_t k = bg_credential_ssh(d, &c->ssh[i].blob);
        if (k < d->ssh_count)
            breach(out, BG_RULE_KEYS, a->name, "key %s of %s is key %s of %s too", c->ssh[i].label, a->name,
                   d->ssh[k].label, b->name);
    }
}

/* Each pair of envelopes that are not destroyed, of two accounts. */
static void each_pair(const struct bg_custody_account *a, const struct bg_custody_account *b,
                      void (*look)(const struct bg_envelope *e, const struct bg_envelope *f,
                                   const struct bg_custody_account *a, const struct bg_custody_account *b,
                                   struct bg_breaches *out),
                      struct bg_breaches *out)
{
    if (!is_known(a) || !is_known(b))
        return;
    for (unsigned i = 0; i < a->envelopes->n; i++)
        for (unsigned k = 0; k < b->envelopes->n; k++)
            if (is_live(&a->envelopes->envelope[i]) && is_live(&b->envelopes->envelope[k]))
                look(&a->envelopes->envelope[i], &b->envelopes->envelope[k], a, b, out);
}

static void same_envelope(const struct bg_envelope *e, const struct bg_envelope *f,
                          const struct bg_custody_account *a, const struct bg_custody_account *b,
                          struct bg_breaches *out)
{
    if (strcmp(e->id, f->id) == 0)
        breach(out, BG_RULE_ENVELOPES, a->name, "envelope %s is of %s and of %s", e->id, a->name, b->name);
}

void bg_rule_envelopes(const struct bg_custody_account *a, const struct bg_custody_account *b,
                       struct bg_breaches *out)
{
    each_pair(a, b, same_envelope, out);
}

static void same_safe(const struct bg_envelope *e, const struct bg_envelope *f,
                      const struct bg_custody_account *a, const struct bg_custody_account *b,
                      struct bg_breaches *out)
{
    if (e->safe[0] != '\0' && strcmp(e->safe, f->safe) == 0)
        breach(out, BG_RULE_SAFES, a->name, "safe %s has envelope %s of %s and envelope %s of %s", e->safe,
               e->id, a->name, f->id, b->name);
}

void bg_rule_safes(const struct bg_custody_account *a, const struct bg_custody_account *b,
                   struct bg_breaches *out)
{
    each_pair(a, b, same_safe, out);
}

void bg_rule_custodians(const struct bg_custody *c, const struct bg_custody_account *a,
                        const struct bg_custody_account *b, struct bg_breaches *out)
{
    struct names of_a = {0}, of_b = {0};
    size_t both = 0;

    if (!is_known(a) || !is_known(b))
        return;
    add_custodians(&of_a, c->people, a);
    add_custodians(&of_b, c->people, b);
    for (size_t i = 0; i < of_a.n; i++)
        both += has_name(&of_b, c->people, of_a.name[i]);
    if (both > 0 && both == of_a.n && both == of_b.n)
        breach(out, BG_RULE_CUSTODIANS, a->name, "%s and %s are kept by the same %zu people, or the same one",
               a->name, b->name, both);
}

/* --- people who act ------------------------------------------------------------------------------------- */

static bool is_another(const struct bg_people *people, const char *user, const char *who)
{
    return who[0] != '\0' && !bg_people_same(people, user, who);
}

bool bg_rule_reviewer(const struct bg_people *people, const char *user, const char *reviewer)
{
    return is_another(people, user, reviewer);
}

bool bg_rule_rotator(const struct bg_people *people, const char *user, const char *rotator)
{
    return is_another(people, user, rotator);
}

/* --- all -------------------------------------------------------------------------------------- */

static void look_at_pair(const struct bg_custody *c, const struct bg_custody_account *a,
                         const struct bg_custody_account *b, const bool on[BG_RULES], struct bg_breaches *out)
{
    if (on[BG_RULE_KEYS])
        bg_rule_keys(a, b, out);
    if (on[BG_RULE_ENVELOPES])
        bg_rule_envelopes(a, b, out);
    if (on[BG_RULE_SAFES])
        bg_rule_safes(a, b, out);
    if (on[BG_RULE_CUSTODIANS])
        bg_rule_custodians(c, a, b, out);
}

void bg_rules_look(const struct bg_custody *c, const bool on[BG_RULES], struct bg_breaches *out)
{
    out->n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (on[BG_RULE_THRESHOLD])
            bg_rule_threshold(c, &c->account[i], out);
        if (on[BG_RULE_SHARES])
            bg_rule_shares(&c->account[i], out);
        for (size_t k = 0; k < i; k++)
            look_at_pair(c, &c->account[k], &c->account[i], on, out);
    }
}

const struct bg_breach *bg_breach_new(const struct bg_breaches *before, const struct bg_breaches *after)
{
    for (unsigned i = 0; i < after->n; i++) {
        unsigned k = 0;
        while (k < before->n && (before->breach[k].rule != after->breach[i].rule ||
                                 strcmp(before->breach[k].text, after->breach[i].text) != 0))
            k++;
        if (k == before->n)
            return &after->breach[i];
    }
    return NULL;
}
