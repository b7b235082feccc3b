/* SPDX-License-Identifier: ISC */
#include "admin/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/wire.h"

/* Alternate screen: what is drawn there never reaches the scroll-back. */
#define SCREEN_ENTER "\033[?1049h\033[H\033[2J"
#define SCREEN_CLEAR "\033[H\033[2J\033[3J"
#define SCREEN_LEAVE SCREEN_CLEAR "\033[?1049l"

#define ANCESTORS 64

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

/*
 * The terminal once more, in a description of its own that does not wait: Ctrl-C drops what was typed, so a
 * line that was ready a moment ago may be gone. Standard input where that cannot be had.
 */
static int open_terminal(void)
{
    char name[64];
    int fd = -1;

    if (ttyname_r(STDIN_FILENO, name, sizeof name) == 0)
        fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* The signals that give up are unblocked only while we wait, so that none is lost. */
static enum bg_err wait_enter(const char *what, int fd, const sigset_t *open)
{
    struct pollfd in = {.fd = fd, .events = POLLIN};
    char c = 0;

    (void)printf("\n%s", what);
    (void)fflush(stdout);
    while (c != '\n') {
        if (ppoll(&in, 1, NULL, open) != 1 || interrupted != 0)
            return BG_E_CANCEL;
        if (read(fd, &c, 1) != 1 && errno != EAGAIN)
            return BG_E_CANCEL;
    }
    return BG_OK;
}

static enum bg_err page_through(page_fn print, void *arg, size_t n, const sigset_t *open)
{
    int fd = open_terminal();
    enum bg_err r = wait_enter("The cards follow, one a page. Make sure that nobody else sees this screen.\n"
                               "Enter shows the first card, Ctrl-C gives up: ",
                               fd, open);

    for (size_t i = 0; r == BG_OK && i < n; i++) {
        (void)fputs(SCREEN_CLEAR, stdout);
        if ((r = print(arg, i)) == BG_OK)
            r = wait_enter("Written down? Enter wipes this card: ", fd, open);
    }
    bg_close(fd);
    return r;
}

static enum bg_err show_on_terminal(page_fn print, void *arg, size_t n)
{
    const int caught[] = SIGNALS_OF_A_PERSON;
    struct sigaction sa = {.sa_handler = on_signal}, old[sizeof caught / sizeof caught[0]];
    sigset_t shut, open;
    enum bg_err r;

    (void)sigemptyset(&shut);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        (void)sigaddset(&shut, caught[i]);
        (void)sigaction(caught[i], &sa, &old[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &shut, &open);
    interrupted = 0;
    (void)fputs(SCREEN_ENTER, stdout);
    r = page_through(print, arg, n, &open);
    (void)fputs(SCREEN_LEAVE, stdout);
    (void)fflush(stdout);
    (void)sigprocmask(SIG_SETMASK, &open, NULL);
    if (r == BG_OK && interrupted != 0) /* it came with the last Enter, and waited until here */
        r = BG_E_CANCEL;
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        (void)sigaction(caught[i], &old[i], NULL);
    return r;
}

enum bg_err pages_show(page_fn print, void *arg, size_t n)
{
    enum bg_err r = BG_OK;

    if (ui_interactive())
        return show_on_terminal(print, arg, n);
    for (size_t i = 0; r == BG_OK && i < n; i++) {
        if (i > 0)
            (void)fputc('\f', stdout);
        r = print(arg, i);
    }
    return r;
}

static char output[BUFSIZ]; /* of stdout, so that it can be wiped */

static void wipe_output(void)
{
    bg_wipe(output, sizeof output);
}

static void wiping_free(void *p)
{
    if (p != NULL)
        bg_wipe(p, malloc_usable_size(p));
    free(p);
}

void pages_mind_buffers(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that is gone is a write that failed */
    (void)setvbuf(stdout, output, ui_interactive() ? _IOLBF : _IOFBF, sizeof output);
    json_set_alloc_funcs(malloc, wiping_free);
    (void)atexit(wipe_output);
}

/* By the variable of the shell, or by who started us: sudo and su leave variables behind. */
static bool is_recorded(void)
{
    const char *said = getenv(BG_RECORDED_ENV);
    struct bg_host_process p, above;
    int64_t pid = getppid();

    if (said != NULL && strcmp(said, "1") == 0)
        return true;
    for (int i = 0; i < ANCESTORS && pid > 1 && bg_host_process(pid, &p); i++) {
        if (strcmp(p.command, "script") == 0 && bg_host_process(p.parent, &above) &&
            strncmp(above.command, "breakglass-log", 14) == 0)
            return true;
        pid = p.parent;
    }
    return false;
}

bool pages_private(void)
{
    struct stat st;
    bool file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);

    if (file && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ui_finding(BG_M_CMD_SHARE_STDOUT, BG_NOARGS);
        return false;
    }
    if (!file && is_recorded()) {
        ui_finding(BG_M_CMD_SHARE_RECORDED, BG_NOARGS);
        return false;
    }
    return true;
}

bool pages_kept(const char *ready, const char *hint, void (*test)(void *arg), void *arg)
{
    static const char *const answers[] = {"save", "discard", "test", NULL};
    char question[96];
    int answer;

    if (ui_is_yes() || !ui_interactive())
        return true;
    (void)snprintf(question, sizeof question, "Are all %s? Type \"save\", \"discard\" or \"test\"", ready);
    ui_text("%s\n", hint);
    while ((answer = ui_choose(question, answers)) == 2)
        test(arg);
    return answer == 0;
}
