/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

#define COLUMNS   79 /* where the terminal tells none */
#define NARROWEST 20
#define SSH_COLUMNS                                                                                          \
    50 /* no terminal is there yet, and the client puts "(name@host) " before the first line */
#define TOO_LONG_MAX 5      /* answers, one after the other */
#define LAST_MS      30000  /* to read the last word over ssh */
#define GO_ON_MS     300000 /* half of what a grant's token lives */

void login_fit(const struct login *L, char *text)
{
    size_t n = strlen(text), columns = L->columns;
    bool ends_blank = n > 0 && text[n - 1] == ' '; /* of a question: it must not become a line's end */

    if (decide_is_sshd(&L->hello))
        columns = SSH_COLUMNS;
    else if (columns < NARROWEST || columns > COLUMNS)
        columns = COLUMNS;
    if (ends_blank)
        text[n - 1] = '\0';
    bg_text_wrap(text, columns, columns);
    if (ends_blank)
        text[n - 1] = ' ';
}

enum bg_err login_say(struct login *L, enum bg_style style, const struct bg_message *id,
                      const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)bg_msg_say(text, sizeof text, id, args);
    login_fit(L, text);
    return L->talk.say(&L->talk, style, text);
}

enum bg_err login_say_late(struct login *L, enum bg_style style, const struct bg_message *id,
                           const char *const *args)
{
    char text[BG_MSG_MAX];
    size_t at = strlen(L->late);

    if (!decide_is_sshd(&L->hello))
        return login_say(L, style, id, args);
    (void)bg_msg_say(text, sizeof text, id, args);
    login_fit(L, text);
    (void)snprintf(L->late + at, sizeof L->late - at, "%s\n", text);
    return BG_OK;
}

enum bg_err login_go_on(struct login *L)
{
    char prompt[sizeof L->late + 32];
    struct bg_answer a;
    int64_t until = bg_deadline(GO_ON_MS);
    enum bg_err r;

    if (!decide_is_sshd(&L->hello))
        return BG_OK;
    (void)snprintf(prompt, sizeof prompt, "%sPress Enter to go on: ", L->late);
    if (until < L->talk.deadline)
        L->talk.deadline = until;
    r = L->talk.ask(&L->talk, BG_STYLE_ECHO_OFF, prompt, &a);
    if (r == BG_OK)
        bg_wipe(&a, sizeof a);
    return r == BG_E_RANGE ? BG_OK : r;
}

enum bg_err login_pause(struct login *L, int64_t ms)
{
    struct pollfd pf = {.fd = L->talk.watch, .events = 0};
    int64_t end = bg_deadline(ms);
    int n = 0;

    while (n == 0 && bg_left_ms(end) > 0) {
        int left = bg_left_ms(end), rest = bg_left_ms(L->talk.deadline);
        if (rest == 0)
            return BG_E_TIMEOUT;
        n = poll(&pf, 1, left < rest ? left : rest);
        if (n < 0 && errno == EINTR)
            n = 0;
    }
    return n > 0 ? BG_E_EOF : BG_OK;
}

enum bg_err login_refuse(struct login *L, const struct bg_message *id, const char *const *args)
{
    L->cause = id;
    (void)bg_msg_say(L->last, sizeof L->last, id, args);
    (void)bg_msg_raw(L->recordable, sizeof L->recordable, id, args);
    return BG_E_REFUSED;
}

enum bg_err login_ask(struct login *L, enum bg_style style, const char *question, bool q_leaves,
                      struct bg_answer *a)
{
    char prompt[BG_MSG_MAX];
    enum bg_err r = BG_E_RANGE;

    (void)snprintf(prompt, sizeof prompt, "%s", question);
    login_fit(L, prompt);
    for (int tries = 0; tries < TOO_LONG_MAX && r == BG_E_RANGE; tries++) {
        r = L->talk.ask(&L->talk, style, prompt, a);
        if (r == BG_E_RANGE && login_say(L, BG_STYLE_ERROR, BG_M_ANSWER_TOO_LONG, BG_NOARGS) != BG_OK)
            return BG_E_EOF;
    }
    if (r == BG_E_RANGE)
        return login_refuse(L, BG_M_ANSWER_TOO_LONG, BG_NOARGS);
    if (r == BG_OK && decide_is_sshd_junk(a->text, a->len)) {
        bg_wipe(a, sizeof *a);
        return sshd_refused(L);
    }
    if (r == BG_OK) /* an answer that is read by people keeps what is hostile in it, as evidence */
        a->len = q_leaves || style == BG_STYLE_ECHO_OFF ? bg_text_typed(a->text, a->len)
                                                        : bg_text_unpaste(a->text, a->len);
    if (r == BG_OK && q_leaves && decide_leaves(a->text))
        return BG_E_CANCEL;
    return r;
}

void login_say_last(struct login *L)
{
    char text[BG_MSG_MAX], prompt[BG_MSG_MAX + 32];
    struct bg_answer a;
    int64_t until = bg_deadline(LAST_MS);

    (void)snprintf(text, sizeof text, "%s", L->last);
    login_fit(L, text);
    if (!decide_is_sshd(&L->hello)) {
        (void)!L->talk.say(&L->talk, BG_STYLE_ERROR, text);
        return;
    }
    (void)snprintf(prompt, sizeof prompt, "%s\nPress Enter: ", text);
    if (until < L->talk.deadline)
        L->talk.deadline = until;
    if (L->talk.ask(&L->talk, BG_STYLE_ECHO_ON, prompt, &a) == BG_OK)
        bg_wipe(&a, sizeof a);
}
