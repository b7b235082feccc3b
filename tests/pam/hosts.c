/*
 * Hostile and unlucky hosts: su is started by anybody, with any signals, limits, descriptors and environment.
 * Each runs in a forked child, because what it changes holds for the whole process.
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
#include "tests.h"

#define LOOK_AND_ALLOW "look\nhello\nprompt 1 Who?\nanswer\nverdict " ALLOW " " USE "\n"

/* What a helper started by the recipe sees, whatever its host looks like. */
static int helper_saw_a_clean_world(void)
{
    const char *report = lab_report();

    CHECK(strstr(report, "argc=2 breakglass-login --relay env=0 session=1 alarm=0\n") != NULL);
    CHECK(strstr(report, "SigBlk:\t0000000000000000\n") != NULL);
    /* glibc's posix_spawn leaves its two internal signals, 32 and 33, ignored; nobody else can send them a
     * meaning */
    CHECK(strstr(report, "SigIgn:\t0000000180000000\n") != NULL ||
          strstr(report, "SigIgn:\t0000000000000000\n") != NULL);
    CHECK(strstr(report, "fd 0 /dev/n\nfd 1 /dev/n\nfd 2 /dev/n\nfd 3 socket\n") != NULL);
    CHECK(strstr(report, "fd 4") == NULL && strstr(report, "fd 5") == NULL &&
          strstr(report, "fd 1000") == NULL);
    CHECK(strstr(report, "answer state=1 len=5 alice\n") != NULL);
    return 0;
}

/* One granted login in this host, leaving nothing behind. */
static int login(void)
{
    struct person p = {.replies = {{.text = "alice"}}};
    unsigned fds = lab_fds();

    CHECK(lab_once(OVER_DENY, "bg1", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(!lab_children());
    CHECK(lab_fds() == fds);
    return helper_saw_a_clean_world();
}

static int plain(void)
{
    return login();
}

static int ignored_signals(void)
{
    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_IGN);
    CHECK(login() == 0);
    for (int s = 1; s <= SIGSYS; s++) /* and they are as they were */
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
    struct person p = {.replies = {{.text = "alice"}}};
    r = lab_once(OVER_DENY, "bg1", AUTH, 0, &p);
    (void)kill(drummer, SIGKILL);
    (void)waitpid(drummer, NULL, 0);
    CHECK(r == PAM_SUCCESS && rings > 0);
    return helper_saw_a_clean_world();
}

static int closed_descriptors(void)
{
    struct person p = {.replies = {{.text = "alice"}}};
    int r;

    for (int fd = 0; fd < 3; fd++)
        (void)close(fd);
    r = lab_once(OVER_DENY, "bg1", AUTH, 0, &p);
    CHECK(r == PAM_SUCCESS && !lab_children());
    for (int fd = 0; fd < 3; fd++)
        CHECK(fcntl(fd, F_GETFD) < 0);
    return helper_saw_a_clean_world();
}

/* While the person is asked, 0 to 2 are still closed: the relay's socket is not taken for a terminal. */
static void look_at_low_fds(struct person *p, unsigned n)
{
    (void)n;
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            p->all_fail = PAM_ABORT;
}

static int low_descriptors_stay_free(void)
{
    struct person p = {.replies = {{.text = "alice"}}, .at_prompt = look_at_low_fds};

    for (int fd = 0; fd < 3; fd++)
        (void)close(fd);
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(p.all_fail == 0);
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

static int no_file_size(void)
{
    const struct rlimit none = {0, 0};
    struct person p = {0};

    /* the fake helper reports to a file, so it can only give its verdict here */
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, 0, &p) == PAM_SUCCESS && !lab_children());
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
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);
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
    static const enum phase asking[] = {AUTH, ACCOUNT, OPEN, CLOSE};
    unsigned fds = lab_fds();

    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
          prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
    CHECK(fork() < 0);
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++) {
        struct person p = {0};
        CHECK(lab_once(OVER_PERMIT, "bg1", asking[i], 0, &p) == phase_refusal[asking[i]]);
        CHECK(strstr(lab_log(), "BG401") != NULL);
    }
    CHECK(lab_fds() == fds);
    return 0;
}

static long alarm_left(void)
{
    struct itimerval t;

    return getitimer(ITIMER_REAL, &t) == 0 ? (long)t.it_value.tv_sec : -1;
}

static long left_in_dialogue;

static void look_at_alarm(struct person *p, unsigned n)
{
    (void)p;
    (void)n;
    left_in_dialogue = alarm_left();
}

/* login's 60 seconds are paused: during the dialogue the dialogue's own bound, after it what was left. */
static int alarm_is_paused(void)
{
    struct person p = {.replies = {{.text = "alice"}}, .at_prompt = look_at_alarm}, q = p;

    (void)alarm(60);
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(left_in_dialogue > 900 && left_in_dialogue <= 940);
    CHECK(alarm_left() >= 58 && alarm_left() <= 60);
    (void)alarm(0);
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, 0, &q) == PAM_SUCCESS);
    CHECK(left_in_dialogue == 0 && alarm_left() == 0);
    return 0;
}

/* Less than a second was left and the person took longer: no ring, and one second after it. */
static int alarm_keeps_a_second(void)
{
    struct sigaction sa = {.sa_handler = ring};
    struct itimerval soon = {{0, 0}, {0, 200000}}, t;
    struct person p = {0};

    CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
    lab_script("hello\nlinger 400\nverdict " DENY " -\n");
    rings = 0;
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(lab_call(pamh, AUTH, 0) == PAM_AUTH_ERR);
    CHECK(rings == 0);
    CHECK(getitimer(ITIMER_REAL, &t) == 0 && (t.it_value.tv_sec > 0 || t.it_value.tv_usec > 500000));
    (void)pam_end(pamh, 0);
    return 0;
}

static int alarm_of_others_is_left_alone(void)
{
    struct person p = {0};
    struct itimerval periodic = {{7, 0}, {50, 0}}, now;

    CHECK(setitimer(ITIMER_REAL, &periodic, NULL) == 0);
    CHECK(lab_once(OVER_PERMIT, "alice", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(getitimer(ITIMER_REAL, &now) == 0 && now.it_interval.tv_sec == 7 && now.it_value.tv_sec >= 48);
    /* and ours gets its interval back */
    lab_script(LOOK_AND_ALLOW);
    CHECK(lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(getitimer(ITIMER_REAL, &now) == 0 && now.it_interval.tv_sec == 7 && now.it_value.tv_sec >= 46);
    return 0;
}

/* The host has a child of its own: it is not reaped and not waited for. */
static int hosts_child_is_left_alone(void)
{
    pid_t own = fork();
    int status;

    if (own == 0)
        _exit(7);
    struct person p = {0};
    CHECK(lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(waitpid(own, &status, 0) == own && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    return 0;
}

/* The log daemon is stopped and its queue is full: a refusal still takes no time (bound: one second). */
static int stuck_log(void)
{
    struct person p = {0};
    int64_t start;

    lab_helper_missing();
    lab_log_stop();
    start = bg_now_ms();
    CHECK(lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p) == PAM_AUTH_ERR);
    CHECK(bg_now_ms() - start < 1000);
    return 0;
}

/* A helper that has allowed but does not leave: the verdict counts, and after 2 + 1 s it is gone. */
static int helper_lingers(void)
{
    struct person p = {0};
    int64_t start = bg_now_ms();

    lab_script("hello\nverdict " ALLOW " " USE "\nhang\n");
    CHECK(lab_once(OVER_DENY, "bg1", AUTH, 0, &p) == PAM_SUCCESS);
    CHECK(!lab_children() && bg_now_ms() - start < 4000);
    return 0;
}

static void run(int (*host)(void))
{
    int line;

    lab_script(LOOK_AND_ALLOW);
    if ((line = lab_in_child(host)) != 0)
        fail_msg("hosts.c: check at line %d (mod 256) failed; report: %s log: %s", line, lab_report(),
                 lab_log());
}

#define HOST(name)                                                                                           \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        run(name);                                                                                           \
    }
HOST(plain)
HOST(ignored_signals)
HOST(blocked_signals)
HOST(host_reaps)
HOST(interrupted)
HOST(closed_descriptors)
HOST(low_descriptors_stay_free)
HOST(open_descriptors)
HOST(hostile_environment)
HOST(no_descriptors)
HOST(not_one_descriptor)
HOST(no_processes)
HOST(alarm_is_paused)
HOST(alarm_keeps_a_second)
HOST(alarm_of_others_is_left_alone)
HOST(hosts_child_is_left_alone)
HOST(stuck_log)
HOST(helper_lingers)

static void test_no_file_size(void **state)
{
    (void)state;
    lab_script("take\nverdict " ALLOW " -\n");
    assert_int_equal(lab_in_child(no_file_size), 0);
}

const struct CMUnitTest host_tests[] = {
    cmocka_unit_test(test_plain),
    cmocka_unit_test(test_ignored_signals),
    cmocka_unit_test(test_blocked_signals),
    cmocka_unit_test(test_host_reaps),
    cmocka_unit_test(test_interrupted),
    cmocka_unit_test(test_closed_descriptors),
    cmocka_unit_test(test_low_descriptors_stay_free),
    cmocka_unit_test(test_open_descriptors),
    cmocka_unit_test(test_no_file_size),
    cmocka_unit_test(test_hostile_environment),
    cmocka_unit_test(test_no_descriptors),
    cmocka_unit_test(test_not_one_descriptor),
    cmocka_unit_test(test_no_processes),
    cmocka_unit_test(test_alarm_is_paused),
    cmocka_unit_test(test_alarm_keeps_a_second),
    cmocka_unit_test(test_alarm_of_others_is_left_alone),
    cmocka_unit_test(test_hosts_child_is_left_alone),
    cmocka_unit_test(test_stuck_log),
    cmocka_unit_test(test_helper_lingers),
};
const size_t host_count = sizeof host_tests / sizeof host_tests[0];
