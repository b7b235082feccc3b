#include "consult.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "converse.h"
#include "handle.h"
#include "relay.h"
#include "spawn.h"
#include "timer.h"
#include "messages.h"

/* The stand-in for the host's alarm rings only after the relay has had time to end by itself. */
#define STAND_IN_MS (BG_RELAY_DIALOGUE_MS + BG_HELPER_LEAVE_MS + BG_HELPER_KILL_MS + 2000)

static void fill_hello(const struct bg_call *c, enum bg_phase phase, struct bg_hello *h)
{
    const struct bg_kept *k = bg_handle_kept(c->pamh, c->user);

    memset(h, 0, sizeof *h);
    h->phase = phase;
    h->flags = c->flags;
    h->host_pid = getpid();
    h->caller_uid = getuid();
    h->granted = k != NULL && k->granted == BG_GRANTED;
    bg_handle_use(c->pamh, c->user, h->use);
    memcpy(h->user, c->user, sizeof h->user);
    bg_handle_item(c->pamh, PAM_SERVICE, h->service);
    bg_handle_item(c->pamh, PAM_TTY, h->tty);
    bg_handle_item(c->pamh, PAM_RHOST, h->rhost);
    bg_handle_item(c->pamh, PAM_RUSER, h->ruser);
}

static void explain(const struct bg_call *c, enum bg_phase phase, const struct bg_message *id,
                    const char *const *args)
{
    char text[BG_MSG_MAX];

    bg_log_message(c->pamh, c->word, id, args);
    if (phase != BG_PHASE_AUTH)
        return;
    (void)bg_msg_text(text, sizeof text, id, args);
    bg_show(c->pamh, BG_STYLE_ERROR, text);
}

/* Why there is no verdict; `sys` is errno of that moment. */
static void explain_error(const struct bg_call *c, enum bg_phase phase, enum bg_err r, bool started, int sys)
{
    const char *reason = strerrordesc_np(sys); /* not strerror: no locale, no shared buffer */

    if (!started)
        explain(c, phase, BG_M_RELAY_NO_HELPER,
                BG_ARGS(reason == NULL ? "unknown error" : reason, BG_HELPER_PATH));
    else if (r == BG_E_EOF)
        explain(c, phase, BG_M_RELAY_EOF, BG_NOARGS);
    else if (r == BG_E_PROTO)
        explain(c, phase, BG_M_RELAY_PROTO, BG_NOARGS);
    else if (r == BG_E_TIMEOUT)
        explain(c, phase, BG_M_RELAY_TIMEOUT, BG_NOARGS);
    else
        explain(c, phase, BG_M_RELAY_IO, BG_ARGS(r == BG_E_IO && reason != NULL ? reason : bg_strerror(r)));
}

static enum bg_err converse_with_helper(const struct bg_call *c, enum bg_phase phase, struct bg_verdict *v)
{
    struct bg_hello hello;
    struct bg_helper helper;
    bool silent = (c->flags & PAM_SILENT) != 0, started = false;
    int sys;
    enum bg_err r, end;

    fill_hello(c, phase, &hello);
    if ((r = bg_helper_start(&helper)) == BG_OK) {
        started = true;
        r = bg_relay(c->pamh, helper.fd, &hello, silent, v);
    }
    sys = errno;
    if (started && (end = bg_helper_end(&helper)) != BG_OK && r == BG_OK)
        r = end;
    if (r != BG_OK)
        explain_error(c, phase, r, started, sys);
    return r;
}

enum bg_err bg_consult(const struct bg_call *c, enum bg_phase phase, struct bg_verdict *v)
{
    struct bg_verdict said = {.verdict = BG_VERDICT_DENY};
    struct bg_timer alarm_was;
    enum bg_err r;

    bg_timer_pause(&alarm_was, STAND_IN_MS);
    r = converse_with_helper(c, phase, &said);
    bg_timer_resume(&alarm_was);
    if (r != BG_OK)
        return r;
    if (said.verdict != BG_VERDICT_ALLOW)
        return BG_E_REFUSED;
    if (!bg_handle_user_is(c->pamh, c->user)) {
        explain(c, phase, BG_M_GATE_USER_CHANGED, BG_ARGS(c->user));
        return BG_E_MISMATCH;
    }
    *v = said;
    return BG_OK;
}
