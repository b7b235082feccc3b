/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <string.h>

#define ROUNDS 20 /* questions of one dialogue: a bound, not a policy */

static const char *question(const struct ways *w, bool again)
{
    if (!w->key)
        return "Press Enter to type shares, or q to leave: ";
    if (!w->shares || w->both)
        return again ? "Press Enter to try the key again, or q to leave: "
                     : "Press Enter to use the key, or q to leave: ";
    return again ? "Press Enter to try the key again, s for shares, q to leave: "
                 : "Press Enter to use the key, s for shares, q to leave: ";
}

/*
 * The first question is always asked with echo: sshd's password method answers a question without echo with
 * the password it holds, and a password of a person must never reach us.
 */
static enum bg_err choose(struct login *L, bool again, enum choice *out)
{
    struct bg_answer a;
    enum bg_err r;

    for (int i = 0; i < ROUNDS; i++) {
        memset(&a, 0, sizeof a);
        r = login_ask(L, BG_STYLE_ECHO_ON, question(&L->ways, again), true, &a);
        /* only sshd's password method gives no answer at all to a question with echo */
        if (r == BG_E_CANCEL && a.state == 0 && decide_is_sshd(&L->hello))
            r = login_refuse(L, BG_M_SSHD_PASSWORD, BG_NOARGS);
        if (r != BG_OK)
            return r;
        if ((*out = decide_choice(&L->ways, a.text)) != CHOICE_UNCLEAR)
            return BG_OK;
        if ((r = login_say(L, BG_STYLE_ERROR, BG_M_KEY_CHOICE, BG_NOARGS)) != BG_OK)
            return r;
    }
    return login_refuse(L, BG_M_KEY_CHOICE, BG_NOARGS);
}

enum bg_err login_begin(struct login *L, enum choice *first)
{
    const struct bg_message *welcome = L->ways.shares ? BG_M_WELCOME : BG_M_WELCOME_KEY;
    enum bg_err r = login_say(L, BG_STYLE_INFO, welcome,
                              BG_ARGS(L->account.name, L->hostname, L->credential.shares.label));

    if (r == BG_OK && !BG_WITH_FIDO && L->credential.key_count > 0)
        r = login_say(L, BG_STYLE_INFO, BG_M_KEY_IDLE, BG_ARGS(L->account.name));
    return r != BG_OK ? r : choose(L, false, first);
}

static enum bg_err key_or_shares(struct login *L, enum choice c)
{
    enum bg_err r;

    for (int i = 0; i < ROUNDS; i++) {
        L->factor = c == CHOICE_KEY ? "key" : "shares";
        if (!BG_WITH_FIDO || c != CHOICE_KEY)
            return login_shares(L);
        if ((r = login_key(L)) != BG_E_MISMATCH)
            return r;
        if ((r = choose(L, true, &c)) != BG_OK)
            return r;
    }
    return BG_E_MISMATCH;
}

enum bg_err login_factors(struct login *L, enum choice first)
{
    enum bg_err r = key_or_shares(L, first);

    if (r != BG_OK || !L->ways.both)
        return r;
    L->factor = "key+shares";
    if ((r = login_say(L, BG_STYLE_INFO, BG_M_KEY_THEN_SHARES, BG_NOARGS)) != BG_OK)
        return r;
    return login_shares(L);
}

enum bg_same_host login_same_host(const struct login *L)
{
    enum bg_same_host by_key = BG_HOST_SAME, by_shares = BG_HOST_SAME;

    for (size_t i = 0; i < L->credential.key_count; i++)
        if (strcmp(L->credential.key[i].label, L->key) == 0)
            by_key = bg_identity_compare(&L->host, L->credential.key[i].host);
    if (strcmp(L->factor, "key") != 0)
        by_shares = bg_identity_compare(&L->host, L->credential.shares.host);
    if (by_key == BG_HOST_OTHER || by_shares == BG_HOST_OTHER)
        return BG_HOST_OTHER;
    return by_key == BG_HOST_UNKNOWN ? by_key : by_shares;
}

const struct bg_message *login_verified_text(const struct login *L)
{
    return L->ways.both ? BG_M_BOTH_VERIFIED : L->key[0] != '\0' ? BG_M_KEY_VERIFIED : BG_M_VERIFIED;
}
