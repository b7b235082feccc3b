/*
 * breakglass-login: the one place that decides. One process serves one phase of one login.
 *
 *   main.c       arguments, the first message, the verdict
 *   process.c    plain root, limits
 *   talk*.c      the conversation: over the relay's socket or on a terminal
 *   context.c    what is known about this call: policy, account, credentials, source
 *   dialogue.c   the auth phase: factor, statement, grant
 *   factor.c     which factors are possible and demanded, and the choice
 *   key.c        the factor "key" at a console
 *   shares.c     the factor "shares" at the prompt
 *   statement.c  who and why
 *   alarm.c      was the alarm heard?
 *   gate.c       account and session phases
 */
#ifndef BG_LOGIN_LOGIN_H
#define BG_LOGIN_LOGIN_H

#include <stdbool.h>
#include <stdint.h>
#include "account/accounts.h"
#include "config/credential.h"
#include "config/policy.h"
#include "base/msg.h"
#include "base/wire.h"
#include "login/talk.h"
#include "record/journal.h"
#include "record/state.h"

#define STATEMENT_MAX 1024 /* bytes of a cleaned name, reason or ticket */

struct login {
    struct bg_hello hello;
    struct talk talk;
    struct bg_policy policy;
    struct bg_recorder rec;
    enum bg_source source;
    enum bg_match match; /* account below is filled for BG_OURS */
    bool ours;           /* match == BG_OURS */
    struct bg_account account;
    char accounts_file[BG_ACCOUNTS_MAX]; /* backs the strings of account */
    enum bg_err credential_state;        /* of loading it */
    struct bg_credential credential;
    bool may_key, may_shares;       /* what can be offered here */
    bool both;                      /* and both are demanded */
    bool key_first;                 /* the answer to the first question */
    const char *factor;             /* for the record: "shares", "key", "key+shares" */
    char key[BG_KEY_LABEL];         /* label of the key that signed, "": none */
    uint32_t key_counter;           /* its counter */
    char host[128];                 /* bg_host_id */
    char hostname[65];              /* for people */
    char use[BG_USE_LEN + 1];       /* this use's id */
    unsigned sheets_refused;        /* share.refused events so far */
    struct bg_position newest;      /* event of this process */
    enum bg_recorded recorded;      /* the worst place an event of this process went to */
    char last[BG_MSG_MAX];          /* the sentence that ends the dialogue without a grant; "": none yet */
    const struct bg_message *cause; /* its id; 0: none yet */
};

/* Fill everything from L->hello. Never fails: what cannot be read is remembered and refuses later. */
void login_context(struct login *L);

/*
 * Record an event of this login: the common fields are filled in here, the rest comes in *e.
 * Returns where it went; the worst is kept in L->recorded.
 */
enum bg_recorded login_record(struct login *L, struct bg_event *e);

/* Record type with the text of a message as its sentence and the message's id as detail. */
enum bg_recorded login_record_msg(struct login *L, enum bg_event_type type, bool success,
                                  const struct bg_message *id, const char *const *args);

/* True when policy lets the door open although this was recorded only at `where`. */
bool login_record_suffices(const struct login *L, enum bg_recorded where);

/* Show a message of the table, with what to do next. A line that is cut is seen at the next question. */
enum bg_err login_say(struct login *L, enum bg_style style, const struct bg_message *id,
                      const char *const *args);

/* Name the sentence that ends the dialogue in L->cause and L->last. Returns BG_E_REFUSED. */
enum bg_err login_refuse(struct login *L, const struct bg_message *id, const char *const *args);

/* Put that sentence on record, as a failure of this type. */
void login_record_last(struct login *L, enum bg_event_type type);

/*
 * Show it. sshd keeps text back until the next question and drops it when none comes, so there it is a
 * question of its own, answered by Enter within half a minute.
 */
void login_say_last(struct login *L);

/*
 * Ask one line. A too long answer is told and asked again (5 times); what sshd types for a user it has
 * refused itself sets L->cause and is BG_E_REFUSED; "q" alone is BG_E_CANCEL where `q_leaves`.
 */
BG_MUST_CHECK enum bg_err login_ask(struct login *L, enum bg_style style, const char *prompt, bool q_leaves,
                                    struct bg_answer *a);

/* The phases. Each returns BG_VERDICT_ALLOW or BG_VERDICT_DENY. */
uint32_t login_authenticate(struct login *L);
uint32_t login_account(struct login *L);
uint32_t login_open_session(struct login *L, struct bg_verdict *v);
uint32_t login_close_session(struct login *L);

/* The factor "shares": BG_OK when the secret was joined and verified; BG_E_MISMATCH when all tries are used
 * up. */
BG_MUST_CHECK enum bg_err login_shares(struct login *L);

/* What may open this account here: sets may_key, may_shares, both; or refuses. */
BG_MUST_CHECK enum bg_err login_ways(struct login *L);

/* Welcome and the first question. */
BG_MUST_CHECK enum bg_err login_begin(struct login *L);

/* All factors that are demanded. BG_OK; BG_E_MISMATCH when all tries are used up; what ends a dialogue. */
BG_MUST_CHECK enum bg_err login_factors(struct login *L);

/* The sentence that leads on to who and why. */
const struct bg_message *login_verified_text(const struct login *L);

/*
 * The factor "key": BG_OK, and L->key is set; BG_E_MISMATCH: it did not open the account, why was told and
 * recorded; BG_E_EOF, BG_E_CANCEL, BG_E_TIMEOUT.
 */
BG_MUST_CHECK enum bg_err login_key(struct login *L);

/* Wait as policy says after `count` failures, from the newest failure on. */
void login_delay(struct login *L, unsigned count, int64_t since_ms);

struct statement {
    char name[STATEMENT_MAX], reason[STATEMENT_MAX], ticket[STATEMENT_MAX]; /* trimmed, as typed */
};
/* Ask who and why until policy is content (at most 10 tries each, then BG_E_REFUSED). */
BG_MUST_CHECK enum bg_err login_statement(struct login *L, struct statement *s);

#endif
