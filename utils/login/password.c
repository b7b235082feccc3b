/* SPDX-License-Identifier: ISC */
/* The factor "password" at the prompt: its parts, each hidden, one after the other. */
#include <stdio.h>
#include <stdlib.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "login/login.h"

#define ASKS_MAX     60 /* questions of one password: a bound, not a policy */
#define BLANKS_LEAVE 3  /* empty lines, one after the other */

static void begin_again(struct bg_parts *p)
{
    bg_wipe(p, sizeof *p);
}

/* Why a part was not taken. A slip of the fingers is no attempt: nothing was compared. */
static enum bg_err not_taken(struct login *L, struct bg_parts *p, enum bg_err why)
{
    const char *number = BG_DIGITS(p->n + 1);

    switch (why) {
    case BG_E_SYNTAX:
        return login_say(L, BG_STYLE_ERROR, BG_M_PART_SHORT, BG_ARGS(number));
    case BG_E_PROTO:
        return login_say(L, BG_STYLE_ERROR, BG_M_PART_LETTERS, BG_ARGS(number));
    case BG_E_RANGE:
        begin_again(p);
        return login_say(L, BG_STYLE_ERROR, BG_M_PARTS_LONG, BG_NOARGS);
    default:
        return why;
    }
}

/* Ask for the next part. An empty line begins again; several of them leave. */
static enum bg_err take_part(struct login *L, struct bg_parts *p, int *blanks)
{
    const struct bg_password *w = &L->credential.password;
    struct bg_answer a = {0};
    char prompt[40];
    enum bg_err r;

    (void)snprintf(prompt, sizeof prompt, "Part %u of %u: ", p->n + 1, w->parts);
    if ((r = login_ask(L, BG_STYLE_ECHO_OFF, prompt, true, &a)) != BG_OK)
        goto out;
    *blanks = a.len == 0 ? *blanks + 1 : 0;
    if (*blanks >= BLANKS_LEAVE) {
        r = BG_E_CANCEL;
    } else if (decide_wants_help(a.text)) {
        r = login_say(L, BG_STYLE_INFO, BG_M_PASSWORD_HOW, BG_ARGS(BG_DIGITS(w->parts)));
    } else if (a.len == 0) {
        begin_again(p);
        r = login_say(L, BG_STYLE_INFO, BG_M_PART_AGAIN, BG_NOARGS);
    } else if ((r = bg_parts_add(p, w->letters, a.text, a.len)) != BG_OK) {
        r = not_taken(L, p, r);
    }
out:
    bg_wipe(&a, sizeof a);
    return r;
}

static enum bg_err type_parts(struct login *L, struct bg_parts *p)
{
    int blanks = 0;
    enum bg_err r;

    begin_again(p);
    for (int i = 0; i < ASKS_MAX && p->n < L->credential.password.parts; i++)
        if ((r = take_part(L, p, &blanks)) != BG_OK)
            return r;
    return p->n == L->credential.password.parts ? BG_OK : BG_E_REFUSED;
}

/* A password that took the place of another says since when: no old hash is kept that could tell an old part
 * from a slip. */
static const struct bg_message *wrong(const struct login *L, char day[11])
{
    (void)snprintf(day, 11, "%.10s", L->credential.password.replaced);
    return day[0] != '\0' ? BG_M_PASSWORD_REPLACED : BG_M_PASSWORD_WRONG;
}

/* A password that does not open the account is on record before the next in line is judged. */
static enum bg_err judge(struct login *L, const struct bg_parts *p)
{
    char day[11];
    int turn;
    enum bg_err r;

    if ((r = login_turn(L, &turn)) != BG_OK)
        return r;
    r = bg_password_check(L->credential.password.hash, p->whole);
    if (r == BG_E_MISMATCH)
        (void)login_record_msg(L, BG_EV_ATTEMPT_FAILED, false, wrong(L, day), BG_ARGS(day));
    else if (r != BG_OK) /* nobody can say whether it is right */
        r = login_refuse(L, BG_M_PASSWORD_CRYPT, BG_ARGS(bg_password_kind(L->credential.password.hash)));
    bg_close(turn);
    return r;
}

static enum bg_err one_try(struct login *L, struct bg_parts *p)
{
    enum bg_err r = type_parts(L, p);

    if (r == BG_OK)
        r = judge(L, p);
    bg_wipe(p, sizeof *p);
    return r;
}

/* The person is told, and then how long the delay is. BG_E_MISMATCH, or why there is nobody to tell. */
static enum bg_err failed(struct login *L)
{
    char day[11];
    enum bg_err r = login_say(L, BG_STYLE_ERROR, wrong(L, day), BG_ARGS(day));

    if (r != BG_OK)
        return r;
    (void)!login_delay(L, 1); /* nobody is there to wait: the next question will see it */
    return BG_E_MISMATCH;
}

enum bg_err login_password(struct login *L)
{
    struct bg_parts *p = malloc(sizeof *p);
    enum bg_err r = BG_E_NOMEM;

    if (p == NULL)
        return r;
    r = login_say(L, BG_STYLE_INFO, BG_M_PASSWORD_HOW, BG_ARGS(BG_DIGITS(L->credential.password.parts)));
    if (r == BG_OK)
        r = BG_E_MISMATCH;
    for (unsigned tries = 0; r == BG_E_MISMATCH && tries < L->policy.attempts; tries++)
        if ((r = one_try(L, p)) == BG_E_MISMATCH)
            r = failed(L);
    free(p);
    return r;
}
