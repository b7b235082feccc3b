/* SPDX-License-Identifier: ISC */
/* What is next: found in a real journal, never twice, never missed, whatever becomes of the lines. */
#include "../../lib/record/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/queue.h"

#define SEGMENT "000001.jsonl"

static struct place p;
static struct bg_sink conf;
static struct bg_cursor cursor;
static struct queue q;

static void begin(void)
{
    struct queue_dirs dirs = {{p.journal, p.run}};

    queue_init(&q, &conf, &cursor, &dirs);
}

static int make(void **state)
{
    (void)state;
    place_make(&p);
    memset(&conf, 0, sizeof conf);
    memset(&cursor, 0, sizeof cursor);
    begin();
    return 0;
}

static void empty(struct items *list)
{
    struct item *it;

    while ((it = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, it, link);
        free(it);
    }
}

static int drop(void **state)
{
    (void)state;
    for (int rank = 0; rank < RANKS; rank++)
        empty(&q.fresh[rank]);
    empty(&q.waiting);
    empty(&q.flying);
    place_remove(&p);
    return 0;
}

static void record(const char *reason)
{
    struct bg_event e = place_event(reason);

    place_record(&p, &e, BG_RECORDED_JOURNAL);
}

static struct item *fresh(void)
{
    struct item *it = queue_fresh(&q, RANK_USE);

    return it != NULL ? it : queue_fresh(&q, RANK_URGENT);
}

/* Deliver the fresh one that is next, and note that. */
static uint64_t deliver(void)
{
    struct item *it = fresh() != NULL ? fresh() : queue_fresh(&q, RANK_COMMON);
    uint64_t n;

    assert_non_null(it);
    n = it->at.sequence;
    queue_fly(&q, it, &q.fresh[it->rank]);
    bg_cursor_mark(bg_cursor_chain(&cursor, it->at.journalid, true), n, it->hash);
    queue_drop(&q, it);
    return n;
}

/* As if no writer had said what is on the disk, or which line is the newest. */
static void forget_the_second_place(void)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/state/head", p.root);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/durable", p.run);
    (void)unlink(path);
}

static void cut_last_line(void)
{
    size_t n;
    char *buf = place_read(p.journal, SEGMENT, &n);
    char *end = memrchr(buf, '\n', n - 1);

    place_write(p.journal, SEGMENT, buf, (size_t)(end + 1 - buf));
    forget_the_second_place();
    free(buf);
}

/* Two were delivered, and the second is taken back. */
static void deliver_and_cut(void)
{
    record("aaaa");
    record("bbbb");
    queue_scan(&q);
    while (q.length > 0)
        (void)deliver();
    cut_last_line();
}

/* One in the journal, and one that it refused (BG_E_UNSAFE: its mode) and that lies in /run. */
static void fall_back(void)
{
    struct bg_event e = place_event("fallen back");

    record("one");
    assert_int_equal(chmod(p.journal, 0770), 0);
    place_record(&p, &e, BG_RECORDED_RUN);
    assert_int_equal(chmod(p.journal, 0750), 0);
    queue_scan(&q);
}

static void every_line_once_and_the_newest_first(void **state)
{
    char *line, newest[BG_LINE_MAX];

    (void)state;
    queue_scan(&q); /* no journal yet */
    assert_int_equal(q.length, 0);
    record("one");
    record("two");
    queue_scan(&q);
    queue_scan(&q);
    assert_int_equal(q.length, 3);
    place_newest(p.journal, newest);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_OK);
    assert_string_equal(line, newest);
    assert_non_null(strstr(line, fresh()->id));
    assert_int_equal(strlen(fresh()->id), BG_ULID_LEN);
    free(line);
    assert_int_equal(deliver(), 3);
    assert_int_equal(deliver(), 2);
    record("three");
    queue_scan(&q);
    assert_int_equal(deliver(), 4);
    assert_int_equal(deliver(), 1);
    assert_int_equal(q.length, 0);
}

/* A new process takes up where the cursor stands. */
static void what_is_done_is_not_found_again(void **state)
{
    (void)state;
    record("one");
    record("two");
    queue_scan(&q);
    assert_int_equal(deliver(), 3);
    assert_int_equal(deliver(), 2);
    empty(&q.fresh[RANK_URGENT]);
    begin();
    queue_scan(&q);
    assert_int_equal(q.length, 1);
    assert_int_equal(fresh()->at.sequence, 1);
}

static void what_the_sink_does_not_want_is_done(void **state)
{
    struct bg_event e = place_event("one");

    (void)state;
    (void)snprintf(conf.events, sizeof conf.events, "use.*");
    record("one");
    e.type = BG_EV_ALERT_TEST;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    queue_scan(&q);
    assert_int_equal(q.length, 1);
    assert_int_equal(fresh()->at.sequence, 2);
    assert_true(q.dirty);
    assert_int_equal(deliver(), 2);
    assert_int_equal(cursor.chain[0].floor, 3); /* 1 and 3 are done too */
}

static void the_fall_back_is_delivered_too(void **state)
{
    char *line;

    (void)state;
    fall_back();
    assert_int_equal(q.length, 4);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_OK);
    assert_non_null(strstr(line, "fallen back"));
    free(line);
}

/* A segment that was read stays open, but what has no name any more, or has other bytes, is gone. */
static void a_segment_that_was_read_is_not_taken_for_the_one_there(void **state)
{
    char *line, *text, path[200];
    size_t len;

    (void)state;
    record("one");
    queue_scan(&q);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_OK);
    free(line);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_OK);
    free(line);
    text = place_read(p.journal, "000001.jsonl", &len);
    text[len - 100] ^= 1;
    place_write(p.journal, "000001.jsonl", text, len);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_E_MISMATCH);
    text[len - 100] ^= 1;
    place_write(p.journal, "000001.jsonl", text, len);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_OK);
    free(line);
    (void)snprintf(path, sizeof path, "%s/000001.jsonl", p.journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_E_MISMATCH);
    free(text);
}

/* Taken over: what was seen in /run is no longer there, and comes again from the journal. */
static void what_is_gone_from_its_place_is_a_mismatch(void **state)
{
    char *line;

    (void)state;
    fall_back();
    assert_int_equal(fresh()->feed, 1);
    struct item *seen = fresh();
    record("takes it over");
    assert_int_equal(queue_read(&q, seen, &line), BG_E_MISMATCH);
    queue_scan(&q);
    assert_int_equal(q.length, 4); /* genesis, one, the one taken over, the last */
    struct item *it;
    TAILQ_FOREACH(it, &q.fresh[RANK_USE], link)
    assert_int_equal(it->feed, 0);
}

/* A failed write was taken back and its number given again, between two looks: the other line goes out. */
static void a_replaced_line_is_found(void **state)
{
    (void)state;
    deliver_and_cut();
    record("cccc");
    queue_scan(&q);
    assert_int_equal(q.length, 3);             /* with those before it, which are not trusted either */
    assert_int_equal(cursor.lost.sequence, 3); /* and what is gone is known */
    assert_int_equal(fresh()->at.sequence, 3);
}

/* The same while nothing ran: only the cursor knows, by the number of the newest line, then by its hash. */
static void a_replaced_line_is_found_by_a_new_process(void **state)
{
    (void)state;
    deliver_and_cut();
    begin();
    queue_scan(&q); /* fewer lines than the cursor knows */
    assert_int_equal(q.length, 2);
    assert_int_equal(cursor.lost.sequence, 3);
    assert_int_equal(cursor.journal.sequence, 2);
}

static void another_line_with_the_same_number_is_found_by_a_new_process(void **state)
{
    (void)state;
    deliver_and_cut();
    record("cccc");
    begin();
    queue_scan(&q);
    assert_int_equal(q.length, 3);
    assert_int_equal(fresh()->at.sequence, 3);
}

/* Read, but no longer the bytes that were queued: not sent under a wrong id. */
static void a_changed_line_is_not_read(void **state)
{
    size_t n;
    char *buf, *line;

    (void)state;
    record("aaaa");
    queue_scan(&q);
    buf = place_read(p.journal, SEGMENT, &n);
    char *at = memmem(buf, n, "aaaa", 4);
    *at = 'b';
    place_write(p.journal, SEGMENT, buf, n);
    free(buf);
    assert_int_equal(queue_read(&q, fresh(), &line), BG_E_MISMATCH);
}

/* A look that begins anew finds lines that are under way: they are not to go out twice. */
static void what_flies_is_not_queued_again(void **state)
{
    struct item *it;

    (void)state;
    record("aaaa");
    record("bbbb");
    queue_scan(&q);
    it = TAILQ_FIRST(&q.fresh[RANK_USE]);
    assert_int_equal(it->at.sequence, 2);
    queue_fly(&q, it, &q.fresh[it->rank]);
    cut_last_line();
    queue_scan(&q);
    assert_int_equal(q.n_flying, 1);
    assert_int_equal(q.length, 2); /* it, and the first line */
    assert_int_equal(fresh()->at.sequence, 1);
    record("cccc");
    queue_scan(&q);
    queue_drop(&q, it);
    assert_int_equal(q.length, 2);
}

/* A torn line in an older segment must not hold up what comes after it. */
static void a_torn_old_segment_holds_nothing_up(void **state)
{
    size_t n;
    char *buf;

    (void)state;
    record("aaaa");
    record("bbbb");
    buf = place_read(p.journal, SEGMENT, &n);
    char *second = memchr(buf, '\n', n);
    char *third = memchr(second + 1, '\n', n) + 1;
    place_write(p.journal, "000002.jsonl", third, n - (size_t)(third - buf));
    place_write(p.journal, SEGMENT, buf, (size_t)(third - buf) - 20);
    free(buf);
    queue_scan(&q);
    assert_int_equal(q.length, 2);
    assert_int_equal(fresh()->at.sequence, 3);
}

static struct item *try_one(int64_t due)
{
    struct item *it = fresh();

    queue_fly(&q, it, &q.fresh[it->rank]);
    queue_wait(&q, it, due);
    return it;
}

/* An endpoint that was away is no reason for a pause, however often it was; what it refuses alone has one. */
static void a_success_takes_along_what_waits(void **state)
{
    int64_t due;
    struct item *away, *refused;

    (void)state;
    record("aaaa");
    queue_scan(&q);
    refused = try_one(INT64_MAX - 1);
    away = try_one(INT64_MAX - 2);
    refused->tries = 1;
    queue_nudge(&q);
    assert_int_equal(away->due, 0);
    assert_int_equal(refused->due, refused->flown + 500);
    refused->tries = 3;
    refused->due = INT64_MAX - 1;
    queue_nudge(&q);
    assert_int_equal(refused->due, refused->flown + 2000);
    refused->due = refused->flown + 1999;
    queue_nudge(&q);
    assert_int_equal(refused->due, refused->flown + 1999);
    assert_ptr_equal(queue_first_due(&q, RANK_URGENT, &due), away);
    assert_int_equal(due, 0);
    queue_retry(&q);
    assert_int_equal(refused->due, 0);
    record("bbbb");
    queue_scan(&q);
    queue_put_off(&q, refused); /* found since then: it has a try of its own */
    assert_non_null(fresh());
    record("cccc");
    queue_scan(&q);
    queue_put_off(&q, try_one(INT64_MAX));
    assert_null(fresh());
    assert_int_equal(q.length, 4);
}

static void record_kind(enum bg_event_type type)
{
    struct bg_event e = place_event("a kind");

    e.type = type;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
}

/* What anybody can cause waits behind what matters, and goes in its own order. */
static void what_matters_goes_first(void **state)
{
    static const enum bg_event_type flood[] = {BG_EV_ATTEMPT_STARTED, BG_EV_ATTEMPT_FAILED,
                                               BG_EV_SHARE_REFUSED, BG_EV_ATTEMPT_ABORTED};

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        record_kind(flood[i]);
    record_kind(BG_EV_AUTH_SUCCEEDED);
    record_kind(BG_EV_ATTEMPT_FAILED);
    queue_scan(&q);
    assert_int_equal(q.n_common, 5);
    assert_int_equal(deliver(), 6);
    assert_int_equal(deliver(), 1);
    assert_int_equal(deliver(), 2);
    record_kind(BG_EV_USE_GRANTED);
    queue_scan(&q);
    assert_int_equal(deliver(), 8);
    assert_int_equal(deliver(), 3);
    assert_int_equal(deliver(), 4);
    assert_int_equal(deliver(), 5);
    assert_int_equal(deliver(), 7);
    assert_int_equal(q.length + q.n_common, 0);
    assert_int_equal(cursor.chain[0].floor, 8);
}

/* Copies of a line under other numbers: the queue looks at nothing else of the chain. */
static void flood(unsigned n)
{
    char line[BG_LINE_MAX], text[48], path[512], *at;
    FILE *f;

    record_kind(BG_EV_ATTEMPT_FAILED);
    place_newest(p.journal, line);
    (void)snprintf(path, sizeof path, "%s/" SEGMENT, p.journal);
    forget_the_second_place();
    assert_non_null(f = fopen(path, "ae"));
    for (unsigned i = 3; i < n + 2; i++) {
        (void)snprintf(text, sizeof text, "\"sequence\":\"%020u\"", i);
        assert_non_null(at = strstr(line, "\"sequence\":\""));
        memcpy(at, text, strlen(text));
        assert_true(fprintf(f, "%s\n", line) > 0);
    }
    assert_int_equal(fclose(f), 0);
}

/* Memory is bounded, however many there are; each goes out once, and what matters before all of them. */
static void a_flood_is_not_held_in_memory(void **state)
{
    unsigned n = 3 * QUEUE_COMMON_MAX, most = 0;

    (void)state;
    flood(n);
    queue_scan(&q);
    assert_int_equal(q.n_common, QUEUE_COMMON_MAX);
    assert_int_equal(deliver(), 1);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(deliver(), i + 2);
        queue_scan(&q);
        most = q.n_common > most ? q.n_common : most;
    }
    assert_true(most <= QUEUE_COMMON_MAX);
    assert_int_equal(q.length, 0);
    assert_int_equal(cursor.chain[0].floor, n + 1);
}

/* More gaps than a cursor holds: what was forgotten is delivered again, at last everything is done. */
static void marks_without_room_are_delivered_again(void **state)
{
    (void)state;
    record("one");
    queue_scan(&q);
    while (q.length > 0)
        (void)deliver();
    cursor.chain[0].floor = 0;
    cursor.chain[0].forgot = true;
    queue_scan(&q);
    assert_int_equal(q.length, 2);
    assert_false(cursor.chain[0].forgot);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_line_once_and_the_newest_first),
        T(what_is_done_is_not_found_again),
        T(what_the_sink_does_not_want_is_done),
        T(the_fall_back_is_delivered_too),
        T(a_segment_that_was_read_is_not_taken_for_the_one_there),
        T(what_is_gone_from_its_place_is_a_mismatch),
        T(a_replaced_line_is_found),
        T(a_replaced_line_is_found_by_a_new_process),
        T(another_line_with_the_same_number_is_found_by_a_new_process),
        T(a_changed_line_is_not_read),
        T(what_flies_is_not_queued_again),
        T(a_torn_old_segment_holds_nothing_up),
        T(a_success_takes_along_what_waits),
        T(what_matters_goes_first),
        T(a_flood_is_not_held_in_memory),
        T(marks_without_room_are_delivered_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
