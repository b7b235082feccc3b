/* SPDX-License-Identifier: ISC */
/* Writing: one chain whoever writes, everything undone that fails, and the way down to the last record. */
#include "place.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "record/append.h"
#include "record/chain.h"
#include "record/event.h"

#define SEGMENT "000001.jsonl"
#define BUSY_MS 20000 /* what other programs may take from a bound */

static void assert_chain(const char *dir, uint64_t lines)
{
    struct bg_verify v;
    enum bg_err r = bg_journal_verify(dir, &v);

    if (r == BG_E_MISMATCH)
        print_message("%s:%lu %s\n", v.bad_segment, v.bad_line, v.problem);
    assert_int_equal(r, BG_OK);
    assert_int_equal(v.lines, lines);
    assert_int_equal(v.head_sequence, lines);
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[256];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void create_makes_a_genesis(void **state)
{
    struct place *p = *state;
    struct bg_verify v;
    json_t *ev;

    (void)umask(0);
    assert_int_equal(bg_journal_verify(p->journal, &v), BG_E_NOENT);
    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(bg_journal_create(&p->rec), BG_E_EXIST);
    assert_int_equal(mode_of(p->journal, "."), 0750);
    assert_int_equal(mode_of(p->journal, SEGMENT), 0640);
    assert_int_equal(mode_of(p->journal, "lock"), 0600); /* who may read must not be able to lock */
    assert_chain(p->journal, 1);
    assert_non_null(ev = place_line(p->journal, 0));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.genesis.v1");
    assert_string_equal(str(ev, "prevhash"),
                        "0000000000000000000000000000000000000000000000000000000000000000");
    json_decref(ev);
}

static void the_first_event_makes_the_journal(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("first");

    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 2);
    assert_int_equal(place_size(p->run, SEGMENT), -1);
}

static void hash_with_sha256sum(const char *line, size_t n, char out[BG_HASH_HEX + 1])
{
    char path[] = "/tmp/bg-line-XXXXXX", command[64];
    int fd = mkstemp(path);
    FILE *f;

    assert_int_equal(write(fd, line, n), n);
    (void)close(fd);
    (void)snprintf(command, sizeof command, "sha256sum %s", path);
    assert_non_null(f = popen(command, "r"));
    assert_non_null(fgets(out, BG_HASH_HEX + 1, f));
    (void)pclose(f);
    (void)unlink(path);
}

/* What a login watches a cursor for must be the very line: its journal and its number as the file shows them.
 */
static void the_position_is_that_of_the_line(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("where");
    struct bg_position at;
    enum bg_recorded where;
    char line[BG_LINE_MAX], number[24];
    json_t *ev;

    for (int i = 2; i < 4; i++) {
        assert_int_equal(bg_record(&p->rec, &e, &where, &at), BG_OK);
        place_newest(p->journal, line);
        assert_non_null(ev = json_loads(line, 0, NULL));
        assert_string_equal(at.journalid, str(ev, "journalid"));
        (void)snprintf(number, sizeof number, "%020d", i);
        assert_string_equal(str(ev, "sequence"), number);
        assert_int_equal(at.sequence, i);
        json_decref(ev);
    }
    assert_int_equal(chmod(p->journal, 0770), 0);
    assert_int_equal(bg_record(&p->rec, &e, &where, &at), BG_OK);
    assert_int_equal(where, BG_RECORDED_RUN);
    assert_int_equal(at.sequence, 2);
    assert_non_null(ev = place_line(p->run, 1));
    assert_string_equal(at.journalid, str(ev, "journalid"));
    json_decref(ev);
}

/* Another program's SHA-256 agrees about the chain and about each line's own hash. */
static void sha256sum_agrees(void **state)
{
    struct place *p = *state;
    char prev[BG_HASH_HEX + 1], mine[BG_HASH_HEX + 1], *buf, *line, *save = NULL;
    size_t len;

    for (int i = 0; i < 3; i++) {
        struct bg_event e = place_event("why");
        place_record(p, &e, BG_RECORDED_JOURNAL);
    }
    buf = place_read(p->journal, SEGMENT, &len);
    memset(prev, '0', BG_HASH_HEX);
    prev[BG_HASH_HEX] = '\0';
    for (line = strtok_r(buf, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        const char *said = strstr(line, "\"prevhash\":\""), *tail = strstr(line, ",\"linehash\":\"");
        assert_memory_equal(said + 12, prev, BG_HASH_HEX);
        hash_with_sha256sum(line, (size_t)(tail - line), mine);
        assert_memory_equal(tail + 13, mine, BG_HASH_HEX);
        hash_with_sha256sum(line, strlen(line), prev);
    }
    free(buf);
}

#define WRITERS 8
#define EACH    50

static void eight_writers_make_one_chain(void **state)
{
    struct place *p = *state;
    int status;

    for (int w = 0; w < WRITERS; w++) {
        if (fork() != 0)
            continue;
        for (int i = 0; i < EACH; i++) {
            struct bg_event e = place_event("all at once");
            enum bg_recorded where;
            if (bg_record(&p->rec, &e, &where, NULL) != BG_OK || where != BG_RECORDED_JOURNAL)
                _exit(1);
        }
        _exit(0);
    }
    for (int w = 0; w < WRITERS; w++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_chain(p->journal, 1 + WRITERS * EACH);
}

/* One append as the child makes it, with a segment size of our choice. */
static enum bg_err append_directly(struct place *p, off_t segment_max)
{
    struct bg_event e = place_event("direct");
    struct bg_appended out;
    json_t *ev;

    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    struct bg_append_job job = {.dir = p->journal, .event = ev, .segment_max = segment_max, .lock_ms = 1000};
    assert_int_equal(bg_append_work(&job, &out), BG_OK);
    json_decref(ev);
    return out.result;
}

static void the_chain_runs_across_segments(void **state)
{
    struct place *p = *state;

    for (int i = 0; i < 10; i++)
        assert_int_equal(append_directly(p, 2500), BG_OK);
    assert_true(place_size(p->journal, "000003.jsonl") > 0);
    assert_chain(p->journal, 11);
    struct bg_event e = place_event("and on");
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 13); /* and that it has had no second place until now */
}

static void a_torn_line_is_cut_and_told(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("before");
    char *buf, hash[BG_HASH_HEX + 1], want[160];
    size_t len;
    json_t *ev;

    place_record(p, &e, BG_RECORDED_JOURNAL);
    buf = place_read(p->journal, SEGMENT, &len);
    buf = realloc(buf, len + 100);
    memcpy(buf + len, "{\"specversion\":\"1.0\",\"torn\033", 27);
    place_write(p->journal, SEGMENT, buf, len + 27);
    hash_with_sha256sum(buf + len, 27, hash);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 4);
    assert_non_null(ev = place_line(p->journal, 2));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.repaired.v1");
    (void)snprintf(want, sizeof want, "27 bytes, sha256 %s", hash);
    assert_string_equal(str(own(ev), "detail"), want);
    json_decref(ev);
    free(buf);
}

/* All that is left of the only segment is a torn line: the chain goes on after what is gone, and says so. */
static void a_journal_of_one_torn_line(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("after");
    json_t *ev;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    place_write(p->journal, SEGMENT, "{\"half", 6);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_non_null(ev = place_line(p->journal, 0));
    assert_string_equal(str(ev, "type"), "org.breakglass.tamper.detected.v1");
    assert_string_equal(str(ev, "sequence"), "00000000000000000002");
    json_decref(ev);
    assert_non_null(ev = place_line(p->journal, 1));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.repaired.v1");
    json_decref(ev);
    assert_int_equal(place_lines(p->journal), 3);
}

/* A damaged last line is verification's finding; it must not stop the next event. */
static void a_damaged_last_line_does_not_stop_the_journal(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("on");
    struct bg_verify v;
    char *buf;
    size_t len;

    place_record(p, &e, BG_RECORDED_JOURNAL);
    buf = place_read(p->journal, SEGMENT, &len);
    memset(buf + len - 40, 0, 30);
    place_write(p->journal, SEGMENT, buf, len);
    free(buf);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(bg_journal_verify(p->journal, &v), BG_E_MISMATCH);
    assert_int_equal(v.bad_line, 2);
    buf = place_read(p->journal, SEGMENT, &len);
    assert_non_null(memmem(buf, len, "\"sequence\":\"00000000000000000003\"", 33));
    free(buf);
}

/* A file size limit lets a part of the line through: what was there before must be there after, byte for
 * byte. */
static void a_short_write_is_undone(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("fits");
    char *before, *after;
    size_t n, m;
    int status;

    place_record(p, &e, BG_RECORDED_JOURNAL);
    before = place_read(p->journal, SEGMENT, &n);
    before = realloc(before, n + 8);
    memcpy(before + n, "{\"torn", 6); /* and a torn line has to come back too */
    place_write(p->journal, SEGMENT, before, n + 6);
    if (fork() == 0) {
        struct rlimit limit = {n + 200, n + 200};
        enum bg_recorded where;
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(2);
        _exit(bg_record(&p->rec, &e, &where, NULL) == BG_OK && where == BG_RECORDED_RUN ? 0 : 1);
    }
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0); /* not killed by SIGXFSZ either */
    after = place_read(p->journal, SEGMENT, &m);
    assert_int_equal(m, n + 6);
    assert_memory_equal(before, after, m);
    free(before);
    free(after);
}

static void a_size_limit_of_zero_leaves_the_kernel(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("su with ulimit -f 0");
    int status;

    if (fork() == 0) {
        struct rlimit zero = {0, 0};
        enum bg_recorded where;
        if (setrlimit(RLIMIT_FSIZE, &zero) != 0)
            _exit(2);
        if (bg_record(&p->rec, &e, &where, NULL) != BG_OK)
            _exit(where == BG_RECORDED_NOWHERE ? 10 : 3);
        _exit(where == BG_RECORDED_AUDIT || where == BG_RECORDED_KMSG ? 0 : 4);
    }
    assert_true(wait(&status) > 0);
    assert_true(WIFEXITED(status));
    if (geteuid() == 0) /* only root may write to the kernel's logs */
        assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(place_size(p->journal, SEGMENT), -1); /* no empty segment stays behind */
    assert_int_equal(place_size(p->run, SEGMENT), -1);
}

/* Whatever stands in the way of the journal, the event goes to /run and says why. */
static void assert_falls_back(struct place *p, const char *why)
{
    struct bg_event e = place_event("fallen back");
    json_t *ev;

    place_record(p, &e, BG_RECORDED_RUN);
    assert_chain(p->run, 2);
    assert_non_null(ev = place_line(p->run, 1));
    if (strstr(str(own(ev), "degraded"), why) == NULL)
        print_message("degraded: %s\n", str(own(ev), "degraded"));
    assert_non_null(strstr(str(own(ev), "degraded"), why));
    json_decref(ev);
}

/* What is not a file of root's alone has another name then, and that is told; the event is in the journal. */
static void assert_set_aside(struct place *p)
{
    struct bg_event e = place_event("not held up");
    struct bg_verify v;
    struct stat st;
    char path[256];

    place_record(p, &e, BG_RECORDED_JOURNAL);
    (void)snprintf(path, sizeof path, "%s/" SEGMENT ".aside-1", p->journal);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(bg_journal_verify(p->journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
    assert_non_null(strstr(v.alarm, ".aside-1"));
}

static void a_symlink_is_not_followed(void **state)
{
    struct place *p = *state;
    char path[256], other[256];

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    (void)snprintf(path, sizeof path, "%s/" SEGMENT, p->journal);
    (void)snprintf(other, sizeof other, "%s/elsewhere", p->root);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    long size = place_size(p->root, "elsewhere");
    assert_set_aside(p);
    assert_int_equal(place_size(p->root, "elsewhere"), size);
}

static void a_fifo_does_not_hold_us_up(void **state)
{
    struct place *p = *state;
    char path[256];

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    (void)snprintf(path, sizeof path, "%s/" SEGMENT, p->journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0640), 0);
    assert_set_aside(p);
}

static void a_foreign_directory_is_refused(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(p->journal, 65534, 65534), 0);
    assert_falls_back(p, "journal: directory: unsafe");
}

static void a_foreign_segment_is_set_aside(void **state)
{
    struct place *p = *state;
    char path[256];

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    if (geteuid() != 0)
        skip();
    (void)snprintf(path, sizeof path, "%s/" SEGMENT, p->journal);
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_set_aside(p);
}

static void a_writable_directory_is_refused(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    assert_falls_back(p, "journal: directory: unsafe");
}

/* Somebody holds the lock for ever: stopped, or hanging in the kernel. */
static int hold_lock(struct place *p)
{
    char path[256];
    int fd;

    (void)snprintf(path, sizeof path, "%s/lock", p->journal);
    assert_true((fd = open(path, O_RDWR | O_CLOEXEC)) >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    return fd;
}

static void a_held_lock_costs_a_bounded_time(void **state)
{
    struct place *p = *state;
    int64_t start;
    int fd;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    p->rec.timeout_ms = 1000;
    fd = hold_lock(p);
    start = bg_now_ms();
    assert_falls_back(p, "journal: lock: in use by somebody else");
    assert_true(bg_now_ms() - start <= 1000 * 5 / 4 + BUSY_MS); /* unbounded, it would never end */
    (void)close(fd);
}

static void a_stopped_append_costs_a_bounded_time(void **state)
{
    struct place *p = *state;
    pid_t parent = getpid(), stopper;
    int64_t start;
    int status, fd;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    p->rec.timeout_ms = 3000;
    fd = hold_lock(p); /* so that it is there long enough to be stopped */
    if ((stopper = fork()) == 0) {
        (void)close(fd);
        place_stop_a_child_of(parent);
    }
    start = bg_now_ms();
    assert_falls_back(p, "journal: time ran out");
    assert_true(bg_now_ms() - start <= 3000 * 5 / 4 + BUSY_MS);
    assert_int_equal(waitpid(stopper, &status, 0), stopper);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    (void)close(fd);
}

static void the_run_segment_is_taken_over(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("during the trouble");
    json_t *fallen, *taken, *last;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    place_record(p, &e, BG_RECORDED_RUN);
    place_record(p, &e, BG_RECORDED_RUN);
    assert_chain(p->run, 3); /* a chain of its own */
    assert_non_null(fallen = place_line(p->run, 1));
    assert_int_equal(chmod(p->journal, 0750), 0);
    e.reason = "afterwards";
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 4); /* genesis, two taken over, ours */
    assert_int_equal(place_size(p->run, SEGMENT), -1);
    assert_non_null(taken = place_line(p->journal, 1));
    assert_string_equal(str(taken, "id"), str(fallen, "id"));
    assert_string_equal(str(taken, "time"), str(fallen, "time"));
    assert_string_not_equal(str(taken, "journalid"), str(fallen, "journalid"));
    assert_true(json_equal(json_object_get(taken, "data"), json_object_get(fallen, "data")));
    assert_memory_equal(str(own(taken), "degraded"), "journal: directory", 18);
    assert_non_null(last = place_line(p->journal, 3));
    assert_string_equal(str(own(last), "reason"), "afterwards");
    assert_null(json_object_get(own(last), "degraded"));
    json_decref(fallen);
    json_decref(taken);
    json_decref(last);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 5);
}

/* Killed between the journal's fsync and the removal of the segment: nothing may be written twice. */
static void a_second_take_over_adds_nothing(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("once");
    char *run;
    size_t n;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    place_record(p, &e, BG_RECORDED_RUN);
    run = place_read(p->run, SEGMENT, &n);
    assert_int_equal(chmod(p->journal, 0750), 0);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 3);
    place_write(p->run, SEGMENT, run, n); /* it is back */
    free(run);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 4);
    assert_int_equal(place_size(p->run, SEGMENT), -1);
}

/* What cannot be read in the fall-back is told by its hash, not lost without a word. */
static void rubbish_in_the_run_segment_is_told(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("good");
    char *run;
    size_t n;
    json_t *ev;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    place_record(p, &e, BG_RECORDED_RUN);
    run = place_read(p->run, SEGMENT, &n);
    run = realloc(run, n + 32);
    memcpy(run + n, "rubbish\n{\"torn", 14);
    place_write(p->run, SEGMENT, run, n + 14);
    free(run);
    assert_int_equal(chmod(p->journal, 0750), 0);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_chain(p->journal, 5); /* genesis, good, two repairs, ours */
    for (unsigned i = 2; i < 4; i++) {
        assert_non_null(ev = place_line(p->journal, i));
        assert_string_equal(str(ev, "type"), "org.breakglass.journal.repaired.v1");
        json_decref(ev);
    }
}

/* A long outage fills several small segments; each append brings one of them home, and none is lost. */
static void a_long_outage_comes_home_in_pieces(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("outage");
    unsigned fallen = 0;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    while (place_size(p->run, "000003.jsonl") < 0) {
        place_record(p, &e, BG_RECORDED_RUN);
        fallen++;
    }
    assert_chain(p->run, 1 + fallen);
    assert_int_equal(chmod(p->journal, 0750), 0);
    for (int i = 0; i < 3; i++)
        place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(place_size(p->run, "000003.jsonl"), -1);
    assert_chain(p->journal, 1 + fallen + 3);
}

static enum bg_err sees_descriptor(void *arg, void *out)
{
    (void)out;
    return fcntl(*(int *)arg, F_GETFD) < 0 ? BG_OK : BG_E_EXIST;
}

/* A child that hangs must not keep open what somebody waits on, such as the relay's socket. */
static void a_bounded_child_holds_no_descriptor(void **state)
{
    int low = dup(0), high = fcntl(0, F_DUPFD, 200);

    (void)state;
    assert_true(low > 2 && high >= 200);
    assert_int_equal(bg_child_run(sees_descriptor, &high, 30000, NULL, 0, NULL), BG_OK);
    if (low > 3) /* 3 is the child's own pipe */
        assert_int_equal(bg_child_run(sees_descriptor, &low, 30000, NULL, 0, NULL), BG_OK);
    (void)close(low);
    (void)close(high);
}

static void no_descriptor_is_left(void **state)
{
    struct place *p = *state;
    struct bg_event e = place_event("descriptors");
    int before = dup(0), after;

    assert_true(before >= 0);
    (void)close(before);
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(chmod(p->journal, 0770), 0);
    place_record(p, &e, BG_RECORDED_RUN);
    after = dup(0);
    (void)close(after);
    assert_int_equal(after, before);
}

#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(create_makes_a_genesis),
        T(the_first_event_makes_the_journal),
        T(the_position_is_that_of_the_line),
        T(sha256sum_agrees),
        T(eight_writers_make_one_chain),
        T(the_chain_runs_across_segments),
        T(a_torn_line_is_cut_and_told),
        T(a_journal_of_one_torn_line),
        T(a_damaged_last_line_does_not_stop_the_journal),
        T(a_short_write_is_undone),
        T(a_size_limit_of_zero_leaves_the_kernel),
        T(a_symlink_is_not_followed),
        T(a_fifo_does_not_hold_us_up),
        T(a_foreign_directory_is_refused),
        T(a_foreign_segment_is_set_aside),
        T(a_writable_directory_is_refused),
        T(a_held_lock_costs_a_bounded_time),
        T(a_stopped_append_costs_a_bounded_time),
        T(the_run_segment_is_taken_over),
        T(a_second_take_over_adds_nothing),
        T(rubbish_in_the_run_segment_is_told),
        T(a_long_outage_comes_home_in_pieces),
        T(a_bounded_child_holds_no_descriptor),
        T(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
