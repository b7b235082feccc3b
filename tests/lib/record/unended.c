/* SPDX-License-Identifier: ISC */
/* Sessions that nobody closed are closed on record by whoever comes by: once, and none that goes on. */
#include "place.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/host.h"
#include "record/event.h"
#include "record/state.h"
#include "record/survivor.h"
#include "record/tally.h"
#include "record/unended.h"

/* No other's: whoever runs this test beside us has processes in the same /proc. */
static char use_a[] = "01JD7Z3W9Q6M3B1V5X0C8K3F2A", use_b[] = "01JD7Z3W9Q6M3B1V5X0C8K3F2B";

static uint64_t boot; /* which one this is */
static bool hidden;   /* /proc shows us no other process */
static bool silent;   /* no search reaches its end */
static char *wide;    /* what a shell has in its environment besides */

enum bg_err __real_bg_survivors_of(const char *use, uid_t uid, uint64_t since, struct bg_survivors *out);
enum bg_err __wrap_bg_survivors_of(const char *use, uid_t uid, uint64_t since, struct bg_survivors *out);
enum bg_err __wrap_bg_survivors_of(const char *use, uid_t uid, uint64_t since, struct bg_survivors *out)
{
    if (!silent)
        return __real_bg_survivors_of(use, uid, since, out);
    memset(out, 0, sizeof *out);
    return BG_E_TIMEOUT;
}

uint64_t __real_bg_boot_number(void);
uint64_t __wrap_bg_boot_number(void);
uint64_t __wrap_bg_boot_number(void)
{
    return boot;
}

uint64_t __real_bg_host_pid_start(int64_t pid);
uint64_t __wrap_bg_host_pid_start(int64_t pid);
uint64_t __wrap_bg_host_pid_start(int64_t pid)
{
    return hidden && pid != getpid() ? 0 : __real_bg_host_pid_start(pid);
}

static int begin(void **state)
{
    boot = 7;
    hidden = silent = false;
    wide = "";
    return place_setup(state);
}

static void put(struct place *p, enum bg_event_type type, const char *account, const char *use, pid_t pid)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.account = account;
    e.source = "console";
    e.use = use;
    e.host_pid = pid;
    place_record(p, &e, BG_RECORDED_JOURNAL);
}

static void use(struct place *p, const char *id, pid_t pid)
{
    put(p, BG_EV_USE_GRANTED, "bg1", id, pid);
    put(p, BG_EV_SESSION_OPENED, "bg1", id, pid);
}

/* A process that is there for a while. */
static pid_t somebody(void)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            (void)pause();
    assert_true(pid > 0);
    return pid;
}

/* What the state room holds of bg1 in one place, kept and put back. */
struct kept {
    char dir[160], *data;
    size_t len;
};

static struct kept keep(struct place *p, const char *up)
{
    struct kept k;

    (void)snprintf(k.dir, sizeof k.dir, "%s/%s/state", p->root, up);
    k.data = place_read(k.dir, "account-bg1", &k.len);
    return k;
}

static void put_back(struct kept *k)
{
    place_write(k->dir, "account-bg1", k->data, k->len);
    free(k->data);
}

static void killed(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static json_t *newest(struct place *p)
{
    return place_line(p->journal, place_lines(p->journal) - 1);
}

static void assert_closed(struct place *p, const char *id, const char *why)
{
    json_t *ev = newest(p);

    assert_string_equal(str(ev, "type"), "org.breakglass.session.closed.v1");
    assert_string_equal(str(ev, "subject"), "bg1");
    assert_string_equal(str(own(ev), "use"), id);
    assert_string_equal(str(own(ev), "detail"), "BG172");
    assert_non_null(strstr(str(json_object_get(ev, "data"), "message"), why));
    json_decref(ev);
}

static void a_session_whose_process_is_gone(void **state)
{
    struct place *p = *state;
    struct bg_position at = {.sequence = 0};
    pid_t pid = somebody();

    use(p, use_a, pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), &at), 0); /* it goes on */
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg2", getuid(), &at), 0); /* of nobody else's */
    assert_int_equal(at.sequence, 0);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), &at), 1);
    assert_closed(p, use_a, "the process that held it is gone");
    assert_true(at.sequence > 0);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0); /* once */
}

static void a_session_of_another_boot(void **state)
{
    struct place *p = *state;

    use(p, use_a, getpid()); /* a number that somebody else has by now */
    boot = 8;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_closed(p, use_a, "this machine was started anew");
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
}

/* Whoever started login may not wait for it: it has ended all the same. */
static void a_session_whose_process_nobody_has_waited_for(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();
    siginfo_t end;

    use(p, use_a, pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_closed(p, use_a, "the process that held it is gone.");
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A shell of that use, on a terminal or without one; it runs when this returns. */
static pid_t shell_of(const char *id, bool terminal, int *line)
{
    char env[64], byte;
    char *const argv[] = {"sh", "-c", "echo; kill -STOP $$", NULL};
    char *const envp[] = {"PATH=/usr/bin:/bin", wide, wide, env, NULL};
    int ends[2];
    pid_t pid;

    bg_sleep_ms(20); /* a shell is younger than what started it, by the kernel's ticks of 10 ms too */
    (void)snprintf(env, sizeof env, "BREAKGLASS_USE=%s", id);
    assert_int_equal(pipe(ends), 0);
    pid = terminal ? forkpty(line, NULL, NULL, NULL) : fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing is left when the test fails */
        if (!terminal) {
            (void)setsid();
            (void)dup2(ends[1], 1);
        }
        (void)execve("/bin/sh", argv, envp);
        _exit(127);
    }
    assert_true(pid > 0);
    assert_int_equal(read(terminal ? *line : ends[0], &byte, 1), 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return pid;
}

static void assert_orphaned(struct place *p, const char *id, pid_t pid)
{
    json_t *ev = newest(p);

    assert_string_equal(str(ev, "type"), "org.breakglass.session.orphaned.v1");
    assert_string_equal(str(own(ev), "use"), id);
    assert_string_equal(str(own(ev), "detail"), "BG890");
    assert_int_equal(json_integer_value(json_object_get(own(ev), "pid")), pid);
    assert_non_null(strstr(str(json_object_get(ev, "data"), "message"), " (sh) of it goes on at pts/"));
    json_decref(ev);
}

/* su was killed and its shell reads on: the use is not over before that has ended too. */
static void a_session_that_goes_on_without_its_process(void **state)
{
    struct place *p = *state;
    pid_t su = somebody(), shell;
    char fresh[BG_ULID_LEN + 1]; /* this test may run several times at once */
    struct kept run, disk;
    char now[BG_ULID_LEN + 1];
    int line;

    boot = __real_bg_boot_number();
    assert_int_equal(bg_ulid(fresh), BG_OK);
    use(p, fresh, su);
    shell = shell_of(fresh, true, &line);
    killed(su);
    run = keep(p, "run");
    disk = keep(p, "state");
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_orphaned(p, fresh, shell);
    assert_true(bg_state_active(p->journal, p->run, "bg1", now));
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0); /* once */
    put_back(&run);
    put_back(&disk);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0); /* it is on record */
    killed(shell);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_closed(p, fresh, "the process that held it is gone.");
    (void)close(line);
}

/* Whatever else stands in an environment, and however much: it neither hides a shell nor ends the search. */
static void an_environment_of_any_length(void **state)
{
    struct place *p = *state;
    pid_t su = somebody(), shell;
    char fresh[BG_ULID_LEN + 1];
    int line;

    assert_int_equal(bg_ulid(fresh), BG_OK);
    boot = __real_bg_boot_number();
    use(p, fresh, su);
    wide = malloc(100001);
    assert_non_null(wide);
    memset(wide, 'a', 100000);
    memcpy(wide, "A=", 2);
    wide[100000] = '\0';
    shell = shell_of(fresh, true, &line);
    free(wide);
    killed(su);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_orphaned(p, fresh, shell);
    killed(shell);
    (void)close(line);
}

/* It is not closed as if nothing were left: the third who comes by does, and says so. */
static void a_search_without_an_end(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, use_a, pid);
    use(p, use_b, pid);
    killed(pid);
    silent = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), i < 2 ? 0 : 2);
    assert_closed(p, use_b, "is gone, and whether anything of it goes on could not be found out.");
}

/* Rounds without an answer are counted one after the other. */
static void a_search_that_ends_the_second_time(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, use_a, pid);
    killed(pid);
    for (int i = 0; i < 2; i++) {
        silent = true;
        assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
    }
    silent = false;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_closed(p, use_a, "the process that held it is gone.");
    pid = somebody();
    use(p, use_b, pid);
    killed(pid);
    silent = true;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
}

/* A variable in the environment proves nothing of another user, nor of another use. */
static void a_process_of_somebody_else_holds_no_session(void **state)
{
    struct place *p = *state;
    pid_t su = somebody(), shell;
    char fresh[BG_ULID_LEN + 1];
    int line;

    assert_int_equal(bg_ulid(fresh), BG_OK);
    use(p, use_a, su);
    use(p, fresh, su);
    shell = shell_of(fresh, true, &line);
    killed(su);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid() + 1, NULL), 2);
    assert_closed(p, fresh, "the process that held it is gone.");
    killed(shell);
    (void)close(line);
}

/* A daemon that was started in it does not keep a session open, as it does not after any other end. */
static void what_is_left_without_a_terminal_is_told(void **state)
{
    struct place *p = *state;
    pid_t su = somebody(), shell;
    char fresh[BG_ULID_LEN + 1];

    assert_int_equal(bg_ulid(fresh), BG_OK);
    use(p, fresh, su);
    shell = shell_of(fresh, false, NULL);
    killed(su);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_closed(p, fresh, "is gone, and left running without a terminal: 1 process.");
    killed(shell);
}

static void several_at_once(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, use_a, pid);
    use(p, use_b, pid);
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 2);
}

/* Whoever comes by is about to log in: it must not wait for each of them when the journal does not take one.
 */
static void they_stop_where_the_journal_does_not_take_one(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();
    int lock;
    char path[160];

    use(p, use_a, pid);
    use(p, use_b, pid);
    killed(pid);
    (void)snprintf(path, sizeof path, "%s/lock", p->journal);
    assert_true((lock = open(path, O_RDWR | O_CLOEXEC)) >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    p->rec.timeout_ms = 2000;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    (void)close(lock);
    p->rec.timeout_ms = 60000;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
}

static void a_handful_at_a_time(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();
    char id[sizeof use_a];

    memcpy(id, use_a, sizeof id);

    for (int i = 0; i < 10; i++) {
        id[sizeof id - 2] = (char)('0' + i);
        use(p, id, pid);
    }
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 8);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 2);
}

static void what_was_closed_or_never_opened(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, use_a, pid);
    put(p, BG_EV_SESSION_CLOSED, "bg1", use_a, pid);
    put(p, BG_EV_USE_GRANTED, "bg1", use_b, pid);
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
    boot = 8;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
}

/* The helper was killed between writing session.closed and noting it: it is on record, and not written again.
 */
static void what_is_on_record_and_was_not_noted(void **state)
{
    struct place *p = *state;
    struct kept run, disk;
    pid_t host = somebody();
    unsigned lines;

    use(p, use_a, host);
    run = keep(p, "run");
    disk = keep(p, "state");
    put(p, BG_EV_SESSION_CLOSED, "bg1", use_a, host);
    put_back(&run);
    put_back(&disk);
    killed(host);
    lines = place_lines(p->journal);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
    assert_int_equal(place_lines(p->journal), lines);
    place_write(p->journal, "000001.jsonl", "", 0); /* from now on the file knows it */
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
}

/* hidepid: a process that cannot be seen is not gone. */
static void where_proc_hides_processes(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, use_a, pid);
    hidden = true;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
    boot = 8;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 1);
    killed(pid);
}

/* Nor is anything said where the kernel names no boot. */
static void where_no_boot_is_known(void **state)
{
    struct place *p = *state;

    use(p, use_a, getpid());
    boot = 0;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), NULL), 0);
}

/* What ended by itself is part of the drill that its use was, and of none otherwise. */
static void an_end_is_marked_as_its_use_was(void **state)
{
    struct place *p = *state;
    struct bg_event e = BG_EVENT_INIT;
    struct bg_position at;
    pid_t pid = somebody(), other = somebody();
    json_t *ev;

    e.account = "bg1";
    e.drill = use_b;
    e.type = BG_EV_DRILL_OPENED;
    e.by = "Grace";
    e.until = "2100-01-01T00:00:00Z";
    place_record(p, &e, BG_RECORDED_JOURNAL);
    e.type = BG_EV_USE_GRANTED;
    e.source = "console";
    e.use = use_a;
    e.host_pid = pid;
    place_record(p, &e, BG_RECORDED_JOURNAL);
    put(p, BG_EV_SESSION_OPENED, "bg1", use_a, pid);
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), &at), 1);
    ev = place_line(p->journal, place_lines(p->journal) - 1);
    assert_true(bg_event_is(ev, BG_EV_SESSION_CLOSED));
    assert_string_equal(str(own(ev), "drill_id"), use_b);
    json_decref(ev);
    use(p, use_b, other);
    killed(other);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", getuid(), &at), 1);
    ev = place_line(p->journal, place_lines(p->journal) - 1);
    assert_null(json_object_get(own(ev), "drill"));
    json_decref(ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_end_is_marked_as_its_use_was, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_session_whose_process_is_gone, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_session_of_another_boot, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_session_whose_process_nobody_has_waited_for, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_session_that_goes_on_without_its_process, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_process_of_somebody_else_holds_no_session, begin, place_teardown),
        cmocka_unit_test_setup_teardown(what_is_left_without_a_terminal_is_told, begin, place_teardown),
        cmocka_unit_test_setup_teardown(an_environment_of_any_length, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_search_without_an_end, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_search_that_ends_the_second_time, begin, place_teardown),
        cmocka_unit_test_setup_teardown(several_at_once, begin, place_teardown),
        cmocka_unit_test_setup_teardown(they_stop_where_the_journal_does_not_take_one, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_handful_at_a_time, begin, place_teardown),
        cmocka_unit_test_setup_teardown(what_was_closed_or_never_opened, begin, place_teardown),
        cmocka_unit_test_setup_teardown(what_is_on_record_and_was_not_noted, begin, place_teardown),
        cmocka_unit_test_setup_teardown(where_proc_hides_processes, begin, place_teardown),
        cmocka_unit_test_setup_teardown(where_no_boot_is_known, begin, place_teardown),
    };

    (void)snprintf(use_a + 10, sizeof use_a - 10, "%015dA", getpid());
    (void)snprintf(use_b + 10, sizeof use_b - 10, "%015dB", getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
