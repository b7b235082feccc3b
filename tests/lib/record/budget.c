/* SPDX-License-Identifier: ISC */
/* Strangers have a budget: a few events each, then counts; what matters has none. */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/budget.h"
#include "record/room.h"
#include "record/state.h"
#include "record/tally.h"

#define BURST      20
#define HOST_BURST 100
#define MINUTE     60000
#define HOUR       (60 * MINUTE)

static struct bg_budget budget;
static int64_t now;

static int begin(void **state)
{
    (void)state;
    now = 1000;
    bg_budget_begin(&budget, 1, now);
    return 0;
}

static struct bg_event from(const char *rhost, enum bg_event_type type)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.account = "bg1";
    e.source = "network";
    e.service = "sshd";
    e.rhost = rhost;
    e.unproven = true;
    return e;
}

static bool spend(const char *rhost)
{
    struct bg_event e = from(rhost, BG_EV_ATTEMPT_FAILED);

    return bg_budget_spend(&budget, &e, now);
}

/* How many of n events are written by themselves. */
static int written(const char *rhost, int n)
{
    int yes = 0;

    while (n-- > 0)
        yes += spend(rhost);
    return yes;
}

static const char *source_of(const char *rhost, const char *source, const char *tty, int64_t uid)
{
    static char out[64];
    struct bg_event e = {.rhost = rhost, .source = source, .tty = tty, .caller_uid = uid};

    bg_budget_source(&e, out);
    return out;
}

static void what_is_one_source(void **state)
{
    (void)state;
    assert_string_equal(source_of("192.0.2.7", "network", "ssh", 0), "192.0.2.7");
    assert_string_equal(source_of("2001:db8:1:2:3:4:5:6", "network", "ssh", 0), "2001:db8:1:2::/64");
    assert_string_equal(source_of("2001:db8:1:2::7", "network", "ssh", 0), "2001:db8:1:2::/64");
    assert_string_equal(source_of("fe80::1%eth0", "network", "ssh", 0), "fe80::/64");
    assert_string_equal(source_of("::ffff:192.0.2.7", "network", "ssh", 0), "192.0.2.7");
    assert_string_equal(source_of("a.example", "network", "ssh", 0), "a.example");
    assert_string_equal(source_of("\033[2J", "network", "ssh", 0), "\\u{001B}[2J");
    assert_string_equal(source_of("", "local", "pts/3", 5000), "uid 5000");
    assert_string_equal(source_of("", "console", "tty1", 0), "tty1");
    assert_string_equal(source_of(NULL, "network", NULL, 0), "network");
}

static void the_first_events_of_a_source_are_written(void **state)
{
    (void)state;
    assert_int_equal(written("192.0.2.7", 50), BURST);
    assert_int_equal(written("192.0.2.8", 50), BURST); /* somebody else's are his own */
    now += 5 * MINUTE - 1;
    assert_int_equal(written("192.0.2.7", 5), 0);
    now += 1;
    assert_int_equal(written("192.0.2.7", 5), 1);
    now += 24 * HOUR;
    assert_int_equal(written("192.0.2.7", 50), BURST);
}

/* The same source on another account counts apart. */
static void a_budget_is_of_one_account(void **state)
{
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);

    (void)state;
    assert_int_equal(written("192.0.2.7", 50), BURST);
    e.account = "bg2";
    assert_true(bg_budget_spend(&budget, &e, now));
}

static void many_sources_share_the_budget_of_the_host(void **state)
{
    int yes = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        char rhost[64];
        (void)snprintf(rhost, sizeof rhost, "2001:db8:%x:%x::1", i / 256, i % 256);
        yes += spend(rhost);
    }
    assert_int_equal(yes, HOST_BURST);
    now += MINUTE;
    assert_true(spend("198.51.100.1"));
    assert_false(spend("198.51.100.2"));
}

static void a_whole_ipv6_network_is_one_source(void **state)
{
    int yes = 0;

    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        char rhost[64];
        (void)snprintf(rhost, sizeof rhost, "2001:db8:1:2:%x::1", i);
        yes += spend(rhost);
    }
    assert_int_equal(yes, BURST);
}

/* The counts become one event: not before a minute, and one a minute. */
static void counts_are_due_after_a_minute(void **state)
{
    struct bg_event e;
    struct bg_repeats n;

    (void)state;
    assert_int_equal(bg_budget_wait(&budget, now), -1);
    (void)written("192.0.2.7", BURST);
    assert_int_equal(bg_budget_wait(&budget, now), -1);
    (void)written("192.0.2.7", 3);
    now += 1000;
    e = from("192.0.2.7", BG_EV_SHARE_REFUSED);
    assert_false(bg_budget_spend(&budget, &e, now));
    e.type = BG_EV_ATTEMPT_STARTED;
    assert_false(bg_budget_spend(&budget, &e, now));
    e.type = BG_EV_ATTEMPT_ABORTED;
    assert_false(bg_budget_spend(&budget, &e, now));
    (void)written("192.0.2.9", BURST + 2);
    assert_int_equal(bg_budget_wait(&budget, now), MINUTE - 1000);
    assert_false(bg_budget_collect(&budget, now, false, &n));
    now += MINUTE - 1000;
    assert_int_equal(bg_budget_wait(&budget, now), 1);
    assert_true(bg_budget_collect(&budget, now, false, &n));
    assert_string_equal(n.account, "bg1");
    assert_string_equal(n.source, "network");
    assert_int_equal(n.failed, 5);
    assert_int_equal(n.started, 1);
    assert_int_equal(n.aborted, 1);
    assert_int_equal(n.refused, 1);
    assert_int_equal(n.sources, 2);
    assert_string_equal(n.first, "192.0.2.7");
    assert_string_equal(n.last, "192.0.2.9");
    assert_int_equal(strlen(n.since), BG_TIME_LEN - 1);
    assert_false(bg_budget_collect(&budget, now, false, &n));
    assert_int_equal(bg_budget_wait(&budget, now), -1);
}

/* Each account and class has counts of its own. */
static void counts_are_of_one_account_and_class(void **state)
{
    struct bg_event e = from("", BG_EV_ATTEMPT_FAILED);
    struct bg_repeats n;

    (void)state;
    (void)written("192.0.2.7", BURST + 4);
    e.source = "local";
    e.caller_uid = 5000;
    for (int i = 0; i < BURST + 2; i++)
        (void)bg_budget_spend(&budget, &e, now);
    now += MINUTE;
    assert_true(bg_budget_collect(&budget, now, false, &n));
    assert_string_equal(n.source, "network");
    assert_int_equal(n.failed, 4);
    assert_true(bg_budget_collect(&budget, now, false, &n));
    assert_string_equal(n.source, "local");
    assert_string_equal(n.first, "uid 5000");
    assert_int_equal(n.failed, 2);
}

static void what_could_not_be_recorded_is_counted_again(void **state)
{
    struct bg_repeats n, again;

    (void)state;
    (void)written("192.0.2.7", BURST + 4);
    now += MINUTE;
    assert_true(bg_budget_collect(&budget, now, false, &n));
    (void)written("192.0.2.9", BURST + 1);
    bg_budget_return(&budget, &n, now);
    now += MINUTE;
    assert_true(bg_budget_collect(&budget, now, false, &again));
    assert_int_equal(again.failed, 5);
    assert_string_equal(again.first, "192.0.2.7");
    assert_string_equal(again.last, "192.0.2.9");
    assert_string_equal(again.since, n.since);
}

/* More accounts than there are places for: nothing is lost. */
static void counts_without_a_place_of_their_own(void **state)
{
    struct bg_repeats n;
    uint64_t sum = 0;
    int yes = 0;

    (void)state;
    for (int i = 0; i < 40; i++) {
        struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);
        char account[16];
        (void)snprintf(account, sizeof account, "bg%d", i);
        e.account = account;
        for (int k = 0; k < 30; k++)
            yes += bg_budget_spend(&budget, &e, now);
    }
    for (int i = 0; i < 60; i++, now += MINUTE)
        while (bg_budget_collect(&budget, now, false, &n))
            sum += n.failed;
    assert_int_equal(yes + (int)sum, 40 * 30);
}

/* 30 failures over the network on each of the accounts bg<from> to bg<to - 1>. */
static void fail_on(int first, int end)
{
    for (int i = first; i < end; i++) {
        struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);
        char account[16];
        (void)snprintf(account, sizeof account, "bg%d", i);
        e.account = account;
        for (int k = 0; k < 30; k++)
            (void)bg_budget_spend(&budget, &e, now);
    }
}

/* No account is told what was done to another. */
static void what_finds_no_place_is_told_of_no_account(void **state)
{
    struct bg_repeats n;
    uint64_t others = 0, named = 0;

    (void)state;
    (void)written("192.0.2.7", BURST + 4); /* bg1 */
    fail_on(2, 40);
    now += MINUTE;
    while (bg_budget_collect(&budget, now, true, &n)) {
        if (strcmp(n.account, "other accounts") == 0) {
            assert_string_equal(n.source, "");
            assert_int_equal(others, 0);
            others = n.failed;
            bg_budget_return(&budget, &n, now); /* could not be recorded: still of no account */
            assert_true(bg_budget_collect(&budget, now, true, &n));
            assert_string_equal(n.account, "other accounts");
            assert_int_equal(n.failed, others);
        } else {
            assert_string_equal(n.source, "network");
            assert_true(n.failed <= 30);
            named++;
        }
    }
    assert_int_equal(named, BG_BUDGET_COUNTS - 1);
    assert_true(others > 30);
}

/* Whose counts were told and who was quiet since makes room. */
static void a_place_is_free_again(void **state)
{
    struct bg_repeats n;

    (void)state;
    fail_on(0, 15);
    now += MINUTE;
    while (bg_budget_collect(&budget, now, true, &n))
        ;
    now += MINUTE;
    fail_on(14, 17); /* one that had a place, and two new ones */
    for (int i = 14; i < 17; i++) {
        assert_true(bg_budget_collect(&budget, now, true, &n));
        assert_string_equal(n.account, i == 14 ? "bg14" : i == 15 ? "bg15" : "bg16");
        assert_string_equal(n.source, "network");
    }
    assert_false(bg_budget_collect(&budget, now, true, &n));
}

/* A day of as much as there may be, on five accounts, over the network and by su: what is written stays below
 * 16 MiB. */
static void a_day_of_floods_stays_below_16_mib(void **state)
{
    int64_t end = now + 24 * HOUR, lines = 0;
    unsigned i = 0;

    (void)state;
    for (; now < end; now += 500) {
        struct bg_repeats n;
        char rhost[64], account[8];
        for (int k = 0; k < 10; k++, i++) {
            struct bg_event e = from(rhost, BG_EV_ATTEMPT_FAILED);
            (void)snprintf(rhost, sizeof rhost, "2001:db8:%x:%x::1", i / 65536 % 65536, i % 65536);
            (void)snprintf(account, sizeof account, "bg%u", i % 5);
            e.account = account;
            e.source = i % 2 ? "network" : "local";
            e.rhost = i % 2 ? rhost : "";
            e.caller_uid = i % 100;
            lines += bg_budget_spend(&budget, &e, now);
        }
        lines += bg_budget_collect(&budget, now, false, &n);
    }
    assert_true(lines > 0 && lines * 2048 < 16 << 20);
}

/* --- the file, and the journal ------------------------------------------------------------------ */

static void record(struct place *p, const struct bg_event *e, enum bg_recorded want)
{
    enum bg_recorded where = BG_RECORDED_NOWHERE;
    struct bg_position at;

    assert_int_equal(bg_record(&p->rec, e, &where, &at), BG_OK);
    assert_int_equal(where, want);
    assert_int_equal(at.sequence > 0, want != BG_RECORDED_COUNTED);
}

static unsigned failures(struct place *p)
{
    unsigned n = 0;
    int64_t since;

    bg_state_failures(p->journal, p->run, "bg1", BG_SOURCE_NETWORK, &n, &since);
    return n;
}

/* Let the counts become due. */
static void age(struct place *p, int64_t ms)
{
    struct bg_room room;
    struct bg_budget b;

    assert_int_equal(bg_room_of(p->journal, p->run, &room), BG_OK);
    assert_int_equal(bg_room_load(&room, "budget", &b, sizeof b), BG_OK);
    for (size_t i = 0; i < BG_BUDGET_COUNTS; i++)
        b.pending[i].since_ms -= ms;
    assert_int_equal(bg_room_save(&room, "budget", &b, sizeof b, false), BG_OK);
}

static void beyond_the_budget_only_counts_are_written(void **state)
{
    struct place *p = *state;
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED), use;
    struct bg_position at;
    json_t *line;

    for (int i = 0; i < BURST; i++)
        record(p, &e, BG_RECORDED_JOURNAL);
    for (int i = 0; i < 7; i++)
        record(p, &e, BG_RECORDED_COUNTED);
    assert_int_equal(place_lines(p->journal), 1 + BURST);
    assert_int_equal(failures(p), BURST + 7); /* what they cost does not depend on it */
    use = place_event("what matters has no budget");
    for (int i = 0; i < BURST + 5; i++)
        record(p, &use, BG_RECORDED_JOURNAL);
    assert_int_equal(place_lines(p->journal), 1 + BURST + BURST + 5);
    bg_record_counts(&p->rec, false, &at);
    assert_int_equal(at.sequence, 0);
    age(p, MINUTE);
    bg_record_counts(&p->rec, false, &at);
    assert_true(at.sequence > 0);
    line = place_line(p->journal, 1 + BURST + BURST + 5);
    assert_string_equal(str(line, "type"), "org.breakglass.attempt.repeated.v1");
    assert_string_equal(str(line, "subject"), "bg1");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(own(line), "repeats"), "failed")), 7);
    assert_string_equal(str(json_object_get(own(line), "repeats"), "first_source"), "192.0.2.7");
    assert_string_equal(str(own(line), "source"), "network");
    assert_non_null(
        strstr(str(json_object_get(line, "data"), "message"), "7 more events of attempts on bg1 since "));
    json_decref(line);
    bg_record_counts(&p->rec, false, &at);
    assert_int_equal(at.sequence, 0);
}

/* Whoever records something next tells them, and what was counted is in a journal from which all is rebuilt.
 */
static void the_next_event_tells_the_counts(void **state)
{
    struct place *p = *state;
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);
    char command[160];

    for (int i = 0; i < BURST + 7; i++)
        record(p, &e, i < BURST ? BG_RECORDED_JOURNAL : BG_RECORDED_COUNTED);
    age(p, MINUTE);
    e = from("192.0.2.8", BG_EV_ATTEMPT_STARTED);
    record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(place_lines(p->journal), 1 + BURST + 2);
    (void)snprintf(command, sizeof command, "rm -rf %s/state/state %s/run/state", p->root, p->root);
    assert_int_equal(system(command), 0);
    assert_int_equal(failures(p), BURST + 7);
}

/* Nobody waits twice for a journal that does not answer: they stay counted. */
static void a_journal_that_refuses_is_not_asked_for_them_as_well(void **state)
{
    struct place *p = *state;
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);
    char path[160];
    int lock;

    for (int i = 0; i < BURST + 7; i++)
        record(p, &e, i < BURST ? BG_RECORDED_JOURNAL : BG_RECORDED_COUNTED);
    age(p, MINUTE);
    (void)snprintf(path, sizeof path, "%s/lock", p->journal);
    assert_true((lock = open(path, O_RDWR | O_CLOEXEC)) >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    p->rec.timeout_ms = 2000;
    e = from("192.0.2.8", BG_EV_ATTEMPT_STARTED);
    record(p, &e, BG_RECORDED_RUN);
    (void)close(lock);
    assert_int_equal(place_lines(p->run), 2);
    assert_int_equal(bg_budget_next(p->journal, p->run), 1);
}

/* The machine goes down: nobody will tell them later. */
static void the_last_settlement_tells_all_counts(void **state)
{
    struct place *p = *state;
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);

    for (int i = 0; i < BURST + 7; i++)
        record(p, &e, i < BURST ? BG_RECORDED_JOURNAL : BG_RECORDED_COUNTED);
    e.source = "local";
    for (int i = 0; i < 7; i++)
        record(p, &e, BG_RECORDED_COUNTED);
    assert_int_equal(bg_journal_settle(&p->rec, 30000, false), BG_OK);
    assert_int_equal(place_lines(p->journal), 1 + BURST);
    assert_int_equal(bg_journal_settle(&p->rec, 30000, true), BG_OK);
    assert_int_equal(place_lines(p->journal), 1 + BURST + 2);
    assert_int_equal(bg_budget_next(p->journal, p->run), -1);
}

/* Processes at the same time: each event is written or counted, none is lost. */
static void many_processes_lose_nothing(void **state)
{
    struct place *p = *state;
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);
    struct bg_repeats n;
    int status, wrote = 0;

    for (int i = 0; i < 6; i++)
        if (fork() == 0) {
            int mine = 0;
            for (int k = 0; k < 20; k++)
                mine += bg_budget_admits(p->journal, p->run, &e);
            _exit(mine);
        }
    for (int i = 0; i < 6; i++) {
        assert_true(wait(&status) > 0 && WIFEXITED(status));
        wrote += WEXITSTATUS(status);
    }
    assert_int_equal(wrote, BURST);
    age(p, MINUTE);
    assert_int_equal(bg_budget_due(p->journal, p->run, false, &n), BG_OK);
    assert_int_equal(n.failed, 6 * 20 - BURST);
}

/* A boot between: the times mean nothing any more, the counts do. */
static void counts_survive_a_boot(void **state)
{
    struct place *p = *state;
    struct bg_event e = from("192.0.2.7", BG_EV_ATTEMPT_FAILED);
    struct bg_room room;
    struct bg_budget b;
    struct bg_repeats n;

    for (int i = 0; i < BURST + 3; i++)
        (void)bg_budget_admits(p->journal, p->run, &e);
    assert_int_equal(bg_room_of(p->journal, p->run, &room), BG_OK);
    assert_int_equal(bg_room_load(&room, "budget", &b, sizeof b), BG_OK);
    b.boot++;
    b.host.at_ms = INT64_MAX;
    assert_int_equal(bg_room_save(&room, "budget", &b, sizeof b, false), BG_OK);
    assert_in_range(bg_budget_next(p->journal, p->run), 1, MINUTE);
    assert_true(bg_budget_admits(p->journal, p->run, &e));
    age(p, MINUTE);
    assert_int_equal(bg_budget_due(p->journal, p->run, false, &n), BG_OK);
    assert_int_equal(n.failed, 3);
}

/* The file is of one size whatever comes, and in /run; the disk is for when /run takes nothing. */
static void the_counters_are_bounded_and_stay_off_the_disk(void **state)
{
    struct place *p = *state;
    char dir[160];

    for (unsigned i = 0; i < 300; i++) {
        char rhost[64];
        (void)snprintf(rhost, sizeof rhost, "198.51.%u.%u", i / 250, i % 250);
        struct bg_event e = from(rhost, BG_EV_ATTEMPT_FAILED);
        (void)bg_budget_admits(p->journal, p->run, &e);
    }
    (void)snprintf(dir, sizeof dir, "%s/run/state", p->root);
    assert_in_range(place_size(dir, "budget"), sizeof(struct bg_budget), sizeof(struct bg_budget) + 64);
    (void)snprintf(dir, sizeof dir, "%s/state/state", p->root);
    assert_int_equal(place_size(dir, "budget"), -1);
}

static void one_waits_at_a_time(void **state)
{
    struct place *p = *state;
    int first, second;

    assert_int_equal(bg_budget_wait_lock(p->journal, p->run, &first), BG_OK);
    assert_int_equal(bg_budget_wait_lock(p->journal, p->run, &second), BG_E_BUSY);
    (void)close(first);
    assert_int_equal(bg_budget_wait_lock(p->journal, p->run, &second), BG_OK);
    (void)close(second);
}

#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_one_source, begin),
        cmocka_unit_test_setup(the_first_events_of_a_source_are_written, begin),
        cmocka_unit_test_setup(a_budget_is_of_one_account, begin),
        cmocka_unit_test_setup(many_sources_share_the_budget_of_the_host, begin),
        cmocka_unit_test_setup(a_whole_ipv6_network_is_one_source, begin),
        cmocka_unit_test_setup(counts_are_due_after_a_minute, begin),
        cmocka_unit_test_setup(counts_are_of_one_account_and_class, begin),
        cmocka_unit_test_setup(what_could_not_be_recorded_is_counted_again, begin),
        cmocka_unit_test_setup(counts_without_a_place_of_their_own, begin),
        cmocka_unit_test_setup(what_finds_no_place_is_told_of_no_account, begin),
        cmocka_unit_test_setup(a_place_is_free_again, begin),
        cmocka_unit_test_setup(a_day_of_floods_stays_below_16_mib, begin),
        T(beyond_the_budget_only_counts_are_written),
        T(the_next_event_tells_the_counts),
        T(a_journal_that_refuses_is_not_asked_for_them_as_well),
        T(the_last_settlement_tells_all_counts),
        T(many_processes_lose_nothing),
        T(counts_survive_a_boot),
        T(the_counters_are_bounded_and_stay_off_the_disk),
        T(one_waits_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
