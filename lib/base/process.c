/* SPDX-License-Identifier: ISC */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"

#define LOOK_NS     100000  /* first pause between two looks: a child often is about to exit */
#define LOOK_NS_MAX 5000000 /* longest pause */

/*
 * A descriptor below n that must become another number could be overwritten before its turn: such a one is
 * duplicated above n first. moved[] says which must be closed afterwards.
 */
static int move_up(const struct bg_program *p, int from[], bool moved[])
{
    for (unsigned i = 0; i < p->n; i++) {
        from[i] = p->fds[i];
        moved[i] = from[i] >= 0 && from[i] < (int)p->n && from[i] != (int)i;
        if (moved[i] && (from[i] = fcntl(p->fds[i], F_DUPFD_CLOEXEC, (int)p->n)) < 0)
            return errno;
    }
    return 0;
}

static int plan_files(posix_spawn_file_actions_t *fa, const int from[], int n)
{
    int e = 0;

    for (int i = 0; e == 0 && i < n; i++)
        if (from[i] == BG_FD_CLOSED)
            e = posix_spawn_file_actions_addclose(fa, i);
        else if (from[i] == BG_FD_NULL)
            e = posix_spawn_file_actions_addopen(fa, i, "/dev/null", O_RDWR | O_NOCTTY, 0);
        else /* duplicated onto its own number it stays open across exec */
            e = posix_spawn_file_actions_adddup2(fa, from[i], i);
    return e != 0 ? e : posix_spawn_file_actions_addclosefrom_np(fa, n);
}

static int plan_signals(posix_spawnattr_t *at)
{
    sigset_t none, all;
    int e;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if ((e = posix_spawnattr_setsigmask(at, &none)) != 0 ||
        (e = posix_spawnattr_setsigdefault(at, &all)) != 0)
        return e;
    return posix_spawnattr_setflags(at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
}

/* Returns 0 or an errno value. */
static int spawn(const struct bg_program *p, const int from[], pid_t *pid)
{
    static char *const no_env[] = {NULL};
    char *const *env = p->env == NULL ? no_env : (char *const *)p->env;
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e;

    if ((e = posix_spawn_file_actions_init(&fa)) != 0)
        return e;
    if ((e = posix_spawnattr_init(&at)) == 0) {
        if ((e = plan_files(&fa, from, (int)p->n)) == 0 && (e = plan_signals(&at)) == 0)
            e = posix_spawn(pid, p->path, &fa, &at, (char *const *)p->argv, env);
        (void)posix_spawnattr_destroy(&at);
    }
    (void)posix_spawn_file_actions_destroy(&fa);
    return e;
}

enum bg_err bg_process_start(const struct bg_program *p, pid_t *pid)
{
    int from[BG_PROGRAM_FDS_MAX], e;
    bool moved[BG_PROGRAM_FDS_MAX] = {false};
    pid_t started;

    if (p->n > BG_PROGRAM_FDS_MAX)
        return BG_E_RANGE;
    if ((e = move_up(p, from, moved)) == 0)
        e = spawn(p, from, &started);
    for (unsigned i = 0; i < p->n; i++)
        if (moved[i])
            bg_close(from[i]);
    if (e == 0)
        *pid = started;
    errno = e;
    return e == 0 ? BG_OK : e == ENOENT ? BG_E_NOENT : BG_E_IO;
}

/*
 * A host may run with 0 to 2 closed. A socket down there would be taken for the terminal by its conversation
 * (and /dev/null put over it in the child), so it moves up.
 */
static bool above_stdio(int *fd)
{
    int up;

    if (*fd > STDERR_FILENO)
        return true;
    up = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    bg_close(*fd);
    *fd = up;
    return up >= 0;
}

enum bg_err bg_process_talk(const char *path, const char *const *argv, int std, pid_t *pid, int *fd)
{
    int pair[2];
    enum bg_err r = BG_E_IO;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return r;
    /* both are moved before either result is looked at, so that both are valid or -1 */
    bool first = above_stdio(&pair[0]), second = above_stdio(&pair[1]);
    const int fds[] = {std, std, std, pair[1]};
    if (first && second)
        r = bg_process_start(&(struct bg_program){.path = path, .argv = argv, .fds = fds, .n = 4}, pid);
    bg_close(pair[1]);
    if (r == BG_OK)
        *fd = pair[0];
    else
        bg_close(pair[0]);
    return r;
}

/* What waitpid says, or 0 while the child runs after ms. */
static pid_t wait_for(pid_t pid, int64_t ms, int *status)
{
    int64_t end = bg_deadline(ms);
    struct timespec pause = {0, LOOK_NS};
    pid_t got;

    while ((got = waitpid(pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (bg_left_ms(end) == 0)
            return 0;
        (void)nanosleep(&pause, NULL);
        if (pause.tv_nsec < LOOK_NS_MAX)
            pause.tv_nsec *= 2;
    }
    return got;
}

enum bg_err bg_process_end(pid_t pid, int64_t leave_ms, int64_t kill_ms, int *status)
{
    int how, saved = errno;
    pid_t got = wait_for(pid, leave_ms, &how);

    if (got == 0) {
        (void)kill(pid, SIGKILL);
        (void)wait_for(pid, kill_ms, &how);
    }
    errno = saved;
    if (got > 0 && status != NULL)
        *status = how;
    return got > 0 ? BG_OK : got == 0 ? BG_E_TIMEOUT : BG_E_NOENT;
}
