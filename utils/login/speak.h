/* Saying and asking, in the words of the tables, and the sentence that ends a dialogue without a grant. */
#ifndef BG_LOGIN_SPEAK_H
#define BG_LOGIN_SPEAK_H

#include "login/context.h"
#include "login/messages.h"

/* A number as an argument of a message; good until the end of the block. */
#define NUMBER(n) login_number((char[24]){0}, (int64_t)(n))
const char *login_number(char out[24], int64_t n);

/* Show a message with what to do next. BG_OK; BG_E_EOF, BG_E_TIMEOUT, BG_E_IO from the conversation. */
enum bg_err login_say(struct login *L, enum bg_style style, const struct bg_message *id,
                      const char *const *args);

/*
 * Ask for one line; the caller wipes *a. A too long answer is told and asked again (5 times); what sshd types
 * for a user whom it has refused itself sets L->cause and is BG_E_REFUSED; "q" alone is BG_E_CANCEL where
 * `q_leaves`. Otherwise as talk.ask.
 */
BG_MUST_CHECK enum bg_err login_ask(struct login *L, enum bg_style style, const char *prompt, bool q_leaves,
                                    struct bg_answer *a);

/* Name the sentence that ends the dialogue in L->cause and L->last. Returns BG_E_REFUSED. */
enum bg_err login_refuse(struct login *L, const struct bg_message *id, const char *const *args);

/*
 * Show L->last. sshd keeps text back until the next question and drops it when none comes, so there it is a
 * question of its own, answered by Enter within half a minute.
 */
void login_say_last(struct login *L);

#endif
