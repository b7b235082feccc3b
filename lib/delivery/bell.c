/* SPDX-License-Identifier: ISC */
#include "delivery/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/host.h"
#include "base/process.h"
#include "base/safefile.h"
#include "base/secret.h"

#define START_MS 5000 /* a disk that hangs must not hold up whoever records */
#define LOCK_MS  200  /* for those who only look at the lock */

bool bg_bell_served(void)
{
    int fd = open(BG_SERVICE_LOCK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool held;

    if (fd < 0)
        return false;
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(fd);
    return held;
}

static enum bg_err open_round(int *fd)
{
    enum bg_err r = bg_dir_make(BG_BELL_DIR, 0755);

    return r != BG_OK ? r
                      : bg_open_safe(AT_FDCWD, BG_ROUND_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600,
                                     fd, NULL);
}

/* Any change will do: two who ring at once need only one delivery. */
static void ring(int fd)
{
    uint64_t any = (uint64_t)bg_host_boottime_ns();

    (void)!bg_random(&any, sizeof any);
    (void)!pwrite(fd, &any, sizeof any, 0);
}

static uint64_t rung(int fd)
{
    uint64_t any = 0;

    return pread(fd, &any, sizeof any, 0) == sizeof any ? any : 0;
}

/* Ring, and see whether a delivery is there to hear it. Shared: those who only look are no delivery. */
static bool heard(void)
{
    int fd;
    bool busy;

    if (open_round(&fd) != BG_OK)
        return false;
    ring(fd);
    busy = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(fd);
    return busy;
}

/* In a child that ends at once, so that nobody has to wait for the delivery. */
static enum bg_err start(void *arg, void *out)
{
    static const char *const given[] = {"breakglass-alert", "--once", "--locked", NULL},
                             *const alone[] = {"breakglass-alert", "--once", NULL};
    int lock = -1, fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL, BG_FD_CLOSED};
    const struct bg_program *once = arg;
    struct bg_program program = {.path = once->path, .argv = alone, .fds = fds, .n = 4};
    enum bg_err r = bg_lock(AT_FDCWD, BG_ROUND_LOCK, bg_deadline(LOCK_MS), &lock);
    pid_t pid;

    (void)out;
    if (r == BG_E_BUSY)
        return BG_OK; /* another was quicker, and finds that it was rung */
    if (r == BG_OK) {
        fds[BG_ROUND_FD] = lock;
        program.argv = given;
    }
    return bg_process_start(&program, &pid);
}

enum bg_err bg_bell_ring(const char *program)
{
    struct bg_program once = {.path = program};

    if (program == NULL)
        return BG_E_NOENT;
    return bg_bell_served() || heard() ? BG_OK : bg_child_run(start, &once, START_MS, NULL, 0, NULL);
}

/* Is the descriptor that file, and is the lock ours? */
static bool holds(int fd)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && lstat(BG_ROUND_LOCK, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

enum bg_err bg_round_begin(struct bg_round *r, bool given, int64_t deadline)
{
    enum bg_err e = BG_OK;

    r->lock = -1;
    if (given && holds(BG_ROUND_FD))
        r->lock = BG_ROUND_FD;
    else if ((e = bg_dir_make(BG_BELL_DIR, 0755)) == BG_OK)
        e = bg_lock(AT_FDCWD, BG_ROUND_LOCK, deadline, &r->lock);
    if (r->lock >= 0)
        r->rung = r->heard = rung(r->lock);
    return e == BG_E_BUSY ? e : BG_OK;
}

bool bg_round_rung(struct bg_round *r)
{
    uint64_t now = r->lock < 0 ? r->heard : rung(r->lock);
    bool news = now != r->heard;

    r->heard = now;
    return news;
}

bool bg_round_again(struct bg_round *r)
{
    uint64_t now;

    if (r->lock < 0 || flock(r->lock, LOCK_UN) != 0)
        return false;
    if ((now = rung(r->lock)) == r->rung)
        return false;
    r->rung = r->heard = now;
    return flock(r->lock, LOCK_EX | LOCK_NB) == 0;
}

bool bg_bell_acked(const char *name, const struct bg_position *at)
{
    struct bg_cursor *c = malloc(sizeof *c);
    const struct bg_cursor_chain *h;
    bool acked = false;

    if (c != NULL && at->sequence > 0 && bg_cursor_load(NULL, name, true, c) == BG_OK &&
        (h = bg_cursor_chain(c, at->journalid, false)) != NULL)
        acked = bg_cursor_done(h, at->sequence);
    free(c);
    return acked;
}
