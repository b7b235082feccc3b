/* SPDX-License-Identifier: ISC */
#include "config/leaver.h"

#include <string.h>

#define WHAT_MAX  64              /* "ssh-key LABEL" and the like */
#define THING_MAX (WHAT_MAX + 40) /* with the account before it */

/* Where it is told, and what was: the same thing is not told twice. */
struct telling {
    const struct bg_person *who;
    bg_leaver_fn tell;
    void *arg;
    size_t n;
    char told[2 * BG_CARDS_MAX][THING_MAX];
};

static void tell(struct telling *t, const char *account, const char *kind, const char *which)
{
    char what[WHAT_MAX], thing[THING_MAX];

    (void)snprintf(what, sizeof what, "%s%s%s", kind, which[0] != '\0' ? " " : "", which);
    (void)snprintf(thing, sizeof thing, "%s %s", account, what);
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->told[i], thing) == 0)
            return;
    if (t->n < sizeof t->told / sizeof t->told[0])
        memcpy(t->told[t->n++], thing, sizeof thing);
    t->tell(t->arg, t->who, account, what);
}

/* --- who is named in the files ---------------------------------------------------------------- */

static bool is(const struct bg_custody *c, const struct telling *t, const char *name)
{
    return bg_people_same(c->people, t->who->id, name);
}

static void look_credential(const struct bg_custody *c, const struct bg_custody_account *a, struct telling *t)
{
    const struct bg_credential *d = a->credential;

    for (size_t i = 0; d->has_shares && i < d->shares.cards; i++)
        if (is(c, t, d->shares.card[i].custodian))
            tell(t, a->name, "card", d->shares.card[i].place);
    for (size_t i = 0; i < d->key_count; i++)
        if (is(c, t, d->key[i].custodian))
            tell(t, a->name, "key", d->key[i].label);
    for (size_t i = 0; i < d->ssh_count; i++)
        if (is(c, t, d->ssh[i].custodian))
            tell(t, a->name, "ssh-key", d->ssh[i].label);
}

static const char *const kinds[] = {"card", "key", "ssh-key", "password"}; /* of enum bg_holding_kind */

static void look_envelope(const struct bg_custody *c, const struct bg_custody_account *a,
                          const struct bg_envelope *e, struct telling *t)
{
    struct bg_holding h;
    bool kept = is(c, t, e->custodian);

    for (const char *at = e->holds; kept && bg_holding_next(&at, &h);)
        if (a->credential == NULL || bg_holding_there(e, &h, a->credential))
            tell(t, a->name, kinds[h.kind - BG_HOLDS_SHARE], h.what);
    if (kept || is(c, t, e->sealed_by) || is(c, t, e->seen_by))
        tell(t, a->name, "envelope", e->id);
}

/* Times of one form compare as texts. */
static bool is_since(const struct telling *t, const char *time)
{
    return strcmp(time, t->who->left) > 0;
}

static void look_safe(const struct bg_custody *c, const struct bg_safe *s, struct telling *t)
{
    char name[BG_PERSON_NAME];

    for (const char *at = s->holders; bg_comma_next(&at, name, sizeof name);)
        if (is(c, t, name) && (t->who->left[0] == '\0' || !is_since(t, s->changed)))
            tell(t, "", "safe", s->id);
}

static void look(const struct bg_custody *c, struct telling *t)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct bg_custody_account *a = &c->account[i];
        if (a->credential != NULL)
            look_credential(c, a, t);
        for (unsigned k = 0; a->envelopes != NULL && k < a->envelopes->n; k++)
            if (a->envelopes->envelope[k].status != BG_ENVELOPE_DESTROYED)
                look_envelope(c, a, &a->envelopes->envelope[k], t);
    }
    for (unsigned i = 0; i < c->safes->n; i++)
        look_safe(c, &c->safes->safe[i], t);
}

void bg_leaver_keeps(const struct bg_custody *c, const struct bg_person *who, bg_leaver_fn f, void *arg)
{
    struct telling t = {.who = who, .tell = f, .arg = arg};

    look(c, &t);
}

/* --- what was noted when they left ---------------------------------------------------------------------- */

static void append(void *arg, const struct bg_person *who, const char *account, const char *what)
{
    char thing[THING_MAX], *out = arg;
    size_t n = strlen(out);
    int len = snprintf(thing, sizeof thing, "%s%s%s%s", n > 0 ? ", " : "", account,
                       account[0] != '\0' ? " " : "", what);

    (void)who;
    if (len > 0 && n + (size_t)len < BG_OWES_MAX)
        memcpy(out + n, thing, (size_t)len + 1);
}

bool bg_leaver_owes(const struct bg_custody *c, const struct bg_person *who, char out[BG_OWES_MAX])
{
    out[0] = '\0';
    bg_leaver_keeps(c, who, append, out);
    return out[0] != '\0';
}

static const struct bg_custody_account *account_of(const struct bg_custody *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->account[i].name, name) == 0)
            return &c->account[i];
    return NULL;
}

static bool key_replaced(const struct bg_credential *d, const char *label, const struct telling *t)
{
    for (size_t i = 0; i < d->key_count; i++)
        if (strcmp(d->key[i].label, label) == 0)
            return is_since(t, d->key[i].created);
    return true;
}

static bool ssh_replaced(const struct bg_credential *d, const char *label, const struct telling *t)
{
    for (size_t i = 0; i < d->ssh_count; i++)
        if (strcmp(d->ssh[i].label, label) == 0)
            return is_since(t, d->ssh[i].created);
    return true;
}

static bool envelope_replaced(const struct bg_envelopes *list, const char *id, const struct telling *t)
{
    const struct bg_envelope *e = bg_envelope_find(list, id);

    return e == NULL || e->status == BG_ENVELOPE_DESTROYED || is_since(t, e->sealed);
}

/* An account that is gone owes nothing; a kind that nobody knows is never done. */
static bool is_done(const struct bg_custody_account *a, const char *kind, const char *which,
                    const struct telling *t)
{
    const struct bg_credential *d = a == NULL ? NULL : a->credential;

    if (a == NULL)
        return true;
    if (strcmp(kind, "envelope") == 0)
        return a->envelopes != NULL && envelope_replaced(a->envelopes, which, t);
    if (d == NULL)
        return false;
    if (strcmp(kind, "card") == 0)
        return !d->has_shares || is_since(t, d->shares.created);
    if (strcmp(kind, "password") == 0)
        return !d->has_password || is_since(t, d->password.created);
    if (strcmp(kind, "key") == 0)
        return key_replaced(d, which, t);
    return strcmp(kind, "ssh-key") == 0 && ssh_replaced(d, which, t);
}

static void look_owed(const struct bg_custody *c, const char *thing, struct telling *t)
{
    char account[40] = "", kind[40] = "", which[40] = "";
    const struct bg_safe *safe;

    if (sscanf(thing, "safe %39s", which) == 1) {
        safe = bg_safe_find(c->safes, which);
        if (safe != NULL && !is_since(t, safe->changed))
            tell(t, "", "safe", which);
        return;
    }
    (void)sscanf(thing, "%39s %39s %39s", account, kind, which);
    if (!is_done(account_of(c, account), kind, which, t))
        tell(t, account, kind, which);
}

void bg_leavers_due(const struct bg_custody *c, bg_leaver_fn f, void *arg)
{
    char thing[THING_MAX];

    for (unsigned i = 0; i < c->people->n; i++) {
        struct telling t = {.who = &c->people->person[i], .tell = f, .arg = arg};
        if (t.who->left[0] == '\0')
            continue;
        for (const char *at = t.who->owes; bg_comma_next(&at, thing, sizeof thing);)
            look_owed(c, thing, &t);
        look(c, &t);
    }
}
