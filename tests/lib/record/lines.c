/* SPDX-License-Identifier: ISC */
/* The one reader: which lines are handed out, from where on, and what is said of places that are gone. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "record/backward.h"
#include "record/lines.h"

static struct place p;

/* Two segments by hand: the reader does not mind what a line says. */
static int make(void **state)
{
    (void)state;
    place_make(&p);
    assert_int_equal(bg_journal_create(&p.rec), BG_OK);
    place_write(p.journal, "000001.jsonl", "one\ntwo\n", 8);
    place_write(p.journal, "000002.jsonl", "three\nfour\nfi", 13);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    place_remove(&p);
    return 0;
}

/* What was handed out: "one two ..."; a line without its end has a ~. */
struct got {
    char text[256];
    unsigned stop_after; /* 0: never */
    unsigned n;
    struct bg_rawline last;
    char segment[16]; /* of the last */
};

static bool take(void *arg, const struct bg_rawline *l)
{
    struct got *g = arg;
    size_t at = strlen(g->text);

    if (g->stop_after > 0 && g->n == g->stop_after)
        return false;
    g->n++;
    g->last = *l;
    (void)snprintf(g->segment, sizeof g->segment, "%s", l->segment);
    (void)snprintf(g->text + at, sizeof g->text - at, "%s%.*s%s", at > 0 ? " " : "", (int)l->len, l->text,
                   l->whole ? "" : "~");
    return true;
}

static const char *walk(off_t newest)
{
    static struct got g;

    memset(&g, 0, sizeof g);
    assert_int_equal(bg_lines_walk(p.journal, newest, take, &g), BG_OK);
    return g.text;
}

static void every_line_in_order(void **state)
{
    struct got g = {.n = 0};

    (void)state;
    assert_string_equal(walk(0), "one two three four fi~");
    g.stop_after = 3;
    assert_int_equal(bg_lines_walk(p.journal, 0, take, &g), BG_OK);
    assert_string_equal(g.text, "one two three");
    assert_string_equal(g.segment, "000002.jsonl");
    assert_int_equal(g.last.number, 2);
    assert_int_equal(g.last.lineno, 1);
    assert_int_equal(g.last.at, 0);
    assert_true(g.last.newest && g.last.whole);
}

/* From the end on, beginning with a whole line: what a state needs must not cost a whole journal. */
static void the_newest_bytes_begin_with_a_whole_line(void **state)
{
    (void)state;
    assert_string_equal(walk(100), "one two three four fi~");
    assert_string_equal(walk(21), "one two three four fi~");
    assert_string_equal(walk(20), "two three four fi~");
    assert_string_equal(walk(14), "three four fi~");
    assert_string_equal(walk(13), "three four fi~");
    assert_string_equal(walk(12), "four fi~");
    assert_string_equal(walk(3), "fi~");
    assert_string_equal(walk(1), "");
}

static const char *after(struct bg_linepos *pos, unsigned stop_after)
{
    static struct got g;

    memset(&g, 0, sizeof g);
    g.stop_after = stop_after;
    assert_int_equal(bg_lines_after(p.journal, pos, take, &g), BG_OK);
    return g.text;
}

static void a_place_moves_on_past_what_was_taken(void **state)
{
    struct bg_linepos pos = {0, 0};

    (void)state;
    assert_string_equal(after(&pos, 1), "one");
    assert_string_equal(after(&pos, 2), "two three");
    assert_string_equal(after(&pos, 0), "four"); /* "fi" is being written */
    assert_string_equal(after(&pos, 0), "");
    place_write(p.journal, "000002.jsonl", "three\nfour\nfive\n", 16);
    place_write(p.journal, "000003.jsonl", "six\n", 4);
    assert_string_equal(after(&pos, 0), "five six");
    assert_int_equal(pos.number, 3);
    assert_int_equal(pos.at, 4);
}

/* Nobody will ever end it: what comes after it must not wait. */
static void a_torn_line_in_an_old_segment_is_passed(void **state)
{
    struct bg_linepos pos = {0, 0};

    (void)state;
    place_write(p.journal, "000001.jsonl", "one\ntw", 6);
    assert_string_equal(after(&pos, 0), "one three four");
}

static void a_place_that_is_gone_is_a_mismatch(void **state)
{
    struct bg_linepos pos = {2, 14};
    struct got g = {.n = 0};

    (void)state;
    assert_int_equal(bg_lines_after(p.journal, &pos, take, &g), BG_E_MISMATCH);
    pos = (struct bg_linepos){3, 0};
    assert_int_equal(bg_lines_after(p.journal, &pos, take, &g), BG_E_MISMATCH);
    pos = (struct bg_linepos){2, 13};
    assert_int_equal(bg_lines_after(p.journal, &pos, take, &g), BG_OK);
    assert_string_equal(g.text, "");
    assert_int_equal(bg_lines_after("/nonexistent/journal", &pos, take, &g), BG_E_NOENT);
}

static void no_segment_is_no_journal(void **state)
{
    struct got g = {.n = 0};
    char path[160];

    (void)state;
    for (int i = 1; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/00000%d.jsonl", p.journal, i);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(bg_lines_walk(p.journal, 0, take, &g), BG_E_NOENT);
    place_write(p.journal, "1.jsonl", "x\n", 2); /* not a segment's name */
    place_write(p.journal, "0000010.jsonl", "x\n", 2);
    place_write(p.journal, "000001.jsonl~", "x\n", 2);
    assert_int_equal(bg_lines_walk(p.journal, 0, take, &g), BG_E_NOENT);
}

static void one_line_is_read_again(void **state)
{
    struct bg_linepos pos = {2, 6};
    char *line;

    (void)state;
    assert_int_equal(bg_line_read(p.journal, &pos, 4, &line), BG_OK);
    assert_string_equal(line, "four");
    free(line);
    assert_int_equal(bg_line_read(p.journal, &pos, 3, &line), BG_E_MISMATCH); /* its end is elsewhere */
    assert_int_equal(bg_line_read(p.journal, &pos, 7, &line), BG_E_MISMATCH); /* two lines */
    pos.at = 11;
    assert_int_equal(bg_line_read(p.journal, &pos, 2, &line), BG_E_MISMATCH); /* no end yet */
    pos.at = 0;
    assert_int_equal(bg_line_read(p.journal, &pos, 10, &line), BG_E_MISMATCH); /* a line in between */
    pos.number = 3;
    assert_int_equal(bg_line_read(p.journal, &pos, 4, &line), BG_E_MISMATCH);
}

static void a_cheap_look_cannot_be_faked(void **state)
{
    static const char text[] = "{\"use\":\"A\",\"reason\":\"\\\"use\\\":\\\"B\\\"\"}";
    struct bg_rawline l = {.text = text, .len = sizeof text - 1};

    (void)state;
    assert_true(bg_line_has(&l, "use", "A"));
    assert_false(bg_line_has(&l, "use", "B"));
    assert_false(bg_line_has(&l, "us", "A"));
    assert_false(bg_line_has(&l, "use", ""));
    l.len = 9; /* not a byte further */
    assert_false(bg_line_has(&l, "use", "A"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

/* --- from the end ------------------------------------------------------------------------------ */

static const char *back(unsigned stop_after, struct bg_linepos *end)
{
    static struct got g;

    memset(&g, 0, sizeof g);
    g.stop_after = stop_after;
    assert_int_equal(bg_lines_back(p.journal, end, take, &g), BG_OK);
    return g.text;
}

static unsigned long lineno_of_newest;

static bool note_lineno(void *arg, const struct bg_rawline *l)
{
    (void)arg;
    lineno_of_newest = l->lineno;
    return false;
}

static void the_newest_come_first(void **state)
{
    struct bg_linepos end = {0};
    struct got g = {.n = 0};
    char path[160];

    (void)state;
    assert_string_equal(back(0, NULL), "four three two one");
    assert_string_equal(back(3, &end), "four three two");
    assert_int_equal(bg_lines_back(p.journal, NULL, note_lineno, NULL), BG_OK);
    assert_int_equal(lineno_of_newest, 2);
    /* what is written from now on follows */
    place_write(p.journal, "000002.jsonl", "three\nfour\nfive\n", 16);
    assert_int_equal(bg_lines_after(p.journal, &end, take, &g), BG_OK);
    assert_string_equal(g.text, "five");
    (void)snprintf(path, sizeof path, "%s/000001.jsonl", p.journal);
    assert_int_equal(chmod(path, 0666), 0); /* it cannot be read, and nobody wants to */
    assert_string_equal(back(2, NULL), "five four");
    assert_int_equal(chmod(path, 0640), 0);
    place_write(p.journal, "000002.jsonl", "", 0);
    assert_string_equal(back(0, NULL), "two one");
    assert_int_equal(bg_lines_back("/nonexistent/journal", NULL, take, &g), BG_E_NOENT);
}

static const char *since(const char *when)
{
    static struct got g;
    struct bg_linepos at = {0};

    memset(&g, 0, sizeof g);
    assert_int_equal(bg_lines_since(p.journal, when, &at), BG_OK);
    assert_int_equal(bg_lines_after(p.journal, &at, take, &g), BG_OK);
    return g.text;
}

static void put_time(const char *name, const char *time)
{
    char line[64];

    (void)snprintf(line, sizeof line, "{\"time\":\"%s\"}\n", time);
    place_write(p.journal, name, line, strlen(line));
}

#define L(t) "{\"time\":\"" t "\"}"

/* What cannot hold such a line is not read; a clock that was wrong once hides nothing. */
static void files_from_before_are_left_out(void **state)
{
    (void)state;
    put_time("000001.jsonl", "2026-01-01");
    put_time("000002.jsonl", "2026-02-01");
    put_time("000003.jsonl", "2026-03-01");
    assert_string_equal(since("2026-02-15"), L("2026-02-01") " " L("2026-03-01")); /* its later lines */
    assert_string_equal(since("2026-04-01"), L("2026-03-01"));
    assert_string_equal(since("2025-01-01"), L("2026-01-01") " " L("2026-02-01") " " L("2026-03-01"));
    put_time("000003.jsonl", "1970-01-01");
    assert_string_equal(since("2026-01-15"), L("2026-01-01") " " L("2026-02-01") " " L("1970-01-01"));
    place_write(p.journal, "000002.jsonl", "torn", 4);
    assert_string_equal(since("2026-04-01"), L("2026-01-01") " " L("1970-01-01"));
}

static void the_time_of_a_line(void **state)
{
    const char text[] = "{\"subject\":\"\\\"time\\\":\\\"1999\",\"time\":\"2026-11-22T12:00:00Z\"}";
    struct bg_rawline l = {.text = text, .len = sizeof text - 1};

    (void)state;
    assert_true(bg_line_is_older(&l, "2026-11-23"));
    assert_false(bg_line_is_older(&l, "2026-11-22"));
    assert_false(bg_line_is_older(&l, ""));
    l.len = sizeof text - 4; /* cut in the middle: not known */
    assert_false(bg_line_is_older(&l, "2026-11-23T00:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_line_in_order),
        T(the_newest_bytes_begin_with_a_whole_line),
        T(a_place_moves_on_past_what_was_taken),
        T(a_torn_line_in_an_old_segment_is_passed),
        T(a_place_that_is_gone_is_a_mismatch),
        T(no_segment_is_no_journal),
        T(one_line_is_read_again),
        T(a_cheap_look_cannot_be_faked),
        T(the_newest_come_first),
        T(files_from_before_are_left_out),
        T(the_time_of_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
