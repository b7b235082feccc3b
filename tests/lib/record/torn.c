/* SPDX-License-Identifier: ISC */
/*
 * Power lost at any byte: the newest segment ends at each byte of its last two lines, and the next event goes
 * in all the same, says what it found, and what the disk had promised is there. And a clock that jumps.
 */
#include "place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/append.h"
#include "record/head.h"
#include "record/tamper.h"

#define SEGMENT "000001.jsonl"
#define PROMISE 3 /* uses: with the genesis the lines that the disk has */
#define OTHER   "00000000-0000-0000-0000-000000000000" /* boot */

static struct {
    time_t ahead; /* of the clock on the wall */
} clock_of;

int __real_clock_gettime(clockid_t which, struct timespec *t);
int __wrap_clock_gettime(clockid_t which, struct timespec *t);
int __wrap_clock_gettime(clockid_t which, struct timespec *t)
{
    int r = __real_clock_gettime(which, t);

    if (which == CLOCK_REALTIME)
        t->tv_sec += clock_of.ahead;
    return r;
}

/* What is on the disk is told by this test, not by a disk, which would take a minute. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

/* A journal as it is before each try: its text, and where each of its last lines begins. */
struct torn {
    struct place p;
    char *text;
    size_t len, begins[2];
    struct bg_head head;
    char head_path[200], mark_path[200];
};

/* One append, here and not in a child, which would take most of the time. */
static void append(struct place *p, enum bg_event_type type)
{
    struct bg_event e = place_event(NULL);
    struct bg_append_job job = {.dir = p->journal,
                                .takeover = p->run,
                                .second = true,
                                .segment_max = BG_SEGMENT_MAX,
                                .lock_ms = 20000,
                                .durable = bg_event_kind(type)->promises};
    static struct bg_appended out;
    sigset_t mask;

    e.type = type;
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
    assert_int_equal(bg_event_render(&e, &job.event), BG_OK);
    assert_int_equal(bg_append_work(&job, &out), BG_OK);
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
    json_decref(job.event);
    if (out.result != BG_OK)
        fail_msg("not appended: %s", out.why);
}

static void take_down(struct torn *t)
{
    char *end;

    t->text = place_read(t->p.journal, SEGMENT, &t->len);
    end = memrchr(t->text, '\n', t->len - 1);
    t->begins[1] = (size_t)(end - t->text) + 1;
    end = memrchr(t->text, '\n', t->begins[1] - 1);
    t->begins[0] = (size_t)(end - t->text) + 1;
    assert_int_equal(bg_head_load(t->head_path, &t->head), BG_OK);
}

static int make(void **state)
{
    struct torn *t = calloc(1, sizeof *t);

    place_make(&t->p);
    (void)snprintf(t->head_path, sizeof t->head_path, "%s/state/" BG_HEAD_NAME, t->p.root);
    (void)snprintf(t->mark_path, sizeof t->mark_path, "%s/" BG_MARK_NAME, t->p.run);
    for (int i = 0; i < PROMISE; i++)
        append(&t->p, BG_EV_USE_GRANTED);
    *state = t;
    return 0;
}

static int drop(void **state)
{
    struct torn *t = *state;

    place_remove(&t->p);
    free(t->text);
    free(t);
    return 0;
}

/* The segment ends there; the machine was started again since, or was not. */
static void cut_at(struct torn *t, size_t at, bool started_again)
{
    struct bg_head h = t->head;

    place_write(t->p.journal, SEGMENT, t->text, at);
    if (started_again) {
        (void)strcpy(h.boot, OTHER);
        (void)unlink(t->mark_path);
    } else {
        bg_mark_save(t->p.run, (gid_t)-1, &h);
    }
    assert_int_equal(bg_head_save(t->head_path, 0600, (gid_t)-1, &h), BG_OK);
}

static unsigned count(const struct torn *t, const char *type)
{
    char want[80], *buf, *at;
    unsigned n = 0;
    size_t len;

    (void)snprintf(want, sizeof want, "\"type\":\"org.breakglass.%s.v1\"", type);
    at = buf = place_read(t->p.journal, SEGMENT, &len);
    while ((at = strstr(at, want)) != NULL) {
        n++;
        at++;
    }
    free(buf);
    return n;
}

/* After the next event: the chain holds, and these are the events about it. */
static void assert_told(struct torn *t, size_t at, unsigned torn, unsigned lost, unsigned alarms)
{
    struct bg_second_look second;
    struct bg_verify v;

    append(&t->p, BG_EV_USE_GRANTED);
    if (bg_journal_examine(t->p.journal, t->p.run, &v, &second) != BG_OK || second.gone.message != NULL)
        fail_msg("cut at %zu: %s:%lu %s", at, v.bad_segment, v.bad_line, v.problem);
    if (count(t, "journal.repaired") != torn || count(t, "journal.lost") != lost || v.alarms != alarms)
        fail_msg("cut at %zu: %u torn, %u lost, %u alarms", at, count(t, "journal.repaired"),
                 count(t, "journal.lost"), (unsigned)v.alarms);
    if (at % 16 != 0)
        return;
    append(&t->p, BG_EV_USE_GRANTED);
    assert_int_equal(bg_journal_verify(t->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, alarms); /* told once */
}

/* Lines that were left to a later one's fsync may be lost in a power cut, never one that the disk had. */
static void power_lost_at_any_byte(void **state)
{
    struct torn *t = *state;

    append(&t->p, BG_EV_ATTEMPT_STARTED);
    append(&t->p, BG_EV_SESSION_OPENED);
    take_down(t);
    assert_int_equal(t->head.durable.sequence, 1 + PROMISE);
    for (size_t at = t->begins[0]; at <= t->len; at++) {
        bool whole = at == t->begins[0] || at == t->begins[1] || at == t->len;
        cut_at(t, at, true);
        assert_told(t, at, !whole, at < t->len, 0);
        assert_true(count(t, "use.granted") > PROMISE);
    }
}

/* No power cut takes what the disk had, nor anything in the boot that wrote it: somebody did. */
static void taken_by_somebody_at_any_byte(void **state)
{
    struct torn *t = *state;

    take_down(t);
    for (size_t at = t->begins[0]; at < t->len; at += 5) {
        bool whole = at == t->begins[0] || at == t->begins[1];
        cut_at(t, at, at % 2 == 0);
        assert_told(t, at, !whole, 0, 1);
    }
}

/* Time of an event as it is in its line, in whole seconds. */
static int64_t time_of(struct torn *t, unsigned line)
{
    json_t *ev = place_line(t->p.journal, line);
    int64_t s;

    assert_non_null(ev);
    s = json_integer_value(json_object_get(json_object_get(ev, "data"), "time")) / 1000;
    json_decref(ev);
    return s;
}

/* Each event says what the clock said, the chain and the numbers do not depend on it, and nothing is an
 * alarm. */
static void a_clock_that_jumps(void **state)
{
    static const time_t jumps[] = {0,     86400 * 365 * 9,  -86400 * 365 * 9,    3600,
                                   -3600, INT64_C(1) << 37, -(INT64_C(1) << 37), 0};
    struct torn *t = *state;
    unsigned line = 1 + PROMISE;
    struct bg_verify v;
    char ids[sizeof jumps / sizeof *jumps][BG_ULID_LEN + 1];

    for (unsigned i = 0; i < sizeof jumps / sizeof *jumps; i++, line++) {
        int64_t now = bg_wall_ms() / 1000, want = now + jumps[i];
        json_t *ev;
        clock_of.ahead = jumps[i];
        append(&t->p, BG_EV_USE_GRANTED);
        clock_of.ahead = 0;
        if (want < 0 || want > INT64_C(253402300799))
            want = 0; /* a year that no record can hold */
        assert_true(time_of(t, line) >= want && time_of(t, line) <= want + 20);
        assert_non_null(ev = place_line(t->p.journal, line));
        (void)snprintf(ids[i], sizeof ids[i], "%s", str(ev, "id"));
        json_decref(ev);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(ids[k], ids[i]);
    }
    assert_int_equal(bg_journal_verify(t->p.journal, &v), BG_OK);
    assert_int_equal(v.lines, line);
    assert_int_equal(v.alarms, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(power_lost_at_any_byte),
        T(taken_by_somebody_at_any_byte),
        T(a_clock_that_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
