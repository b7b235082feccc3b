#include "spawn.h"

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

#define SOCKET_FD 3

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
    (void)close(*fd);
    *fd = up;
    return up >= 0;
}

static bool make_pair(int fd[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
        return false;
    /* both are moved before either result is looked at, so that both are valid or -1 */
    bool first = above_stdio(&fd[0]), second = above_stdio(&fd[1]);
    if (first && second)
        return true;
    int saved = errno;
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0)
            (void)close(fd[i]);
    errno = saved;
    return false;
}

/* The order matters: the socket is in its place before 0 to 2 are opened over whatever was there. */
static int plan_files(posix_spawn_file_actions_t *fa, int sock)
{
    int e = posix_spawn_file_actions_adddup2(fa, sock, SOCKET_FD);

    for (int fd = STDIN_FILENO; e == 0 && fd <= STDERR_FILENO; fd++)
        e = posix_spawn_file_actions_addopen(fa, fd, "/dev/null", O_RDWR | O_NOCTTY, 0);
    if (e == 0)
        e = posix_spawn_file_actions_addclosefrom_np(fa, SOCKET_FD + 1);
    return e;
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
static int spawn(pid_t *pid, int sock)
{
    static char name[] = "breakglass-login", relay[] = "--relay";
    char *const argv[] = {name, relay, NULL}, *const envp[] = {NULL};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e;

    if ((e = posix_spawn_file_actions_init(&fa)) != 0)
        return e;
    if ((e = posix_spawnattr_init(&at)) != 0)
        goto out;
    if ((e = plan_files(&fa, sock)) == 0 && (e = plan_signals(&at)) == 0)
        e = posix_spawn(pid, BG_HELPER_PATH, &fa, &at, argv, envp);
    (void)posix_spawnattr_destroy(&at);
out:
    (void)posix_spawn_file_actions_destroy(&fa);
    return e;
}

enum bg_err bg_helper_start(struct bg_helper *h)
{
    int fd[2], e;
    pid_t pid;

    if (!make_pair(fd))
        return BG_E_IO;
    e = spawn(&pid, fd[1]);
    (void)close(fd[1]);
    if (e != 0) {
        (void)close(fd[0]);
        errno = e;
        return BG_E_IO;
    }
    h->pid = pid;
    h->fd = fd[0];
    return BG_OK;
}

/* True when the child is gone: reaped by us, or by the host (ECHILD). */
static bool gone(pid_t pid, int64_t ms)
{
    int64_t end = bg_deadline(ms);
    struct timespec pause = {0, 100000}; /* it is about to exit: look often at first */
    pid_t got;

    while ((got = waitpid(pid, NULL, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (bg_left_ms(end) == 0)
            return false;
        (void)nanosleep(&pause, NULL);
        if (pause.tv_nsec < 5000000)
            pause.tv_nsec *= 2;
    }
    return true;
}

enum bg_err bg_helper_end(struct bg_helper *h)
{
    char more;
    bool quiet;

    (void)shutdown(h->fd, SHUT_WR);
    if (!gone(h->pid, BG_HELPER_LEAVE_MS)) {
        (void)kill(h->pid, SIGKILL);
        (void)gone(h->pid, BG_HELPER_KILL_MS);
    }
    quiet = recv(h->fd, &more, sizeof more, MSG_DONTWAIT) <= 0;
    (void)close(h->fd);
    *h = (struct bg_helper){-1, -1};
    return quiet ? BG_OK : BG_E_PROTO;
}
