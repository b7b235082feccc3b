/* SPDX-License-Identifier: ISC */
#include "admin/ui.h"
#include "base/safefile.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager;
static int terminal; /* standard output as it was */
static void (*on_pipe)(int), (*on_interrupt)(int);

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

    /* the pager is its parent's peer on the terminal, so it is forked here: bg_process gives a session of its
     * own */
    (void)fflush(stdout);
    if (ui_form() != UI_TEXT || ui_is_quiet() || !ui_interactive() || pipe2(ends, O_CLOEXEC) != 0)
        return;
    if ((terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) >= 0 && (pager = fork()) == 0) {
        (void)dup2(ends[0], STDIN_FILENO);
        run_pager();
    }
    if (pager > 0) {
        on_pipe = signal(SIGPIPE, SIG_IGN);
        on_interrupt = signal(SIGINT, SIG_IGN); /* it is the pager's */
        (void)dup2(ends[1], STDOUT_FILENO);
    } else {
        bg_close(terminal);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
}

void pager_end(void)
{
    if (pager <= 0)
        return;
    (void)fflush(stdout);
    (void)close(STDOUT_FILENO);
    (void)waitpid(pager, NULL, 0);
    pager = 0;
    __fpurge(stdout); /* what a pager that was left did not take */
    clearerr(stdout);
    (void)dup2(terminal, STDOUT_FILENO);
    (void)close(terminal);
    (void)signal(SIGPIPE, on_pipe);
    (void)signal(SIGINT, on_interrupt);
}
