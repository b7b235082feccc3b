#include "relay.h"

#include <string.h>
#include "base/clock.h"
#include "base/secret.h"
#include "converse.h"
#include "handle.h"

/* The next deadline: the quiet time, or the end of the whole dialogue if that is nearer. */
static int64_t quiet_until(int64_t end)
{
    int64_t quiet = bg_deadline(BG_RELAY_QUIET_MS);

    return quiet < end ? quiet : end;
}

static enum bg_err greet(int fd, const struct bg_hello *hello, int64_t end)
{
    struct bg_wire_packet m;

    memset(&m, 0, sizeof m);
    m.kind = BG_K_HELLO;
    m.u.hello = *hello;
    return bg_wire_send(fd, &m, quiet_until(end));
}

/* The one place where a secret passes through this process. It is gone when the function returns. */
static enum bg_err ask(pam_handle_t *pamh, int fd, const struct bg_prompt *p, int64_t end)
{
    struct bg_wire_packet m;
    enum bg_err r;

    memset(&m, 0, sizeof m);
    m.kind = BG_K_ANSWER;
    bg_ask(pamh, p->style, p->text, &m.u.answer);
    r = bg_wire_send(fd, &m, quiet_until(end));
    bg_wipe(&m, sizeof m);
    return r;
}

static enum bg_err relay_prompt(pam_handle_t *pamh, int fd, const struct bg_prompt *p, bool silent,
                                int64_t end)
{
    switch (p->style) {
    case BG_STYLE_ECHO_ON:
    case BG_STYLE_ECHO_OFF:
        return ask(pamh, fd, p, end);
    case BG_STYLE_INFO:
        if (!silent)
            bg_show(pamh, p->style, p->text);
        return BG_OK;
    case BG_STYLE_ERROR:
        bg_show(pamh, p->style, p->text);
        return BG_OK;
    }
    return BG_E_PROTO;
}

enum bg_err bg_relay(pam_handle_t *pamh, int fd, const struct bg_hello *hello, bool silent,
                     struct bg_verdict *v)
{
    int64_t end = bg_deadline(BG_RELAY_DIALOGUE_MS);
    struct bg_wire_packet m;
    enum bg_err r = greet(fd, hello, end);

    while (r == BG_OK) {
        if (bg_left_ms(end) == 0) /* a helper that never stops talking would never time out in recv */
            return BG_E_TIMEOUT;
        if ((r = bg_wire_recv(fd, &m, quiet_until(end))) != BG_OK)
            return r;
        if (m.kind == BG_K_VERDICT)
            break;
        r = m.kind == BG_K_PROMPT ? relay_prompt(pamh, fd, &m.u.prompt, silent, end) : BG_E_PROTO;
    }
    if (r != BG_OK)
        return r;
    if (m.u.verdict.use[0] != '\0' && !bg_use_valid(m.u.verdict.use))
        return BG_E_PROTO;
    *v = m.u.verdict;
    return BG_OK;
}
