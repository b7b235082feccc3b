/* SPDX-License-Identifier: ISC */
#include "consult.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/text.h"
#include "converse.h"
#include "handle.h"
#include "messages.h"

#define HELPER_PATH BG_HELPERDIR "/breakglass-login"

/* --- the conversation: hello, prompts and answers, verdict --------------------------------------- */

static void fill_hello(const struct bg_call *c, enum bg_phase phase, struct bg_hello *h)
{
    const struct bg_kept *k = bg_handle_kept(c->pamh, c->user);

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
    bg_handle_sshd(c->pamh, h->service, h->sshd);
}

/* The next deadline: the quiet time, or the end of the whole dialogue if that is nearer. */
static int64_t quiet_until(int64_t end)
{
    int64_t quiet = bg_deadline(BG_RELAY_QUIET_MS);

    return quiet < end ? quiet : end;
}

static enum bg_err greet(const struct bg_call *c, enum bg_phase phase, int fd, int64_t end)
{
    struct bg_wire_packet m = {.kind = BG_K_HELLO};

    fill_hello(c, phase, &m.u.hello);
    return bg_packet_send(fd, bg_wire, &m, quiet_until(end));
}

/* The one place where a secret passes through this process. It is gone when the function returns. */
static enum bg_err ask(const struct bg_call *c, int fd, const struct bg_prompt *p, int64_t end)
{
    struct bg_wire_packet m = {.kind = BG_K_ANSWER};
    enum bg_err r;

    bg_ask(c->pamh, p->style, p->text, &m.u.answer);
    r = bg_packet_send(fd, bg_wire, &m, quiet_until(end));
    bg_wipe(&m, sizeof m);
    return r;
}

static enum bg_err relay_prompt(const struct bg_call *c, int fd, const struct bg_prompt *p, int64_t end)
{
    if (p->style == BG_STYLE_ECHO_ON || p->style == BG_STYLE_ECHO_OFF)
        return ask(c, fd, p, end);
    if (p->style == BG_STYLE_ERROR || (c->flags & PAM_SILENT) == 0)
        bg_show(c->pamh, p->style, p->text);
    return BG_OK;
}

static enum bg_err relay(const struct bg_call *c, enum bg_phase phase, int fd, struct bg_verdict *v)
{
    int64_t end = bg_deadline(BG_RELAY_DIALOGUE_MS);
    struct bg_wire_packet m;
    enum bg_err r = greet(c, phase, fd, end);

    while (r == BG_OK) {
        if (bg_left_ms(end) == 0) /* a helper that never stops talking would never time out in recv */
            return BG_E_TIMEOUT;
        if ((r = bg_packet_recv(fd, BG_WATCH_NOTHING, bg_wire, &m, quiet_until(end))) != BG_OK)
            return r;
        if (m.kind == BG_K_VERDICT)
            break;
        r = m.kind == BG_K_PROMPT ? relay_prompt(c, fd, &m.u.prompt, end) : BG_E_PROTO;
    }
    if (r != BG_OK)
        return r;
    if (m.u.verdict.use[0] != '\0' && !bg_ulid_valid(m.u.verdict.use))
        return BG_E_PROTO;
    *v = m.u.verdict;
    return BG_OK;
}

/* --- what went wrong ------------------------------------------------------------------------------ */

static void explain(const struct bg_call *c, enum bg_phase phase, const struct bg_message *id,
                    const char *const *args)
{
    char text[BG_MSG_MAX];

    bg_log_message(c->pamh, c->word, id, args);
    if (phase != BG_PHASE_AUTH)
        return;
    bg_message_lines(text, id, args);
    bg_show(c->pamh, BG_STYLE_ERROR, text);
}

/* Why there is no verdict; `sys` is errno of that moment. */
static void explain_error(const struct bg_call *c, enum bg_phase phase, enum bg_err r, bool started, int sys)
{
    const char *reason = strerrordesc_np(sys); /* not strerror: no locale, no shared buffer */

    if (!started)
        explain(c, phase, BG_M_RELAY_NO_HELPER,
                BG_ARGS(reason == NULL ? "unknown error" : reason, HELPER_PATH));
    else if (r == BG_E_EOF)
        explain(c, phase, BG_M_RELAY_EOF, BG_NOARGS);
    else if (r == BG_E_PROTO)
        explain(c, phase, BG_M_RELAY_PROTO, BG_NOARGS);
    else if (r == BG_E_TIMEOUT)
        explain(c, phase, BG_M_RELAY_TIMEOUT, BG_NOARGS);
    else
        explain(c, phase, BG_M_RELAY_IO, BG_ARGS(r == BG_E_IO && reason != NULL ? reason : bg_strerror(r)));
}

/* --- the helper, beside a host process that may be hostile (su is started by anybody) -------------- */

struct helper {
    pid_t pid;
    int fd;
};

/* In a session of its own: a Ctrl-C at login's prompt must not kill it, it has to record the hang-up. */
static enum bg_err start(struct helper *h)
{
    static const char *const argv[] = {"breakglass-login", "--relay", NULL};

    return bg_process_talk(HELPER_PATH, argv, BG_FD_NULL, &h->pid, &h->fd);
}

/*
 * Half-close, wait for the exit, kill, close. BG_E_PROTO when the helper had more to say after its last word;
 * neither exit status nor a slow exit means anything, because the host's own SIGCHLD handling may take both
 * from us.
 */
static enum bg_err end(struct helper *h)
{
    char more;
    bool quiet;

    (void)shutdown(h->fd, SHUT_WR);
    (void)!bg_process_end(h->pid, BG_HELPER_LEAVE_MS, BG_HELPER_KILL_MS, NULL);
    quiet = recv(h->fd, &more, sizeof more, MSG_DONTWAIT) <= 0;
    (void)close(h->fd);
    return quiet ? BG_OK : BG_E_PROTO;
}

static enum bg_err talk(const struct bg_call *c, enum bg_phase phase, struct bg_verdict *v)
{
    struct helper helper;
    int sys;
    enum bg_err r = start(&helper), ended;
    bool started = r == BG_OK;

    if (started)
        r = relay(c, phase, helper.fd, v);
    sys = errno;
    if (started && (ended = end(&helper)) != BG_OK && r == BG_OK)
        r = ended;
    if (r != BG_OK)
        explain_error(c, phase, r, started, sys);
    return r;
}

/* --- the host's alarm ----------------------------------------------------------------------------- */

/*
 * login(1) kills itself after LOGIN_TIMEOUT (60 s), too short for typing shares. Its alarm is replaced by a
 * bound of ours, which rings only after the relay has had time to end by itself, then put back with what it
 * had left. A host without a running alarm gets none.
 */
#define STAND_IN_S ((BG_RELAY_DIALOGUE_MS + BG_HELPER_LEAVE_MS + BG_HELPER_KILL_MS) / 1000 + 2)

static bool pause_alarm(struct itimerval *was)
{
    const struct itimerval bound = {{0, 0}, {STAND_IN_S, 0}};

    return getitimer(ITIMER_REAL, was) == 0 && (was->it_value.tv_sec != 0 || was->it_value.tv_usec != 0) &&
           setitimer(ITIMER_REAL, &bound, NULL) == 0;
}

static void resume_alarm(struct itimerval *was)
{
    if (was->it_value.tv_sec < 1)
        was->it_value = (struct timeval){1, 0};
    (void)setitimer(ITIMER_REAL, was, NULL);
}

enum bg_err bg_consult(const struct bg_call *c, enum bg_phase phase, struct bg_verdict *v)
{
    struct bg_verdict said = {.verdict = BG_VERDICT_DENY};
    struct itimerval was;
    bool paused = pause_alarm(&was);
    enum bg_err r = talk(c, phase, &said);

    if (paused)
        resume_alarm(&was);
    if (r != BG_OK)
        return r;
    if (said.verdict == BG_VERDICT_LEAVE)
        return BG_E_CANCEL;
    if (said.verdict != BG_VERDICT_ALLOW)
        return BG_E_REFUSED;
    if (!bg_handle_user_is(c->pamh, c->user)) {
        explain(c, phase, BG_M_GATE_USER_CHANGED, BG_ARGS(c->user));
        return BG_E_MISMATCH;
    }
    *v = said;
    return BG_OK;
}
