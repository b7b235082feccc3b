/* SPDX-License-Identifier: ISC */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/packet.h"
#include "base/process.h"
#include "base/safefile.h"

#define LEAVE_MS 1000
#define KILL_MS  50

/* Shared with this child alone, because a child that hung may still write into it long afterwards. */
struct answer {
    enum bg_err result;
    int error; /* errno as fn left it */
    max_align_t out[];
};

/* A child that hangs in the kernel must hold nothing open that somebody waits for, such as a lock or a
 * socket. */
static int keep_only(int out)
{
    if (out != 3 && dup2(out, 3) != 3)
        return out;
    closefrom(4);
    return 3;
}

static void work(bg_child_fn fn, void *arg, struct answer *a, int pipe)
{
    pipe = keep_only(pipe);
    a->result = fn(arg, a->out);
    a->error = errno;
    (void)!write(pipe, "", 1);
    _exit(0);
}

/* Until fn has returned: its byte on the pipe says so. */
static enum bg_err await(int fd, int64_t deadline)
{
    enum bg_err r;
    ssize_t got;
    char byte;

    if ((r = bg_wait_ready(fd, POLLIN, BG_WATCH_NOTHING, deadline)) != BG_OK)
        return r;
    while ((got = read(fd, &byte, 1)) < 0 && errno == EINTR)
        continue;
    if (got == 0)
        errno = EPIPE; /* it died */
    return got == 1 ? BG_OK : BG_E_IO;
}

static enum bg_err run(bg_child_fn fn, void *arg, int64_t ms, struct answer *a, int *status)
{
    int pipefd[2];
    pid_t pid;
    enum bg_err r;

    if (pipe2(pipefd, O_CLOEXEC) != 0)
        return BG_E_IO;
    if ((pid = fork()) == 0) {
        (void)close(pipefd[0]);
        work(fn, arg, a, pipefd[1]);
    }
    bg_close(pipefd[1]);
    r = pid < 0 ? BG_E_IO : await(pipefd[0], bg_deadline(ms));
    bg_close(pipefd[0]);
    /* a child that answered or died is gone soon; one that hangs is killed, and may be left behind */
    if (pid > 0)
        (void)!bg_process_end(pid, r == BG_E_TIMEOUT ? 0 : LEAVE_MS, KILL_MS, status);
    return r;
}

enum bg_err bg_child_run(bg_child_fn fn, void *arg, int64_t ms, void *out, size_t n, int *status)
{
    size_t size = sizeof(struct answer) + n;
    struct answer *a = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    enum bg_err r;

    if (a == MAP_FAILED)
        return BG_E_NOMEM;
    if (n > 0)
        memcpy(a->out, out, n);
    if ((r = run(fn, arg, ms, a, status)) == BG_OK) {
        r = a->result;
        errno = a->error;
    }
    if (r == BG_OK && n > 0)
        memcpy(out, a->out, n);
    (void)munmap(a, size);
    return r;
}
