#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"

struct packet {
    int32_t result;
    uint32_t len;
    char reply[BG_CHILD_REPLY_MAX];
};

/* A child that hangs in the kernel must hold nothing open that somebody waits on: it keeps 0..2 and the pipe.
 */
static int keep_only(int out)
{
    if (out != 3 && dup2(out, 3) != 3)
        return out;
    closefrom(4);
    return 3;
}

static void work(bg_child_fn fn, void *arg, int out)
{
    struct packet p;
    size_t len = 0;

    out = keep_only(out);
    memset(&p, 0, sizeof p);
    p.result = (int32_t)fn(arg, p.reply, sizeof p.reply, &len);
    p.len = (uint32_t)len;
    (void)!write(out, &p, sizeof p);
    _exit(0);
}

/* The child wrote one packet or died; a child that hangs is killed, and waited for briefly. */
static void reap(pid_t pid, int64_t ms)
{
    int64_t end = bg_deadline(ms);
    struct timespec pause = {0, 100000}; /* it is about to exit: look often at first */

    while (waitpid(pid, NULL, WNOHANG) == 0 && bg_left_ms(end) > 0) {
        (void)nanosleep(&pause, NULL);
        if (pause.tv_nsec < 5000000)
            pause.tv_nsec *= 2;
    }
}

static enum bg_err await_packet(int fd, struct packet *p, int64_t deadline)
{
    struct pollfd pf = {.fd = fd, .events = POLLIN};
    ssize_t got;
    int n;

    while ((n = poll(&pf, 1, bg_left_ms(deadline))) < 0 && errno == EINTR)
        continue;
    if (n == 0)
        return BG_E_TIMEOUT;
    if (n < 0)
        return BG_E_IO;
    while ((got = read(fd, p, sizeof *p)) < 0 && errno == EINTR)
        continue;
    return got == (ssize_t)sizeof *p && p->len <= sizeof p->reply ? BG_OK : BG_E_IO;
}

enum bg_err bg_child_run(bg_child_fn fn, void *arg, int64_t ms, void *reply, size_t cap, size_t *len)
{
    struct packet p;
    int pipefd[2];
    pid_t pid;
    enum bg_err r;

    if (pipe2(pipefd, O_CLOEXEC) != 0)
        return BG_E_IO;
    if ((pid = fork()) < 0) {
        (void)close(pipefd[0]);
        (void)close(pipefd[1]);
        return BG_E_IO;
    }
    if (pid == 0) {
        (void)close(pipefd[0]);
        work(fn, arg, pipefd[1]);
    }
    (void)close(pipefd[1]);
    r = await_packet(pipefd[0], &p, bg_deadline(ms));
    (void)close(pipefd[0]);
    if (r != BG_OK)
        (void)kill(pid, SIGKILL);
    reap(pid, r == BG_OK ? 1000 : 50);
    if (r != BG_OK)
        return r;
    if (p.len > cap)
        return BG_E_RANGE;
    if (p.len > 0)
        memcpy(reply, p.reply, p.len);
    *len = p.len;
    return (enum bg_err)p.result;
}
