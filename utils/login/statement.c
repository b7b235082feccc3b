/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include "base/secret.h"
#include "base/text.h"
#include "share/shareseen.h"

#define TRIES 10

/* Ask until at least `least` letters came that a reader will see. */
static enum bg_err ask_text(struct login *L, const char *prompt, unsigned least,
                            const struct bg_message *too_short, char out[BG_ANSWER_MAX])
{
    struct bg_answer a;
    bool hostile, exposed;
    enum bg_err r;

    for (int tries = 0; tries < TRIES; tries++) {
        if ((r = login_ask(L, BG_STYLE_ECHO_ON, prompt, false, &a)) != BG_OK)
            return r;
        r = login_exposed(L, &a, BG_SHARESEEN_SURE, &exposed);
        (void)bg_text_trim(a.text);
        (void)snprintf(out, BG_ANSWER_MAX, "%s", exposed ? "" : a.text);
        bg_wipe(&a, sizeof a);
        if (r != BG_OK)
            return r;
        if (exposed)
            continue;
        if (bg_text_letters(out, &hostile) >= least)
            return hostile ? login_say(L, BG_STYLE_INFO, BG_M_TEXT_ESCAPED, BG_NOARGS) : BG_OK;
        if ((r = login_say(L, BG_STYLE_ERROR, too_short, BG_ARGS(BG_DIGITS(least)))) != BG_OK)
            return r;
    }
    return login_refuse(L, too_short, BG_ARGS(BG_DIGITS(least)));
}

bool statement_ticket_fits(const char *pattern, const char *ticket)
{
    regex_t re;
    regmatch_t m;
    bool fits;

    if (pattern[0] == '\0' || regcomp(&re, pattern, REG_EXTENDED) != 0)
        return true;
    fits = regexec(&re, ticket, 1, &m, 0) == 0 && m.rm_so == 0 && ticket[m.rm_eo] == '\0';
    regfree(&re);
    return fits;
}

static enum bg_err ask_ticket(struct login *L, char out[BG_ANSWER_MAX])
{
    enum bg_err r;

    for (int tries = 0; tries < TRIES; tries++) {
        if ((r = ask_text(L, "Ticket: ", 1, BG_M_TICKET_BAD, out)) != BG_OK)
            return r;
        if (statement_ticket_fits(L->policy.ticket_pattern, out))
            return BG_OK;
        if ((r = login_say(L, BG_STYLE_ERROR, BG_M_TICKET_BAD, BG_NOARGS)) != BG_OK)
            return r;
    }
    return login_refuse(L, BG_M_TICKET_BAD, BG_NOARGS);
}

enum bg_err login_statement(struct login *L, struct statement *s)
{
    enum bg_err r;

    memset(s, 0, sizeof *s);
    if ((r = ask_text(L, "Your full name: ", L->policy.name_min, BG_M_NAME_SHORT, s->name)) != BG_OK)
        return r;
    if ((r = ask_text(L, "What is broken, what will you do? ", L->policy.reason_min, BG_M_REASON_SHORT,
                      s->reason)) != BG_OK)
        return r;
    return L->policy.ticket_required ? ask_ticket(L, s->ticket) : BG_OK;
}
