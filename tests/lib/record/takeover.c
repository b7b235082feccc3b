/* Lines of the fall-back on their way home: each once, none lost, nobody disturbed who still writes there. */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "record/append.h"
#include "record/head.h"
#include "record/segment.h"

#define SEGMENT "000001.jsonl"

static struct place p;

static int make(void **state)
{
    (void)state;
    place_make(&p);
    assert_int_equal(bg_journal_create(&p.rec), BG_OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    place_remove(&p);
    return 0;
}

/* n events that the journal refuses. */
static void fall_back(unsigned n)
{
    struct bg_event e = place_event("fallen back");

    assert_int_equal(chmod(p.journal, 0770), 0);
    for (unsigned i = 0; i < n; i++)
        place_record(&p, &e, BG_RECORDED_RUN);
    assert_int_equal(chmod(p.journal, 0750), 0);
}

struct added {
    unsigned n, repairs;
    char id[8][BG_ULID_LEN + 1];
    enum bg_err answer;
};

static enum bg_err add(void *arg, json_t *ev)
{
    struct added *a = arg;

    assert_string_not_equal(str(ev, "type"), "org.breakglass.journal.genesis.v1");
    a->repairs += strcmp(str(ev, "type"), "org.breakglass.journal.repaired.v1") == 0;
    if (a->n < 8)
        (void)snprintf(a->id[a->n], sizeof a->id[0], "%s", str(ev, "id"));
    a->n++;
    return a->answer;
}

static struct added each(struct bg_takeover *t, enum bg_err want)
{
    struct added a = {.n = 0};
    int journal;

    assert_int_equal(bg_segdir_open(p.journal, false, &journal), BG_OK);
    assert_int_equal(bg_takeover_each(t, journal, add, &a), want);
    (void)close(journal);
    return a;
}

static void nothing_there_is_nothing_to_do(void **state)
{
    struct bg_takeover t;

    (void)state;
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_E_NOENT); /* no directory */
    fall_back(1);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    bg_takeover_end(&t, true);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_E_NOENT); /* a directory without a segment */
}

static void the_oldest_segment_comes_first_and_goes_when_told(void **state)
{
    struct bg_takeover t;
    char *buf;
    size_t n;

    (void)state;
    fall_back(2);
    buf = place_read(p.run, SEGMENT, &n);
    place_write(p.run, "000002.jsonl", buf, n);
    free(buf);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    assert_int_equal(t.number, 1);
    assert_int_equal(each(&t, BG_OK).n, 2); /* without the genesis */
    bg_takeover_end(&t, false);
    assert_true(place_size(p.run, SEGMENT) > 0);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    bg_takeover_end(&t, true);
    assert_int_equal(place_size(p.run, SEGMENT), -1);
    assert_true(place_size(p.run, "000002.jsonl") > 0);
}

static void who_writes_there_is_left_alone(void **state)
{
    struct bg_takeover t;
    char path[160];
    int fd;

    (void)state;
    fall_back(1);
    (void)snprintf(path, sizeof path, "%s/lock", p.run);
    assert_true((fd = open(path, O_RDWR | O_CLOEXEC)) >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_E_BUSY);
    (void)close(fd);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    assert_true((fd = open(path, O_RDWR | O_CLOEXEC)) >= 0); /* nobody may write what would be removed */
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    bg_takeover_end(&t, false);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    (void)close(fd);
}

/* Known by its id, in either of the newest two segments. */
static void what_the_journal_has_is_not_taken_again(void **state)
{
    struct bg_takeover t;
    char *buf, *run;
    size_t n, m;

    (void)state;
    fall_back(2);
    run = place_read(p.run, SEGMENT, &m);
    struct bg_event e = place_event("takes them over");
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    place_write(p.run, SEGMENT, run, m); /* killed before the removal */
    free(run);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    assert_int_equal(each(&t, BG_OK).n, 0);
    buf = place_read(p.journal, SEGMENT, &n);
    place_write(p.journal, "000002.jsonl", "", 0); /* the journal went on in another segment */
    assert_int_equal(each(&t, BG_OK).n, 0);
    place_write(p.journal, "000002.jsonl", buf, n);
    place_write(p.journal, SEGMENT, "", 0);
    assert_int_equal(each(&t, BG_OK).n, 0);
    place_write(p.journal, "000002.jsonl", "", 0);
    assert_int_equal(each(&t, BG_OK).n, 2);
    free(buf);
    bg_takeover_end(&t, false);
}

/* Bytes that are no event are told with their hash; what is not added ends it. */
static void rubbish_is_told_and_a_refusal_ends_it(void **state)
{
    struct bg_takeover t;
    struct added a = {.answer = BG_E_RANGE};
    int journal;

    (void)state;
    fall_back(1);
    place_write(p.run, SEGMENT, "rubbish\n\n{\"torn", 15);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    assert_int_equal(each(&t, BG_OK).repairs, 3);
    assert_int_equal(bg_segdir_open(p.journal, false, &journal), BG_OK);
    assert_int_equal(bg_takeover_each(&t, journal, add, &a), BG_E_RANGE);
    (void)close(journal);
    assert_int_equal(a.n, 1);
    bg_takeover_end(&t, false);
}

/* Too large to load: those behind it come home all the same, and it is told. */
static void a_segment_that_nobody_can_load_is_set_aside(void **state)
{
    struct bg_verify v;
    char path[200], *buf;
    size_t n;
    json_t *ev;

    (void)state;
    fall_back(2);
    buf = place_read(p.run, SEGMENT, &n);
    place_write(p.run, "000002.jsonl", buf, n);
    free(buf);
    (void)snprintf(path, sizeof path, "%s/" SEGMENT, p.run);
    assert_int_equal(truncate(path, ((off_t)64 << 20) + 1), 0);
    assert_int_equal(bg_journal_settle(&p.rec, 60000, false), BG_OK);
    assert_true(place_size(p.run, SEGMENT ".aside-1") > 0);
    assert_int_equal(place_size(p.run, "000002.jsonl"), -1);
    assert_non_null(ev = place_line(p.journal, 1));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.setaside.v1");
    json_decref(ev);
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.lines, 4); /* genesis, that, and two that fell */
}

/* --- settling: without an event of its own ----------------------------------------------------- */

static void settling_brings_every_segment_home(void **state)
{
    struct bg_event e = place_event("a long outage");
    struct bg_verify v;
    unsigned fallen = 0;

    (void)state;
    assert_int_equal(chmod(p.journal, 0770), 0);
    while (place_size(p.run, "000003.jsonl") < 0) {
        place_record(&p, &e, BG_RECORDED_RUN);
        fallen++;
    }
    assert_int_equal(bg_journal_waiting(p.run), fallen);
    assert_int_equal(bg_journal_settle(&p.rec, 60000, false), BG_E_UNSAFE); /* the journal still refuses */
    assert_int_equal(bg_journal_waiting(p.run), fallen);
    assert_int_equal(chmod(p.journal, 0750), 0);
    assert_int_equal(bg_journal_settle(&p.rec, 60000, false), BG_OK);
    assert_int_equal(bg_journal_waiting(p.run), 0);
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.lines, 1 + fallen);
    assert_int_equal(bg_journal_settle(&p.rec, 60000, false), BG_OK); /* nothing to do, and nothing done */
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.lines, 1 + fallen);
}

static void settling_takes_what_is_carried_to_the_disk(void **state)
{
    struct bg_event e = place_event(NULL);
    struct bg_head h;
    char path[200];

    (void)state;
    e.type = BG_EV_SESSION_OPENED;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    (void)snprintf(path, sizeof path, "%s/" BG_MARK_NAME, p.run);
    assert_int_equal(bg_head_load(path, &h), BG_OK);
    assert_int_equal(h.durable.sequence, 1);
    assert_int_equal(bg_journal_settle(&p.rec, 60000, false), BG_OK);
    assert_int_equal(bg_head_load(path, &h), BG_OK);
    assert_int_equal(h.durable.sequence, 2);
}

/* Emergency mode on a machine whose journal is not there yet: it is made for what waits. */
static void settling_makes_a_journal_only_for_what_waits(void **state)
{
    struct place other;
    struct bg_event e = place_event("before anything");
    char path[200];

    (void)state;
    place_make(&other);
    assert_int_equal(bg_journal_settle(&other.rec, 60000, false), BG_E_NOENT);
    (void)snprintf(path, sizeof path, "%s/state", other.root);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(chmod(path, 0777), 0);
    place_record(&other, &e, BG_RECORDED_RUN);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(bg_journal_settle(&other.rec, 60000, false), BG_OK);
    assert_int_equal(place_lines(other.journal), 2);
    place_remove(&other);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nothing_there_is_nothing_to_do),
        T(the_oldest_segment_comes_first_and_goes_when_told),
        T(who_writes_there_is_left_alone),
        T(what_the_journal_has_is_not_taken_again),
        T(rubbish_is_told_and_a_refusal_ends_it),
        T(settling_brings_every_segment_home),
        T(a_segment_that_nobody_can_load_is_set_aside),
        T(settling_takes_what_is_carried_to_the_disk),
        T(settling_makes_a_journal_only_for_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
