/* SPDX-License-Identifier: ISC */
/* A session has a limit, and somebody must look at the clock: a process that stays until the session ends. */
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
#include "programs.h"
#include "record/limit.h"
#include "record/tally.h"

#define START_MS 5000  /* a disk that hangs must not hold up whoever logs in */
#define LOOK_MS  30000 /* so much later than it is due something may be told */

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

/* Until the process has ended, and LOOK_MS at most; in small steps where the kernel cannot tell (before 5.3).
 */
static void wait_for_end(int64_t pid)
{
    int64_t end = bg_deadline(LOOK_MS);
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

static bool uid_of(const char *account, uid_t *uid)
{
    char text[BG_ACCOUNTS_MAX];
    struct bg_account a;

    if (bg_account_by_name(BG_ACCOUNTS_PATH, account, text, &a) != BG_OURS)
        return false;
    *uid = a.uid;
    return true;
}

int watch_run(const char *account, const char *use)
{
    static struct bg_policy policy;
    struct bg_faults faults;
    struct bg_recorder rec;
    struct bg_limit limit;
    int64_t pid;
    uid_t uid;

    /* a policy that is changed meanwhile counts from the next look on */
    while ((pid = holder(account, use)) != 0 && uid_of(account, &uid)) {
        (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults);
        bg_recorder_init(&rec);
        rec.timeout_ms = policy.journal_timeout;
        rec.syslog_path = policy.syslog ? NULL : "";
        limit = (struct bg_limit){(int64_t)policy.session_limit * 60000, policy.session_end};
        if (bg_limit_look(&rec, account, uid, &limit) > 0 && policy.sinks.n > 0)
            (void)!bg_bell_ring(PROGRAM_ALERT);
        wait_for_end(pid);
    }
    return 0;
}
