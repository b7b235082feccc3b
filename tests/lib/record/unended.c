/* SPDX-License-Identifier: ISC */
/* Sessions that nobody closed are closed on record by whoever comes by: once, and none that goes on. */
#include "place.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/host.h"
#include "record/event.h"
#include "record/tally.h"
#include "record/unended.h"

#define USE_A "01JD7Z3W9Q6M3B1V5X0C8K3F2A"
#define USE_B "01JD7Z3W9Q6M3B1V5X0C8K3F2B"

static uint64_t boot; /* which one this is */
static bool hidden;   /* /proc shows us no other process */

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
    hidden = false;
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

    use(p, USE_A, pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", &at), 0); /* it goes on */
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg2", &at), 0); /* of nobody else's */
    assert_int_equal(at.sequence, 0);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", &at), 1);
    assert_closed(p, USE_A, "the process that held it is gone");
    assert_true(at.sequence > 0);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0); /* once */
}

static void a_session_of_another_boot(void **state)
{
    struct place *p = *state;

    use(p, USE_A, getpid()); /* a number that somebody else has by now */
    boot = 8;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 1);
    assert_closed(p, USE_A, "this machine was started anew");
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
}

static void several_at_once(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, USE_A, pid);
    use(p, USE_B, pid);
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 2);
}

/* Whoever comes by is about to log in: it must not wait for each of them when the journal does not take one.
 */
static void they_stop_where_the_journal_does_not_take_one(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();
    int lock;
    char path[160];

    use(p, USE_A, pid);
    use(p, USE_B, pid);
    killed(pid);
    (void)snprintf(path, sizeof path, "%s/lock", p->journal);
    assert_true((lock = open(path, O_RDWR | O_CLOEXEC)) >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    p->rec.timeout_ms = 2000;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 1);
    (void)close(lock);
    p->rec.timeout_ms = 60000;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 1);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
}

static void a_handful_at_a_time(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();
    char id[] = USE_A;

    for (int i = 0; i < 10; i++) {
        id[sizeof id - 2] = (char)('0' + i);
        use(p, id, pid);
    }
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 8);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 2);
}

static void what_was_closed_or_never_opened(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, USE_A, pid);
    put(p, BG_EV_SESSION_CLOSED, "bg1", USE_A, pid);
    put(p, BG_EV_USE_GRANTED, "bg1", USE_B, pid);
    killed(pid);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
    boot = 8;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
}

/* The helper was killed between writing session.closed and noting it: it is on record, and not written again.
 */
static void what_is_on_record_and_was_not_noted(void **state)
{
    struct place *p = *state;
    struct kept run, disk;
    pid_t host = somebody();
    unsigned lines;

    use(p, USE_A, host);
    run = keep(p, "run");
    disk = keep(p, "state");
    put(p, BG_EV_SESSION_CLOSED, "bg1", USE_A, host);
    put_back(&run);
    put_back(&disk);
    killed(host);
    lines = place_lines(p->journal);
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
    assert_int_equal(place_lines(p->journal), lines);
    place_write(p->journal, "000001.jsonl", "", 0); /* from now on the file knows it */
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
}

/* hidepid: a process that cannot be seen is not gone. */
static void where_proc_hides_processes(void **state)
{
    struct place *p = *state;
    pid_t pid = somebody();

    use(p, USE_A, pid);
    hidden = true;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
    boot = 8;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 1);
    killed(pid);
}

/* Nor is anything said where the kernel names no boot. */
static void where_no_boot_is_known(void **state)
{
    struct place *p = *state;

    use(p, USE_A, getpid());
    boot = 0;
    assert_int_equal(bg_sessions_end(&p->rec, "bg1", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_whose_process_is_gone, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_session_of_another_boot, begin, place_teardown),
        cmocka_unit_test_setup_teardown(several_at_once, begin, place_teardown),
        cmocka_unit_test_setup_teardown(they_stop_where_the_journal_does_not_take_one, begin, place_teardown),
        cmocka_unit_test_setup_teardown(a_handful_at_a_time, begin, place_teardown),
        cmocka_unit_test_setup_teardown(what_was_closed_or_never_opened, begin, place_teardown),
        cmocka_unit_test_setup_teardown(what_is_on_record_and_was_not_noted, begin, place_teardown),
        cmocka_unit_test_setup_teardown(where_proc_hides_processes, begin, place_teardown),
        cmocka_unit_test_setup_teardown(where_no_boot_is_known, begin, place_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
