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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alert/worker.h"
#include "base/clock.h"
#include "base/safefile.h"

#define STUCK_MS 60000 /* a worker without progress for this long stops the watchdog messages */
#define AGAIN_MS 2000  /* a worker that died is started again after this */
#define LOOK_MS  1000

struct crew {
    struct job *jobs;
    unsigned n;
    pid_t pid[BG_SINKS_MAX]; /* 0: not running */
    int end[BG_SINKS_MAX];   /* how it ended last */
    int64_t again[BG_SINKS_MAX];
    atomic_llong *tick; /* shared, one each */
    int signals;
    bool stopping;
    const struct stat *loaded; /* the configuration that they work by */
};

/* By hand: base/child.h waits for one function until its deadline; these run beside each other without one.
 */
static void start(struct crew *c, unsigned i)
{
    pid_t pid = fork();

    if (pid == 0) {
        sigset_t none;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* its lock must not outlive the service */
        if (getppid() == 1)
            _exit(WORKER_CANNOT);
        bg_close(c->jobs[i].service);
        (void)close(c->signals);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        _exit((int)worker_run(&c->jobs[i], &c->tick[i]));
    }
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
                c->end[i] = WIFEXITED(status) ? WEXITSTATUS(status) : WORKER_CANNOT;
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

/* True when a signal asks for the end, or a moment has passed without one. */
static bool wait_a_moment(const struct crew *c, int64_t until)
{
    struct pollfd pf = {.fd = c->signals, .events = POLLIN};
    struct signalfd_siginfo si;
    int left = bg_left_ms(until);

    if (poll(&pf, 1, left < LOOK_MS ? left : LOOK_MS) != 1 || read(c->signals, &si, sizeof si) != sizeof si)
        return false;
    return si.ssi_signo != SIGCHLD;
}

static bool vouch(const struct crew *c)
{
    for (unsigned i = 0; i < c->n; i++)
        if (bg_now_ms() - atomic_load(&c->tick[i]) > STUCK_MS)
            return false;
    return true;
}

void supervise_look(struct stat *now)
{
    memset(now, 0, sizeof *now);
    (void)stat(BG_POLICY_PATH, now);
}

static bool policy_changed(const struct crew *c)
{
    const struct stat *was = c->loaded;
    struct stat now;

    supervise_look(&now);
    return now.st_ino != was->st_ino || now.st_size != was->st_size ||
           now.st_mtim.tv_sec != was->st_mtim.tv_sec || now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

static int round_of(struct crew *c, int64_t deadline)
{
    int worst = WORKER_DONE;

    while (running(c) > 0 && bg_left_ms(deadline) > 0) {
        if (wait_a_moment(c, deadline))
            break;
        reap(c);
    }
    for (unsigned i = 0; i < c->n; i++) {
        int end = c->pid[i] != 0 ? WORKER_LEFT : c->end[i];
        worst = end > worst ? end : worst;
    }
    stop_all(c);
    return worst;
}

static int serve(struct crew *c)
{
    int64_t every = notify_watchdog_ms(), next = 0;

    notify_systemd("READY=1");
    for (;;) {
        if (wait_a_moment(c, INT64_MAX) || policy_changed(c))
            break;
        reap(c);
        for (unsigned i = 0; i < c->n; i++)
            if (c->pid[i] == 0 && bg_now_ms() >= c->again[i])
                start(c, i);
        if (every > 0 && bg_now_ms() >= next && vouch(c)) {
            notify_systemd("WATCHDOG=1");
            next = bg_deadline(every);
        }
    }
    notify_systemd("STOPPING=1");
    stop_all(c);
    return 0;
}

int supervise(struct job *jobs, unsigned n, bool resident, const struct stat *loaded)
{
    struct crew c = {.jobs = jobs, .n = n, .loaded = loaded};
    sigset_t set;

    c.tick =
        mmap(NULL, sizeof *c.tick * BG_SINKS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (c.tick == MAP_FAILED || sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
        (c.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return WORKER_CANNOT;
    for (unsigned i = 0; i < n; i++)
        start(&c, i);
    return resident ? serve(&c) : round_of(&c, jobs[0].deadline);
}
