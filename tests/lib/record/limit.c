/* SPDX-License-Identifier: ISC */
/* The limit of a session: warned ahead, alarmed of once and again, extended, and ended by force for its own
 * alone. */
#include "place.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/host.h"
#include "base/wire.h"
#include "record/event.h"
#include "record/limit.h"

#define MINUTE INT64_C(60000)

static char use[BG_ULID_LEN + 1], entry[sizeof BG_USE_ENV + sizeof use]; /* of this run alone */
static int64_t ahead;                                                    /* how much later it is than it is */
static pid_t holder;

int64_t __real_bg_now_ms(void);
int64_t __wrap_bg_now_ms(void);
int64_t __wrap_bg_now_ms(void)
{
    return __real_bg_now_ms() + ahead;
}

/* Once its shell is hung up on, a job has lost its terminal before anything else happens. */
static pid_t job;
int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig)
{
    struct bg_host_process p = {.tty = 1};
    int r = __real_kill(pid, sig);

    for (int i = 0; job != 0 && pid != job && sig == SIGHUP && p.tty != 0 && i < 5000; i++) {
        bg_sleep_ms(1);
        if (!bg_host_process(job, &p))
            break;
    }
    return r;
}

static void put(struct place *p, enum bg_event_type type)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.account = "bg1";
    e.source = "console";
    e.use = use;
    e.host_pid = holder;
    place_record(p, &e, BG_RECORDED_JOURNAL);
}

static pid_t somebody(void)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            (void)pause();
    assert_true(pid > 0);
    return pid;
}

static int begin(void **state)
{
    struct place *p;
    int r = place_setup(state);

    p = *state;
    ahead = 0;
    holder = somebody();
    put(p, BG_EV_USE_GRANTED);
    put(p, BG_EV_SESSION_OPENED);
    bg_limit_opened(p->journal, p->run, "bg1", use);
    return r;
}

static void ended(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int end(void **state)
{
    ended(holder);
    return place_teardown(state);
}

/* A program of the use with a terminal (*master) or, with NULL, without. */
static pid_t program(int *master, uid_t uid)
{
    char *env[] = {entry, NULL};
    pid_t pid = master != NULL ? forkpty(master, NULL, NULL, NULL) : fork();

    if (pid != 0) {
        char name[64];
        assert_true(pid > 0);
        while (bg_host_pid_file(pid, "environ", name, sizeof name) == 0 ||
               strncmp(name, entry, strlen(entry)) != 0)
            bg_sleep_ms(1);
        return pid;
    }
    if (master == NULL)
        (void)setsid();
    if (uid != getuid() && setuid(uid) != 0)
        _exit(1);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it holds the output of a run that fails */
    (void)execle("/bin/sleep", "sleep", "1000", (char *)NULL, env);
    _exit(1);
}

/* What has come to a terminal; "" for nothing. */
static const char *shown(int master)
{
    static char text[2048];
    struct pollfd pf = {.fd = master, .events = POLLIN};
    size_t n = 0;
    ssize_t got;

    while (n < sizeof text - 1 && poll(&pf, 1, 0) == 1 &&
           (got = read(master, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    return text;
}

static unsigned look(struct place *p, bool by_force)
{
    const struct bg_limit limit = {480 * MINUTE, by_force};

    return bg_limit_look(&p->rec, "bg1", getuid(), &limit);
}

static void warned_ahead_then_alarmed_of(void **state)
{
    struct place *p = *state;
    int master;
    pid_t pid = program(&master, getuid());

    assert_int_equal(look(p, false), 0);
    ahead = 464 * MINUTE;
    assert_int_equal(look(p, false), 0);
    assert_string_equal(shown(master), "");
    ahead = 466 * MINUTE;
    assert_int_equal(look(p, false), 0);
    assert_non_null(strstr(shown(master), "BG1030 This session of bg1 reaches its limit in 14 minutes."));
    assert_int_equal(look(p, false), 0);
    assert_string_equal(shown(master), "");
    ahead = 476 * MINUTE;
    assert_int_equal(look(p, false), 0);
    assert_non_null(strstr(shown(master), "BG1030 This session of bg1 reaches its limit in 4 minutes."));
    ahead = 480 * MINUTE + 1;
    assert_int_equal(look(p, false), 1);
    assert_non_null(strstr(shown(master), "BG1031"));
    assert_int_equal(look(p, false), 0);
    ahead = 509 * MINUTE;
    assert_int_equal(look(p, false), 0);
    ahead = 511 * MINUTE;
    assert_int_equal(look(p, false), 1);
    ended(pid);
    (void)close(master);
}

static void of_nobody_without_a_limit_or_a_holder(void **state)
{
    struct place *p = *state;
    const struct bg_limit none = {0, true};

    ahead = 10000 * MINUTE;
    assert_int_equal(bg_limit_look(&p->rec, "bg1", getuid(), &none), 0);
    assert_int_equal(bg_limit_look(&p->rec, "bg2", getuid(), &(struct bg_limit){MINUTE, true}), 0);
    put(p, BG_EV_SESSION_CLOSED);
    assert_int_equal(look(p, true), 0);
}

static void extended(void **state)
{
    struct place *p = *state;

    ahead = 481 * MINUTE;
    assert_int_equal(look(p, false), 1);
    assert_int_equal(bg_limit_extend(p->journal, p->run, "bg1", use, BG_EXTEND_MIN_MS - 1), BG_E_RANGE);
    assert_int_equal(bg_limit_extend(p->journal, p->run, "bg1", use, BG_EXTEND_MAX_MS + 1), BG_E_RANGE);
    assert_int_equal(bg_limit_extend(p->journal, p->run, "bg1", use, 120 * MINUTE), BG_OK);
    assert_true(llabs(bg_limit_left(p->journal, p->run, "bg1", use, 480 * MINUTE) - 120 * MINUTE) < MINUTE);
    ahead = 590 * MINUTE;
    assert_int_equal(look(p, true), 0);
    ahead = 602 * MINUTE;
    assert_int_equal(look(p, false), 1);
}

/* Where the file is gone, the id of the use tells when it began, and never a time before this boot. */
static void lost(void **state)
{
    struct place *p = *state;
    char path[160];

    (void)snprintf(path, sizeof path, "%s/state/limit-bg1", p->root);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "rm -f %.64s/*/limit-bg1 %.64s/*/*/limit-bg1", p->root, p->root);
    assert_int_equal(system(path), 0);
    assert_int_equal(look(p, false), __real_bg_now_ms() > 480 * MINUTE ? 1 : 0);
}

static void ended_by_force(void **state)
{
    struct place *p = *state;
    uid_t other = getuid() == 0 ? 65534 : getuid();
    int master, theirs;
    pid_t shell = program(&master, getuid()), service = program(NULL, getuid()),
          stranger = program(&theirs, other);

    ahead = 481 * MINUTE;
    assert_int_equal(look(p, true), 1);
    assert_non_null(strstr(shown(master), "BG1032"));
    if (other != getuid())
        assert_string_equal(shown(theirs), "");
    assert_int_equal(look(p, true), 0);
    assert_true(bg_host_pid_start(shell) != 0);
    ahead = 482 * MINUTE + 1;
    assert_int_equal(look(p, true), 1);
    assert_int_equal(bg_host_pid_start(shell), 0);
    assert_true(bg_host_pid_start(service) != 0);
    if (other != getuid())
        assert_true(bg_host_pid_start(stranger) != 0);
    assert_true(bg_host_pid_start(holder) != 0);
    ended(shell);
    ended(service);
    ended(stranger);
    (void)close(master);
    (void)close(theirs);
}

/* A shell, and what it started that hears no SIGHUP. */
static pid_t shell_with_job(int *master)
{
    char name[64], *env[] = {entry, NULL};
    pid_t pid = forkpty(master, NULL, NULL, NULL);

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execle("/bin/sh", "sh", "-c",
                     "trap '' HUP; sleep 1000 & trap - HUP; echo $!; while :; do wait; done", (char *)NULL,
                     env);
        _exit(1);
    }
    for (*name = '\0'; strchr(name, '\n') == NULL;) {
        ssize_t n = read(*master, name, sizeof name - 1);
        name[n > 0 ? n : 0] = '\0';
    }
    job = (pid_t)strtol(name, NULL, 10);
    while (bg_host_pid_file(job, "cmdline", name, sizeof name) == 0 || strcmp(name, "sleep") != 0)
        bg_sleep_ms(1);
    return pid;
}

static void ended_with_its_jobs(void **state)
{
    struct place *p = *state;
    int master;
    pid_t shell = shell_with_job(&master);
    uint64_t start = bg_host_pid_start(job);

    ahead = 481 * MINUTE;
    assert_int_equal(look(p, true), 1);
    ahead = 482 * MINUTE + 1;
    assert_int_equal(look(p, true), 1);
    assert_int_equal(bg_host_pid_start(shell), 0);
    for (int i = 0; i < 5000 && bg_host_pid_start(job) == start; i++)
        bg_sleep_ms(1);
    assert_true(start != 0 && bg_host_pid_start(job) != start);
    job = 0;
    ended(shell);
    (void)close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(warned_ahead_then_alarmed_of, begin, end),
        cmocka_unit_test_setup_teardown(of_nobody_without_a_limit_or_a_holder, begin, end),
        cmocka_unit_test_setup_teardown(extended, begin, end),
        cmocka_unit_test_setup_teardown(lost, begin, end),
        cmocka_unit_test_setup_teardown(ended_by_force, begin, end),
        cmocka_unit_test_setup_teardown(ended_with_its_jobs, begin, end),
    };

    if (bg_ulid(use) != BG_OK)
        return 1;
    (void)snprintf(entry, sizeof entry, BG_USE_ENV "=%s", use);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
