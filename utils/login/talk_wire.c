/* SPDX-License-Identifier: ISC */
#include "login/talk.h"

#include <stdio.h>
#include "base/secret.h"

static enum bg_err send_prompt(struct talk *t, enum bg_style style, const char *text)
{
    struct bg_wire_packet m = {.kind = BG_K_PROMPT};

    m.u.prompt.style = style;
    (void)snprintf(m.u.prompt.text, sizeof m.u.prompt.text, "%s", text);
    return bg_packet_send(t->fd, bg_wire, &m, t->deadline);
}

static enum bg_err wire_ask(struct talk *t, enum bg_style style, const char *prompt, struct bg_answer *a)
{
    struct bg_wire_packet m;
    enum bg_err r;

    if ((r = send_prompt(t, style, prompt)) != BG_OK)
        return r;
    if ((r = bg_packet_recv(t->fd, BG_WATCH_NOTHING, bg_wire, &m, t->deadline)) != BG_OK)
        return r;
    if (m.kind != BG_K_ANSWER)
        r = BG_E_PROTO;
    else if (m.u.answer.state == BG_ANSWER_TOO_LONG)
        r = BG_E_RANGE;
    else if (m.u.answer.state != BG_ANSWER_GIVEN)
        r = BG_E_CANCEL;
    else
        *a = m.u.answer;
    bg_wipe(&m, sizeof m);
    return r;
}

void talk_over_wire(struct talk *t, int fd, int64_t deadline)
{
    *t = (struct talk){.say = send_prompt, .ask = wire_ask, .watch = fd, .fd = fd, .deadline = deadline};
}
