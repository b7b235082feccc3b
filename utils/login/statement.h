/* Who and why. Both are required; what is typed is hostile text and is cleaned when it is recorded. */
#ifndef BG_LOGIN_STATEMENT_H
#define BG_LOGIN_STATEMENT_H

#include "login/context.h"

struct statement {
    char name[BG_ANSWER_MAX], reason[BG_ANSWER_MAX], ticket[BG_ANSWER_MAX]; /* trimmed, as typed */
};

/* Ask until policy is content: at most 10 tries each, then BG_E_REFUSED. Otherwise as login_ask. */
BG_MUST_CHECK enum bg_err login_statement(struct login *L, struct statement *s);

/*
 * Letters of s that a reader will see: blanks, hostile characters and broken bytes do not count. *hostile is
 * set when there is something in it that will be recorded in escaped form.
 */
size_t statement_letters(const char *s, bool *hostile);

/* True when the expression matches the whole ticket; an empty or broken expression matches everything. */
bool statement_ticket_fits(const char *pattern, const char *ticket);

#endif
