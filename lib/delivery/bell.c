#include "delivery/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void plain_signals(void)
{
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_alert(void)
{
    char *const argv[] = {"breakglass-alert", "--once", NULL}, *const env[] = {NULL};
    int null = open("/dev/null", O_RDWR | O_NOCTTY);

    plain_signals();
    for (int fd = 0; fd < 3; fd++)
        if (null >= 0)
            (void)dup2(null, fd);
    closefrom(3);
    (void)execve(BG_ALERT_PROGRAM, argv, env);
    _exit(127);
}

enum bg_err bg_bell_ring(void)
{
    pid_t pid;
    int status;

    if (bg_bell_served())
        return BG_OK;
    if (access(BG_ALERT_PROGRAM, X_OK) != 0)
        return BG_E_NOENT;
    if ((pid = fork()) < 0)
        return BG_E_IO;
    if (pid == 0) { /* a child of a child, so that nobody has to wait for it */
        if (setsid() < 0 || (pid = fork()) < 0)
            _exit(1);
        if (pid == 0)
            become_alert();
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? BG_OK : BG_E_IO;
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
