/* breakglass-login: see login.h. */
#include "login/login.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "login/process.h"
#include "login/messages.h"

#define RELAY_FD   3
#define HELLO_MS   10000 /* the module sends its first message at once */
#define VERDICT_MS 5000
#define NOT_LOADED 900 /* seconds for the dialogue until policy is read */

/* struct login is large and holds what was typed: one, static, wiped at the end. */
static struct login login;

static uint32_t run_phase(struct login *L, struct bg_verdict *v)
{
    const char *limit = "";

    login_context(L);
    L->talk.deadline = bg_deadline((int64_t)L->policy.dialogue_timeout * 1000);
    if (process_raise_limits(&limit) != BG_OK) {
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

static int serve_relay(void)
{
    struct bg_wire_packet m, out = {.kind = BG_K_VERDICT};

    talk_over_wire(&login.talk, RELAY_FD, bg_deadline((int64_t)NOT_LOADED * 1000));
    if (bg_wire_recv(RELAY_FD, &m, bg_deadline(HELLO_MS)) != BG_OK || m.kind != BG_K_HELLO)
        return 3;
    login.hello = m.u.hello;
    out.u.verdict.verdict = run_phase(&login, &out.u.verdict);
    memcpy(out.u.verdict.use, login.use, sizeof out.u.verdict.use);
    if (bg_wire_send(RELAY_FD, &out, bg_deadline(VERDICT_MS)) == BG_OK)
        return out.u.verdict.verdict == BG_VERDICT_ALLOW ? 0 : 1;
    if (out.u.verdict.verdict == BG_VERDICT_ALLOW && login.hello.phase == BG_PHASE_AUTH)
        (void)login_record_msg(&login, BG_EV_ATTEMPT_ABORTED, false, BG_M_HUNG_UP, BG_ARGS(login.hello.user));
    return 1;
}

/* Run `argv` in the place of this program: the way into a shell in rescue mode. */
static int become(char *const argv[])
{
    bg_wipe(&login, sizeof login);
    (void)signal(SIGPIPE, SIG_DFL); /* what is ignored stays so across exec */
    (void)signal(SIGXFSZ, SIG_DFL);
    execvp(argv[0], argv);
    (void)fprintf(stderr, "breakglass-login: %s: %s\n", argv[0], strerror(errno));
    return 3;
}

static int serve_terminal(const char *account, char *const command[])
{
    const char *tty = ttyname(STDIN_FILENO);
    struct bg_verdict v;
    uint32_t verdict;

    talk_on_terminal(&login.talk, bg_deadline((int64_t)NOT_LOADED * 1000));
    login.hello.phase = BG_PHASE_AUTH;
    login.hello.host_pid = getpid();
    (void)snprintf(login.hello.user, sizeof login.hello.user, "%s", account);
    (void)snprintf(login.hello.service, sizeof login.hello.service, "breakglass-tty");
    (void)snprintf(login.hello.tty, sizeof login.hello.tty, "%s", tty == NULL ? "" : tty);
    verdict = run_phase(&login, &v);
    if (verdict != BG_VERDICT_ALLOW)
        return 1;
    return command[0] == NULL ? 0 : become(command);
}

static int usage(FILE *to, int rc)
{
    (void)fprintf(to, "usage: breakglass-login --tty ACCOUNT [COMMAND [ARGUMENT ...]]\n"
                      "       breakglass-login --relay        (started by pam_breakglass.so)\n");
    return rc;
}

/* --help and --version, as every program of the GNU build system answers them; else -1. */
static int about(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("breakglass-login %s\n", PACKAGE_VERSION) > 0 ? 0 : 3;
    return -1;
}

int main(int argc, char **argv)
{
    bool relay = argc == 2 && strcmp(argv[1], "--relay") == 0;
    bool terminal = argc >= 3 && strcmp(argv[1], "--tty") == 0 && bg_name_valid(argv[2]);
    int rc = about(argc, argv);

    if (rc >= 0)
        return rc;
    if (!relay && !terminal)
        return usage(stderr, 2);
    if (terminal && getuid() != 0) {
        (void)fprintf(stderr, "breakglass-login: --tty is for root\n");
        return 3;
    }
    if (process_become_plain_root() != BG_OK) {
        (void)fprintf(stderr, "breakglass-login: must run as root\n");
        return 3;
    }
    rc = relay ? serve_relay() : serve_terminal(argv[2], argv + 3);
    bg_wipe(&login, sizeof login);
    return rc;
}
