/* SPDX-License-Identifier: ISC */
/* What "status" finds about custody. */
#include <stdio.h>
#include <string.h>
#include "account/accounts.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "record/backward.h"
#include "record/journal.h"
#include "record/life.h"

/* --- envelopes and credentials -------------------------------------------------------------------------- */

/* The two files tell the same. What is copied is thrown away. */
static void look_step(const struct custody *k, size_t at)
{
    char what[BG_BREACH_TEXT] = "";

    if (bg_envelopes_copy(k->envelopes[at], k->credential[at], what, sizeof what) > 0)
        ui_finding(BG_M_CUS_STEP, BG_ARGS(k->account[at].name, what));
}

/* A card that names an envelope which nobody has sealed on record. Where there is no envelope at all, the
 * credentials file alone tells who keeps what. */
static void look_planned(const struct custody *k, size_t at)
{
    const struct bg_shareset *s = &k->credential[at]->shares;
    char set[6];

    bg_envelope_set(k->credential[at], set);
    for (size_t i = 0; k->envelopes[at]->n > 0 && i < s->cards; i++)
        if (s->card[i].envelope[0] != '\0' &&
            bg_envelope_of(k->envelopes[at], BG_HOLDS_SHARE, s->card[i].place, set) == NULL)
            ui_finding(BG_M_CUS_PLANNED, BG_ARGS(s->card[i].place, k->account[at].name, s->card[i].envelope));
}

static void look_envelope(const struct custody *k, size_t at, const struct bg_envelope *e)
{
    const char *account = k->account[at].name;
    struct bg_holding h;

    for (const char *p = e->holds; bg_holding_next(&p, &h);)
        if (!bg_holding_there(e, &h, k->credential[at]))
            ui_finding(BG_M_CUS_STALE, BG_ARGS(e->id, account, h.text));
    if (e->tampered[0] != '\0')
        ui_finding(BG_M_CUS_ST_TAMPERED, BG_ARGS(e->id, account, e->tampered));
    if (e->safe[0] != '\0' && bg_safe_find(&k->safes, e->safe) == NULL)
        ui_finding(BG_M_CUS_NO_SAFE, BG_ARGS(e->safe));
}

/* --- uses without an opening ------------------------------------------------------------------ */

/* The event that granted a use, as it is looked for. */
struct grant {
    const char *use;
    json_t *ev; /* NULL: not found */
};

static bool is_not_it(void *arg, const struct bg_rawline *l)
{
    struct grant *g = arg;

    if (!bg_line_has(l, "use", g->use))
        return true;
    g->ev = json_loadb(l->text, l->len, 0, NULL);
    if (g->ev != NULL && bg_event_is(g->ev, BG_EV_USE_GRANTED))
        return false;
    json_decref(g->ev);
    g->ev = NULL;
    return true;
}

/* Was it sealed when the use was granted, and is it so still, or gone unopened? */
static bool lacks_opening(const struct bg_envelope *e, int64_t granted_ms)
{
    return bg_time_or_never(e->sealed) <= granted_ms && strcmp(e->opened, e->sealed) <= 0;
}

static void tell_unopened(const struct custody *k, size_t at, const struct bg_life_use *u,
                          const struct bg_envelope *e, custody_unopened_fn tell, void *arg)
{
    if (e != NULL && lacks_opening(e, u->granted_ms))
        tell(arg, k->account[at].name, u->id, e->id, u->granted_ms);
}

/* What the use took: the cards' envelopes by their ids, and that of the key. */
static void look_use(const struct custody *k, size_t at, const struct bg_life_use *u,
                     custody_unopened_fn tell, void *arg)
{
    struct grant g = {u->id, NULL};
    const json_t *own, *card;
    size_t i;

    (void)!bg_lines_back(BG_JOURNAL_DIR, NULL, is_not_it, &g);
    if (g.ev == NULL)
        return;
    own = bg_event_own(g.ev);
    json_array_foreach(json_object_get(own, "cards"), i, card)
        tell_unopened(k, at, u, bg_envelope_find(k->envelopes[at], bg_json_str(card, "envelope")), tell, arg);
    tell_unopened(k, at, u, bg_envelope_of(k->envelopes[at], BG_HOLDS_KEY, bg_json_str(own, "key"), ""), tell,
                  arg);
    json_decref(g.ev);
}

/* Is any envelope sealed since before that time, and was not opened? Else there is nothing to look for. */
static bool any_sealed(const struct bg_envelopes *list, int64_t granted_ms)
{
    for (unsigned i = 0; i < list->n; i++)
        if (lacks_opening(&list->envelope[i], granted_ms))
            return true;
    return false;
}

void custody_unopened(const struct custody *k, size_t at, custody_unopened_fn tell, void *arg)
{
    static struct bg_life life;
    int64_t within_ms = (int64_t)k->policy.opening_within * 3600 * 1000;

    if (within_ms == 0 || k->envelopes[at] == NULL || k->envelopes[at]->n == 0 ||
        bg_life_load(NULL, NULL, k->account[at].name, &life) != BG_OK)
        return;
    for (size_t i = 0; i < life.uses; i++) {
        const struct bg_life_use *u = &life.use[i];
        if (u->verdict == BG_VERDICT_NONE && u->granted_ms + within_ms <= bg_wall_ms() &&
            any_sealed(k->envelopes[at], u->granted_ms))
            look_use(k, at, u, tell, arg);
    }
}

static void show_unopened(void *arg, const char *account, const char *use, const char *envelope,
                          int64_t granted_ms)
{
    (void)arg;
    (void)granted_ms;
    ui_finding(BG_M_CUS_UNOPENED, BG_ARGS(use, account, envelope));
}

/* --- rules and leavers ------------------------------------------------------------------------ */

static void look_rules(const struct custody *k, json_t *root)
{
    json_t *off = json_array();

    for (unsigned i = 0; i < k->before.n; i++)
        ui_finding(BG_M_CUS_ST_RULE,
                   BG_ARGS(k->before.breach[i].text, bg_rule_text(k->before.breach[i].rule)->key));
    for (enum bg_rule r = 0; r < BG_RULES; r++)
        if (!k->policy.rule[r]) {
            ui_note(BG_M_CUS_ST_RULE_OFF, BG_ARGS(bg_rule_text(r)->key, bg_rule_text(r)->lost));
            (void)json_array_append_new(off, json_string(bg_rule_text(r)->key));
        }
    (void)json_object_set_new(root, "rules_off", off);
}

static void show_leaver(void *arg, const struct bg_person *who, const char *account, const char *what)
{
    char thing[128];

    (void)snprintf(thing, sizeof thing, "%s%s%s", what, account[0] != '\0' ? " of " : "", account);
    ui_finding(BG_M_CUS_ST_LEFT, BG_ARGS(bg_person_name(who), thing));
    (void)json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:s}", "person", who->id, "account", account,
                                               "what", what, "left", who->left));
}

/* Of an accounts file that cannot be read the check has told. */
static bool of_accounts(void *arg, const struct bg_message *id, const char *const *args)
{
    (void)arg;
    return id == BG_M_FILE_UNSAFE && strcmp(args[0], BG_ACCOUNTS_PATH) == 0;
}

void custody_look(json_t *root)
{
    struct custody *k;
    json_t *leavers = json_array();

    ui_divert(of_accounts, NULL);
    k = custody_load(false);
    ui_divert(NULL, NULL);
    (void)json_object_set_new(root, "leavers", leavers);
    if (k == NULL)
        return;
    look_rules(k, root); /* before the copies are changed */
    bg_leavers_due(&k->c, show_leaver, leavers);
    for (size_t at = 0; at < k->c.n; at++) {
        if (k->credential[at] == NULL || k->envelopes[at] == NULL)
            continue;
        look_planned(k, at);
        for (unsigned i = 0; i < k->envelopes[at]->n; i++)
            if (k->envelopes[at]->envelope[i].status != BG_ENVELOPE_DESTROYED)
                look_envelope(k, at, &k->envelopes[at]->envelope[i]);
        look_step(k, at);
        custody_unopened(k, at, show_unopened, NULL);
    }
    custody_free(k);
}

bool custody_has_card(const char *account, const struct bg_credential *c, const char *place)
{
    struct custody *k = custody_load(false);
    const struct bg_envelope *e = NULL;
    char set[6];

    bg_envelope_set(c, set);
    if (k != NULL && k->envelopes[custody_at(k, account)] != NULL)
        e = bg_envelope_of(k->envelopes[custody_at(k, account)], BG_HOLDS_SHARE, place, set);
    if (e != NULL)
        ui_finding(BG_M_CUS_CARD_INSIDE, BG_ARGS(place, e->id, account));
    custody_free(k);
    return e != NULL;
}
