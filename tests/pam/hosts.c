/* SPDX-License-Identifier: ISC */
/*
 * What no script can say: hostile and unlucky hosts (su is started by anybody, with any signals, limits,
 * descriptors and environment), other people, and no secret left in memory. Each runs in a forked child,
 * because what it changes holds for the whole process.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "lab.h"

#define LOOK_AND_ALLOW "look\nhello\nprompt echo_on Who?\nanswer given Ann\nverdict allow " USE "\n"

/* One granted login in this host leaves nothing behind; the helper looks around and finds a clean
 * environment. */
static int login_when(void (*at_prompt)(void))
{
    unsigned fds = lab_fds();

    lab_talk(LOOK_AND_ALLOW);
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, at_prompt) == PAM_SUCCESS);
    CHECK(!lab_children() && lab_all_said() && *lab_report() == '\0');
    CHECK(lab_fds() == fds);
    return 0;
}

static int login(void)
{
    return login_when(NULL);
}

static int ignored_signals(void)
{
    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_IGN);
    CHECK(login() == 0);
    for (int s = 1; s <= SIGSYS; s++) /* and they are unchanged */
        if (s != SIGKILL && s != SIGSTOP)
            CHECK(signal(s, SIG_DFL) == SIG_IGN);
    return 0;
}

static int blocked_signals(void)
{
    sigset_t all, now;

    CHECK(sigfillset(&all) == 0 && sigprocmask(SIG_SETMASK, &all, NULL) == 0);
    CHECK(login() == 0);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGTERM) == 1);
    return 0;
}

static void reap_all(int sig)
{
    int saved = errno;

    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = saved;
}

static int host_reaps(void)
{
    struct sigaction sa = {.sa_handler = reap_all};

    CHECK(sigaction(SIGCHLD, &sa, NULL) == 0);
    return login();
}

static volatile sig_atomic_t rings;

static void ring(int sig)
{
    (void)sig;
    rings = rings + 1;
}

/* The drummer may be slow to begin. */
static void wait_for_ring(void)
{
    int64_t end = bg_deadline(20000);

    while (rings == 0 && bg_left_ms(end) > 0)
        bg_sleep_ms(1);
}

/* Every system call of the relay is interrupted again and again. */
static int interrupted(void)
{
    struct sigaction sa = {.sa_handler = ring};
    pid_t me = getpid(), drummer;
    int r;

    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
    if ((drummer = fork()) == 0) {
        for (;;) {
            (void)kill(me, SIGUSR1);
            bg_sleep_ms(1);
        }
    }
    lab_talk(LOOK_AND_ALLOW);
    r = lab_once(OVER_DENY, "bg1", AUTH, wait_for_ring);
    (void)kill(drummer, SIGKILL);
    (void)waitpid(drummer, NULL, 0);
    CHECK(r == PAM_SUCCESS && rings > 0 && lab_all_said() && *lab_report() == '\0');
    return 0;
}

static bool low_fds_stayed_free;

static void look_at_low_fds(void)
{
    low_fds_stayed_free = true;
    for (int fd = 0; fd < 3; fd++)
        low_fds_stayed_free = low_fds_stayed_free && fcntl(fd, F_GETFD) < 0;
}

/* 0 to 2 are closed, and stay so while the person is asked: the socket is not taken for a terminal. */
static int closed_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        (void)close(fd);
    CHECK(login_when(look_at_low_fds) == 0);
    CHECK(low_fds_stayed_free);
    look_at_low_fds();
    CHECK(low_fds_stayed_free);
    return 0;
}

/* Descriptor 3 and many others, not close-on-exec: none reaches the helper. */
static int open_descriptors(void)
{
    for (int fd = 3; fd < 64; fd++)
        (void)dup2(STDIN_FILENO, fd);
    (void)dup2(STDIN_FILENO, 1000);
    return login();
}

/* The caller of su may set this limit: the helper must raise it, or do without files until then. */
static int no_file_size(void)
{
    const struct rlimit none = {0, 0};

    lab_talk(LOOK_AND_ALLOW);
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, NULL) == PAM_SUCCESS && !lab_children());
    return 0;
}

static int hostile_environment(void)
{
    CHECK(setenv("LD_PRELOAD", "/nowhere/evil.so", 1) == 0 && setenv("PATH", ".", 1) == 0);
    CHECK(setenv("LD_LIBRARY_PATH", ".", 1) == 0 && setenv("TZ", ":/etc/shadow", 1) == 0);
    CHECK(setenv("GCONV_PATH", ".", 1) == 0 && setenv("MALLOC_CHECK_", "3", 1) == 0);
    return login();
}

/* An auth of bg1 while no descriptor of this number or above can be had. */
static int with_fds_below(rlim_t soft)
{
    const struct pam_conv none = {NULL, NULL};
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &none);
    struct rlimit was, now;
    int r;

    (void)getrlimit(RLIMIT_NOFILE, &was);
    now = (struct rlimit){soft, was.rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &now);
    r = lab_call(pamh, AUTH, 0);
    (void)setrlimit(RLIMIT_NOFILE, &was);
    (void)pam_end(pamh, r);
    return r;
}

static int next_fd(void)
{
    int fd = dup(STDIN_FILENO);

    (void)close(fd);
    return fd;
}

/* Enough descriptors to read the accounts file, then too few for the socket pair. */
static int no_descriptors(void)
{
    CHECK(with_fds_below((rlim_t)next_fd() + 1) == PAM_AUTH_ERR);
    CHECK(strcmp(lab_report(), "") == 0 && !lab_children());
    CHECK(strstr(lab_log(), "BG401") != NULL);
    return 0;
}

/*
 * Not one descriptor: the accounts file cannot be read, nobody is ours, and libpam itself refuses (it finds
 * no descriptor for the audit record of the result). In any case nobody gets in.
 */
static int not_one_descriptor(void)
{
    CHECK(with_fds_below((rlim_t)next_fd()) != PAM_SUCCESS);
    CHECK(strcmp(lab_report(), "") == 0 && !lab_children());
    return 0;
}

/* fork fails: root does not feel RLIMIT_NPROC, so the kernel is told to refuse every kind of clone. */
static int no_processes(void)
{
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 3, 0),
#ifdef SYS_fork
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fork, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 1, 0),
#else
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
    };
    struct sock_fprog prog = {sizeof f / sizeof f[0], f};
    unsigned fds = lab_fds();

    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
          prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
    CHECK(fork() < 0);
    for (enum phase ph = AUTH; ph < PHASES; ph++)
        if (phase_facts[ph].asks) {
            CHECK(lab_once(OVER_PERMIT, "bg1", ph, NULL) == phase_facts[ph].refusal);
            CHECK(strstr(lab_log(), "BG401") != NULL);
        }
    CHECK(lab_fds() == fds);
    return 0;
}

static struct itimerval now_running(void)
{
    struct itimerval t = {{-1, 0}, {-1, 0}};

    (void)getitimer(ITIMER_REAL, &t);
    return t;
}

static struct itimerval in_dialogue;

static void look_at_alarm(void)
{
    in_dialogue = now_running();
}

/* login's 60 seconds are paused during the dialogue; afterwards the time that was left runs on. */
static int alarm_is_paused(void)
{
    int64_t start = bg_now_ms();

    (void)alarm(60);
    CHECK(login_when(look_at_alarm) == 0);
    int64_t passed = (bg_now_ms() - start) / 1000;
    CHECK(in_dialogue.it_value.tv_sec >= 930 - passed && in_dialogue.it_value.tv_sec <= 940);
    CHECK(now_running().it_value.tv_sec >= 58 - passed && now_running().it_value.tv_sec <= 60);
    return 0;
}

static int no_alarm_stays_none(void)
{
    CHECK(login_when(look_at_alarm) == 0);
    CHECK(in_dialogue.it_value.tv_sec == 0 && in_dialogue.it_value.tv_usec == 0);
    CHECK(now_running().it_value.tv_sec == 0 && now_running().it_value.tv_usec == 0);
    return 0;
}

static volatile sig_atomic_t rings_in_dialogue;
static int64_t answered_at;

/* Take more time than the host's alarm has left. */
static void outlast_alarm(void)
{
    bg_sleep_ms(1500);
    rings_in_dialogue = rings;
    answered_at = bg_now_ms();
}

/* Less than a second was left and the person took longer: no alarm during the dialogue, and a second is left
 * after it.
 */
static int alarm_keeps_a_second(void)
{
    struct sigaction sa = {.sa_handler = ring};
    struct itimerval soon = {{0, 0}, {0, 990000}};

    CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    lab_talk(LOOK_AND_ALLOW);
    rings = 0;
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, outlast_alarm) == PAM_SUCCESS);
    CHECK(rings_in_dialogue == 0);
    while (rings == 0 && bg_now_ms() - answered_at < 20000)
        bg_sleep_ms(1);
    CHECK(rings == 1 && bg_now_ms() - answered_at >= 1000);
    return 0;
}

static int alarm_of_others_is_left_alone(void)
{
    const struct itimerval periodic = {{7, 0}, {500, 0}};

    CHECK(setitimer(ITIMER_REAL, &periodic, NULL) == 0);
    CHECK(lab_once(OVER_PERMIT, "alice", AUTH, NULL) == PAM_SUCCESS);
    CHECK(now_running().it_interval.tv_sec == 7 && now_running().it_value.tv_sec >= 400);
    /* and ours gets its interval back */
    CHECK(login() == 0);
    CHECK(now_running().it_interval.tv_sec == 7 && now_running().it_value.tv_sec >= 400);
    return 0;
}

/* The host has a child of its own: it is not reaped and not waited for. */
static int hosts_child_is_left_alone(void)
{
    pid_t own = fork();
    int status;

    if (own == 0)
        _exit(7);
    lab_talk("hello\nverdict allow\n");
    CHECK(lab_once(OVER_PERMIT, "bg1", AUTH, NULL) == PAM_SUCCESS);
    CHECK(waitpid(own, &status, 0) == own && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    return 0;
}

/* The log daemon is stopped and its queue is full: a refusal does not wait for it (run() would not see us
 * end). */
static int stuck_log(void)
{
    lab_no_helper();
    lab_log_stop();
    CHECK(lab_once(OVER_PERMIT, "bg1", AUTH, NULL) == PAM_AUTH_ERR);
    return 0;
}

/* A helper that has allowed but does not exit: the verdict counts, and the helper is killed. */
static int helper_lingers(void)
{
    lab_talk("hello\nverdict allow " USE "\nhang\n");
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, NULL) == PAM_SUCCESS);
    CHECK(!lab_children());
    return 0;
}

/* Everybody else passes through, whatever state we are in: below permit SUCCESS, below deny its refusal. */
static int others_are_never_touched(void)
{
    static const char *const accounts[] = {SOUND_ACCOUNT, "", "\377\376garbage:::\n:::\n", NULL};
    static const char *const users[] = {"alice", "root", "bg",    "bg11",  "BG1",
                                        " bg1",  "bg1 ", "bg1:x", "bg1\n", "x"};

    for (size_t a = 0; a < sizeof accounts / sizeof accounts[0]; a++) {
        lab_accounts(accounts[a]);
        for (size_t u = 0; u < sizeof users / sizeof users[0]; u++)
            for (enum phase ph = AUTH; ph < PHASES; ph++) {
                CHECK(lab_once(OVER_PERMIT, users[u], ph, NULL) == PAM_SUCCESS);
                CHECK(lab_once(OVER_DENY, users[u], ph, NULL) != PAM_SUCCESS);
                CHECK(lab_once(WITH_OPTION, users[u], ph, NULL) == PAM_SUCCESS);
                CHECK(*lab_log() == '\0');
            }
    }
    return 0;
}

/* login and su end the handle in a forked child too, with PAM_DATA_SILENT. */
static int ends_silently(void)
{
    struct pam_conv none = {NULL, NULL};
    pam_handle_t *pamh = lab_start(OVER_DENY, "bg1", &none);

    lab_talk("hello\nverdict allow " USE "\n");
    CHECK(lab_call(pamh, AUTH, 0) == PAM_SUCCESS);
    CHECK(pam_end(pamh, (int)(PAM_SUCCESS | PAM_DATA_SILENT)) == PAM_SUCCESS);
    CHECK(*lab_log() == '\0');
    return 0;
}

/* A host that sets no name: without a name it is nobody of ours. */
static int no_name(void)
{
    for (enum phase ph = SETCRED; ph < PHASES; ph++)
        CHECK(lab_once(OVER_DENY, ph == PASSWORD ? "" : NULL, ph, NULL) != PAM_SUCCESS);
    CHECK(lab_once(OVER_DENY, "", AUTH, NULL) != PAM_SUCCESS);
    return 0;
}

#define BOUND_MS 60000

/* Run a host in a child and check that it ends well, in bounded time: nothing here may wait for ever. */
static void run(void **state)
{
    int (*host)(void);
    int64_t end = bg_deadline(BOUND_MS);
    int status;
    pid_t pid, got;

    memcpy(&host, *state, sizeof host);
    lab_fresh();
    assert_true((pid = fork()) >= 0);
    if (pid == 0) {
        (void)setenv("CMOCKA_TEST_ABORT", "1",
                     1); /* a failed assertion must not continue with the next test in this child */
        _exit(host() & 0xff);
    }
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && bg_left_ms(end) > 0)
        bg_sleep_ms(2);
    if (got == 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    assert_int_equal(got, pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("status %x: the check at line %d (mod 256); report: %s log: %s", (unsigned)status,
                 WEXITSTATUS(status), lab_report(), lab_log());
}

#define HOST(f)                                                                                              \
    {                                                                                                        \
        .name = #f, .test_func = run, .initial_state = &(int (*[])(void)){f}[0]                              \
    }

int run_hosts(void)
{
    const struct CMUnitTest tests[] = {
        HOST(login),
        HOST(ignored_signals),
        HOST(blocked_signals),
        HOST(host_reaps),
        HOST(interrupted),
        HOST(closed_descriptors),
        HOST(open_descriptors),
        HOST(no_file_size),
        HOST(hostile_environment),
        HOST(no_descriptors),
        HOST(not_one_descriptor),
        HOST(no_processes),
        HOST(alarm_is_paused),
        HOST(no_alarm_stays_none),
        HOST(alarm_keeps_a_second),
        HOST(alarm_of_others_is_left_alone),
        HOST(hosts_child_is_left_alone),
        HOST(stuck_log),
        HOST(helper_lingers),
        HOST(others_are_never_touched),
        HOST(no_name),
        HOST(ends_silently),
        HOST(no_secret_stays),
    };

    return cmocka_run_group_tests_name("pam: hosts", tests, lab_setup, lab_teardown);
}
