#include "admin/ui.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager;

static void run_pager(void)
{
    const char *command = getenv("PAGER");

    (void)setenv("LESSSECURE", "1", 1); /* it runs as root: no shell, no editor from inside */
    if (command != NULL && *command != '\0')
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    (void)execl("/usr/bin/less", "less", "-FRX", (char *)NULL);
    (void)execl("/bin/cat", "cat", (char *)NULL);
    _exit(127);
}

void pager_begin(void)
{
    int ends[2];

    (void)fflush(stdout);
    if (ui_form() != UI_TEXT || !ui_interactive() || pipe2(ends, O_CLOEXEC) != 0)
        return;
    if ((pager = fork()) == 0) {
        (void)dup2(ends[0], STDIN_FILENO);
        run_pager();
    }
    if (pager > 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGINT, SIG_IGN); /* it is the pager's */
        (void)dup2(ends[1], STDOUT_FILENO);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
}

void pager_end(void)
{
    int null;

    if (pager <= 0)
        return;
    (void)fflush(stdout);
    (void)close(STDOUT_FILENO);
    (void)waitpid(pager, NULL, 0);
    pager = 0;
    clearerr(stdout);
    if ((null = open("/dev/null", O_WRONLY | O_CLOEXEC)) > STDERR_FILENO) {
        (void)dup2(null, STDOUT_FILENO);
        (void)close(null);
    }
}
