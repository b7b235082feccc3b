/* SPDX-License-Identifier: ISC */
/* Lines of the fall-back on their way home: each once, none lost, nobody disturbed who still writes there. */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
    bg_takeover_end(&t, true);
    assert_int_equal(place_size(p.run, SEGMENT), -1);
}

/* --- while the disk of the journal takes its time --------------------------------------------- */

/* The next event of the fall-back, without a wait. */
static enum bg_err arrive(void)
{
    static struct bg_appended out;
    struct bg_event e = place_event("arrives meanwhile");
    struct bg_append_job job = {.dir = p.run, .durable = true, .segment_max = BG_SEGMENT_MAX_RUN};

    if (bg_event_render(&e, &job.event) != BG_OK || bg_append_work(&job, &out) != BG_OK)
        return BG_E_IO;
    json_decref(job.event);
    return out.result;
}

/* Until the process ends. */
static enum bg_err hold_run(void)
{
    char path[160];
    int fd;

    (void)snprintf(path, sizeof path, "%s/lock", p.run);
    fd = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? BG_OK : BG_E_BUSY;
}

static struct {
    enum bg_err (*meanwhile)(void); /* once, in the next fsync of a file */
    enum bg_err got;
} * disk; /* shared: the append runs in a child */

int fsync(int fd)
{
    struct stat st;

    if (disk != NULL && disk->meanwhile != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        enum bg_err (*f)(void) = disk->meanwhile;
        disk->meanwhile = NULL;
        disk->got = f();
    }
    return (int)syscall(SYS_fsync, fd);
}

/* Two lines are taken over by an event, and that happens in its fsync. */
static void take_two_over(enum bg_err (*meanwhile)(void))
{
    struct bg_event e = place_event("takes them over");
    enum bg_err got;

    fall_back(2);
    disk = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(disk != MAP_FAILED);
    disk->meanwhile = meanwhile;
    disk->got = BG_E_IO;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    got = disk->got;
    (void)munmap(disk, sizeof *disk);
    disk = NULL;
    assert_int_equal(got, BG_OK);
    assert_int_equal(place_lines(p.journal), 4);
}

static void assert_all_home_once(unsigned lines)
{
    struct bg_verify v;

    assert_int_equal(bg_journal_settle(&p.rec, 60000, false), BG_OK);
    assert_int_equal(place_size(p.run, SEGMENT), -1);
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.lines, lines);
    for (unsigned i = 0; i < lines; i++) {
        json_t *a = place_line(p.journal, i), *b;
        for (unsigned k = 0; k < i; k++, json_decref(b))
            assert_string_not_equal(str(a, "id"), str(b = place_line(p.journal, k), "id"));
        json_decref(a);
    }
}

static void an_event_meanwhile_is_neither_lost_nor_doubled(void **state)
{
    (void)state;
    take_two_over(arrive);
    assert_int_equal(place_lines(p.run), 4); /* its genesis, the two and that one */
    assert_all_home_once(5);
}

static void a_writer_at_the_end_leaves_the_removal_to_the_next(void **state)
{
    (void)state;
    take_two_over(hold_run);
    assert_int_equal(place_lines(p.run), 3);
    assert_all_home_once(4);
}

/* As long as before, yet another: a torn line was cut, or the segment is a new one. */
static void other_bytes_of_the_same_length_stay(void **state)
{
    struct bg_takeover t;
    char *buf;
    size_t n;

    (void)state;
    fall_back(1);
    buf = place_read(p.run, SEGMENT, &n);
    assert_int_equal(bg_takeover_begin(p.run, &t), BG_OK);
    buf[n / 2] ^= 1;
    place_write(p.run, SEGMENT, buf, n);
    bg_takeover_end(&t, true);
    assert_int_equal(place_size(p.run, SEGMENT), (long)n);
    free(buf);
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

/* Those behind it come home all the same, and it is told. unsafe: others may write in it; else it is too
 * large to load. */
static void assert_set_aside(bool unsafe)
{
    struct bg_verify v;
    char path[200], *buf;
    size_t n;
    json_t *ev;

    fall_back(2);
    buf = place_read(p.run, SEGMENT, &n);
    place_write(p.run, "000002.jsonl", buf, n);
    free(buf);
    (void)snprintf(path, sizeof path, "%s/" SEGMENT, p.run);
    if (unsafe)
        assert_int_equal(chmod(path, 0664), 0);
    else
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

static void a_segment_that_nobody_can_load_is_set_aside(void **state)
{
    (void)state;
    assert_set_aside(false);
}

static void a_segment_that_others_may_write_is_set_aside(void **state)
{
    (void)state;
    assert_set_aside(true);
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
        T(an_event_meanwhile_is_neither_lost_nor_doubled),
        T(a_writer_at_the_end_leaves_the_removal_to_the_next),
        T(other_bytes_of_the_same_length_stay),
        T(what_the_journal_has_is_not_taken_again),
        T(rubbish_is_told_and_a_refusal_ends_it),
        T(settling_brings_every_segment_home),
        T(a_segment_that_nobody_can_load_is_set_aside),
        T(a_segment_that_others_may_write_is_set_aside),
        T(settling_takes_what_is_carried_to_the_disk),
        T(settling_makes_a_journal_only_for_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
