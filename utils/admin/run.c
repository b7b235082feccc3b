#include "admin/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"

/* dup2 onto the same number would keep close-on-exec, so all go high first. */
static enum bg_err plan_fds(posix_spawn_file_actions_t *fa, const int *fds, size_t n, int out)
{
    int bad = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);

    bad |= posix_spawn_file_actions_adddup2(fa, out, 1);
    bad |= posix_spawn_file_actions_adddup2(fa, out, 2);
    for (size_t i = 0; i < n; i++)
        bad |= posix_spawn_file_actions_adddup2(fa, fds[i], 100 + (int)i);
    for (size_t i = 0; i < n; i++)
        bad |= posix_spawn_file_actions_adddup2(fa, 100 + (int)i, 3 + (int)i);
    bad |= posix_spawn_file_actions_addclosefrom_np(fa, 3 + (int)n);
    return bad == 0 ? BG_OK : BG_E_IO;
}

static enum bg_err start(char *const argv[], const int *fds, size_t n, int out, pid_t *pid)
{
    static char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    sigset_t none, all;
    int e;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&fa) != 0)
        return BG_E_NOMEM;
    if (posix_spawnattr_init(&at) != 0) {
        (void)posix_spawn_file_actions_destroy(&fa);
        return BG_E_NOMEM;
    }
    (void)posix_spawnattr_setsigmask(&at, &none);
    (void)posix_spawnattr_setsigdefault(&at, &all);
    (void)posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    e = plan_fds(&fa, fds, n, out) == BG_OK ? posix_spawn(pid, argv[0], &fa, &at, argv, env) : EIO;
    (void)posix_spawnattr_destroy(&at);
    (void)posix_spawn_file_actions_destroy(&fa);
    return e == 0 ? BG_OK : e == ENOENT ? BG_E_NOENT : BG_E_IO;
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

static enum bg_err reap(pid_t pid, int *status, int64_t deadline)
{
    pid_t got;

    while ((got = waitpid(pid, status, WNOHANG)) == 0 && bg_left_ms(deadline) > 0)
        bg_sleep_ms(2);
    return got == pid ? BG_OK : got == 0 ? BG_E_TIMEOUT : BG_E_IO;
}

enum bg_err run_program(char *const argv[], const int *fds, size_t n, size_t limit, int64_t ms,
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
    r = start(argv, fds, n, pipefd[1], &pid);
    (void)close(pipefd[1]);
    if (r == BG_OK) {
        r = collect(pipefd[0], buf, limit, &len, deadline);
        if (r == BG_OK)
            r = reap(pid, &status, deadline);
        if (r != BG_OK) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
        }
    }
    (void)close(pipefd[0]);
    if (r != BG_OK) {
        free(buf);
        return r;
    }
    buf[len] = '\0';
    *res = (struct run_result){
        .out = buf,
        .len = len,
        .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
    };
    return BG_OK;
}
