/* SPDX-License-Identifier: ISC */
/* What is on the disk: by the writer's mark, by a sync of our own where no mark can be, and never by hope. */
#include "../../lib/record/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "alert/durable.h"
#include "alert/queue.h"
#include "base/clock.h"

static struct {
    unsigned syncs;
    enum {
        WORKS,
        FAILS,
        HANGS
    } disk;
} * seen; /* shared: the sync runs in a child */

static struct place p;
static struct durable d;

int fdatasync(int fd)
{
    seen->syncs++;
    if (seen->disk == HANGS)
        for (;;)
            (void)pause();
    if (seen->disk == FAILS) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void record(enum bg_event_type type)
{
    struct bg_event e = place_event("on the disk?");

    e.type = type;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
}

static int make(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);
    place_make(&p);
    record(BG_EV_AUTH_SUCCEEDED); /* line 2 */
    durable_init(&d, p.journal, p.run);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    place_remove(&p);
    (void)munmap(seen, sizeof *seen);
    return 0;
}

struct last {
    struct bg_rawline line;
    struct bg_position at;
};

static bool keep(void *arg, const struct bg_rawline *l)
{
    struct last *last = arg;
    struct bg_chain c;
    json_t *ev;

    last->line = *l;
    if (bg_chain_parse(l->text, l->len, &ev, &c) == BG_OK) {
        last->at = c.last;
        json_decref(ev);
    }
    return true;
}

/* Asked about the newest line. */
static bool newest(bool promises)
{
    struct last last;

    assert_int_equal(bg_lines_walk(p.journal, 0, keep, &last), BG_OK);
    durable_begin(&d);
    return durable_line(&d, &last.line, &last.at, promises);
}

static void the_mark(char path[200])
{
    (void)snprintf(path, 200, "%s/" BG_MARK_NAME, p.run);
}

/* The mark as it is between a writer's write and its fsync: it knows the line before. */
static void mark_before(void)
{
    struct bg_head h;
    char path[200];

    the_mark(path);
    assert_int_equal(bg_head_load(path, &h), BG_OK);
    h.durable.sequence--;
    assert_int_equal(bg_head_save(path, 0640, (gid_t)-1, &h), BG_OK);
}

static void the_writer_says_so(void **state)
{
    (void)state;
    assert_true(newest(true));
    assert_int_equal(seen->syncs, 0);
    assert_true(d.again == INT64_MAX);
}

static void a_writer_between_write_and_fsync_is_waited_for(void **state)
{
    (void)state;
    mark_before();
    assert_false(newest(true));
    assert_int_equal(seen->syncs, 0);
    assert_true(d.again != INT64_MAX);
    record(BG_EV_USE_GRANTED); /* it went on, and says so */
    assert_true(newest(true));
    assert_int_equal(seen->syncs, 0);
}

/* Killed between the two: the line is not held for ever. */
static void a_writer_that_died_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    mark_before();
    assert_false(newest(true));
    d.since -= DURABLE_GRACE_MS;
    assert_true(newest(true));
    assert_int_equal(seen->syncs, 1);
    assert_true(newest(true)); /* once for all that was there */
    assert_int_equal(seen->syncs, 1);
}

static void what_no_writer_syncs_is_synced_here(void **state)
{
    (void)state;
    record(BG_EV_ATTEMPT_STARTED);
    assert_true(newest(false));
    assert_int_equal(seen->syncs, 1);
}

static void without_a_mark(void **state)
{
    char path[200];

    (void)state;
    the_mark(path);
    assert_int_equal(unlink(path), 0);
    assert_true(newest(true));
    assert_int_equal(seen->syncs, 1);
}

static void the_mark_of_another_journal_says_nothing(void **state)
{
    struct bg_head h;
    char path[200];

    (void)state;
    the_mark(path);
    assert_int_equal(bg_head_load(path, &h), BG_OK);
    h.journalid[0] = h.journalid[0] == '0' ? '1' : '0';
    assert_int_equal(bg_head_save(path, 0640, (gid_t)-1, &h), BG_OK);
    assert_true(newest(true));
    assert_int_equal(seen->syncs, 1);
}

static void a_disk_that_fails_holds_it_back(void **state)
{
    int64_t first;

    (void)state;
    record(BG_EV_ATTEMPT_STARTED);
    seen->disk = FAILS;
    assert_false(newest(false));
    first = d.again;
    assert_true(first > bg_now_ms() - 60000 && first != INT64_MAX);
    assert_false(newest(false)); /* not asked again before its time */
    assert_int_equal(seen->syncs, 1);
    d.since = bg_now_ms() - DURABLE_GRACE_MS;
    assert_false(newest(false));
    assert_int_equal(seen->syncs, 2);
    d.since = bg_now_ms() - DURABLE_GRACE_MS;
    seen->disk = WORKS;
    assert_true(newest(false));
}

static void a_disk_that_hangs_costs_a_bounded_time(void **state)
{
    (void)state;
    record(BG_EV_ATTEMPT_STARTED);
    seen->disk = HANGS;
    assert_false(newest(false)); /* without the bound this never returns */
    assert_true(d.again != INT64_MAX);
}

/* The line that is not on the disk is not in the queue, and neither is one behind it. */
static void the_queue_sees_no_line_before_its_time(void **state)
{
    static struct bg_sink conf;
    static struct bg_cursor cursor;
    static struct queue q;
    struct queue_dirs dirs = {{p.journal, p.run}};

    (void)state;
    queue_init(&q, &conf, &cursor, &dirs);
    queue_scan(&q);
    assert_int_equal(q.length, 2);
    record(BG_EV_USE_GRANTED);
    mark_before();
    queue_scan(&q);
    assert_int_equal(q.length, 2);
    assert_true(q.durable.again != INT64_MAX);
    record(BG_EV_USE_GRANTED);
    queue_scan(&q);
    assert_int_equal(q.length, 4);
    assert_int_equal(seen->syncs, 0);
    for (int rank = 0; rank < RANKS; rank++)
        for (struct item *it; (it = TAILQ_FIRST(&q.fresh[rank])) != NULL; free(it))
            TAILQ_REMOVE(&q.fresh[rank], it, link);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_writer_says_so),
        T(a_writer_between_write_and_fsync_is_waited_for),
        T(a_writer_that_died_is_not_waited_for_for_ever),
        T(what_no_writer_syncs_is_synced_here),
        T(without_a_mark),
        T(the_mark_of_another_journal_says_nothing),
        T(a_disk_that_fails_holds_it_back),
        T(a_disk_that_hangs_costs_a_bounded_time),
        T(the_queue_sees_no_line_before_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
