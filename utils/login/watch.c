/* SPDX-License-Identifier: ISC */
/* A session has a limit, and somebody must look at the clock: a process that stays until the session ends. It
 * sees too whether a person has a shell there that nothing records. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "account/accounts.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/host.h"
#include "base/process.h"
#include "base/safefile.h"
#include "delivery/bell.h"
#include "login/login.h"
#include "login/messages.h"
#include "login/recording.h"
#include "programs.h"
#include "record/limit.h"
#include "record/survivor.h"
#include "record/tally.h"

#define START_MS 5000  /* a disk that hangs must not hold up whoever logs in */
#define LOOK_MS  30000 /* so much later than it is due something may be told */
#define FIRST_MS 500   /* of the first looks, each twice as long after the one before: a shell may be short */

struct whose {
    const char *account, *use;
};

/* In a child that ends at once, so that nobody has to wait for it. */
static enum bg_err start(void *arg, void *out)
{
    const struct whose *w = arg;
    const char *const argv[] = {"breakglass-login", "--watch", w->account, w->use, NULL};
    static const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL};
    const struct bg_program program = {.path = PROGRAM_LOGIN, .argv = argv, .fds = fds, .n = 3};
    pid_t pid;

    (void)out;
    return bg_process_start(&program, &pid);
}

void watch_start(const struct login *L)
{
    struct whose w = {L->account.name, L->use};

    bg_limit_opened(NULL, NULL, w.account, w.use);
    (void)!bg_child_run(start, &w, START_MS, NULL, 0, NULL); /* the sweep looks too, more rarely */
}

/* Who holds the use now; 0: nobody does, or it is closed. */
static int64_t holder(const char *account, const char *use)
{
    static struct bg_tally t;

    if (bg_state_tally(NULL, NULL, account, &t) != BG_OK)
        return 0;
    for (size_t i = 0; i < t.uses && i < BG_TALLY_USES; i++) {
        const struct bg_tally_use *u = &t.use[i];
        if (strcmp(u->id, use) == 0)
            return !u->closed && u->boot == bg_boot_number() && u->pid > 0 &&
                           bg_host_pid_start(u->pid) == u->pid_start
                       ? u->pid
                       : 0;
    }
    return 0;
}

/* Until the process has ended, and ms at most; in small steps where the kernel cannot tell (before 5.3).
 */
static void wait_for_end(int64_t pid, int64_t ms)
{
    int64_t end = bg_deadline(ms);
    uint64_t start_of = bg_host_pid_start(pid);
#ifdef SYS_pidfd_open
    struct pollfd pf = {.fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0), .events = POLLIN};

    if (pf.fd >= 0) {
        (void)poll(&pf, 1, bg_left_ms(end));
        (void)close(pf.fd);
        return;
    }
#endif
    while (bg_left_ms(end) > 0 && start_of != 0 && bg_host_pid_start(pid) == start_of)
        bg_sleep_ms(1000);
}

/* --- a shell that nothing records ----------------------------------------------------------------- */

struct session {
    char account[64], use[BG_ULID_LEN + 1], shell[PATH_MAX];
    uid_t uid;
    int64_t seen_ms; /* when its shell was seen first; 0: not yet */
    bool told;
};

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Is it the account's shell, and no command that was given to it? */
static bool is_shell(int64_t pid, const char *shell)
{
    char text[4096];
    size_t n = bg_host_pid_file(pid, "cmdline", text, sizeof text);
    const char *name = text[0] == '-' ? text + 1 : last_part(text);

    if (n == 0 || strcmp(name, last_part(shell)) != 0)
        return false;
    for (size_t at = strlen(text) + 1; at < n; at += strlen(text + at) + 1)
        if (text[at] == '-' && text[at + 1] != '-' && strchr(text + at, 'c') != NULL) /* "-c", or "-lc" */
            return false;
    return true;
}

/* It is told while it goes on; LOOK_MS later than it was seen, since what it reads before our own lines in
 * its profile may be slow. Of one that ends sooner the end of the session tells. */
static void look_for_shell(struct session *s, struct bg_recorder *rec)
{
    struct bg_survivors found;
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where;
    char text[BG_MSG_MAX];
    const char *why;

    if (s->told || bg_survivors_of(s->use, s->uid, 0, &found) != BG_OK || found.pid == 0 ||
        !is_shell(found.pid, s->shell))
        return;
    recording_saw_shell(s->use);
    if (s->seen_ms == 0)
        s->seen_ms = bg_now_ms();
    if (bg_now_ms() - s->seen_ms < LOOK_MS)
        return;
    s->told = true;
    if (*(why = recording_missing(s->use, true, s->uid)) == '\0')
        return;
    recording_said(s->use);
    (void)bg_msg_raw(text, sizeof text, BG_M_SESSION_UNRECORDED, BG_ARGS(s->account, why));
    e.type = BG_EV_SESSION_UNRECORDED;
    e.account = s->account;
    e.use = s->use;
    e.message = text;
    e.detail = why;
    (void)!bg_record(rec, &e, &where, NULL);
    (void)!bg_bell_ring(PROGRAM_ALERT);
}

/* --- the whole ------------------------------------------------------------------------------------ */

static bool find_account(struct session *s)
{
    char text[BG_ACCOUNTS_MAX];
    struct bg_account a;

    if (bg_account_by_name(BG_ACCOUNTS_PATH, s->account, text, &a) != BG_OURS)
        return false;
    s->uid = a.uid;
    (void)snprintf(s->shell, sizeof s->shell, "%s", a.shell);
    return true;
}

int watch_run(const char *account, const char *use)
{
    static struct bg_policy policy;
    static struct session s;
    struct bg_faults faults;
    struct bg_recorder rec;
    struct bg_limit limit;
    int64_t pid, pause = FIRST_MS;

    (void)snprintf(s.account, sizeof s.account, "%s", account);
    (void)snprintf(s.use, sizeof s.use, "%s", use);
    /* a policy that is changed meanwhile counts from the next look on */
    for (; (pid = holder(account, use)) != 0 && find_account(&s);
         pause = pause < LOOK_MS ? 2 * pause : LOOK_MS) {
        (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults);
        bg_recorder_init(&rec);
        rec.timeout_ms = policy.journal_timeout;
        rec.syslog_path = policy.syslog ? NULL : "";
        limit = (struct bg_limit){(int64_t)policy.session_limit * 60000, policy.session_end};
        if (bg_limit_look(&rec, account, s.uid, &limit) > 0 && policy.sinks.n > 0)
            (void)!bg_bell_ring(PROGRAM_ALERT);
        if (policy.session_record)
            look_for_shell(&s, &rec);
        wait_for_end(pid, pause < LOOK_MS ? pause : LOOK_MS);
    }
    return 0;
}
