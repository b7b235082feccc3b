#include "spawn.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/process.h"
#include "base/safefile.h"

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

static bool make_pair(int fd[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
        return false;
    /* both are moved before either result is looked at, so that both are valid or -1 */
    bool first = above_stdio(&fd[0]), second = above_stdio(&fd[1]);
    if (first && second)
        return true;
    bg_close(fd[0]);
    bg_close(fd[1]);
    return false;
}

enum bg_err bg_helper_start(struct bg_helper *h)
{
    static const char *const argv[] = {"breakglass-login", "--relay", NULL};
    int fd[2];
    enum bg_err r;

    if (!make_pair(fd))
        return BG_E_IO;
    const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL, fd[1]};
    r = bg_process_start(&(struct bg_program){.path = BG_HELPER_PATH, .argv = argv, .fds = fds, .n = 4},
                         &h->pid);
    bg_close(fd[1]);
    if (r == BG_OK)
        h->fd = fd[0];
    else
        bg_close(fd[0]);
    return r;
}

enum bg_err bg_helper_end(struct bg_helper *h)
{
    char more;
    bool quiet;

    (void)shutdown(h->fd, SHUT_WR);
    (void)!bg_process_end(h->pid, BG_HELPER_LEAVE_MS, BG_HELPER_KILL_MS, NULL);
    quiet = recv(h->fd, &more, sizeof more, MSG_DONTWAIT) <= 0;
    (void)close(h->fd);
    *h = (struct bg_helper){-1, -1};
    return quiet ? BG_OK : BG_E_PROTO;
}
