/* SPDX-License-Identifier: ISC */
/* The factor "shares" at the prompt: feeds what is typed to the share typer, shows what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "login/login.h"
#include "share/sharetyper.h"

#define LINES_MAX    400 /* of one set: a bound, not a policy */
#define RECORDED_MAX 20  /* refused shares of one dialogue that go on record */
#define BLANKS_LEAVE 3   /* empty lines, one after the other */

void shares_needed(const struct login *L, char out[BG_SHARE_TEXT])
{
    char set[BG_SET_NAME], name[sizeof set + 8];

    bg_shareset_name(&L->credential.shares, set);
    (void)snprintf(name, sizeof name, "the set %s", set);
    bg_share_need_text(&L->credential.shares, name, out);
}

/* "help" is a command as long as no word of this card was typed, and unless the set's cards begin with it. */
static bool wants_help(const struct bg_sharetyper *t, const char *answer)
{
    return t->have == 0 && strcmp(answer, "?") != 0 && decide_wants_help(answer) &&
           strncmp(slip39_word((uint16_t)(t->set->id >> 5)), "help", 4) != 0;
}

/* Show what the typer has to say. A share that does not belong here is news for the reviewer; a slip of the
 * fingers is not. */
static enum bg_err show(struct login *L, const struct bg_sharetyper_reply *reply)
{
    const char *args[] = {reply->arg[0], reply->arg[1], reply->arg[2], NULL};
    bool good = reply->state != BG_SHARETYPER_MORE;

    if (reply->msg == NULL)
        return BG_OK;
    if (bg_sharetyper_refusal(reply->msg) && L->shares_refused++ < RECORDED_MAX)
        (void)login_record_msg(L, BG_EV_SHARE_REFUSED, false, reply->msg, args);
    return login_say(L, good ? BG_STYLE_INFO : BG_STYLE_ERROR, reply->msg, args);
}

static enum bg_err take_line(struct login *L, struct bg_sharetyper *t, struct bg_sharetyper_reply *reply,
                             int *blanks)
{
    struct bg_answer a;
    char prompt[80];
    enum bg_err r;

    memset(&a, 0, sizeof a);
    bg_sharetyper_prompt(t, t->taken > 0 ? "Next card" : "", prompt, sizeof prompt);
    if ((r = login_ask(L, BG_STYLE_ECHO_OFF, prompt, true, &a)) != BG_OK)
        goto out;
    *blanks = a.len == 0 && !bg_sharetyper_repairs(t) ? *blanks + 1 : 0;
    if (*blanks >= BLANKS_LEAVE) {
        r = BG_E_CANCEL;
    } else if (wants_help(t, a.text)) {
        r = login_say(L, BG_STYLE_INFO, BG_M_CARDS_HELP, BG_NOARGS);
    } else {
        if (a.len > 0 && bg_shareline_blank(a.text, a.len)) /* the end of a paste is no empty line */
            (void)snprintf(a.text, sizeof a.text, "?");
        bg_sharetyper_feed(t, a.text, strlen(a.text), reply);
        r = show(L, reply);
    }
out:
    bg_wipe(&a, sizeof a);
    return r;
}

/* Type shares until the thresholds are met. */
static enum bg_err type_shares(struct login *L, struct bg_sharetyper *t)
{
    struct bg_sharetyper_reply reply = {.state = BG_SHARETYPER_MORE};
    int blanks = 0;
    enum bg_err r;

    for (int line = 0; line < LINES_MAX; line++) {
        if ((r = take_line(L, t, &reply, &blanks)) != BG_OK)
            return r;
        if (reply.state == BG_SHARETYPER_READY)
            return BG_OK;
    }
    return BG_E_REFUSED;
}

/* Why a set does not open: a message and what it names. */
struct why_not {
    const struct bg_message *id;
    const char *arg[3];
};

static struct why_not why_not(const struct login *L, enum bg_err why)
{
    const char *changed = L->host.fault != NULL ? L->host.fault : "it has another machine-id or name";

    if (why == BG_E_NOENT)
        return (struct why_not){BG_M_SHARES_HOST, {changed}};
    return (struct why_not){BG_M_SHARES_WRONG, {L->account.name, L->hostname}};
}

/* A set that does not open the account is on record before the next in line is judged. */
static enum bg_err judge(struct login *L, struct bg_sharetyper *t)
{
    struct why_not no;
    int turn;
    enum bg_err r;

    if ((r = login_turn(L, &turn)) != BG_OK)
        return r;
    r = bg_sharetyper_recover(t, L->account.name, &L->host);
    if (r == BG_E_MISMATCH || r == BG_E_NOENT) {
        no = why_not(L, r);
        (void)login_record_msg(L, BG_EV_ATTEMPT_FAILED, false, no.id, no.arg);
    }
    bg_close(turn);
    return r;
}

static enum bg_err one_try(struct login *L, struct bg_sharetyper *t)
{
    enum bg_err r;

    bg_sharetyper_start(t, &L->credential.shares);
    if ((r = type_shares(L, t)) == BG_OK)
        r = judge(L, t);
    if (r == BG_OK)
        cards_note(L, t->shares, t->taken);
    bg_sharetyper_wipe(t);
    return r;
}

/* After a set that did not open: the person is told why, and then how long the delay is. Where other cards
 * would not help, that is the last word, and not that others may; the next login pays for the delay. */
static enum bg_err failed(struct login *L, enum bg_err why, bool last)
{
    struct why_not no = why_not(L, why);
    enum bg_err r;

    if (last && no.id == BG_M_SHARES_HOST) {
        (void)login_refuse(L, no.id, no.arg);
        return BG_E_MISMATCH;
    }
    if ((r = login_say(L, BG_STYLE_ERROR, no.id, no.arg)) == BG_OK)
        (void)!login_delay(L, 1); /* nobody is there to wait: the next question will see it */
    return r;
}

enum bg_err login_shares(struct login *L)
{
    struct bg_sharetyper *t = malloc(sizeof *t); /* too large for a stack of unknown size */
    enum bg_err r = BG_E_NOMEM;

    if (t == NULL)
        return r;
    if ((r = login_say(L, BG_STYLE_INFO, BG_M_TYPE_CARDS, BG_NOARGS)) != BG_OK)
        goto out;
    for (unsigned tries = 1; tries <= L->policy.attempts; tries++) {
        if ((r = one_try(L, t)) != BG_E_MISMATCH && r != BG_E_NOENT)
            break;
        if ((r = failed(L, r, tries == L->policy.attempts)) != BG_OK)
            break;
        r = BG_E_MISMATCH;
    }
out:
    free(t);
    return r;
}
