/* Who and why. Both are demanded; what is typed is hostile text and is cleaned when it is recorded. */
#include "login/login.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "login/messages.h"

#define TRIES 10

/* Letters that a reader will see: hostile characters, blanks and broken bytes do not count. */
static size_t visible(const char *s)
{
    size_t n = strlen(s), count = 0, used;
    uint32_t cp = 0;

    for (size_t i = 0; i < n; i += used) {
        if ((used = bg_utf8_next(s + i, n - i, &cp)) == 0)
            used = 1;
        else if (cp != ' ' && !bg_text_hostile(cp))
            count++;
    }
    return count;
}

/* Nothing that a person types by accident carries a control byte; say so instead of storing it silently. */
static bool has_control(const char *s)
{
    size_t n = strlen(s), used;
    uint32_t cp = 0;

    for (size_t i = 0; i < n; i += used) {
        if ((used = bg_utf8_next(s + i, n - i, &cp)) == 0)
            return true;
        if (bg_text_hostile(cp))
            return true;
    }
    return false;
}

/* Ask until at least `least` visible letters came. */
static enum bg_err demand(struct login *L, const char *prompt, unsigned least,
                          const struct bg_message *too_short, char out[STATEMENT_MAX])
{
    struct bg_answer a;
    char number[16];
    enum bg_err r;

    (void)snprintf(number, sizeof number, "%u", least);
    for (int tries = 0; tries < TRIES; tries++) {
        if ((r = login_ask(L, BG_STYLE_ECHO_ON, prompt, false, &a)) != BG_OK)
            return r;
        (void)bg_text_trim(a.text);
        if (visible(a.text) >= least) {
            if (has_control(a.text) && login_say(L, BG_STYLE_INFO, BG_M_TEXT_ESCAPED, BG_NOARGS) != BG_OK)
                return BG_E_EOF;
            (void)snprintf(out, STATEMENT_MAX, "%s", a.text);
            return BG_OK;
        }
        if ((r = login_say(L, BG_STYLE_ERROR, too_short, BG_ARGS(number))) != BG_OK)
            return r;
    }
    return login_refuse(L, too_short, BG_ARGS(number));
}

/* True when the whole ticket matches the policy's expression; a bad expression matches everything. */
static bool ticket_fits(const char *pattern, const char *ticket)
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

static enum bg_err ask_ticket(struct login *L, char out[STATEMENT_MAX])
{
    enum bg_err r;

    for (int tries = 0; tries < TRIES; tries++) {
        if ((r = demand(L, "Ticket: ", 1, BG_M_TICKET_BAD, out)) != BG_OK)
            return r;
        if (ticket_fits(L->policy.ticket_pattern, out))
            return BG_OK;
        if ((r = login_say(L, BG_STYLE_ERROR, BG_M_TICKET_BAD, BG_NOARGS)) != BG_OK)
            return r;
    }
    return login_refuse(L, BG_M_TICKET_BAD, BG_NOARGS);
}

enum bg_err login_statement(struct login *L, struct statement *s)
{
    char prompt[80];
    enum bg_err r;

    memset(s, 0, sizeof *s);
    if ((r = demand(L, "Your name: ", L->policy.name_min, BG_M_NAME_SHORT, s->name)) != BG_OK)
        return r;
    (void)snprintf(prompt, sizeof prompt, "Reason, at least %u letters: ", L->policy.reason_min);
    if ((r = demand(L, prompt, L->policy.reason_min, BG_M_REASON_SHORT, s->reason)) != BG_OK)
        return r;
    return L->policy.ticket_required ? ask_ticket(L, s->ticket) : BG_OK;
}
