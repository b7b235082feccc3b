/* SPDX-License-Identifier: ISC */
/*
 * The factor "text": shows a challenge, reads the answer that a key far away has signed. The challenge lives
 * in the memory of this dialogue and is judged once.
 */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/secret.h"
#include "key/client.h"
#include "key/messages.h"
#include "key/texttyper.h"
#include "login/login.h"

#define ROUNDS 60 /* lines of one answer: a bound, not a policy */
#define BLANKS 3  /* empty lines, one after the other, lead back */

struct asked {
    struct login *L;
    struct bg_challenge c;
    uint8_t hash[BG_FIDO_HASH];
    int64_t until; /* by a clock that nobody sets */
    struct bg_texttyper typer;
};

static enum bg_err show_challenge(struct asked *q)
{
    struct login *L = q->L;
    char text[BG_CHALLENGE_TEXT + 4];
    enum bg_err r;

    if ((r = login_say(L, BG_STYLE_INFO, BG_M_TEXT_ASK, BG_ARGS(q->c.host))) != BG_OK)
        return r;
    bg_challenge_text(&q->c, text);
    if ((r = L->talk.say(&L->talk, BG_STYLE_INFO, text)) != BG_OK)
        return r;
    return login_say(L, BG_STYLE_INFO, BG_M_TEXT_THEN, BG_ARGS(BG_DIGITS(TEXT_MS / 60000)));
}

static enum bg_err ask_challenge(struct asked *q)
{
    uint8_t nonce[BG_FIDO_HASH];
    enum bg_err r;

    if ((r = bg_fido_challenge(nonce)) != BG_OK ||
        (r = bg_challenge_make(&q->c, q->L->hostname, q->L->account.name, q->L->hello.service, bg_wall_ms(),
                               nonce)) != BG_OK ||
        (r = bg_challenge_hash(&q->c, q->hash)) != BG_OK ||
        (r = bg_texttyper_answer(&q->typer, &q->c)) != BG_OK)
        return r;
    q->until = bg_deadline(TEXT_MS);
    return show_challenge(q);
}

static enum bg_err take_line(struct asked *q, const struct bg_answer *a, int *blanks, bool *done)
{
    struct bg_texttyper_reply reply;

    if (bg_left_ms(q->until) == 0)
        return keyfault_tell(q->L, false, BG_M_TEXT_EXPIRED, BG_ARGS(BG_DIGITS(TEXT_MS / 60000)));
    if (decide_wants_help(a->text))
        return show_challenge(q);
    *blanks = a->len == 0 && !q->typer.offers ? *blanks + 1 : 0;
    if (*blanks >= BLANKS)
        return BG_E_MISMATCH;
    bg_texttyper_feed(&q->typer, a->text, a->len, &reply);
    *done = reply.done;
    if (reply.msg == NULL)
        return BG_OK;
    return login_say(q->L, BG_STYLE_ERROR, reply.msg,
                     BG_ARGS(reply.arg[0], reply.arg[1], reply.arg[2], reply.arg[3]));
}

/* BG_E_MISMATCH: back to the first question. Echoed: nobody types 125 characters unseen, and they are no
 * secret; what else may be typed here is wiped. */
static enum bg_err read_line(struct asked *q, int *blanks, bool *done)
{
    struct bg_answer a;
    char prompt[40];
    enum bg_err r;

    bg_texttyper_prompt(&q->typer, prompt, sizeof prompt);
    memset(&a, 0, sizeof a);
    r = login_ask(q->L, BG_STYLE_ECHO_ON, prompt, true, &a);
    if (r == BG_OK)
        r = take_line(q, &a, blanks, done);
    bg_wipe(&a, sizeof a);
    return r;
}

/* May it be the one? Where two keys are required they are of two people. */
static bool counts(const struct asked *q, const struct bg_key *k)
{
    struct bg_place here = decide_place(&q->L->policy, &q->L->hello, q->L->source);

    return k->use == BG_USE_TEXT && bg_place_in(&here, k->from) && ways_second(q->L, k);
}

/* Which enrolled key has signed it; NULL: none, and *fault says how near one came. */
static const struct bg_key *signer(const struct asked *q, struct bg_fido_said *said,
                                   enum bg_fido_fault *fault)
{
    const struct bg_credential *c = &q->L->credential;
    enum bg_fido_fault f = BG_FF_FORM;
    struct bg_response a;

    bg_response_read((const uint8_t(*)[BG_ROW])q->typer.row, &a);
    *fault = BG_FF_SIGNATURE;
    for (size_t i = 0; i < c->key_count; i++) {
        if (!counts(q, &c->key[i]))
            continue;
        if (bg_response_verify(&a, &c->key[i].pub, q->hash, said, &f) == BG_OK)
            return &c->key[i];
        if (f == BG_FF_PRESENCE || f == BG_FF_USER) /* signed by this one */
            *fault = f;
    }
    return NULL;
}

static enum bg_err judge(struct asked *q)
{
    struct login *L = q->L;
    enum bg_fido_fault fault;
    struct bg_fido_said said;
    const struct bg_key *k = signer(q, &said, &fault);
    enum bg_err r;

    bg_wipe(q->hash, sizeof q->hash); /* whatever comes of it, it is judged once */
    if (k == NULL && fault == BG_FF_SIGNATURE)
        return keyfault_tell(L, true, BG_M_TEXT_REFUSED, BG_ARGS(L->account.name));
    if (k == NULL)
        return keyfault_forged(L, fault);
    if ((r = login_key_counter(L, k, said.counter)) != BG_OK)
        return r;
    L->proven = true;
    login_note_key(L, k, &said);
    return BG_OK;
}

enum bg_err login_text(struct login *L)
{
    struct asked q = {.L = L};
    int blanks = 0;
    bool done = false;
    enum bg_err r = ask_challenge(&q);

    for (int i = 0; r == BG_OK && !done && i < ROUNDS; i++)
        r = read_line(&q, &blanks, &done);
    if (r == BG_OK)
        r = done ? judge(&q) : BG_E_MISMATCH;
    bg_wipe(&q, sizeof q);
    return r;
}
