#include "delivery/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/child.h"
#include "base/process.h"

#define START_MS 5000 /* a disk that hangs must not hold up whoever records */

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

/* In a child that ends at once, so that nobody has to wait for the delivery. */
static enum bg_err start_delivery(void *program, void *reply, size_t cap, size_t *len)
{
    static const char *const argv[] = {"breakglass-alert", "--once", NULL};
    static const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL};
    pid_t pid;

    (void)reply;
    (void)cap;
    *len = 0;
    return bg_process_start(&(struct bg_program){.path = program, .argv = argv, .fds = fds, .n = 3}, &pid);
}

enum bg_err bg_bell_ring(const char *program)
{
    char path[PATH_MAX];
    size_t len;

    if (bg_bell_served())
        return BG_OK;
    (void)snprintf(path, sizeof path, "%s", program);
    return bg_child_run(start_delivery, path, START_MS, NULL, 0, &len);
}

bool bg_bell_acked(const char *name, const struct bg_position *at)
{
    struct bg_cursor *c = malloc(sizeof *c);
    const struct bg_cursor_chain *h;
    bool acked = false;

    if (c != NULL && at->sequence > 0 && bg_cursor_load(NULL, name, true, c) == BG_OK &&
        (h = bg_cursor_chain(c, at->journalid, false)) != NULL)
        acked = bg_cursor_done(h, at->sequence) && !bg_cursor_dead(h, at->sequence);
    free(c);
    return acked;
}
