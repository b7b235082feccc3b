/* SPDX-License-Identifier: ISC */
/*
 * A program of the operator's: the journal's line on its standard input, its exit status the answer. No
 * shell, an environment of one variable, a time limit; what it says is read to its end, and its first line
 * is why it failed. Only a program that nobody but root can change is started.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "alert/sink.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"
#include "base/text.h"

#define SLOTS     2  /* one for what strangers cause, one that is kept free for what matters */
#define WORDS_MAX 32 /* of the command */
#define SAID_MAX  256
#define KILL_MS   100
#define NOT_RUN   126

struct run {
    void *item; /* NULL: nothing runs here */
    pid_t pid;
    int out; /* what it says; -1: it has closed that */
    int64_t deadline;
    char said[SAID_MAX];
    size_t n;
    bool over; /* result is there */
    struct sink_result result;
};

struct own {
    struct run run[SLOTS];
    int ended; /* readable when a child has */
    sigset_t before;
};

static enum bg_err open_exec(struct sink *s)
{
    struct own *o = calloc(1, sizeof *o);
    sigset_t child;

    if (o == NULL)
        return BG_E_NOMEM;
    for (unsigned i = 0; i < SLOTS; i++)
        o->run[i].out = -1;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, &o->before);
    if ((o->ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) {
        (void)sigprocmask(SIG_SETMASK, &o->before, NULL);
        free(o);
        return BG_E_IO;
    }
    s->own = o;
    return BG_OK;
}

/* --- beginning -------------------------------------------------------------------------------------- */

/* The command's words, in place; the last is NULL. */
static void split(char *command, char *argv[WORDS_MAX + 1])
{
    char *rest = command;
    unsigned n = 0;

    while (n < WORDS_MAX && (argv[n] = strtok_r(rest, " \t", &rest)) != NULL)
        n++;
    argv[n] = NULL;
}

/* The line and a newline as a file: whether the program reads it or not, nothing waits for it. */
static enum bg_err event_file(const char *line, size_t len, int *fd)
{
    int f = memfd_create("event", MFD_CLOEXEC);
    enum bg_err r = f < 0 ? BG_E_IO : bg_write_all(f, line, len);

    if (r == BG_OK)
        r = bg_write_all(f, "\n", 1);
    if (r == BG_OK && lseek(f, 0, SEEK_SET) != 0)
        r = BG_E_IO;
    if (r == BG_OK)
        *fd = f;
    else
        bg_close(f);
    return r;
}

/* In the child. It ends with its parent: one that is started anew starts what was under way anew too. */
static _Noreturn void become(char *const argv[], int in, int out, pid_t parent)
{
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                NULL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        (void)signal(i, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(NOT_RUN);
    in = fcntl(in, F_DUPFD_CLOEXEC, 3); /* a copy loses the flag only where its number is another */
    out = fcntl(out, F_DUPFD_CLOEXEC, 3);
    if (setsid() < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir("/") != 0 ||
        getppid() != parent)
        _exit(NOT_RUN);
    closefrom(3);
    (void)execve(argv[0], argv, env);
    (void)dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(NOT_RUN);
}

/* By hand: base/process.h cannot tie a program's life to ours. */
static enum bg_err start(struct run *x, const char *command, int in)
{
    char words[sizeof((struct bg_sink *)0)->command], *argv[WORDS_MAX + 1];
    int out[2];
    pid_t parent = getpid();

    (void)snprintf(words, sizeof words, "%s", command);
    split(words, argv);
    if (bg_path_safe(argv[0]) != BG_OK)
        return BG_E_UNSAFE;
    if (pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0)
        return BG_E_IO;
    (void)fcntl(out[1], F_SETFL, 0); /* the program may write as it likes */
    if ((x->pid = fork()) == 0)
        become(argv, in, out[1], parent);
    bg_close(out[1]);
    if (x->pid < 0) {
        bg_close(out[0]);
        return BG_E_IO;
    }
    x->out = out[0];
    return BG_OK;
}

/* Root's rights are for no program of this kind, and without the service's user there are no others. */
static void refuse_as_root(struct run *x, void *item)
{
    x->item = item;
    x->over = true;
    x->result = (struct sink_result){.item = item, .verdict = SINK_RETRY, .endpoint = true, .wait_ms = -1};
    (void)snprintf(x->result.why, sizeof x->result.why,
                   "exec: not as root: there is no user breakglass-alert");
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct own *o = s->own;
    struct run *x = o->run;
    int in = -1;
    enum bg_err r = BG_E_BUSY;

    (void)id;
    while (x < o->run + SLOTS && x->item != NULL)
        x++;
    if (x < o->run + SLOTS && (r = event_file(line, len, &in)) == BG_OK) {
        *x = (struct run){.out = -1};
        x->deadline = bg_deadline((int64_t)s->conf->timeout * 1000);
        if (geteuid() == 0)
            refuse_as_root(x, item);
        else if ((r = start(x, s->conf->command, in)) == BG_OK)
            x->item = item;
    }
    bg_close(in);
    free(line);
    return r;
}

/* --- its end ---------------------------------------------------------------------------------------- */

/* Whatever it says is taken, so that it need not wait; the beginning is kept. False: no more will come. */
static bool listen_to(struct run *x)
{
    char buf[4096];

    for (unsigned i = 0; i < 16; i++) { /* one that never stops is stopped by its time limit */
        ssize_t n = read(x->out, buf, sizeof buf);
        size_t room = sizeof x->said - x->n, keep = n > 0 ? (size_t)n : 0;
        if (n <= 0)
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        keep = keep < room ? keep : room;
        memcpy(x->said + x->n, buf, keep);
        x->n += keep;
    }
    return true;
}

/* The first line that is not empty; otherwise what its status says. */
static void say_why(struct run *x, const char *otherwise)
{
    const char *p = x->said, *end = x->said + x->n, *eol;
    int head = snprintf(x->result.why, sizeof x->result.why, "exec: ");

    while (p < end && (*p == '\n' || *p == '\r' || *p == ' '))
        p++;
    for (eol = p; eol < end && *eol != '\n' && *eol != '\r';)
        eol++;
    if (eol == p) {
        p = otherwise;
        eol = p + strlen(p);
    }
    (void)bg_text_ascii(x->result.why + head, sizeof x->result.why - (size_t)head, p, (size_t)(eol - p));
}

static void judge(struct run *x, int status, bool late)
{
    struct sink_result *r = &x->result;
    char what[48];

    *r = (struct sink_result){.item = x->item, .wait_ms = -1, .verdict = SINK_RETRY, .endpoint = true};
    if (!late && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        r->verdict = SINK_ACKED;
        r->endpoint = false;
        return;
    }
    if (!late && WIFEXITED(status) && WEXITSTATUS(status) == EX_DATAERR) {
        r->verdict = SINK_REFUSED;
        r->endpoint = false;
    }
    if (late)
        (void)snprintf(what, sizeof what, "it did not end in time");
    else if (WIFEXITED(status))
        (void)snprintf(what, sizeof what, "exit status %d", WEXITSTATUS(status));
    else
        (void)snprintf(what, sizeof what, "signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    if (late)
        x->n = 0; /* what it said is not why */
    say_why(x, what);
}

/* All that it started goes with it: until it is waited for, nobody else can have its group's number. */
static void end(struct run *x, bool late)
{
    int status = 0;

    (void)kill(-x->pid, SIGKILL);
    late = bg_process_end(x->pid, late ? 0 : KILL_MS, KILL_MS, &status) != BG_OK || late;
    (void)listen_to(x);
    bg_close(x->out);
    x->out = -1;
    judge(x, status, late);
    x->over = true;
}

static bool has_ended(const struct run *x)
{
    siginfo_t si = {.si_pid = 0};

    return waitid(P_PID, (id_t)x->pid, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid != 0;
}

/* True when something is finished. When the time of one is up goes into *ms, if that is sooner. */
static bool look(struct own *o, int *ms)
{
    bool any = false;

    for (struct run *x = o->run; x < o->run + SLOTS; x++) {
        int left;
        if (x->item != NULL && !x->over && has_ended(x))
            end(x, false);
        else if (x->item != NULL && !x->over && bg_left_ms(x->deadline) == 0)
            end(x, true);
        any = any || (x->item != NULL && x->over);
        if (x->item == NULL || x->over)
            continue;
        left = bg_left_ms(x->deadline);
        *ms = left < *ms ? left : *ms;
    }
    return any;
}

static void work(struct sink *s, int fd, int ms)
{
    struct own *o = s->own;
    struct pollfd pf[2 + SLOTS] = {{.fd = fd, .events = POLLIN}, {.fd = o->ended, .events = POLLIN}};
    struct signalfd_siginfo si;

    while (read(o->ended, &si, sizeof si) > 0) /* before looking: whoever ends from here on is seen */
        continue;
    if (look(o, &ms))
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        pf[2 + i] = (struct pollfd){.fd = o->run[i].out, .events = POLLIN};
    if (poll(pf, 2 + SLOTS, ms) <= 0)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        if (pf[2 + i].revents != 0 && !listen_to(&o->run[i])) {
            bg_close(o->run[i].out);
            o->run[i].out = -1;
        }
    (void)look(o, &ms);
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct own *o = s->own;

    for (struct run *x = o->run; x < o->run + SLOTS; x++)
        if (x->item != NULL && x->over) {
            *out = x->result;
            x->item = NULL;
            return true;
        }
    return false;
}

static void close_exec(struct sink *s)
{
    struct own *o = s->own;

    for (struct run *x = o->run; x < o->run + SLOTS; x++)
        if (x->item != NULL && !x->over)
            end(x, true);
    (void)close(o->ended);
    (void)sigprocmask(SIG_SETMASK, &o->before, NULL);
    free(o);
    s->own = NULL;
}

const struct sink_type sink_exec = {
    .slots = SLOTS, .open = open_exec, .submit = submit, .work = work, .take = take, .close = close_exec};
