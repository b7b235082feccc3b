#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"

#define LEAVE_MS 1000
#define KILL_MS  50

struct packet {
    int32_t result, error; /* error: errno as fn left it */
    uint32_t len;
    char reply[BG_CHILD_REPLY_MAX];
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

static void work(bg_child_fn fn, void *arg, int out)
{
    struct packet p;
    size_t len = 0;

    out = keep_only(out);
    memset(&p, 0, sizeof p);
    p.result = (int32_t)fn(arg, p.reply, sizeof p.reply, &len);
    p.error = errno;
    p.len = (uint32_t)len;
    (void)!write(out, &p, sizeof p);
    _exit(0);
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
    if (got == (ssize_t)sizeof *p && p->len <= sizeof p->reply)
        return BG_OK;
    if (got >= 0)
        errno = EPIPE; /* it died, or its function claims to have written past its reply */
    return BG_E_IO;
}

enum bg_err bg_child_status(bg_child_fn fn, void *arg, int64_t ms, void *reply, size_t cap, size_t *len,
                            int *status)
{
    struct packet p;
    int pipefd[2];
    pid_t pid;
    enum bg_err r;

    if (pipe2(pipefd, O_CLOEXEC) != 0)
        return BG_E_IO;
    if ((pid = fork()) == 0) {
        (void)close(pipefd[0]);
        work(fn, arg, pipefd[1]);
    }
    bg_close(pipefd[1]);
    r = pid < 0 ? BG_E_IO : await_packet(pipefd[0], &p, bg_deadline(ms));
    bg_close(pipefd[0]);
    if (pid < 0)
        return r;
    /* one that was heard or that died is gone soon; one that hangs is killed, and may be left behind */
    (void)!bg_process_end(pid, r == BG_E_TIMEOUT ? 0 : LEAVE_MS, KILL_MS, status);
    if (r != BG_OK)
        return r;
    if (p.len > cap)
        return BG_E_RANGE;
    if (p.len > 0)
        memcpy(reply, p.reply, p.len);
    *len = p.len;
    errno = p.error;
    return (enum bg_err)p.result;
}

enum bg_err bg_child_run(bg_child_fn fn, void *arg, int64_t ms, void *reply, size_t cap, size_t *len)
{
    return bg_child_status(fn, arg, ms, reply, cap, len, NULL);
}
