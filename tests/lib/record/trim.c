/* SPDX-License-Identifier: ISC */
/* What goes from the journal's beginning: one whole segment, old and taken, on record before; and that
 * verifying tells it from a cut. */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/lines.h"
#include "record/seal.h"
#include "record/trim.h"

#define FIRST  "000001.jsonl"
#define SECOND "000002.jsonl"

struct kept {
    struct place p;
    struct bg_trim_rule rule;
    struct bg_seal_key key;
    struct bg_position asked; /* of everybody */
    bool yes;
};

static bool taken(void *arg, const struct bg_position *last)
{
    struct kept *k = arg;

    k->asked = *last;
    return k->yes;
}

/* Sealed; segment 1 has the genesis, those behind it a line each. */
static int make(void **state)
{
    struct kept *k = calloc(1, sizeof *k);
    char id[BG_JOURNALID_LEN + 1], text[BG_SEAL_KEY_LEN + 1];
    struct bg_seal seal;
    size_t n, bad;

    place_make(&k->p);
    assert_int_equal(bg_journal_id(id), BG_OK);
    assert_int_equal(bg_seal_make(id, 2, &seal), BG_OK);
    assert_int_equal(bg_seal_print(id, &seal, text), BG_OK);
    assert_int_equal(bg_seal_keys(text, &k->key, 1, &n, &bad), BG_OK);
    assert_int_equal(bg_journal_create_sealed(&k->p.rec, id, &seal), BG_OK);
    for (int i = 0; i < 4; i++)
        place_append_alone(&k->p);
    bg_sleep_ms(2); /* nothing is younger than that */
    k->rule = (struct bg_trim_rule){.days = 0, .segments = 2, .taken = taken, .arg = k};
    k->yes = true;
    *state = k;
    return 0;
}

static int drop(void **state)
{
    struct kept *k = *state;

    place_remove(&k->p);
    free(k);
    return 0;
}

static enum bg_err trim(struct kept *k, struct bg_trimmed *t)
{
    int64_t age = -1;
    enum bg_err r = bg_journal_trim(&k->p.rec, &k->rule, t, &age);

    assert_true(age >= 0 || (r != BG_OK && r != BG_E_BUSY));
    return r;
}

static enum bg_err verify(struct kept *k, struct bg_verify *v)
{
    memset(v, 0, sizeof *v);
    return bg_journal_verify(k->p.journal, v);
}

struct seen {
    struct bg_seal_check c;
    enum bg_err r;
};

static bool each(void *arg, const struct bg_rawline *l)
{
    struct seen *s = arg;
    struct bg_chain at;
    json_t *ev;

    assert_int_equal(bg_chain_parse(l->text, l->len, &ev, &at), BG_OK);
    json_decref(ev);
    s->r = bg_seal_check_line(&s->c, at.last.sequence, l->text, l->len);
    return s->r == BG_OK;
}

/* The same with the verification key. */
static enum bg_err verify_seal(struct kept *k, uint64_t trimmed, uint64_t *good)
{
    static struct seen s;

    bg_seal_check_begin(&s.c, &k->key, 1);
    bg_seal_check_trimmed(&s.c, trimmed);
    assert_int_equal(bg_lines_walk(k->p.journal, 0, each, &s), BG_OK);
    assert_int_equal(s.r, BG_OK);
    *good = s.c.good;
    assert_false(bg_seal_check_wrong(&s.c, 0));
    return bg_seal_check_end(&s.c);
}

static void put(struct kept *k, enum bg_event_type type)
{
    struct bg_event e = place_event("a reason");

    e.type = type;
    place_record(&k->p, &e, BG_RECORDED_JOURNAL);
}

/* It is a finding until then, whatever its age. */
static void an_alarm_stays_until_it_is_explained(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t;
    struct bg_verify v;

    put(k, BG_EV_TAMPER_DETECTED);
    for (int i = 0; i < 3; i++)
        place_append_alone(&k->p);
    bg_sleep_ms(2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(trim(k, &t), BG_OK);
    assert_int_equal(trim(k, &t), BG_E_MISMATCH); /* it is in this one */
    assert_int_equal(verify(k, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
    put(k, BG_EV_JOURNAL_ACCEPTED);
    assert_int_equal(trim(k, &t), BG_OK);
    assert_int_equal(verify(k, &v), BG_OK);
    assert_int_equal(v.alarms, 0);
}

static void the_oldest_goes_and_is_on_record(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t, again;
    struct bg_verify v;
    uint64_t good;
    json_t *ev;

    assert_int_equal(trim(k, &t), BG_OK);
    assert_int_equal(t.first, 1);
    assert_int_equal(t.last, 1);
    assert_int_equal(k->asked.sequence, 1);
    assert_int_equal(place_size(k->p.journal, FIRST), -1);
    assert_int_equal(trim(k, &t), BG_OK); /* and the next one */
    assert_int_equal(t.first, 2);
    assert_int_equal(place_size(k->p.journal, SECOND), -1);
    ev = place_line(k->p.journal, place_lines(k->p.journal) - 1);
    assert_true(bg_trimmed_read(ev, &again));
    assert_true(again.first == t.first && again.last == t.last);
    assert_string_equal(again.head, t.head);
    json_decref(ev);
    assert_int_equal(verify(k, &v), BG_OK);
    assert_int_equal(v.trimmed, 2);
    assert_int_equal(v.trimmed_by, 7);
    assert_string_equal(v.trimmed_head, t.head);
    assert_int_equal(v.alarms, 0);
    assert_int_equal(bg_journal_earlier(k->p.journal), 2);
    assert_int_equal(verify_seal(k, v.trimmed, &good), BG_OK);
    assert_int_equal(good, v.lines);
    assert_int_equal(verify_seal(k, 0, &good), BG_E_MISMATCH); /* who does not know that sees a gap */
}

static void what_is_young_few_or_not_taken_stays(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t;
    unsigned lines = place_lines(k->p.journal);

    k->yes = false;
    assert_int_equal(trim(k, &t), BG_E_BUSY);
    assert_int_equal(k->asked.sequence, 1);
    k->yes = true;
    k->rule.days = 1;
    k->asked.sequence = 0;
    assert_int_equal(trim(k, &t), BG_E_NOENT);
    assert_int_equal(k->asked.sequence, 0);
    k->rule.days = 0;
    k->rule.segments = 5;
    assert_int_equal(trim(k, &t), BG_E_NOENT);
    assert_int_equal(place_lines(k->p.journal), lines);
    assert_int_not_equal(place_size(k->p.journal, FIRST), -1);
}

/* A file that was written to yesterday is young, whatever the clock said when its lines were made. */
static void a_file_that_is_young_stays(void **state)
{
    struct kept *k = *state;
    struct timespec ahead[2] = {{.tv_sec = 0}, {.tv_sec = 0}};
    struct bg_trimmed t;
    char path[160];

    (void)clock_gettime(CLOCK_REALTIME, &ahead[0]);
    ahead[0].tv_sec += 3600;
    ahead[1] = ahead[0];
    (void)snprintf(path, sizeof path, "%s/" FIRST, k->p.journal);
    assert_int_equal(utimensat(AT_FDCWD, path, ahead, 0), 0);
    assert_int_equal(trim(k, &t), BG_E_NOENT);
}

/* Evidence is not removed. */
static void what_does_not_hold_stays(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t;
    size_t len;
    char *text = place_read(k->p.journal, FIRST, &len);

    text[len / 2] ^= 1;
    place_write(k->p.journal, FIRST, text, len);
    assert_true(trim(k, &t) != BG_OK);
    assert_int_not_equal(place_size(k->p.journal, FIRST), -1);
    place_write(k->p.journal, FIRST, text, len - 1); /* torn */
    assert_true(trim(k, &t) != BG_OK);
    assert_int_not_equal(place_size(k->p.journal, FIRST), -1);
    free(text);
}

/* The journal does not take the event, /run does: that may be gone after the next boot. */
static void without_an_event_in_the_journal_nothing_goes(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t;
    int dir, lock;

    assert_int_equal(bg_segdir_open(k->p.journal, false, &dir), BG_OK);
    assert_int_equal(bg_lock(dir, BG_SEGDIR_LOCK, bg_deadline(10000), &lock), BG_OK);
    k->p.rec.timeout_ms = 1000;
    assert_int_equal(trim(k, &t), BG_E_REFUSED);
    (void)close(lock);
    (void)close(dir);
    k->p.rec.timeout_ms = 30000;
    assert_int_not_equal(place_size(k->p.journal, FIRST), -1);
    assert_int_equal(trim(k, &t), BG_OK);
}

/* Killed in between: the event is there and the lines too; the next time they go. */
static void a_crash_in_between_is_made_good(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t;
    struct bg_verify v;
    size_t len;
    char *text = place_read(k->p.journal, FIRST, &len), path[160];

    assert_int_equal(trim(k, &t), BG_OK);
    place_write(k->p.journal, FIRST, text, len);
    (void)snprintf(path, sizeof path, "%s/" FIRST, k->p.journal);
    assert_int_equal(chmod(path, 0640), 0);
    free(text);
    assert_int_equal(verify(k, &v), BG_OK);
    assert_int_equal(v.trimmed, 0);
    bg_sleep_ms(2);
    assert_int_equal(trim(k, &t), BG_OK);
    assert_int_equal(t.last, 1);
    assert_int_equal(verify(k, &v), BG_OK);
    assert_int_equal(v.trimmed, 1);
}

/* Whoever takes more than what is on record, or less, has cut it. */
static void a_cut_is_a_cut(void **state)
{
    struct kept *k = *state;
    struct bg_trimmed t;
    struct bg_verify v;
    char path[160];

    (void)snprintf(path, sizeof path, "%s/" FIRST, k->p.journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(verify(k, &v), BG_E_MISMATCH);
    assert_string_equal(v.problem, "the first segment is missing");
    assert_int_equal(trim(k, &t), BG_OK); /* what is left goes on, and says what it removed */
    assert_int_equal(verify(k, &v), BG_OK);
    assert_int_equal(v.trimmed, 2);
    (void)snprintf(path, sizeof path, "%s/000003.jsonl", k->p.journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(verify(k, &v), BG_E_MISMATCH);
    assert_int_equal(v.trimmed, 0);
}

static void only_that_text_is_read(void **state)
{
    static const char *const wrong[] = {
        "",
        "lines 1 to 2",
        "lines 2 to 1, head 0000000000000000000000000000000000000000000000000000000000000000",
        "lines 01 to 2, head 0000000000000000000000000000000000000000000000000000000000000000",
        "lines 1 to 2, head 000000000000000000000000000000000000000000000000000000000000000",
        "lines 1 to 2, head 0000000000000000000000000000000000000000000000000000000000000000 "};
    struct bg_event e = BG_EVENT_INIT;
    struct bg_trimmed t;
    json_t *ev;

    (void)state;
    e.type = BG_EV_JOURNAL_TRIMMED;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        e.detail = wrong[i];
        assert_int_equal(bg_event_render(&e, &ev), BG_OK);
        assert_false(bg_trimmed_read(ev, &t));
        json_decref(ev);
    }
    e.detail = "lines 1 to 2, head 0000000000000000000000000000000000000000000000000000000000000000";
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    assert_true(bg_trimmed_read(ev, &t) && t.first == 1 && t.last == 2);
    json_decref(ev);
    e.type = BG_EV_JOURNAL_ACCEPTED;
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    assert_false(bg_trimmed_read(ev, &t));
    json_decref(ev);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_oldest_goes_and_is_on_record),
        T(an_alarm_stays_until_it_is_explained),
        T(what_is_young_few_or_not_taken_stays),
        T(a_file_that_is_young_stays),
        T(what_does_not_hold_stays),
        T(without_an_event_in_the_journal_nothing_goes),
        T(a_crash_in_between_is_made_good),
        T(a_cut_is_a_cut),
        cmocka_unit_test(only_that_text_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
