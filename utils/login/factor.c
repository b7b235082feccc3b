/* Which factors open this account here, what the person chooses, and that all that is demanded is shown. */
#include "login/login.h"

#include <string.h>
#include "login/messages.h"

#define ROUNDS 20 /* questions of one dialogue: a bound, not a policy */

enum choice {
    CHOOSE_KEY = 1,
    CHOOSE_SHARES = 2
};

/* A key is used at a configured console only: far away nobody can see it blink, nor stop others from using
 * it. */
static bool console(const struct login *L)
{
    return L->source == BG_SOURCE_CONSOLE && bg_policy_is_fido_service(&L->policy, L->hello.service);
}

enum bg_err login_ways(struct login *L)
{
    const struct bg_credential *c = &L->credential;
    bool key = c->key_count > 0 && c->require != BG_REQUIRE_SHARES;
    bool shares = c->has_shares && c->require != BG_REQUIRE_KEY;

    if ((!key && !shares) || (c->require == BG_REQUIRE_BOTH && (!key || !shares)))
        return login_refuse(L, BG_M_NO_CREDENTIAL, BG_ARGS(L->account.name));
    if (key && !console(L)) {
        if (!shares || c->require == BG_REQUIRE_BOTH)
            return login_refuse(L, BG_M_KEY_CONSOLE_ONLY, BG_ARGS(L->account.name));
        key = false;
    }
    L->may_key = key;
    L->may_shares = shares;
    L->both = c->require == BG_REQUIRE_BOTH;
    L->factor = L->both ? "key+shares" : key ? "key" : "shares";
    return BG_OK;
}

static const char *question(const struct login *L, bool again)
{
    if (!L->may_key)
        return "Press Enter to type shares, or q to leave: ";
    if (!L->may_shares || L->both)
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
        if ((r = login_ask(L, BG_STYLE_ECHO_ON, question(L, again), true, &a)) != BG_OK) {
            /* only sshd's password method gives no answer at all to a question with echo */
            if (r == BG_E_CANCEL && a.state == 0 && strcmp(L->hello.service, "sshd") == 0)
                r = login_refuse(L, BG_M_SSHD_PASSWORD, BG_NOARGS);
            return r;
        }
        *out = L->may_key ? CHOOSE_KEY : CHOOSE_SHARES;
        if (!L->may_key || a.len == 0)
            return BG_OK;
        if (L->may_shares && !L->both && (strcmp(a.text, "s") == 0 || strcmp(a.text, "S") == 0)) {
            *out = CHOOSE_SHARES;
            return BG_OK;
        }
        if ((r = login_say(L, BG_STYLE_ERROR, BG_M_KEY_CHOICE, BG_NOARGS)) != BG_OK)
            return r;
    }
    return login_refuse(L, BG_M_KEY_CHOICE, BG_NOARGS);
}

enum bg_err login_begin(struct login *L)
{
    enum choice first = CHOOSE_SHARES;
    enum bg_err r;

    r = L->may_shares ? login_say(L, BG_STYLE_INFO, BG_M_WELCOME,
                                  BG_ARGS(L->account.name, L->hostname, L->credential.shares.label))
                      : login_say(L, BG_STYLE_INFO, BG_M_WELCOME_KEY, BG_ARGS(L->account.name, L->hostname));
    if (r == BG_OK)
        r = choose(L, false, &first);
    L->key_first = first == CHOOSE_KEY;
    return r;
}

static enum bg_err key_or_shares(struct login *L)
{
    enum choice c = L->key_first ? CHOOSE_KEY : CHOOSE_SHARES;
    enum bg_err r = BG_E_MISMATCH;

    for (int i = 0; i < ROUNDS; i++) {
        if (c == CHOOSE_SHARES) {
            L->factor = "shares";
            return login_shares(L);
        }
        if ((r = login_key(L)) != BG_E_MISMATCH)
            return r;
        if ((r = choose(L, true, &c)) != BG_OK)
            return r;
    }
    return BG_E_MISMATCH;
}

enum bg_err login_factors(struct login *L)
{
    enum bg_err r = key_or_shares(L);

    if (r != BG_OK || !L->both)
        return r;
    if ((r = login_say(L, BG_STYLE_INFO, BG_M_KEY_THEN_SHARES, BG_NOARGS)) != BG_OK)
        return r;
    return login_shares(L);
}

const struct bg_message *login_verified_text(const struct login *L)
{
    return L->both ? BG_M_BOTH_VERIFIED : L->key[0] != '\0' ? BG_M_KEY_VERIFIED : BG_M_VERIFIED;
}
