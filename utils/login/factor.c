/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <stdio.h>
#include <string.h>
#include "base/secret.h"
#include "key/messages.h"
#include "share/shareseen.h"

#define ROUNDS        20 /* questions of one dialogue: a bound, not a policy */
#define WORDS_EXPOSED 3  /* the first two of a card only name its set */

/* Every way that the question names, a line each. */
static enum bg_err explain(struct login *L, unsigned offered)
{
    enum bg_err r = login_say(L, BG_STYLE_INFO, BG_M_HELP, BG_ARGS(L->account.name, L->hostname));

    for (const struct way *w = ways_first(offered); r == BG_OK && w != NULL; w = ways_after(offered, w))
        r = login_say(L, BG_STYLE_INFO, w->help, BG_ARGS(((const char[]){w->letter, '\0'})));
    return r;
}

/*
 * The first question is always asked with echo: sshd's password method answers a question without echo with
 * the password it holds, and a password of a person must never reach us.
 */
static enum bg_err ask(struct login *L, const char *question, struct bg_answer *a)
{
    enum bg_err r;

    memset(a, 0, sizeof *a);
    r = login_ask(L, BG_STYLE_ECHO_ON, question, true, a);
    /* only sshd's password method gives no answer at all to a question with echo */
    if (r == BG_E_CANCEL && a->state == 0 && decide_is_sshd(&L->hello))
        r = login_refuse(L, BG_M_SSHD_PASSWORD, BG_NOARGS);
    return r;
}

/* An answer that chooses nothing: help, card words, or something else. */
static enum bg_err no_choice(struct login *L, unsigned offered, const struct bg_answer *a)
{
    struct bg_shareseen seen;
    bool found;
    enum bg_err r;

    if (decide_wants_help(a->text))
        return explain(L, offered);
    if ((r = login_exposed(L, a, WORDS_EXPOSED, &found)) != BG_OK || found)
        return r;
    bg_shareseen(NULL, a->text, a->len, &seen);
    return login_say(L, BG_STYLE_ERROR, seen.words > 0 ? BG_M_WORDS_NOT_HERE : BG_M_KEY_CHOICE, BG_NOARGS);
}

/* failed: the way that did not open just now, NULL at first. */
static enum bg_err choose(struct login *L, unsigned offered, const struct way *failed, const struct way **out)
{
    char question[160];
    struct bg_answer a;
    enum bg_err r;

    ways_question(offered, failed, question, sizeof question);
    for (int i = 0; i < ROUNDS; i++) {
        if ((r = ask(L, question, &a)) != BG_OK)
            return r;
        *out = ways_chosen(offered, a.text);
        if (*out == NULL)
            r = no_choice(L, offered, &a);
        bg_wipe(&a, sizeof a);
        if (*out != NULL || r != BG_OK)
            return r;
    }
    return login_refuse(L, BG_M_KEY_CHOICE, BG_NOARGS);
}

/* Which cards, by their label: their own words are for nobody who has none. */
static enum bg_err say_cards(struct login *L)
{
    char cards[BG_SHARE_TEXT];
    bool offered = false;

    for (unsigned i = 0; i < L->ways.steps; i++)
        offered = offered || ways_chosen(L->ways.offered[i], "shares") != NULL;
    if (!offered)
        return BG_OK;
    shares_needed(L, cards);
    return login_say(L, BG_STYLE_INFO, BG_M_CARDS_NEEDED, BG_ARGS(cards));
}

/* Who is in the wrong place for what they hold hears so before they look for it. */
static enum bg_err say_limits(struct login *L)
{
    struct bg_place p = decide_place(&L->policy, &L->hello, L->source);
    char here[PLACE_MAX], more[PLACE_MAX];

    if (!place_limits(&L->credential, &p, here, more))
        return BG_OK;
    return login_say(L, BG_STYLE_INFO, BG_M_LIMITS, BG_ARGS(here, more));
}

/* At the console, where they could be used: who comes with one of these need not try it. Who has shown one
 * over ssh hears why it is not asked for. */
static enum bg_err say_suspended(struct login *L)
{
    size_t ssh = decide_ssh_key(&L->hello, &L->credential);
    enum bg_err r = BG_OK;

    if (ssh < L->credential.ssh_count && L->credential.ssh[ssh].suspended)
        r = login_say(L, BG_STYLE_INFO, BG_M_KEY_SUSPENDED, BG_ARGS(L->credential.ssh[ssh].label));

    for (size_t i = 0; r == BG_OK && i < L->credential.key_count; i++)
        if (L->credential.key[i].suspended && decide_key_here(&L->policy, &L->hello, L->source))
            r = login_say(L, BG_STYLE_INFO, BG_M_KEY_SUSPENDED, BG_ARGS(L->credential.key[i].label));
    return r;
}

/* A password that counts for nothing, before its holders are called. */
static enum bg_err say_password(struct login *L)
{
    const char *why = L->credential.has_password ? bg_password_refusal(L->credential.password.hash) : NULL;

    if (why == NULL)
        return BG_OK;
    return login_say(L, BG_STYLE_INFO, BG_M_PASSWORD_UNUSED, BG_ARGS(L->account.name, why));
}

/* Whoever has shown a key already is told that, and not of cards; who is alone calls the other one now. */
static enum bg_err say_needed(struct login *L)
{
    size_t key = decide_ssh_key(&L->hello, &L->credential);

    enum bg_err r = BG_OK;

    if (bg_credential_require(&L->credential, L->source) == BG_REQUIRE_TWO_KEYS)
        r = login_say(L, BG_STYLE_INFO, BG_M_TWO_KEYS_NEEDED, BG_NOARGS);
    if (r != BG_OK)
        return r;
    if (ways_first(L->ways.offered[0])->show != login_ssh_key || key == L->credential.ssh_count)
        return say_cards(L);
    return login_say(L, BG_STYLE_INFO, BG_M_SSH_SHOWN, BG_ARGS(L->credential.ssh[key].label));
}

enum bg_err login_begin(struct login *L, const struct way **first)
{
    enum bg_err r = login_say(L, BG_STYLE_INFO, BG_M_WELCOME, BG_ARGS(L->account.name, L->hostname));

    if (r == BG_OK)
        r = drill_say(L);
    if (r == BG_OK && L->policy.phone[0] != '\0')
        r = login_say(L, BG_STYLE_INFO, BG_M_CALL, BG_ARGS(L->policy.phone));
    if (r == BG_OK && !BG_WITH_FIDO && ways_console_key(&L->credential))
        r = login_say(L, BG_STYLE_INFO, BG_M_KEY_IDLE, BG_ARGS(L->account.name));
    if (r == BG_OK)
        r = say_password(L);
    if (r == BG_OK)
        r = say_limits(L);
    if (r == BG_OK)
        r = say_suspended(L);
    if (r == BG_OK)
        r = say_needed(L);
    return r != BG_OK ? r : choose(L, L->ways.offered[0], NULL, first);
}

/* One factor, beginning with the way that was chosen. */
static enum bg_err one_factor(struct login *L, unsigned step, const struct way *w)
{
    enum bg_err r;

    for (int i = 0; i < ROUNDS; i++) {
        L->shown[step] = w;
        if ((r = w->show(L)) != BG_E_MISMATCH || w->again == NULL)
            return r;
        if ((r = choose(L, L->ways.offered[step], w, &w)) != BG_OK)
            return r;
    }
    return BG_E_MISMATCH;
}

/* What leads on to it. */
static enum bg_err say_next(struct login *L, const struct way *next)
{
    if ((L->key_by_sshd || bg_bits_any(&L->keys_shown)) && next->kind == BG_KIND_KEY)
        return login_say(L, BG_STYLE_INFO, next->show == login_text ? BG_M_KEY_THEN_TEXT : BG_M_KEY_THEN_KEY,
                         BG_NOARGS);
    return login_say(L, BG_STYLE_INFO, BG_M_NEEDED_AS_WELL, BG_ARGS(next->noun));
}

/* The way to the next factor: no question where there is one way alone, and that begins with one. */
static enum bg_err next_way(struct login *L, unsigned step, const struct way **w)
{
    unsigned offered = L->ways.offered[step];
    const struct way *next = ways_first(offered);
    enum bg_err r = say_next(L, next);

    *w = next;
    if (r != BG_OK || (next->asks && ways_after(offered, next) == NULL))
        return r;
    return choose(L, offered, NULL, w);
}

static void name_factor(struct login *L, const struct way *w)
{
    size_t at = strlen(L->factor);

    (void)snprintf(L->factor + at, sizeof L->factor - at, "%s%s", at == 0 ? "" : "+", w->name);
}

enum bg_err login_factors(struct login *L, const struct way *first)
{
    const struct way *w = first;
    enum bg_err r = BG_OK;

    for (unsigned step = 0; step < L->ways.steps; step++) {
        if (step > 0 && (r = next_way(L, step, &w)) != BG_OK)
            return r;
        if ((r = one_factor(L, step, w)) != BG_OK)
            return r;
        name_factor(L, L->shown[step]);
    }
    return r;
}

enum bg_same_host login_same_host(const struct login *L)
{
    enum bg_same_host worst = BG_HOST_SAME, one;

    for (unsigned i = 0; i < L->ways.steps; i++) {
        one = bg_identity_compare(&L->host, L->shown[i]->host(L));
        if (one == BG_HOST_OTHER || worst == BG_HOST_SAME)
            worst = one;
    }
    return worst;
}

const struct bg_message *login_verified_text(const struct login *L)
{
    return L->ways.steps > 1 ? BG_M_BOTH_VERIFIED : L->shown[0]->right;
}
