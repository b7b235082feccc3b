/* SPDX-License-Identifier: ISC */
#include "login/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "account/accounts.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"
#include "base/wire.h"
#include "delivery/bell.h"
#include "login/login.h"
#include "programs.h"
#include "record/tally.h"

#define READY_MS   2000  /* for the disk */
#define START_MS   5000  /* for script's first word */
#define DONE_MS    2000  /* that the person waits for it when the shell has ended */
#define LATER_MS   20000 /* for compressing, by who waits for it when the person is gone */
#define HANG_UP_MS 1000  /* for script, once the line is cut */
#define STEP_MS    200
#define AT_ONCE_MS 2000      /* what fails sooner may never have been a shell */
#define PIPE_BYTES (1 << 20) /* that the disk may be behind */

static struct recording {
    char account[64], use[BG_ULID_LEN + 1];
    struct bg_policy policy;
    char fifo[2][PATH_MAX]; /* of output and timing, which script opens */
    int from[2], to[2];     /* our ends of them, and of the pipes to the child that writes */
    int words;
    pid_t script, writer;
    bool alive; /* script has written something */
    bool shown; /* and the shell in it has */
    bool gap;   /* the recording ends here, and that is on record */
    struct termios modes;
    bool has_modes;
} R = {.from = {-1, -1}, .to = {-1, -1}, .words = -1};

/* --- on record, by a child: the terminal waits for nothing --------------------------------------- */

static void record_now(enum bg_event_type type, const struct bg_message *id, const char *const *args,
                       const char *evidence)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_recorder rec;
    enum bg_recorded where;
    char text[BG_MSG_MAX];

    bg_recorder_init(&rec);
    rec.timeout_ms = R.policy.journal_timeout;
    rec.syslog_path = R.policy.syslog ? NULL : "";
    (void)bg_msg_raw(text, sizeof text, id, args);
    e.type = type;
    e.success = type == BG_EV_SESSION_RECORDED;
    e.account = R.account;
    e.use = R.use;
    e.message = text;
    e.detail = args[1] != NULL ? args[1] : args[0];
    e.evidence = evidence;
    (void)!bg_record(&rec, &e, &where, NULL);
    (void)!bg_bell_ring(PROGRAM_ALERT);
}

static void record(enum bg_event_type type, const struct bg_message *id, const char *const *args,
                   const char *evidence)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)setsid();
        record_now(type, id, args, evidence);
        _exit(0);
    }
    if (pid < 0)
        record_now(type, id, args, evidence);
}

static void gap(const char *why)
{
    if (R.gap)
        return;
    R.gap = true;
    record(BG_EV_SESSION_UNRECORDED, BG_M_SESSION_UNRECORDED, BG_ARGS(R.account, why), NULL);
}

/* --- whose session it is ---------------------------------------------------------------------------- */

static void is_of(void *arg, unsigned line, const char *name, const struct bg_account *a, const char *wrong)
{
    static struct bg_tally t;

    (void)arg;
    (void)line;
    (void)wrong;
    if (a == NULL || bg_state_tally(NULL, NULL, name, &t) != BG_OK)
        return;
    for (size_t i = 0; i < t.uses && i < BG_TALLY_USES; i++)
        if (strcmp(t.use[i].id, R.use) == 0 && t.use[i].granted && !t.use[i].closed &&
            t.use[i].boot == bg_boot_number())
            (void)snprintf(R.account, sizeof R.account, "%s", name);
}

/* False: this is no session of ours, or none that is to be recorded. Nothing is said of it. */
static bool wanted(void)
{
    const char *use = getenv(BG_USE_ENV);
    char text[BG_ACCOUNTS_MAX];
    struct bg_faults faults;
    size_t len;

    if (geteuid() != 0 || use == NULL || !bg_ulid_valid(use) || getenv(BG_RECORDED_ENV) != NULL ||
        isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 ||
        bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) != BG_OK)
        return false;
    (void)snprintf(R.use, sizeof R.use, "%s", use);
    bg_accounts_walk(text, len, is_of, NULL);
    (void)!bg_policy_load(BG_POLICY_PATH, &R.policy, &faults);
    return R.account[0] != '\0' && R.policy.session_record;
}

/* --- beginning ---------------------------------------------------------------------------------------- */

static bool make_fifos(void)
{
    static const char *const ends[] = {"out", "timing"};

    if (bg_dirs_make(RECORDING_DIR, 0700) != BG_OK)
        return false;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(R.fifo[i], PATH_MAX, RECORDING_DIR "/%s-%d.%s", R.use, (int)getpid(), ends[i]);
        if (mkfifo(R.fifo[i], 0600) != 0 ||
            (R.from[i] = open(R.fifo[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)) < 0)
            return false;
    }
    return true;
}

/* The child that writes; false: it cannot begin, within READY_MS, and `why` says so. */
static bool start_writer(char why[128])
{
    int pair[2], p[2][2];
    struct recordfile_word w = {0};
    struct pollfd pf = {.events = POLLIN};
    int64_t end = bg_deadline(READY_MS);

    (void)snprintf(why, 128, "no pipe can be made");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 || pipe2(p[0], O_CLOEXEC) != 0 ||
        pipe2(p[1], O_CLOEXEC) != 0 || (R.writer = fork()) < 0)
        return false;
    if (R.writer == 0) {
        (void)setsid();
        for (int i = 0; i < 2; i++) {
            (void)close(p[i][1]);
            bg_close(R.from[i]);
        }
        (void)close(pair[0]);
        recordfile_run(R.use, p[0][0], p[1][0], pair[1]);
    }
    (void)close(pair[1]);
    R.words = pf.fd = pair[0];
    for (int i = 0; i < 2; i++) {
        (void)close(p[i][0]);
        R.to[i] = p[i][1];
        (void)fcntl(R.to[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(R.to[i], F_SETPIPE_SZ, PIPE_BYTES);
    }
    (void)snprintf(why, 128, "the disk does not answer");
    while (poll(&pf, 1, bg_left_ms(end)) == 1 && recv(R.words, &w, sizeof w, 0) == sizeof w) {
        if (w.what == RECORDFILE_READY)
            return true;
        if (w.what == RECORDFILE_REMOVED)
            record(BG_EV_SESSION_UNRECORDED, BG_M_RECORDING_REMOVED, BG_ARGS(R.account, w.text), NULL);
        else
            (void)snprintf(why, 128, "%s", w.text);
    }
    return false;
}

static const char *shell(void)
{
    const char *own = getenv("SHELL");

    return own != NULL ? own : "/bin/sh";
}

/* In the child. When its parent dies it puts the terminal back and ends. */
static _Noreturn void become_script(bool login, pid_t parent)
{
    const char *how = login ? "exec \"$SHELL\" -l" : "exec \"$SHELL\" -i";
    const char *const argv[] = {
        "script",       "--quiet", "--return",         "--flush",  "--force",   "--log-out", R.fifo[0],
        "--log-timing", R.fifo[1], "--logging-format", "advanced", "--command", how,         NULL};

    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || setenv(BG_RECORDED_ENV, "1", 1) != 0 || setenv("SHELL", shell(), 1) != 0)
        _exit(RECORDING_NONE);
    (void)execv("/usr/bin/script", (char *const *)(uintptr_t)argv);
    _exit(RECORDING_NONE);
}

static volatile sig_atomic_t hung_up;

static void on_hang_up(int sig)
{
    (void)sig;
    hung_up = 1;
}

static bool start_script(bool login)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTOU, SIGTTIN, SIGPIPE};
    const struct sigaction end = {.sa_handler = on_hang_up, .sa_flags = SA_RESTART};
    pid_t self = getpid();

    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigaction(SIGHUP, &end, NULL);
    (void)sigaction(SIGTERM, &end, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGHUP); /* the shell outside is gone: so is the person */
    R.has_modes = tcgetattr(STDIN_FILENO, &R.modes) == 0;
    R.script = fork();
    if (R.script == 0)
        become_script(login, self);
    return R.script > 0;
}

/* --- going on ------------------------------------------------------------------------------------------ */

/* Has a piece of the timing a line "O 0.1 42", as for output? Those of its head begin with another letter. */
static bool says_output(const char *piece, size_t n)
{
    return piece[0] == 'O' || memmem(piece, n, "\nO ", 3) != NULL;
}

/* Everything that waits in one of script's pipes. A disk that is too slow for it ends the recording, not the
 * terminal. True: something was there. */
static bool pass_on(int i)
{
    static char piece[65536];
    ssize_t n;
    bool any = false;

    while ((n = read(R.from[i], piece, sizeof piece)) > 0) {
        any = true;
        R.shown = R.shown || (i == 1 && says_output(piece, (size_t)n));
        if (!R.gap && write(R.to[i], piece, (size_t)n) != n)
            gap("the disk did not keep up");
    }
    return any;
}

/* The words of the child that writes; true: it is done, or gone. */
static bool hear(void)
{
    struct recordfile_word w;
    ssize_t n = recv(R.words, &w, sizeof w, MSG_DONTWAIT);

    if (n == sizeof w && w.what == RECORDFILE_GAP)
        gap(w.text);
    else if (n == sizeof w && w.what == RECORDFILE_DONE)
        record(BG_EV_SESSION_RECORDED, BG_M_SESSION_RECORDED, BG_ARGS(R.account, w.text), w.sha256);
    else if (n == 0)
        gap("what writes it was killed");
    return n == 0 || (n == sizeof w && w.what == RECORDFILE_DONE);
}

/* True: script has ended, *status as waitpid has it. It stops itself with its shell, as for "suspend", and
 * counts on somebody who starts it again: that is nobody but us, or the terminal is dead. */
static bool script_ended(int *status)
{
    if (waitpid(R.script, status, WNOHANG | WUNTRACED) != R.script)
        return false;
    if (WIFSTOPPED(*status))
        (void)kill(R.script, SIGCONT);
    return !WIFSTOPPED(*status);
}

/* Until script has ended: its status as waitpid has it. What says nothing at all in START_MS is killed. */
static int follow(void)
{
    int64_t first = bg_deadline(START_MS), last = 0;
    int status = 0;

    for (;;) {
        struct pollfd pf[3] = {{R.from[0], POLLIN, 0}, {R.from[1], POLLIN, 0}, {R.words, POLLIN, 0}};
        bool ended = script_ended(&status);
        (void)poll(pf, 3, ended ? 0 : STEP_MS);
        for (int i = 0; i < 2; i++) {
            R.alive = pass_on(i) || R.alive;
            if (!ended && R.alive && (pf[i].revents & POLLHUP) != 0)
                bg_sleep_ms(5); /* script has closed it and is about to end */
        }
        if (R.words >= 0 && pf[2].revents != 0 && hear()) {
            bg_close(R.words);
            R.words = -1;
        }
        if (ended)
            return status;
        if (hung_up && last == 0) {
            last = bg_deadline(HANG_UP_MS);
            (void)kill(R.script, SIGTERM); /* it hangs up on its shell */
        }
        if ((!R.alive && bg_left_ms(first) == 0) || (hung_up && bg_left_ms(last) == 0))
            (void)kill(R.script, SIGKILL);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

/* False: it has not come to its end within ms. */
static bool heard_all(int64_t ms)
{
    int64_t end = bg_deadline(ms);
    struct pollfd pf = {.fd = R.words, .events = POLLIN};

    while (poll(&pf, 1, bg_left_ms(end)) == 1)
        if (hear())
            return true;
    return false;
}

/* A process that has nothing of the person's any more: what becomes of the recording is on record all the
 * same. */
static void wait_later(void)
{
    pid_t pid = fork();
    int null;

    if (pid > 0)
        return;
    if (pid == 0) {
        (void)setsid();
        null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd <= 2 && null >= 0; fd++)
            (void)dup2(null, fd);
    }
    if (pid < 0 || !heard_all(LATER_MS))
        gap("the disk does not answer");
    if (pid == 0)
        _exit(0);
}

static void finish(void)
{
    for (int i = 0; i < 2; i++) {
        bg_close(R.to[i]);
        bg_close(R.from[i]);
        if (R.fifo[i][0] != '\0')
            bg_remove(R.fifo[i]);
    }
    if (R.words >= 0 && !heard_all(DONE_MS))
        wait_later();
}

static int plain(const char *why)
{
    gap(why);
    finish();
    if (R.has_modes)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &R.modes);
    return RECORDING_NONE;
}

/* Why the shell outside goes on; NULL: the person is done. */
static const char *not_done(int status, int64_t took_ms)
{
    if (hung_up)
        return NULL;
    if (!R.alive)
        return "script does not start";
    if (!WIFEXITED(status))
        return "script was killed";
    if (took_ms < AT_ONCE_MS && WEXITSTATUS(status) != 0 && !R.shown)
        return "the shell in it does not start";
    return NULL;
}

int recording_run(bool login)
{
    char why[128], text[BG_MSG_MAX];
    int64_t began = bg_now_ms();
    int status;

    if (!wanted())
        return RECORDING_NONE;
    (void)signal(SIGCHLD, SIG_DFL);
    if (access("/usr/bin/script", X_OK) != 0)
        (void)snprintf(why, sizeof why, "there is no /usr/bin/script");
    else if (access(shell(), X_OK) != 0)
        (void)snprintf(why, sizeof why, "$SHELL names no shell");
    else if (!make_fifos())
        (void)snprintf(why, sizeof why, "no pipes can be made in " RECORDING_DIR);
    else if (start_writer(why) && start_script(login)) {
        const char *fault;
        recording_said(R.use);
        status = follow();
        if ((fault = not_done(status, bg_now_ms() - began)) == NULL) {
            finish();
            return !WIFEXITED(status)                     ? RECORDING_NONE - 1
                   : WEXITSTATUS(status) < RECORDING_NONE ? WEXITSTATUS(status)
                                                          : RECORDING_NONE - 1;
        }
        (void)snprintf(why, sizeof why, "%s", fault);
    }
    recording_said(R.use);
    status = plain(why);
    (void)bg_msg_full(text, sizeof text, BG_M_SESSION_UNRECORDED, BG_ARGS(R.account, why));
    (void)fprintf(stderr, "\r\n%s\r\n", text);
    return status;
}

int recording_ended(void)
{
    const char *missing;

    if (!wanted())
        return 0;
    if (*(missing = recording_missing(R.use, true, 0)) != '\0')
        gap(missing);
    recording_forget(R.use);
    return 0;
}
