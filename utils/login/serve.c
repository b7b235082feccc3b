/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/terminal.h"
#include "config/messages.h"
#include "record/grant.h"

#define HELLO_MS   10000 /* the module sends its first message at once */
#define VERDICT_MS 5000
#define LOOK_MS    500    /* at the files that the sinks name */
#define UNREAD_MS  900000 /* for the dialogue until policy is read */

/* struct login is large and holds what was typed: one, static, wiped at the end. */
static struct login login;

static void say_policy_fault(struct login *L)
{
    const struct bg_ini_error *first = &L->policy_faults.fault[0];

    /* a typing error must not lock anybody out: the rest counts, and it is said */
    (void)login_say(L, BG_STYLE_INFO, BG_M_FILE_SYNTAX,
                    BG_ARGS(BG_POLICY_PATH, BG_DIGITS(first->line), first->text));
}

/* The first sink with a file that is of no use. */
struct sink_fault {
    const char *sink; /* NULL: none */
    struct bg_sink_fault f;
};

static enum bg_err look_at_sinks(void *arg, void *out)
{
    const struct bg_sinks *sinks = arg;
    struct sink_fault *first = out;

    for (unsigned i = 0; i < sinks->n && first->sink == NULL; i++)
        if (!bg_sink_look(&sinks->sink[i], 0, &first->f))
            first->sink = sinks->sink[i].name;
    return BG_OK;
}

/* In a child, because such a file may lie anywhere, and a disk that hangs must not hold a login up. */
static void say_sink_fault(struct login *L)
{
    struct sink_fault first = {0};

    if (L->policy.sinks.n > 0 &&
        bg_child_run(look_at_sinks, &L->policy.sinks, LOOK_MS, &first, sizeof first, NULL) == BG_OK &&
        first.sink != NULL)
        (void)login_say(L, BG_STYLE_INFO, BG_M_SINK_FILE,
                        BG_ARGS(first.sink, first.f.key, first.f.path, first.f.why));
}

static uint32_t too_many(struct login *L)
{
    const char *const *args = BG_ARGS(BG_DIGITS(CALLER_DIALOGUES), BG_DIGITS(L->hello.caller_uid));

    (void)login_record_msg(L, BG_EV_ATTEMPT_ABORTED, false, BG_M_CALLER_MANY, args);
    (void)login_say(L, BG_STYLE_ERROR, BG_M_CALLER_MANY, args);
    return BG_VERDICT_DENY;
}

static uint32_t run_phase(struct login *L, struct bg_verdict *v)
{
    const char *limit = "";
    int slot; /* held until this process ends */
    /* before anything is read or recorded: under a caller's limits no file can be opened or written */
    bool raised = process_raise_limits(&limit) == BG_OK;

    login_context(L);
    L->source = decide_source(&L->policy, &L->hello);
    if (L->hello.phase == BG_PHASE_AUTH && callers_take(CALLERS_DIR, L->hello.caller_uid, &slot) != BG_OK)
        return too_many(L);
    if (L->policy_state != BG_OK)
        say_policy_fault(L);
    if (L->hello.phase == BG_PHASE_AUTH)
        say_sink_fault(L);
    L->talk.deadline = bg_deadline((int64_t)L->policy.dialogue_timeout * 1000);
    if (!raised) {
        (void)login_say(L, BG_STYLE_ERROR, BG_M_LIMIT, BG_ARGS(limit));
        (void)login_record_msg(L, BG_EV_ATTEMPT_FAILED, false, BG_M_LIMIT, BG_ARGS(limit));
        return BG_VERDICT_DENY;
    }
    switch (L->hello.phase) {
    case BG_PHASE_AUTH:
        return login_authenticate(L);
    case BG_PHASE_ACCOUNT:
        return login_account(L);
    case BG_PHASE_OPEN:
        return login_open_session(L, v);
    case BG_PHASE_CLOSE:
        return login_close_session(L);
    }
    return BG_VERDICT_DENY;
}

/* A grant that did not arrive opened nothing: that is on record too. */
static int give_verdict(int fd, struct bg_wire_packet *out)
{
    bool allow = out->u.verdict.verdict == BG_VERDICT_ALLOW;

    if (bg_packet_send(fd, bg_wire, out, bg_deadline(VERDICT_MS)) == BG_OK)
        return allow ? 0 : 1;
    if (allow && login.hello.phase == BG_PHASE_AUTH)
        (void)login_record_msg(&login, BG_EV_ATTEMPT_ABORTED, false, BG_M_HUNG_UP, BG_ARGS(login.hello.user));
    bg_grant_drop(NULL, login.use);
    return 1;
}

int serve_relay(int fd)
{
    struct bg_wire_packet m, out = {.kind = BG_K_VERDICT};
    enum bg_err r = bg_packet_recv(fd, BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(HELLO_MS));
    int rc = 3;

    /* a module of another version cannot read this either, and tells the person so */
    if (r == BG_E_PROTO) {
        out.u.verdict.verdict = BG_VERDICT_DENY;
        (void)!bg_packet_send(fd, bg_wire, &out, bg_deadline(VERDICT_MS));
    } else if (r == BG_OK && m.kind == BG_K_HELLO) {
        talk_over_wire(&login.talk, fd, bg_deadline(UNREAD_MS));
        login.hello = m.u.hello;
        out.u.verdict.verdict = run_phase(&login, &out.u.verdict);
        memcpy(out.u.verdict.use, login.use, sizeof out.u.verdict.use);
        rc = give_verdict(fd, &out);
    }
    bg_credential_free(&login.credential);
    bg_wipe(&login, sizeof login);
    return rc;
}

/* Run `argv` in the place of this program: the way into a shell in rescue mode. */
static int become(char *const argv[], const char *use)
{
    if (bg_ulid_valid(use))
        (void)setenv(BG_USE_ENV, use, 1);
    (void)signal(SIGPIPE, SIG_DFL); /* what is ignored stays so across exec */
    (void)signal(SIGXFSZ, SIG_DFL);
    bg_terminal_settle(STDIN_FILENO);
    execvp(argv[0], argv);
    (void)fprintf(stderr, "breakglass-login: %s: %s\n", argv[0], strerror(errno));
    return 3;
}

int serve_terminal(const char *account, char *const command[])
{
    const char *tty = ttyname(STDIN_FILENO);
    struct bg_verdict v;
    char use[BG_ULID_LEN + 1];
    uint32_t verdict;

    talk_on_terminal(&login.talk, bg_deadline(UNREAD_MS));
    login.hello.phase = BG_PHASE_AUTH;
    login.alone = true;
    login.hello.host_pid = getpid();
    (void)snprintf(login.hello.user, sizeof login.hello.user, "%s", account);
    (void)snprintf(login.hello.service, sizeof login.hello.service, "breakglass-tty");
    (void)snprintf(login.hello.tty, sizeof login.hello.tty, "%s", tty == NULL ? "" : tty);
    verdict = run_phase(&login, &v);
    (void)snprintf(use, sizeof use, "%s", login.use);
    bg_credential_free(&login.credential);
    bg_wipe(&login, sizeof login);
    if (verdict != BG_VERDICT_ALLOW)
        return 1;
    return command[0] == NULL ? 0 : become(command, use);
}
