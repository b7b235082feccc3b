/* SPDX-License-Identifier: ISC */
/* One call over a socket, the conversation over socket and pipe, and what the process makes of itself. */
#include "scene.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "login/login.h"
#include "base/sanitized.h"

static struct {
    int socket[2];
    unsigned calls;
    enum bg_phase phase;
    uint32_t verdict;
    int64_t deadline;
    bool deaf; /* the module goes away before the verdict */
    bool ask;  /* the phase asks something */
    enum bg_err policy;
    const char *limit;
    bool raised; /* limits were */
    const struct login *L;
} call;

void __wrap_login_context(struct login *L);
void __wrap_login_context(struct login *L)
{
    assert_true(call.raised); /* under limits of the caller no file may be read at all */
    bg_policy_defaults(&L->policy);
    L->policy.dialogue_timeout = 77;
    L->policy_state = call.policy;
    L->policy_faults.fault[0].line = 3;
    call.L = L;
}

enum bg_err __real_process_raise_limits(const char **which);
enum bg_err __wrap_process_raise_limits(const char **which);
enum bg_err __wrap_process_raise_limits(const char **which)
{
    call.raised = true;
    if (call.limit == NULL)
        return BG_OK;
    *which = call.limit;
    return BG_E_REFUSED;
}

static uint32_t phase(struct login *L, enum bg_phase p)
{
    struct bg_answer a;

    call.calls++;
    call.phase = p;
    call.deadline = L->talk.deadline;
    assert_int_equal(L->source, BG_SOURCE_CONSOLE);
    (void)strcpy(L->use, "01KANNPRY2X6W8H4T0M3QJ5BZD");
    if (call.ask && L->talk.ask(&L->talk, BG_STYLE_ECHO_OFF, "word: ", &a) != BG_OK)
        return BG_VERDICT_DENY;
    if (call.deaf)
        (void)close(call.socket[1]);
    return call.verdict;
}

uint32_t __wrap_login_authenticate(struct login *L);
uint32_t __wrap_login_authenticate(struct login *L)
{
    return phase(L, BG_PHASE_AUTH);
}

uint32_t __wrap_login_account(struct login *L);
uint32_t __wrap_login_account(struct login *L)
{
    return phase(L, BG_PHASE_ACCOUNT);
}

uint32_t __wrap_login_open_session(struct login *L, struct bg_verdict *v);
uint32_t __wrap_login_open_session(struct login *L, struct bg_verdict *v)
{
    v->has_audit_uid = true;
    v->audit_uid = 990;
    return phase(L, BG_PHASE_OPEN);
}

uint32_t __wrap_login_close_session(struct login *L);
uint32_t __wrap_login_close_session(struct login *L)
{
    return phase(L, BG_PHASE_CLOSE);
}

static int begin(void **state)
{
    static const char *const nobody[] = {NULL};

    (void)state;
    scene_begin(nobody);
    memset(&call, 0, sizeof call);
    call.verdict = BG_VERDICT_ALLOW;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, call.socket), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(call.socket[0]);
    (void)close(call.socket[1]);
    return 0;
}

static struct bg_wire_packet hello(enum bg_phase p)
{
    struct bg_wire_packet m = {.kind = BG_K_HELLO};

    m.u.hello.phase = p;
    m.u.hello.host_pid = getpid();
    (void)strcpy(m.u.hello.service, "login");
    (void)strcpy(m.u.hello.tty, "/dev/tty1");
    (void)strcpy(m.u.hello.user, "bg1");
    return m;
}

static void send_to_helper(struct bg_wire_packet m)
{
    assert_int_equal(bg_packet_send(call.socket[1], bg_wire, &m, bg_deadline(60000)), BG_OK);
}

static struct bg_wire_packet from_helper(void)
{
    struct bg_wire_packet m;

    assert_int_equal(bg_packet_recv(call.socket[1], BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(60000)),
                     BG_OK);
    return m;
}

static void each_phase_and_its_verdict(void **state)
{
    struct bg_wire_packet m;

    for (int p = BG_PHASE_AUTH; p <= BG_PHASE_CLOSE; p++)
        for (int allow = 0; allow < 2; allow++) {
            begin(state);
            call.verdict = allow ? BG_VERDICT_ALLOW : BG_VERDICT_DENY;
            send_to_helper(hello((enum bg_phase)p));
            assert_int_equal(serve_relay(call.socket[0]), allow ? 0 : 1);
            assert_int_equal(call.phase, p);
            assert_int_equal(call.calls, 1);
            m = from_helper();
            assert_int_equal(m.kind, BG_K_VERDICT);
            assert_int_equal(m.u.verdict.verdict, call.verdict);
            assert_string_equal(m.u.verdict.use, "01KANNPRY2X6W8H4T0M3QJ5BZD");
            assert_int_equal(m.u.verdict.has_audit_uid, p == BG_PHASE_OPEN);
            assert_int_equal(m.u.verdict.audit_uid, p == BG_PHASE_OPEN ? 990 : 0);
            assert_int_equal(end(state), 0);
        }
    begin(state);
}

/* All that a login knew is gone from memory when it ends. */
static void what_was_known_is_wiped(void **state)
{
    (void)state;
    send_to_helper(hello(BG_PHASE_AUTH));
    assert_int_equal(serve_relay(call.socket[0]), 0);
    for (size_t i = 0; i < sizeof *call.L; i++)
        assert_int_equal(((const unsigned char *)call.L)[i], 0);
}

static void the_dialogue_is_bounded_by_policy(void **state)
{
    int64_t before = bg_now_ms();

    (void)state;
    send_to_helper(hello(BG_PHASE_AUTH));
    assert_int_equal(serve_relay(call.socket[0]), 0);
    assert_true(call.deadline >= before + 77000 && call.deadline <= bg_now_ms() + 77000);
}

static void nothing_is_done_without_a_hello(void **state)
{
    struct bg_wire_packet m = {.kind = BG_K_ANSWER, .u.answer.state = BG_ANSWER_NONE};

    (void)state;
    send_to_helper(m);
    assert_int_equal(serve_relay(call.socket[0]), 3);
    (void)close(call.socket[1]);
    assert_int_equal(serve_relay(call.socket[0]), 3);
    assert_int_equal(call.calls, 0);
}

/* Silence would be "ended without a verdict" to it; what it cannot read is "different versions". */
static void a_module_of_another_version_gets_a_refusal(void **state)
{
    struct bg_contract other = *bg_wire;
    struct bg_wire_packet m = hello(BG_PHASE_AUTH);

    (void)state;
    other.version++;
    assert_int_equal(bg_packet_send(call.socket[1], &other, &m, bg_deadline(60000)), BG_OK);
    assert_int_equal(serve_relay(call.socket[0]), 3);
    assert_int_equal(call.calls, 0);
    m = from_helper();
    assert_int_equal(m.kind, BG_K_VERDICT);
    assert_int_equal(m.u.verdict.verdict, BG_VERDICT_DENY);
}

static void a_grant_that_nobody_received_is_on_record(void **state)
{
    (void)state;
    call.deaf = true;
    send_to_helper(hello(BG_PHASE_AUTH));
    assert_int_equal(serve_relay(call.socket[0]), 1);
    assert_log("record attempt.aborted failed BG121\n");
}

static void limits_that_are_too_small_refuse(void **state)
{
    (void)state;
    call.limit = "RLIMIT_FSIZE";
    send_to_helper(hello(BG_PHASE_AUTH));
    assert_int_equal(serve_relay(call.socket[0]), 1);
    assert_int_equal(call.calls, 0);
    assert_int_equal(from_helper().kind, BG_K_PROMPT);
    assert_int_equal(from_helper().u.verdict.verdict, BG_VERDICT_DENY);
    assert_log("record attempt.failed failed BG124\n");
}

/* A boot without tmpfiles: the directory above is not there yet. */
static void dialogues_where_nothing_was_made(void **state)
{
    char top[] = "/tmp/bg-callers-XXXXXX", dir[64], command[64];
    int slot[CALLER_DIALOGUES + 1];

    (void)state;
    assert_non_null(mkdtemp(top));
    (void)snprintf(dir, sizeof dir, "%s/run/callers", top);
    for (unsigned i = 0; i < CALLER_DIALOGUES; i++)
        assert_int_equal(callers_take(dir, 5001, &slot[i]), BG_OK);
    assert_int_equal(callers_take(dir, 5001, &slot[CALLER_DIALOGUES]), BG_E_BUSY);
    for (unsigned i = 0; i < CALLER_DIALOGUES; i++)
        (void)close(slot[i]);
    (void)snprintf(command, sizeof command, "rm -rf %s", top);
    assert_int_equal(system(command), 0);
}

/* A user of this host may have a few dialogues open; root's processes bring everybody else. */
static void dialogues_of_one_caller(void **state)
{
    char dir[] = "/tmp/bg-callers-XXXXXX", command[64];
    int slot[CALLER_DIALOGUES + 1];

    (void)state;
    assert_non_null(mkdtemp(dir));
    for (unsigned i = 0; i < CALLER_DIALOGUES; i++) {
        assert_int_equal(callers_take(dir, 5001, &slot[i]), BG_OK);
        assert_true(slot[i] >= 0);
    }
    assert_int_equal(callers_take(dir, 5001, &slot[CALLER_DIALOGUES]), BG_E_BUSY);
    assert_int_equal(callers_take(dir, 5002, &slot[CALLER_DIALOGUES]), BG_OK); /* another user */
    (void)close(slot[CALLER_DIALOGUES]);
    for (unsigned i = 0; i < 2 * CALLER_DIALOGUES; i++) {
        assert_int_equal(callers_take(dir, 0, &slot[CALLER_DIALOGUES]), BG_OK);
        assert_int_equal(slot[CALLER_DIALOGUES], -1);
    }
    (void)close(slot[1]); /* one ends */
    assert_int_equal(callers_take(dir, 5001, &slot[1]), BG_OK);
    for (unsigned i = 0; i < CALLER_DIALOGUES; i++)
        (void)close(slot[i]);
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    for (unsigned i = 0; i < 2 * CALLER_DIALOGUES; i++) /* no place for slots: nobody is shut out */
        assert_int_equal(callers_take("/proc/none/callers", 5001, &slot[0]), BG_OK);
}

static void a_bad_policy_is_told_and_keeps_nobody_out(void **state)
{
    struct bg_wire_packet m;

    (void)state;
    call.policy = BG_E_SYNTAX;
    send_to_helper(hello(BG_PHASE_AUTH));
    assert_int_equal(serve_relay(call.socket[0]), 0);
    m = from_helper();
    assert_int_equal(m.kind, BG_K_PROMPT);
    assert_non_null(strstr(m.u.prompt.text, "line 3"));
}

/* --- the conversation ------------------------------------------------------------------------------- */

static void answers_over_the_socket(void **state)
{
    const struct {
        enum bg_answer_state state;
        enum bg_err want;
    } rows[] = {{BG_ANSWER_GIVEN, BG_OK}, {BG_ANSWER_TOO_LONG, BG_E_RANGE}, {BG_ANSWER_NONE, BG_E_CANCEL}};
    struct bg_wire_packet m = {.kind = BG_K_ANSWER};
    struct bg_answer a;
    struct talk t;

    (void)state;
    talk_over_wire(&t, call.socket[0], bg_deadline(60000));
    assert_int_equal(t.watch, call.socket[0]); /* a hang-up ends a wait for a touch */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m.u.answer.state = rows[i].state;
        m.u.answer.len = rows[i].want == BG_OK ? 4 : 0;
        (void)strcpy(m.u.answer.text, rows[i].want == BG_OK ? "word" : "");
        send_to_helper(m);
        assert_int_equal(t.ask(&t, BG_STYLE_ECHO_OFF, "x: ", &a), rows[i].want);
        assert_int_equal(from_helper().u.prompt.style, BG_STYLE_ECHO_OFF);
    }
    send_to_helper(hello(BG_PHASE_AUTH));
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_ON, "x: ", &a), BG_E_PROTO);
    t.deadline = bg_deadline(-1);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_ON, "x: ", &a), BG_E_TIMEOUT);
    (void)close(call.socket[1]);
    assert_int_equal(t.say(&t, BG_STYLE_INFO, "x"), BG_E_EOF);
}

static void lines_from_a_terminal(void **state)
{
    struct bg_answer a;
    struct talk t;
    int pipes[2];
    char line[700];

    (void)state;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    talk_on_terminal(&t, bg_deadline(60000));
    t.fd = pipes[0];
    assert_int_equal(write(pipes[1], "word\rnext\n", 10), 10);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_ON, "", &a), BG_OK);
    assert_string_equal(a.text, "word");
    assert_int_equal(a.len, 4);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_OFF, "", &a), BG_OK);
    assert_string_equal(a.text, "next");
    memset(line, 'x', sizeof line);
    line[BG_ANSWER_MAX - 1] = '\n';
    assert_int_equal(write(pipes[1], line, BG_ANSWER_MAX), BG_ANSWER_MAX);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_ON, "", &a), BG_OK);
    assert_int_equal(a.len, BG_ANSWER_MAX - 1);
    line[BG_ANSWER_MAX - 1] = 'x';
    line[BG_ANSWER_MAX] = '\n';
    assert_int_equal(write(pipes[1], line, BG_ANSWER_MAX + 1), BG_ANSWER_MAX + 1);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_ON, "", &a), BG_E_RANGE);
    t.deadline = bg_deadline(-1);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_ON, "", &a), BG_E_TIMEOUT);
    t.deadline = bg_deadline(60000);
    assert_int_equal(write(pipes[1], "half", 4), 4);
    (void)close(pipes[1]);
    memset(&a, 1, sizeof a);
    assert_int_equal(t.ask(&t, BG_STYLE_ECHO_OFF, "", &a), BG_E_EOF);
    assert_int_equal(a.text[0], 0); /* what was typed of it is wiped */
    assert_int_equal(a.text[3], 0);
    (void)close(pipes[0]);
}

static int in_a_child(int (*f)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(f());
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* In a child: 0 when a Ctrl-C that came before the wait ends it, and any other. */
static int interrupted_before_the_wait(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
    struct pollfd pf = {.events = 0};
    struct bg_answer a;
    struct talk t;

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return 1;
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || dup2(slave, STDIN_FILENO) != STDIN_FILENO)
        return 2;
    talk_on_terminal(&t, bg_deadline(60000));
    pf.fd = t.watch;
    if (t.watch < 0 || poll(&pf, 1, 0) != 0)
        return 3;
    (void)raise(SIGINT);
    if (poll(&pf, 1, 0) != 1 || (pf.revents & POLLHUP) == 0)
        return 4;
    return t.ask(&t, BG_STYLE_ECHO_OFF, "", &a) == BG_E_CANCEL ? 0 : 5;
}

static void a_ctrl_c_is_never_lost(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(interrupted_before_the_wait), 0);
}

/* --- the process ------------------------------------------------------------------------------------- */

static long locked_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "re");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "VmLck: %ld", &kb) == 1)
            break;
    if (f != NULL)
        (void)fclose(f);
    return kb;
}

/* In a child: what is wrong with the process, 0 for nothing. */
static int wrong_with_plain_root(void)
{
    const struct rlimit core = {1 << 20, 1 << 20};
    struct rlimit lim;
    struct sigaction sa;
    gid_t group = 7;
    char cwd[64];

    (void)umask(0);
    (void)!chdir("/tmp");
    if (setgroups(1, &group) != 0 || setrlimit(RLIMIT_CORE, &core) != 0 || nice(5) == -1)
        return 1;
    if (process_become_plain_root() != BG_OK)
        return 2;
    if (getgroups(0, NULL) != 0 || getuid() != 0 || geteuid() != 0 || getgid() != 0)
        return 3;
    if (prctl(PR_GET_DUMPABLE) != 0)
        return 4;
    if (getrlimit(RLIMIT_CORE, &lim) != 0 || lim.rlim_max != 0)
        return 5;
    if (!SANITIZED && locked_kb() <= 0)
        return 6;
    if (umask(0) != 077)
        return 7;
    if (getcwd(cwd, sizeof cwd) == NULL || strcmp(cwd, "/") != 0)
        return 8;
    if (sigaction(SIGPIPE, NULL, &sa) != 0 || sa.sa_handler != SIG_IGN)
        return 9;
    if (sigaction(SIGXFSZ, NULL, &sa) != 0 || sa.sa_handler != SIG_IGN)
        return 10;
    return getpriority(PRIO_PROCESS, 0) != 0 ? 11 : 0;
}

static bool write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        (void)close(fd);
    return done;
}

static long proc_value(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        text[0] = '\0';
    if (fd >= 0)
        (void)close(fd);
    return strtol(text, NULL, 10);
}

/* In a child: the caller has set all that is inherited; 0 when nothing of it is left. */
static int wrong_with_the_schedule(void)
{
    const struct sched_param none = {0};
    cpu_set_t one, before, after;

    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        return 1;
    for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0 || sched_setscheduler(0, SCHED_IDLE, &none) != 0 ||
        setpriority(PRIO_PROCESS, 0, 7) != 0 || syscall(SYS_ioprio_set, 1, 0, 3 << 13) != 0 ||
        prctl(PR_SET_TIMERSLACK, 5000000UL, 0, 0, 0) != 0 || !write_proc("/proc/self/oom_score_adj", "900"))
        return 2;
    process_take_normal_schedule();
    if (sched_getscheduler(0) != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != 0)
        return 3;
    if (syscall(SYS_ioprio_get, 1, 0) >> 13 == 3)
        return 4;
    if (prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) != 50000)
        return 5;
    if (proc_value("/proc/self/oom_score_adj") != 0)
        return 6;
    if (sched_getaffinity(0, sizeof after, &after) != 0 || CPU_COUNT(&after) < CPU_COUNT(&before))
        return 7;
    return 0;
}

/* In a child: what a getty's service and a hung-up terminal send does not end it. */
static int ended_with_its_caller(void)
{
    (void)signal(SIGHUP, SIG_DFL); /* an earlier test has caught both */
    (void)signal(SIGTERM, SIG_DFL);
    process_outlive_caller();
    (void)raise(SIGHUP);
    (void)raise(SIGTERM);
    return 0;
}

/* A low limit is raised; one that may not be raised is named. */
static int small_limits(void)
{
    const struct rlimit low = {1000, 64 << 20}, lowest = {1000, 1000};
    struct rlimit lim;
    const char *which = "";

    if (setrlimit(RLIMIT_FSIZE, &low) != 0 || __real_process_raise_limits(&which) != BG_OK)
        return 1;
    if (getrlimit(RLIMIT_FSIZE, &lim) != 0 || lim.rlim_cur < 64 << 20)
        return 2;
    if (setrlimit(RLIMIT_FSIZE, &lowest) != 0 || setresuid(65534, 65534, 65534) != 0)
        return 3;
    if (__real_process_raise_limits(&which) == BG_OK || strcmp(which, "RLIMIT_FSIZE") != 0)
        return 4;
    return 0;
}

static void plain_root(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_a_child(wrong_with_plain_root), 0);
    assert_int_equal(in_a_child(wrong_with_the_schedule), 0);
    assert_int_equal(in_a_child(small_limits), 0);
}

static void its_caller_may_go(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(ended_with_its_caller), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_phase_and_its_verdict, begin, end),
        cmocka_unit_test_setup_teardown(what_was_known_is_wiped, begin, end),
        cmocka_unit_test_setup_teardown(the_dialogue_is_bounded_by_policy, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_done_without_a_hello, begin, end),
        cmocka_unit_test_setup_teardown(a_module_of_another_version_gets_a_refusal, begin, end),
        cmocka_unit_test_setup_teardown(a_grant_that_nobody_received_is_on_record, begin, end),
        cmocka_unit_test_setup_teardown(limits_that_are_too_small_refuse, begin, end),
        cmocka_unit_test_setup_teardown(dialogues_of_one_caller, begin, end),
        cmocka_unit_test_setup_teardown(dialogues_where_nothing_was_made, begin, end),
        cmocka_unit_test_setup_teardown(a_bad_policy_is_told_and_keeps_nobody_out, begin, end),
        cmocka_unit_test_setup_teardown(answers_over_the_socket, begin, end),
        cmocka_unit_test_setup_teardown(lines_from_a_terminal, begin, end),
        cmocka_unit_test_setup_teardown(a_ctrl_c_is_never_lost, begin, end),
        cmocka_unit_test_setup_teardown(plain_root, begin, end),
        cmocka_unit_test_setup_teardown(its_caller_may_go, begin, end),
    };

    (void)alarm(120); /* a wait without an end is a failed test */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
