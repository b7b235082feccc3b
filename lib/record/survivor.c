/* SPDX-License-Identifier: ISC */
#include "record/survivor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/wire.h"

#define TERMINALS 16

/* Of a process of the use that has a terminal. */
typedef void (*member_fn)(void *out, int64_t pid, const struct bg_host_process *p);

struct search {
    char entry[sizeof BG_USE_ENV + 1 + BG_ULID_LEN]; /* "NAME=value" with its NUL */
    uid_t uid;
    uint64_t since;
    int64_t holder, self;
    const char *text;
};

/* Is entry, with its NUL, one of the strings that come in pieces? at: how much of it has matched so far. */
#define NO_MATCH SIZE_MAX
static bool feed(const char *entry, const char *piece, size_t n, size_t *at)
{
    for (size_t i = 0; i < n; i++) {
        bool like = *at != NO_MATCH && piece[i] == entry[*at];
        if (like && piece[i] == '\0')
            return true;
        *at = piece[i] == '\0' ? 0 : like ? *at + 1 : NO_MATCH;
    }
    return false;
}

/* Of the process as it was started: what it changed since is its own. However long its environment is, the
 * search as a whole is bounded. *unseen: it may not be looked at. */
static bool started_in(int64_t pid, const char *entry, bool *unseen)
{
    char path[64], piece[4096];
    size_t at = 0;
    ssize_t n = 0;
    bool found = false;
    int fd;

    (void)snprintf(path, sizeof path, "/proc/%lld/environ", (long long)pid);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) >= 0)
        while (!found && (n = read(fd, piece, sizeof piece)) > 0)
            found = feed(entry, piece, (size_t)n, &at);
    *unseen = (fd < 0 || n < 0) && (errno == EACCES || errno == EPERM);
    bg_close(fd);
    return found;
}

static bool runs_as(int64_t pid, uid_t uid)
{
    char status[1024];
    const char *line;

    (void)bg_host_pid_file(pid, "status", status, sizeof status);
    line = strstr(status, "\nUid:"); /* the name before it has its newlines escaped */
    return line != NULL && strtoul(line + 5, NULL, 10) == uid;
}

/* A thread of the kernel has no memory of its own, and its environment is nobody's to read. */
static bool is_program(int64_t pid)
{
    char pages[64];

    return bg_host_pid_file(pid, "statm", pages, sizeof pages) > 0 && strncmp(pages, "0 ", 2) != 0;
}

/* Terminals as proc(5) numbers them; the major numbers are those of the kernel's devices.txt. */
static void terminal_name(unsigned nr, char *out, size_t cap)
{
    unsigned major = nr >> 8 & 0xfff, minor = (nr & 0xff) | (nr >> 12 & 0xfff00);

    out[0] = '\0';
    if (major >= 136 && major < 144)
        (void)snprintf(out, cap, "pts/%u", (major - 136) * 256 + minor);
    else if (major == 4 && minor < 64)
        (void)snprintf(out, cap, "tty%u", minor);
    else if (major == 4)
        (void)snprintf(out, cap, "ttyS%u", minor - 64);
}

static void look(const struct search *s, int64_t pid, uint64_t *oldest, struct bg_survivors *found)
{
    struct bg_host_process p;
    bool unseen = false;

    if (!bg_host_process(pid, &p) || !runs_as(pid, s->uid) || !started_in(pid, s->entry, &unseen)) {
        found->unseen += unseen && p.start >= s->since && is_program(pid);
        return;
    }
    if (p.tty == 0) {
        found->others++;
        return;
    }
    if (found->on_terminal++ > 0 && p.start >= *oldest)
        return;
    *oldest = p.start;
    found->pid = pid;
    (void)snprintf(found->command, sizeof found->command, "%s", p.command);
    terminal_name(p.tty, found->tty, sizeof found->tty);
}

static enum bg_err search_work(void *arg, void *out)
{
    DIR *d = opendir("/proc");
    struct dirent *de;
    uint64_t oldest = 0;

    if (d == NULL)
        return BG_E_IO;
    while ((de = readdir(d)) != NULL)
        if (de->d_name[0] >= '1' && de->d_name[0] <= '9')
            look(arg, strtoll(de->d_name, NULL, 10), &oldest, out);
    (void)closedir(d);
    return BG_OK;
}

enum bg_err bg_survivors_of(const char *use, uid_t uid, uint64_t since, struct bg_survivors *out)
{
    struct search s = {.uid = uid, .since = since};

    memset(out, 0, sizeof *out);
    (void)snprintf(s.entry, sizeof s.entry, BG_USE_ENV "=%s", use);
    return bg_child_run(search_work, &s, BG_SURVIVORS_MS, out, sizeof *out, NULL);
}

/* --- told, and ended ------------------------------------------------------------------------------- */

static void each(const struct search *s, member_fn fn, void *out)
{
    DIR *d = opendir("/proc");
    struct bg_host_process p;
    struct dirent *de;
    bool unseen;

    while (d != NULL && (de = readdir(d)) != NULL) {
        int64_t pid = de->d_name[0] >= '1' && de->d_name[0] <= '9' ? strtoll(de->d_name, NULL, 10) : 0;
        if (pid > 1 && pid != s->self && bg_host_process(pid, &p) && p.tty != 0 && runs_as(pid, s->uid) &&
            started_in(pid, s->entry, &unseen))
            fn(out, pid, &p);
    }
    if (d != NULL)
        (void)closedir(d);
}

struct terminals {
    unsigned n, nr[TERMINALS];
};

static void add_terminal(void *out, int64_t pid, const struct bg_host_process *p)
{
    struct terminals *t = out;

    (void)pid;
    for (unsigned i = 0; i < t->n; i++)
        if (t->nr[i] == p->tty)
            return;
    if (t->n < TERMINALS)
        t->nr[t->n++] = p->tty;
}

/* Somebody may have stopped it: what does not go out at once is lost. */
static void write_line(unsigned nr, const char *text)
{
    char name[24], path[32], line[1200];
    int fd, n;

    terminal_name(nr, name, sizeof name);
    (void)snprintf(path, sizeof path, "/dev/%s", name);
    if (name[0] == '\0' || (fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)) < 0)
        return;
    n = snprintf(line, sizeof line, "\r\n\a%.1100s\r\n", text);
    if (isatty(fd) == 1)
        (void)!write(fd, line, (size_t)n);
    (void)close(fd);
}

static enum bg_err tell_work(void *arg, void *out)
{
    const struct search *s = arg;
    struct terminals t = {0};
    struct bg_host_process p;

    (void)out;
    each(s, add_terminal, &t);
    if (t.n == 0 && bg_host_process(s->holder, &p) && p.tty != 0)
        add_terminal(&t, s->holder, &p);
    for (unsigned i = 0; i < t.n; i++)
        write_line(t.nr[i], s->text);
    return BG_OK;
}

static struct search search_of(const char *use, uid_t uid)
{
    struct search s = {.uid = uid, .self = getpid()};

    (void)snprintf(s.entry, sizeof s.entry, BG_USE_ENV "=%s", use);
    return s;
}

void bg_use_tell(const char *use, uid_t uid, int64_t holder, const char *text)
{
    struct search s = search_of(use, uid);

    s.holder = holder;
    s.text = text;
    (void)!bg_child_run(tell_work, &s, BG_USE_TELL_MS, NULL, 0, NULL);
}

/* A number may be another process's by now. */
static bool is_there(int64_t pid, uint64_t start)
{
    return start != 0 && bg_host_pid_start(pid) == start;
}

static void note(void *out, int64_t pid, const struct bg_host_process *p)
{
    struct bg_use_hits *h = out;

    if (h->n == BG_USE_HITS)
        return;
    h->hit[h->n].pid = pid;
    h->hit[h->n++].start = p->start;
}

static enum bg_err find_work(void *arg, void *out)
{
    each(arg, note, out);
    return BG_OK;
}

/* All of them are known before the first one is signalled: with its shell, what the shell started loses its
 * terminal. */
enum bg_err bg_use_signal(const char *use, uid_t uid, int sig, struct bg_use_hits *out)
{
    struct search s = search_of(use, uid);
    enum bg_err r;

    memset(out, 0, sizeof *out);
    r = bg_child_run(find_work, &s, BG_USE_SIGNAL_MS, out, sizeof *out, NULL);
    (void)bg_use_left(out, sig);
    return r;
}

unsigned bg_use_left(const struct bg_use_hits *hits, int sig)
{
    unsigned n = 0;

    for (unsigned i = 0; i < hits->n; i++)
        n += is_there(hits->hit[i].pid, hits->hit[i].start) && kill((pid_t)hits->hit[i].pid, sig) == 0;
    return n;
}
