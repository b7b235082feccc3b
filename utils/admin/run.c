/* SPDX-License-Identifier: ISC */
#include "admin/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"

#define KILL_MS 1000

extern char **environ;

static enum bg_err start(const char *const argv[], int in, const int *fds, size_t n, int out, pid_t *pid)
{
    static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    int all[BG_PROGRAM_FDS_MAX] = {in, out, out};

    if (n > BG_PROGRAM_FDS_MAX - 3)
        return BG_E_RANGE;
    for (size_t i = 0; i < n; i++)
        all[3 + i] = fds[i];
    return bg_process_start(
        &(struct bg_program){.path = argv[0], .argv = argv, .env = env, .fds = all, .n = 3 + (unsigned)n},
        pid);
}

/* Collect output until end of file; what is past the limit is read and dropped. */
static enum bg_err collect(int fd, char *buf, size_t limit, size_t *len, int64_t deadline)
{
    char spill[4096];
    struct pollfd pf = {.fd = fd, .events = POLLIN};
    ssize_t got;

    for (;;) {
        size_t room = limit - *len;
        int ready = poll(&pf, 1, bg_left_ms(deadline));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return ready == 0 ? BG_E_TIMEOUT : BG_E_IO;
        got = read(fd, room > 0 ? buf + *len : spill, room > 0 ? room : sizeof spill);
        if (got < 0 && errno != EINTR)
            return BG_E_IO;
        if (got == 0)
            return BG_OK;
        if (got > 0 && room > 0)
            *len += (size_t)got;
    }
}

static int exit_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static enum bg_err run(const char *const argv[], int in, const int *fds, size_t n, size_t limit, int64_t ms,
                       struct run_result *res)
{
    int64_t deadline = bg_deadline(ms);
    int pipefd[2], status = 0;
    size_t len = 0;
    char *buf;
    pid_t pid;
    enum bg_err r;

    if ((buf = malloc(limit + 1)) == NULL)
        return BG_E_NOMEM;
    if (pipe2(pipefd, O_CLOEXEC) != 0) {
        free(buf);
        return BG_E_IO;
    }
    r = start(argv, in, fds, n, pipefd[1], &pid);
    bg_close(pipefd[1]);
    if (r == BG_OK) {
        enum bg_err end;
        r = collect(pipefd[0], buf, limit, &len, deadline);
        end = bg_process_end(pid, r == BG_OK ? bg_left_ms(deadline) : 0, KILL_MS, &status);
        r = r == BG_OK ? end : r;
    }
    bg_close(pipefd[0]);
    if (r != BG_OK) {
        free(buf);
        return r;
    }
    buf[len] = '\0';
    *res = (struct run_result){
        .out = buf,
        .len = len,
        .exit_status = exit_of(status),
    };
    return BG_OK;
}

enum bg_err run_program(const char *const argv[], const int *fds, size_t n, size_t limit, int64_t ms,
                        struct run_result *res)
{
    return run(argv, BG_FD_NULL, fds, n, limit, ms, res);
}

enum bg_err run_program_on(const char *const argv[], int in, size_t limit, int64_t ms, struct run_result *res)
{
    return run(argv, in, NULL, 0, limit, ms, res);
}

enum bg_err run_own(const char *const argv[], int *exit_status)
{
    pid_t pid, got;
    int status = 0;

    (void)fflush(stdout); /* what we said stands before what it says */
    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
        return BG_E_IO;
    while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    if (got != pid)
        return BG_E_IO;
    *exit_status = exit_of(status);
    return BG_OK;
}
