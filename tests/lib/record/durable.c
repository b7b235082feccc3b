/* SPDX-License-Identifier: ISC */
/*
 * What is on the disk when: the system calls of one append in their order, seen by functions of this program
 * that stand before libc's. d: fsync of a directory, f: of a file, w: the write, u: unlink.
 */
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "record/append.h"

#define SEGMENT "000001.jsonl"

static struct {
    char calls[64];
    unsigned n;
    char fails; /* the next call of this kind says EIO */
} * seen;       /* shared: the append runs in a child */

static int note(char what)
{
    if (seen == NULL)
        return 0;
    if (seen->n < sizeof seen->calls - 1)
        seen->calls[seen->n++] = what;
    if (seen->fails != what)
        return 0;
    seen->fails = 0;
    errno = EIO;
    return -1;
}

int fsync(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -1;
    return note(S_ISDIR(st.st_mode) ? 'd' : 'f') != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return note('w') != 0 ? -1 : syscall(SYS_writev, fd, v, n);
}

int unlinkat(int dir, const char *name, int flags)
{
    (void)note('u');
    return (int)syscall(SYS_unlinkat, dir, name, flags);
}

static int make(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    place_make(p);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);
    *state = p;
    return 0;
}

static int drop(void **state)
{
    (void)munmap(seen, sizeof *seen);
    seen = NULL;
    place_remove(*state);
    free(*state);
    return 0;
}

static enum bg_recorded put(struct place *p, enum bg_event_type type)
{
    struct bg_event e = place_event("what is on the disk?");
    enum bg_recorded where = BG_RECORDED_NOWHERE;

    e.type = type;
    memset(seen->calls, 0, sizeof seen->calls);
    seen->n = 0;
    assert_int_equal(bg_record(&p->rec, &e, &where, NULL), BG_OK);
    return where;
}

static void assert_calls(struct place *p, enum bg_event_type type, const char *calls)
{
    assert_int_equal(put(p, type), BG_RECORDED_JOURNAL);
    if (strcmp(seen->calls, calls) != 0)
        fail_msg("%s: %s instead of %s", bg_event_kind(type)->type, seen->calls, calls);
}

/* By name, not by the table: what promises nothing is this, and nothing else. */
static bool carried(enum bg_event_type t)
{
    const char *name = bg_event_kind(t)->type + strlen(BG_EVENT_TYPE);

    return strncmp(name, "attempt.started", 15) == 0 || strncmp(name, "session.opened", 14) == 0 ||
           strncmp(name, "account.mistaken", 16) == 0 || strncmp(name, "heartbeat", 9) == 0 ||
           (strncmp(name, "alert.", 6) == 0 && strncmp(name, "alert.dropped", 13) != 0);
}

/* The directories of what is derived from the journal are made once. */
static void make_the_small_files(struct place *p)
{
    (void)put(p, BG_EV_ATTEMPT_FAILED);
    (void)put(p, BG_EV_USE_GRANTED);
}

static void each_kind_promises_what_it_should(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    make_the_small_files(p);
    for (int t = 1; t < (int)BG_EV_TYPES; t++)
        assert_calls(p, (enum bg_event_type)t, carried((enum bg_event_type)t) ? "w" : "wf");
}

static void one_login_waits_for_the_disk_twice(void **state)
{
    static const enum bg_event_type login[] = {BG_EV_ATTEMPT_STARTED, BG_EV_AUTH_SUCCEEDED, BG_EV_USE_GRANTED,
                                               BG_EV_ALERT_ACKNOWLEDGED, BG_EV_SESSION_OPENED};
    struct place *p = *state;
    unsigned n = 0;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    make_the_small_files(p);
    for (size_t i = 0; i < sizeof login / sizeof login[0]; i++) {
        assert_int_equal(put(p, login[i]), BG_RECORDED_JOURNAL);
        for (const char *c = seen->calls; *c != '\0'; c++)
            n += *c == 'f' || *c == 'd';
    }
    assert_int_equal(n, 2);
}

/* The names of directories and segment, the line, the second place; then its copy in the fall-back. */
static void a_new_journal_is_on_the_disk_with_its_name(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_string_equal(seen->calls, "dddwffdddfd");
}

/* Even when the event that begins it promises nothing. */
static void a_journal_begun_by_a_carried_event(void **state)
{
    assert_calls(*state, BG_EV_ATTEMPT_STARTED, "dddwffdddfd");
}

/* One append with small segments. */
static void append(struct place *p, bool durable, const char *calls)
{
    struct bg_event e = place_event("a segment of its own");
    struct bg_appended out;
    json_t *ev;

    memset(seen->calls, 0, sizeof seen->calls);
    seen->n = 0;
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    struct bg_append_job job = {
        .dir = p->journal, .event = ev, .durable = durable, .segment_max = 1000, .lock_ms = 1000};
    assert_int_equal(bg_append_work(&job, &out), BG_OK);
    assert_int_equal(out.result, BG_OK);
    json_decref(ev);
    assert_string_equal(seen->calls, calls);
}

/* The last line of the full segment was carried: nothing that is written to the next one takes it along. */
static void a_full_segment_is_on_the_disk_before_the_next_begins(void **state)
{
    struct place *p = *state;

    append(p, false, "dddwf");
    append(p, true, "fdwf");
    append(p, false, "fdwf");
    assert_true(place_size(p->journal, "000003.jsonl") > 0);
}

static void a_repair_is_on_the_disk(void **state)
{
    struct place *p = *state;
    char *buf;
    size_t n;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    buf = place_read(p->journal, SEGMENT, &n);
    buf = realloc(buf, n + 5);
    memcpy(buf + n, "torn", 4);
    place_write(p->journal, SEGMENT, buf, n + 4);
    free(buf);
    assert_calls(p, BG_EV_ATTEMPT_STARTED, "wf");
}

/* The copy in /run goes only when the journal's is on the disk. */
static void a_takeover_is_on_the_disk_before_the_copy_goes(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    assert_int_equal(put(p, BG_EV_USE_GRANTED), BG_RECORDED_RUN);
    assert_int_equal(chmod(p->journal, 0750), 0);
    assert_calls(p, BG_EV_ATTEMPT_STARTED, "wfu");
}

static void a_takeover_that_fails_leaves_the_copy(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    assert_int_equal(put(p, BG_EV_USE_GRANTED), BG_RECORDED_RUN);
    assert_int_equal(chmod(p->journal, 0750), 0);
    seen->fails = 'f';
    assert_int_equal(put(p, BG_EV_USE_GRANTED), BG_RECORDED_RUN);
    assert_int_equal(place_lines(p->journal), 1);
    assert_int_equal(place_lines(p->run), 3); /* its genesis and both */
    assert_int_equal(put(p, BG_EV_USE_GRANTED), BG_RECORDED_JOURNAL);
    assert_int_equal(place_lines(p->journal), 4);
}

/* A disk that takes the bytes and then says that they are lost. */
static void a_failed_fsync_is_a_refusal(void **state)
{
    struct place *p = *state;
    char *before, *after;
    size_t n, m;
    json_t *ev;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    before = place_read(p->journal, SEGMENT, &n);
    seen->fails = 'f';
    assert_int_equal(put(p, BG_EV_USE_GRANTED), BG_RECORDED_RUN);
    after = place_read(p->journal, SEGMENT, &m);
    assert_int_equal(m, n);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    assert_non_null(ev = place_line(p->run, 1));
    assert_string_equal(str(own(ev), "degraded"), "journal: fsync: Input/output error");
    json_decref(ev);
}

static void a_segment_whose_name_is_not_on_the_disk_is_none(void **state)
{
    struct place *p = *state;

    seen->fails = 'd';
    assert_int_equal(put(p, BG_EV_USE_GRANTED), BG_RECORDED_RUN);
    assert_int_equal(place_size(p->journal, SEGMENT), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_kind_promises_what_it_should),
        T(one_login_waits_for_the_disk_twice),
        T(a_new_journal_is_on_the_disk_with_its_name),
        T(a_journal_begun_by_a_carried_event),
        T(a_full_segment_is_on_the_disk_before_the_next_begins),
        T(a_repair_is_on_the_disk),
        T(a_takeover_is_on_the_disk_before_the_copy_goes),
        T(a_takeover_that_fails_leaves_the_copy),
        T(a_failed_fsync_is_a_refusal),
        T(a_segment_whose_name_is_not_on_the_disk_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
