#include "delivery/bell.h"

#include <errno.h>
#include <fcntl.h>
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
static enum bg_err start(void *program, void *out)
{
    pid_t pid;

    (void)out;
    return bg_process_start(program, &pid);
}

enum bg_err bg_bell_ring(const char *program)
{
    static const char *const argv[] = {"breakglass-alert", "--once", NULL};
    static const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL};
    struct bg_program once = {.path = program, .argv = argv, .fds = fds, .n = 3};

    return bg_bell_served() ? BG_OK : bg_child_run(start, &once, START_MS, NULL, 0, NULL);
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
