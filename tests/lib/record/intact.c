/* SPDX-License-Identifier: ISC */
/* Reading: whatever is done to a journal behind our back is found, and the finding names the place. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "record/append.h"
#include "record/chain.h"
#include "record/event.h"
#include "record/lines.h"
#include "record/proof.h"
#include "record/segment.h"
#include "record/tamper.h"

#define SEGMENT "000001.jsonl"
#define LINES   6

struct journal {
    struct place p;
    char *text; /* of its only segment */
    size_t len;
    char *line[LINES + 1]; /* beginnings; the last one is the end */
};

static int make(void **state)
{
    struct journal *j = calloc(1, sizeof *j);

    place_make(&j->p);
    for (int i = 0; i < LINES - 1; i++) {
        struct bg_event e = place_event("a reason");
        place_record(&j->p, &e, BG_RECORDED_JOURNAL);
    }
    j->text = place_read(j->p.journal, SEGMENT, &j->len);
    j->line[0] = j->text;
    for (int i = 0; i < LINES; i++)
        j->line[i + 1] = strchr(j->line[i], '\n') + 1;
    *state = j;
    return 0;
}

static int drop(void **state)
{
    struct journal *j = *state;

    place_remove(&j->p);
    free(j->text);
    free(j);
    return 0;
}

/* Build another journal from lines of this one, in that order. */
static void rewrite(const struct journal *j, const int *order, size_t n)
{
    char *buf = malloc(j->len * 2);
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        size_t one = (size_t)(j->line[order[i] + 1] - j->line[order[i]]);
        memcpy(buf + len, j->line[order[i]], one);
        len += one;
    }
    place_write(j->p.journal, SEGMENT, buf, len);
    free(buf);
}

static void assert_found(const struct journal *j, unsigned long line, const char *problem)
{
    struct bg_verify v;

    assert_int_equal(bg_journal_verify(j->p.journal, &v), BG_E_MISMATCH);
    assert_string_equal(v.bad_segment, SEGMENT);
    assert_int_equal(v.bad_line, line);
    assert_non_null(strstr(v.problem, problem));
}

#define ORDER(...) rewrite(j, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static void an_untouched_journal_holds(void **state)
{
    struct journal *j = *state;
    struct bg_verify v;

    assert_int_equal(bg_journal_verify(j->p.journal, &v), BG_OK);
    assert_int_equal(v.lines, LINES);
    assert_int_equal(v.sealed, 0);
    assert_int_equal(v.head_sequence, LINES);
    assert_int_equal(strlen(v.journalid), 32);
    assert_int_equal(strlen(v.head), 64);
    assert_int_equal(v.bad_line, 0);
}

static void a_flipped_bit_anywhere_is_found(void **state)
{
    struct journal *j = *state;
    struct bg_verify v;
    size_t two = (size_t)(j->line[3] - j->line[0]); /* three lines are enough, and quicker */

    for (size_t i = 0; i < two; i++) {
        if (i == two - 1)
            continue; /* the very last newline: a torn line, next test */
        j->text[i] = (char)(j->text[i] ^ (1 << (i % 8)));
        place_write(j->p.journal, SEGMENT, j->text, two);
        if (bg_journal_verify(j->p.journal, &v) != BG_E_MISMATCH)
            fail_msg("flip at byte %zu was not found", i);
        assert_in_range(v.bad_line, 1, 3);
        j->text[i] = (char)(j->text[i] ^ (1 << (i % 8)));
    }
    place_write(j->p.journal, SEGMENT, j->text, two);
    assert_int_equal(bg_journal_verify(j->p.journal, &v), BG_OK);
}

static void a_torn_end_is_found(void **state)
{
    struct journal *j = *state;

    place_write(j->p.journal, SEGMENT, j->text, j->len - 1); /* no newline */
    assert_found(j, LINES, "torn");
    j->text[j->len - 1] = '\v'; /* the last newline with a flipped bit */
    place_write(j->p.journal, SEGMENT, j->text, j->len);
    assert_found(j, LINES, "torn");
}

static void a_removed_line_is_found(void **state)
{
    struct journal *j = *state;

    ORDER(0, 1, 3, 4, 5);
    assert_found(j, 3, "numbers are missing");
    ORDER(1, 2, 3, 4, 5);
    assert_found(j, 1, "genesis");
}

static void swapped_and_repeated_lines_are_found(void **state)
{
    struct journal *j = *state;

    ORDER(0, 1, 3, 2, 4, 5);
    assert_found(j, 3, "numbers are missing");
    ORDER(0, 1, 2, 2, 3, 4, 5);
    assert_found(j, 4, "goes back");
    ORDER(0, 0, 1, 2, 3);
    assert_found(j, 2, "goes back");
}

static void an_empty_line_is_found(void **state)
{
    struct journal *j = *state;
    char *buf = malloc(j->len + 1);

    memcpy(buf, j->text, j->len);
    buf[j->len] = '\n';
    place_write(j->p.journal, SEGMENT, buf, j->len + 1);
    free(buf);
    assert_found(j, LINES + 1, "not an event");
}

/* Lines cut from the end leave a sound, shorter chain: only a head held elsewhere shows it. Documented, and
 * so here. */
static void a_cut_tail_is_for_the_receivers_to_prove(void **state)
{
    struct journal *j = *state;
    struct bg_verify before, after;

    assert_int_equal(bg_journal_verify(j->p.journal, &before), BG_OK);
    ORDER(0, 1, 2);
    assert_int_equal(bg_journal_verify(j->p.journal, &after), BG_OK);
    assert_int_equal(after.head_sequence, 3);
    assert_string_not_equal(after.head, before.head);
}

static void a_line_of_another_journal_is_found(void **state)
{
    struct journal *j = *state;
    struct place other;
    struct bg_event e = place_event("elsewhere");
    char *foreign, *buf;
    size_t n;

    place_make(&other);
    for (int i = 0; i < LINES; i++)
        place_record(&other, &e, BG_RECORDED_JOURNAL);
    foreign = place_read(other.journal, SEGMENT, &n);
    place_remove(&other);
    char *last = memrchr(foreign, '\n', n - 1) + 1;
    buf = malloc(j->len + n);
    memcpy(buf, j->text, j->len);
    memcpy(buf + j->len, last, (size_t)(foreign + n - last));
    place_write(j->p.journal, SEGMENT, buf, j->len + (size_t)(foreign + n - last));
    assert_found(j, LINES + 1, "another journal");
    free(buf);
    free(foreign);
}

/* Somebody changed a line and made its own hash right again: the line after it still knows. */
static void a_changed_line_with_a_right_hash_is_found(void **state)
{
    struct journal *j = *state;
    struct bg_chain before;
    char line[BG_LINE_MAX], *buf = malloc(j->len + BG_LINE_MAX);
    size_t at = (size_t)(j->line[2] - j->text), rest = (size_t)(j->text + j->len - j->line[3]), len;
    json_t *ev;

    assert_int_equal(bg_chain_parse(j->line[2], (size_t)(j->line[3] - j->line[2] - 1), &ev, &before), BG_OK);
    before.last.sequence--; /* head is the hash of the line before, as bg_chain_link wants it */
    assert_int_equal(json_object_set_new(own(ev), "reason", json_string("another reason")), 0);
    assert_int_equal(bg_chain_link(ev, &before, NULL, line, &len), BG_OK);
    json_decref(ev);
    memcpy(buf, j->text, at);
    memcpy(buf + at, line, len);
    memcpy(buf + at + len, j->line[3], rest);
    place_write(j->p.journal, SEGMENT, buf, at + len + rest);
    free(buf);
    assert_found(j, 4, "the line before was changed");
}

/* Twelve lines in segments of about two. */
static void fill_segments(struct place *p)
{
    for (int i = 0; i < 11; i++) {
        struct bg_event e = place_event("segments");
        struct bg_appended out;
        json_t *ev;
        assert_int_equal(bg_event_render(&e, &ev), BG_OK);
        struct bg_append_job job = {.dir = p->journal, .event = ev, .segment_max = 2000, .lock_ms = 1000};
        assert_int_equal(bg_append_work(&job, &out), BG_OK);
        assert_int_equal(out.result, BG_OK);
        json_decref(ev);
    }
}

static void remove_segment(struct place *p, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", p->journal, name);
    assert_int_equal(unlink(path), 0);
}

static void a_removed_segment_is_found(void **state)
{
    struct place p;
    struct bg_verify v;

    (void)state;
    place_make(&p);
    fill_segments(&p);
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.lines, 12);
    remove_segment(&p, "000003.jsonl");
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_E_MISMATCH);
    assert_string_equal(v.bad_segment, "000004.jsonl");
    assert_non_null(strstr(v.problem, "segment before is missing"));
    remove_segment(&p, "000001.jsonl");
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_E_MISMATCH);
    assert_string_equal(v.bad_segment, "000002.jsonl");
    assert_non_null(strstr(v.problem, "first segment is missing"));
    place_remove(&p);
}

struct lookup {
    unsigned fault_at, seen;
};

static const char *nth_is_wrong(void *arg, const struct bg_rawline *l, const struct bg_proof *p)
{
    struct lookup *k = arg;

    assert_true(l->whole);
    assert_int_equal(p->at.last.sequence, ++k->seen); /* in order, each once */
    return k->seen == k->fault_at ? "as told" : NULL;
}

/* The line at `at` of a segment has a flipped bit; `before` sound ones stand before it. */
static void flipped(const struct place *p, const char *name, char *buf, size_t n, size_t at,
                    unsigned long lineno, unsigned before)
{
    struct lookup k = {0};
    const struct bg_verify_each each = {nth_is_wrong, &k};
    struct bg_second_look second;
    struct bg_verify v;
    char *mark = strstr(buf + at, "data");

    *mark ^= 1;
    place_write(p->journal, name, buf, n);
    assert_int_equal(bg_journal_verify(p->journal, &v), BG_E_MISMATCH);
    assert_string_equal(v.bad_segment, name);
    assert_int_equal(v.bad_line, lineno);
    assert_int_equal(v.lines, before);
    assert_int_equal(bg_journal_examine_each(p->journal, p->run, &each, &v, &second), BG_E_MISMATCH);
    assert_string_equal(v.bad_segment, name);
    assert_int_equal(k.seen, before);
    *mark ^= 1;
}

static void every_line_of_every_segment_is_read(void **state)
{
    struct place p;
    unsigned lines = 0;
    char name[BG_SEGMENT_NAME];
    size_t n;

    (void)state;
    place_make(&p);
    fill_segments(&p);
    for (unsigned s = 1; bg_segment_name(name, s), place_size(p.journal, name) >= 0; s++) {
        char *buf = place_read(p.journal, name, &n);
        unsigned long lineno = 1;
        for (size_t i = 0; i < n; i = (size_t)(strchr(buf + i, '\n') + 1 - buf))
            flipped(&p, name, buf, n, i, lineno++, lines++);
        place_write(p.journal, name, buf, n);
        free(buf);
    }
    assert_int_equal(lines, 12);
    place_remove(&p);
}

static void who_looks_at_each_line_has_a_word(void **state)
{
    struct lookup k = {.fault_at = 9};
    const struct bg_verify_each each = {nth_is_wrong, &k};
    struct bg_second_look second;
    struct place p;
    struct bg_verify v;

    (void)state;
    place_make(&p);
    fill_segments(&p);
    assert_int_equal(bg_journal_examine_each(p.journal, p.run, &each, &v, &second), BG_E_MISMATCH);
    assert_string_equal(v.problem, "as told");
    assert_int_equal(k.seen, 9);
    assert_int_equal(v.lines, 8);
    place_remove(&p);
}

static void a_torn_line_in_an_old_segment_is_found(void **state)
{
    struct place p;
    struct bg_verify v;
    char *buf;
    size_t n;

    (void)state;
    place_make(&p);
    fill_segments(&p);
    buf = place_read(p.journal, "000002.jsonl", &n);
    place_write(p.journal, "000002.jsonl", buf, n - 1);
    free(buf);
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_E_MISMATCH);
    assert_string_equal(v.bad_segment, "000002.jsonl");
    place_remove(&p);
}

/* A reader beside a busy writer sees a sound journal every time. */
static void verifying_a_live_journal_is_no_finding(void **state)
{
    struct journal *j = *state;
    struct bg_verify v;
    pid_t writer;
    int status, rounds = 0;

    if ((writer = fork()) == 0) {
        for (int i = 0; i < 150; i++) {
            struct bg_event e = place_event("busy");
            enum bg_recorded where;
            if (bg_record(&j->p.rec, &e, &where, NULL) != BG_OK)
                _exit(1);
        }
        _exit(0);
    }
    while (waitpid(writer, &status, WNOHANG) == 0) {
        assert_int_equal(bg_journal_verify(j->p.journal, &v), BG_OK);
        rounds++;
    }
    assert_int_equal(status, 0);
    assert_true(rounds > 0);
    assert_int_equal(bg_journal_verify(j->p.journal, &v), BG_OK);
    assert_int_equal(v.lines, LINES + 150);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_untouched_journal_holds),
        T(a_flipped_bit_anywhere_is_found),
        T(a_torn_end_is_found),
        T(a_removed_line_is_found),
        T(swapped_and_repeated_lines_are_found),
        T(an_empty_line_is_found),
        T(a_cut_tail_is_for_the_receivers_to_prove),
        T(a_line_of_another_journal_is_found),
        T(a_changed_line_with_a_right_hash_is_found),
        cmocka_unit_test(a_removed_segment_is_found),
        cmocka_unit_test(every_line_of_every_segment_is_read),
        cmocka_unit_test(who_looks_at_each_line_has_a_word),
        cmocka_unit_test(a_torn_line_in_an_old_segment_is_found),
        T(verifying_a_live_journal_is_no_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
