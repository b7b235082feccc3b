/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alert/worker.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"
#include "delivery/bell.h"

#define STUCK_MS 60000 /* a worker without progress for this long stops the watchdog messages */
#define AGAIN_MS 2000  /* a worker that died is started again after this */
#define LOOK_MS  1000
#define RUNG_MS  200 /* so often a round sees whether somebody rang: a person may be waiting */
#define CHORE_MS 5000
#define NEWS_MS  1000 /* the same in a round: a refusal is told to the others while they are there */

struct crew {
    struct job *jobs;
    unsigned n;
    pid_t pid[BG_SINKS_MAX];           /* 0: not running */
    enum worker_end end[BG_SINKS_MAX]; /* how it ended last */
    int64_t again[BG_SINKS_MAX];
    bool owed[BG_SINKS_MAX]; /* there was news while it ran: in a round it begins once more when it ends */
    atomic_llong *tick;      /* shared, one each */
    int signals;
    bool stopping;
    const struct files *files; /* what they work by */
};

/* In the worker: nothing of the others, and nobody but the service's user. */
static enum worker_end work(const struct crew *c, unsigned i, pid_t parent)
{
    const struct job *job = &c->jobs[i];
    sigset_t none;

    for (unsigned k = 0; k < c->n; k++)
        if (k != i)
            bg_wipe(&c->jobs[k].secrets, sizeof c->jobs[k].secrets);
    bg_close(job->service);
    (void)close(c->signals);
    if (job->uid != 0 && bg_become_user(job->uid, job->gid) != BG_OK)
        return WORKER_CANNOT;
    /* its lock must not outlive the service; becoming another user takes this back, so it comes after */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_DUMPABLE, 0);
    if (getppid() != parent)
        return WORKER_CANNOT;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    return worker_run(job, &c->tick[i]);
}

/* By hand: base/child.h waits for one function until its deadline; these run beside each other without one.
 */
static void start(struct crew *c, unsigned i)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0)
        _exit((int)work(c, i, parent));
    atomic_store(&c->tick[i], bg_now_ms());
    c->pid[i] = pid < 0 ? 0 : pid;
    c->end[i] = WORKER_CANNOT;
    c->again[i] = bg_deadline(AGAIN_MS);
}

/* A resident worker has no reason to end. */
static void tell_end(const struct job *job, int status)
{
    char what[40];

    if (WIFSIGNALED(status))
        (void)snprintf(what, sizeof what, "signal %d", WTERMSIG(status));
    else
        (void)snprintf(what, sizeof what, "status %d", WEXITSTATUS(status));
    if (job->resident)
        alert_say(BG_M_ALERT_DIED, BG_ARGS(job->conf->name, what));
}

static enum worker_end end_of(int status)
{
    int n = WIFEXITED(status) ? WEXITSTATUS(status) : WORKER_CANNOT;

    return n == WORKER_DONE || n == WORKER_LEFT || n == WORKER_BUSY ? (enum worker_end)n : WORKER_CANNOT;
}

static void reap(struct crew *c)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < c->n; i++)
            if (c->pid[i] == pid) {
                c->pid[i] = 0;
                if (!c->stopping)
                    tell_end(&c->jobs[i], status);
                c->end[i] = end_of(status);
                c->again[i] = bg_deadline(AGAIN_MS);
            }
}

static unsigned running(const struct crew *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->n; i++)
        n += c->pid[i] != 0;
    return n;
}

/* Safe at any moment: the cursor on disk is whole, and what was under way is delivered again. */
static void stop_all(struct crew *c)
{
    int64_t end = bg_deadline(1000);

    c->stopping = true;
    for (unsigned i = 0; i < c->n; i++)
        if (c->pid[i] != 0)
            (void)kill(c->pid[i], SIGKILL);
    while (running(c) > 0 && bg_left_ms(end) > 0) {
        reap(c);
        bg_sleep_ms(1);
    }
}

/* The signal that arrived within `ms`; 0 when it was none, or one of a child that has ended. */
static int wait_a_moment(const struct crew *c, int64_t until, int ms)
{
    struct pollfd pf = {.fd = c->signals, .events = POLLIN};
    struct signalfd_siginfo si;
    int left = bg_left_ms(until);

    if (poll(&pf, 1, left < ms ? left : ms) != 1 || read(c->signals, &si, sizeof si) != sizeof si)
        return 0;
    return si.ssi_signo == SIGCHLD ? 0 : (int)si.ssi_signo;
}

static bool vouch(const struct crew *c)
{
    for (unsigned i = 0; i < c->n; i++)
        if (bg_now_ms() - atomic_load(&c->tick[i]) > STUCK_MS)
            return false;
    return true;
}

/* Of a round: the worst that a worker ended with. */
static int exit_of(enum worker_end worst)
{
    static const int table[] = {[WORKER_DONE] = ALERT_DONE,
                                [WORKER_LEFT] = ALERT_LEFT,
                                [WORKER_CANNOT] = ALERT_CANNOT,
                                [WORKER_BUSY] = ALERT_BUSY};

    return table[worst];
}

/* Something new is on record: for those too that have ended because they had nothing to do, or are about to,
 * and may have looked for the last time. */
static void start_ended(struct crew *c, bool news)
{
    for (unsigned i = 0; i < c->n; i++) {
        c->owed[i] = c->owed[i] || news;
        if (c->pid[i] != 0 || !c->owed[i])
            continue;
        c->owed[i] = false;
        start(c, i);
    }
}

/* Until all have ended. A service that has begun meanwhile takes over at once: it waits for their locks. */
static int round_of(struct crew *c, int64_t deadline, bool (*chore)(void), bool (*rung)(void))
{
    enum worker_end worst = WORKER_DONE;
    int64_t chores = bg_deadline(NEWS_MS);

    while (running(c) > 0 && bg_left_ms(deadline) > 0 && !bg_bell_served()) {
        bool news;
        if (wait_a_moment(c, deadline, RUNG_MS) != 0)
            break;
        reap(c);
        news = rung();
        if (chore != NULL && bg_now_ms() >= chores) {
            news = chore() || news;
            chores = bg_deadline(NEWS_MS);
        }
        start_ended(c, news);
    }
    for (unsigned i = 0; i < c->n; i++) {
        enum worker_end end = c->pid[i] != 0 ? WORKER_LEFT : c->end[i];
        worst = end > worst ? end : worst;
    }
    stop_all(c);
    return exit_of(worst);
}

static int serve(struct crew *c, int64_t until, bool (*chore)(void))
{
    int64_t every = notify_watchdog_ms(), next = 0, chores = bg_deadline(CHORE_MS);
    bool again = false;
    int signal = 0;

    notify_systemd("READY=1");
    while (signal == 0 && !again) {
        reap(c);
        for (unsigned i = 0; i < c->n; i++)
            if (c->pid[i] == 0 && bg_now_ms() >= c->again[i])
                start(c, i);
        if (every > 0 && bg_now_ms() >= next && vouch(c)) {
            notify_systemd("WATCHDOG=1");
            next = bg_deadline(every);
        }
        if (chore != NULL && bg_now_ms() >= chores) {
            (void)chore();
            chores = bg_deadline(CHORE_MS);
        }
        signal = wait_a_moment(c, until, LOOK_MS);
        again = signal == SIGHUP || (signal == 0 && (files_changed(c->files) || bg_now_ms() >= until));
    }
    notify_systemd(again ? "RELOADING=1" : "STOPPING=1");
    stop_all(c);
    return again ? SUPERVISE_AGAIN : ALERT_DONE;
}

static enum bg_err block_signals(int *fd)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    *fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
    return *fd >= 0 ? BG_OK : BG_E_IO;
}

int supervise(struct job *jobs, unsigned n, const struct files *files, int64_t until, bool (*chore)(void),
              bool (*rung)(void))
{
    size_t size = sizeof(atomic_llong) * BG_SINKS_MAX;
    struct crew c = {.jobs = jobs, .n = n, .files = files};
    int rc = ALERT_CANNOT;

    c.tick = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c.tick == MAP_FAILED)
        return rc;
    if (block_signals(&c.signals) == BG_OK) {
        for (unsigned i = 0; i < n; i++)
            start(&c, i);
        rc = rung == NULL ? serve(&c, until, chore) : round_of(&c, until, chore, rung);
        (void)close(c.signals);
    }
    (void)munmap(c.tick, size);
    return rc;
}
