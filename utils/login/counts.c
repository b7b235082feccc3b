/* SPDX-License-Identifier: ISC */
/* What strangers did beyond their budget is counted; somebody must be there to tell when nobody comes any
 * more. */
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"
#include "delivery/bell.h"
#include "login/login.h"
#include "programs.h"
#include "record/budget.h"

#define START_MS 5000    /* a disk that hangs must not hold up whoever records */
#define LOOK_MS  60000   /* counts may become due later than was thought, but not much earlier */
#define STAY_MS  3600000 /* then the next event starts another one */

/* In a child that ends at once, so that nobody has to wait for it. */
static enum bg_err start(void *arg, void *out)
{
    static const char *const argv[] = {"breakglass-login", "--counts", NULL};
    static const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL};
    static const struct bg_program program = {.path = PROGRAM_LOGIN, .argv = argv, .fds = fds, .n = 3};
    pid_t pid;

    (void)arg;
    (void)out;
    return bg_process_start(&program, &pid);
}

void counts_start(void)
{
    int lock;

    if (bg_budget_wait_lock(NULL, NULL, &lock) != BG_OK)
        return; /* somebody waits already */
    bg_close(lock);
    (void)!bg_child_run(start, NULL, START_MS, NULL, 0, NULL);
}

/* True when the machine goes down meanwhile. */
static bool told_to_end(int64_t ms)
{
    const struct timespec t = {ms / 1000, (long)(ms % 1000 * 1000000)};
    sigset_t term;

    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &term, NULL);
    return sigtimedwait(&term, NULL, &t) == SIGTERM;
}

/* Until nothing is counted any more. False: the machine goes down, and all has been told that could be. */
static bool wait_and_record(struct bg_recorder *rec, bool sinks, int64_t end)
{
    struct bg_position at;
    bool last = false;
    int64_t ms;

    while ((ms = bg_budget_next(NULL, NULL)) >= 0 && bg_left_ms(end) > 0) {
        last = last || told_to_end(ms < LOOK_MS ? ms : LOOK_MS);
        bg_record_counts(rec, last, &at);
        if (last && at.sequence == 0)
            return false;
        if (at.sequence > 0 && sinks)
            (void)!bg_bell_ring(PROGRAM_ALERT);
    }
    return true;
}

int counts_run(void)
{
    static struct bg_policy policy;
    struct bg_faults faults;
    struct bg_recorder rec;
    int64_t end = bg_deadline(STAY_MS);
    bool go_on = true;
    int lock;

    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults); /* what cannot be read has its default */
    bg_recorder_init(&rec);
    rec.timeout_ms = policy.journal_timeout;
    rec.syslog_path = policy.syslog ? NULL : "";
    /* again after the lock is given back: what was counted in between found somebody waiting */
    while (go_on && bg_budget_next(NULL, NULL) >= 0 && bg_left_ms(end) > 0 &&
           bg_budget_wait_lock(NULL, NULL, &lock) == BG_OK) {
        go_on = wait_and_record(&rec, policy.sinks.n > 0, end);
        bg_close(lock);
    }
    return 0;
}
