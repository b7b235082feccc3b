/*
 * breakglass-login: the one place that decides. One process serves one phase of one login. Its files in
 * layers, each using only those before it:
 *
 *   process      plain root, limits
 *   talk         the conversation: over the relay's socket or on a terminal
 *   context      what is known about this call: policy, account, credentials
 *   decide       every decision, as functions of their arguments alone
 *   speak        say, ask, the last word
 *   report       events of this login, and what failures cost
 *   statement    who and why
 *   factor       the first question and the factors: keyfault, key, shares
 *   alarm        was the alarm heard?
 *   phases       dialogue.c: auth; session.c: account and session
 *   serve        one call from the first message to the verdict
 */
#ifndef BG_LOGIN_CONTEXT_H
#define BG_LOGIN_CONTEXT_H

#include <stdbool.h>
#include "account/accounts.h"
#include "base/host.h"
#include "base/msg.h"
#include "base/wire.h"
#include "config/credential.h"
#include "config/policy.h"
#include "login/talk.h"
#include "record/journal.h"
#include "record/state.h"

/* What can open the account here. */
struct ways {
    bool key, shares; /* can be offered */
    bool both;        /* and both are required */
};

struct login {
    struct bg_hello hello;
    struct talk talk;
    struct bg_policy policy;
    enum bg_err policy_state; /* of loading it; not BG_OK: policy_faults says what is not used */
    struct bg_faults policy_faults;
    struct bg_recorder rec;
    enum bg_source source;
    enum bg_match match; /* account below is filled for BG_OURS */
    struct bg_account account;
    char accounts_file[BG_ACCOUNTS_MAX]; /* backs the strings of account */
    enum bg_err credential_state;        /* of loading it */
    int credential_errno;                /* what BG_E_IO meant then */
    struct bg_credential credential;
    char host[128];    /* bg_host_id */
    char hostname[65]; /* for people */

    struct ways ways;               /* set by the auth phase */
    const char *factor;             /* for the record: "shares", "key", "key+shares" */
    char key[BG_KEY_LABEL];         /* label of the key that signed, "": none */
    uint32_t key_counter;           /* its counter */
    char use[BG_USE_LEN + 1];       /* this use's id */
    unsigned shares_refused;        /* share.refused events so far */
    struct bg_position newest;      /* event of this process */
    enum bg_recorded recorded;      /* the worst place an event of this process went to */
    char last[BG_MSG_MAX];          /* the sentence that ends the dialogue without a grant; "": none yet */
    const struct bg_message *cause; /* its message; NULL: none yet */
};

/* Read what L->hello is about; source and use are decided later. Never fails: what cannot be read is
 * remembered and refuses later. */
void login_context(struct login *L);

#endif
