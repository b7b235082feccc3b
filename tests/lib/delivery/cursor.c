/* SPDX-License-Identifier: ISC */
/* Cursors: floor and exceptions, and files that were torn, garbled or full. */
#include "../record/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "delivery/cursor.h"

#define J1 "0123456789abcdef0123456789abcdef"
#define J2 "fedcba9876543210fedcba9876543210"

static struct bg_cursor c, d;
static char text[BG_CURSOR_MAX];

static struct bg_cursor_chain *fresh(void)
{
    memset(&c, 0, sizeof c);
    return bg_cursor_chain(&c, J1, true);
}

/* Against the plainest model there is: a table of what was marked. */
static void any_order_gives_the_same(void **state)
{
    (void)state;
    srandom(7);
    for (int round = 0; round < 300; round++) {
        struct bg_cursor_chain *h = fresh();
        bool marked[101] = {false};
        unsigned n = (unsigned)random() % 100;
        uint64_t floor = 0;
        for (unsigned i = 0; i < n; i++) {
            uint64_t seq = 1 + (uint64_t)random() % 100;
            marked[seq] = true;
            bg_cursor_mark(h, seq, NULL);
        }
        while (floor < 100 && marked[floor + 1])
            floor++;
        assert_int_equal(h->floor, floor);
        for (uint64_t s = 1; s <= 100; s++)
            assert_int_equal(bg_cursor_done(h, s), marked[s]);
        for (unsigned i = 0; i < h->ranges; i++) { /* as short as can be */
            assert_true(h->range[i].from > h->floor + 1 && h->range[i].from <= h->range[i].to);
            assert_true(i == 0 || h->range[i].from > h->range[i - 1].to + 1);
        }
    }
}

static void too_many_exceptions_are_forgotten_never_invented(void **state)
{
    struct bg_cursor_chain *h = fresh();
    unsigned lost = 0;

    (void)state;
    for (uint64_t s = 2; s <= 2000; s += 2)
        bg_cursor_mark(h, s, NULL);
    assert_int_equal(h->ranges, BG_CURSOR_RANGES);
    for (uint64_t s = 1; s <= 2000; s++)
        if (s % 2 == 1)
            assert_false(bg_cursor_done(h, s));
        else
            lost += !bg_cursor_done(h, s);
    assert_int_equal(lost, 1000 - BG_CURSOR_RANGES);
    assert_true(bg_cursor_done(h, 2000));
    assert_true(h->forgot);
    h = fresh();
    assert_false(h->forgot);
    for (uint64_t s = 2000; s >= 2; s -= 2) /* newest first: the newest is what a login looks for */
        bg_cursor_mark(h, s, NULL);
    assert_int_equal(h->ranges, BG_CURSOR_RANGES);
    assert_true(h->forgot);
    assert_true(bg_cursor_done(h, 2000));
    for (uint64_t s = 1; s <= 2000; s += 2)
        assert_false(bg_cursor_done(h, s));
}

static void refused_and_rewound(void **state)
{
    struct bg_cursor_chain *h = fresh();

    (void)state;
    for (uint64_t s = 1; s <= 10; s++)
        bg_cursor_mark(h, s, NULL);
    bg_cursor_refuse(h, 12);
    bg_cursor_refuse(h, 12);
    bg_cursor_mark(h, 14, NULL);
    assert_true(!bg_cursor_done(h, 12) && bg_cursor_refused(h, 12) && !bg_cursor_refused(h, 14));
    assert_int_equal(bg_cursor_refusals(&c), 1);
    bg_cursor_rewind(h, 12);
    assert_true(bg_cursor_refused(h, 12) && !bg_cursor_done(h, 14));
    bg_cursor_mark(h, 12, NULL); /* it was taken after all */
    assert_true(bg_cursor_done(h, 12) && !bg_cursor_refused(h, 12));
    bg_cursor_refuse(h, 13);
    bg_cursor_rewind(h, 5);
    assert_int_equal(h->floor, 5);
    assert_false(bg_cursor_done(h, 12) || bg_cursor_refused(h, 13) || bg_cursor_done(h, 6));
    for (uint64_t s = 100; s < 200; s++) /* a flood of them: the newest are remembered */
        bg_cursor_refuse(h, s);
    assert_int_equal(h->n_refused, BG_CURSOR_REFUSED);
    assert_true(bg_cursor_refused(h, 199) && !bg_cursor_refused(h, 100) && !bg_cursor_done(h, 100));
}

/* What an older program gave up is read as what it is, and delivered now: not done, nothing else is touched.
 */
static void an_older_file_is_read_on(void **state)
{
    static const char old[] =
        "breakglass-cursor 1\nsaved 1795349004123\nchain " J1 " 41\n"
        "done 43 45\ndone 47 47\ndead 41\ndead 44\ndead 47\ndead 3\n"
        "gone 00000000000000000000000000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        "journal " J1 " 48 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        "not-before 0\nacked 1795349004100\nerror 9 HTTP status 400\n";
    char sum[BG_HASH_HEX + 1];
    const struct bg_cursor_chain *h;
    int len;

    (void)state;
    assert_int_equal(bg_sha256_hex(old, sizeof old - 1, sum), BG_OK);
    len = snprintf(text, sizeof text, "%ssum %s\n", old, sum);
    assert_int_equal(bg_cursor_parse(text, (size_t)len, &c), BG_OK);
    assert_non_null(h = bg_cursor_chain(&c, J1, false));
    for (uint64_t s = 1; s <= 48; s++) {
        bool gave_up = s == 3 || s == 41 || s == 44 || s == 47;
        assert_int_equal(bg_cursor_done(h, s), !gave_up && s != 42 && s != 46 && s != 48);
        assert_int_equal(bg_cursor_refused(h, s), gave_up);
    }
    assert_int_equal(c.refusing, 9);
    assert_int_equal(c.journal.sequence, 48);
    assert_string_equal(c.journal.boot, ""); /* it did not say in which it was read */
}

/* Ages are of this boot's clock, which nobody sets; of another boot's, by the wall clock, never negative. */
static void ages_survive_a_clock_that_was_set(void **state)
{
    int64_t half;

    (void)state;
    (void)fresh();
    bg_cursor_acked(&c);
    bg_cursor_failed(&c, "no\x1b");
    assert_string_equal(c.error, "no\\u{001B}");
    c.acked -= 3600000; /* the clock was an hour behind */
    c.error_at += 3600000;
    assert_in_range(bg_cursor_acked_age(&c), 0, 600000);
    assert_in_range(bg_cursor_failed_age(&c), 0, 600000);
    c.acked_boot -= half = c.acked_boot / 2; /* a machine may be up for seconds only */
    assert_in_range(bg_cursor_acked_age(&c), half, half + 600000);
    c.boot[0] = 'x';
    assert_in_range(bg_cursor_acked_age(&c), 3600000, 3600000 + 600000);
    assert_int_equal(bg_cursor_failed_age(&c), 0);
    bg_cursor_failed(&c, "no"); /* now the boot is this one again */
    assert_int_equal(c.acked_boot, 0);
}

static void chains(void **state)
{
    char id[33];

    (void)state;
    bg_cursor_mark(fresh(), 1, NULL);
    assert_null(bg_cursor_chain(&c, J2, false));
    bg_cursor_mark(bg_cursor_chain(&c, J2, true), 9, NULL);
    assert_int_equal(bg_cursor_chain(&c, J1, false)->floor, 1);
    for (int i = 0; i < 3; i++) { /* J1 was used last: it stays */
        (void)snprintf(id, sizeof id, "%032d", i);
        (void)bg_cursor_chain(&c, id, true);
        assert_non_null(bg_cursor_chain(&c, J1, false));
    }
    assert_null(bg_cursor_chain(&c, J2, false));
    assert_null(bg_cursor_chain(&c, "short", true));
}

/* --- how far the journal went ------------------------------------------------------------------ */

static struct bg_cursor_line line_of(const char *journalid, uint64_t sequence, char digit)
{
    struct bg_cursor_line l = {.sequence = sequence};

    memcpy(l.journalid, journalid, sizeof l.journalid);
    memset(l.hash, digit, BG_HASH_HEX);
    bg_host_boot_id(l.boot);
    return l;
}

static void a_journal_that_grows(void **state)
{
    struct bg_cursor_line a = line_of(J1, 4, 'a'), b = line_of(J1, 9, 'b'), none = {.sequence = 0};

    (void)state;
    (void)fresh();
    assert_false(bg_cursor_ahead(&c, &none));
    assert_true(bg_cursor_ends(&c, &a));
    assert_false(bg_cursor_ends(&c, &a)); /* nothing new */
    c.journal.boot[0] = 'x';
    assert_true(bg_cursor_ends(&c, &a)); /* it has survived a restart */
    assert_memory_equal(&c.journal, &a, sizeof a);
    assert_false(bg_cursor_saw(&c, &a));
    assert_true(bg_cursor_ends(&c, &b));
    assert_int_equal(c.journal.sequence, 9);
    assert_int_equal(c.lost.sequence, 0);
    assert_false(bg_cursor_ahead(&c, &b));
}

static void a_journal_that_became_shorter_or_another(void **state)
{
    struct bg_cursor_line end = line_of(J1, 9, 'a'), none = {.sequence = 0};
    struct bg_cursor_line others[] = {line_of(J1, 8, 'b'), line_of(J1, 9, 'c'), line_of(J2, 9, 'a'),
                                      line_of(J2, 20, 'a')};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)fresh();
        assert_true(bg_cursor_ends(&c, &end));
        assert_true(bg_cursor_ahead(&c, &others[i]));
        assert_true(bg_cursor_ends(&c, &others[i]));
        assert_memory_equal(&c.lost, &end, sizeof end); /* that is what is missed */
        assert_memory_equal(&c.journal, &others[i], sizeof end);
    }
    assert_true(bg_cursor_ahead(&c, &none)); /* nothing is left of it */
}

/* The line was replaced, and the journal is longer than it was by now. */
static void a_line_that_was_replaced(void **state)
{
    struct bg_cursor_line end = line_of(J1, 9, 'a'), now = line_of(J1, 9, 'b'), before = line_of(J1, 8, 'c');

    (void)state;
    (void)fresh();
    assert_true(bg_cursor_ends(&c, &end));
    assert_false(bg_cursor_saw(&c, &before));
    assert_true(bg_cursor_saw(&c, &now));
    assert_memory_equal(&c.lost, &end, sizeof end);
    assert_memory_equal(&c.journal, &now, sizeof end);
}

static void fill(void)
{
    char hash[BG_HASH_HEX + 1];
    struct bg_cursor_chain *h = fresh();

    assert_int_equal(bg_sha256_hex("line", 4, hash), BG_OK);
    for (uint64_t s = 1; s <= 41; s++)
        bg_cursor_mark(h, s, hash);
    for (uint64_t s = 43; s <= 45; s++)
        bg_cursor_mark(h, s, hash);
    bg_cursor_mark(h, 47, hash);
    bg_cursor_refuse(h, 46);
    bg_cursor_mark(bg_cursor_chain(&c, J2, true), 2, NULL);
    c.refusing = 1795349004124;
    c.not_before_common = 1795349004125;
    bg_host_boot_id(c.boot);
    c.acked_boot = 71;
    c.error_boot = 905;
    c.not_before = 1795349004123;
    c.acked = 7;
    c.full = 1795349004126;
    c.failing = 1795349004128;
    c.sent = 2;
    c.certificate = INT64_C(1795349004129);
    c.deferred = 1795349004127;
    c.why = BG_DEFER_RATE;
    c.error_at = 9;
    c.journal = line_of(J1, 48, 'a');
    c.lost = line_of(J2, 50, 'b');
    memcpy(c.began.journalid, J1, sizeof J1);
    c.began.sequence = 40;
    (void)snprintf(c.error, sizeof c.error, "HTTP status 500: \\x{1b} no");
}

static void as_text(void **state)
{
    size_t len = 0;

    (void)state;
    fill();
    assert_int_equal(bg_cursor_print(&c, text, &len), BG_OK);
    assert_non_null(strstr(text, "\nchain " J1 " 41\n"));
    assert_non_null(strstr(text, "\ndone 43 45\ndone 47 47\nrefused 46\n"));
    assert_non_null(strstr(text, "\nbegan " J1 " 40\n"));
    assert_non_null(strstr(text, "\nerror 9 HTTP status 500: \\x{1b} no\n"));
    assert_non_null(strstr(text, "\nfailing 1795349004128\nfull 1795349004126\nsent 2\n"
                                 "certificate 1795349004129\ndeferred 1795349004127 rate\n"));
    memset(&d, 0xa5, sizeof d);
    assert_int_equal(bg_cursor_parse(text, len, &d), BG_OK);
    assert_memory_equal(&c, &d, sizeof c);
}

static void any_damage_is_seen(void **state)
{
    size_t len = 0;

    (void)state;
    fill();
    assert_int_equal(bg_cursor_print(&c, text, &len), BG_OK);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(bg_cursor_parse(text, i, &d), BG_E_SYNTAX); /* cut */
        text[i] ^= 4;
        assert_int_equal(bg_cursor_parse(text, len, &d), BG_E_SYNTAX);
        text[i] ^= 4;
    }
    assert_int_equal(bg_cursor_parse(text, len, &d), BG_OK);
}

/* A right sum over wrong lines: a program's mistake, still not believed. */
static void nonsense_with_a_right_sum(void **state)
{
    static const char *const bad[] = {
        "done 1 2\n",
        "chain " J1 " 5\ndone 7 6\n",
        "chain " J1 " 5\ndone 6 7\n",
        "chain " J1 " 5\ndone 9 9\ndone 8 8\n",
        "chain " J1 " -5\n",
        "chain " J1 " 99999999999999999999999\n",
        "chain " J1 " 5\nchain " J1 " 6\n",
        "chain short 5\n",
        "journal " J1 " 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        "journal " J1 " 5 abc\n",
        "journal " J1 " 5 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 0b1f\n",
        "lost short 5 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        "chain " J1 " 5\nlast 5 abc\n",
        "acked 99999999999999999999\n",
        "error 5 \x1b[2J\n",
        "else 5\n",
        "else\n",
    };
    char sum[BG_HASH_HEX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int n = snprintf(text, sizeof text, "breakglass-cursor 1\nsaved 1\n%s", bad[i]);
        assert_int_equal(bg_sha256_hex(text, (size_t)n, sum), BG_OK);
        n += snprintf(text + n, sizeof text - (size_t)n, "sum %s\n", sum);
        if (bg_cursor_parse(text, (size_t)n, &d) != BG_E_SYNTAX)
            fail_msg("believed: %s", bad[i]);
    }
}

static void two_places(void **state)
{
    struct place p;
    struct bg_cursor_dirs at;

    (void)state;
    place_make(&p);
    at = (struct bg_cursor_dirs){.run = p.run, .state = p.journal};
    assert_int_equal(bg_cursor_load(&at, "hook", false, &d), BG_E_NOENT);
    fill();
    assert_int_not_equal(bg_cursor_save(&at, "hook", &c), BG_OK); /* no directory */
    (void)snprintf(text, sizeof text, "mkdir -p %s %s", p.run, p.journal);
    assert_int_equal(system(text), 0);
    assert_int_equal(bg_cursor_save(&at, "hook", &c), BG_OK);
    assert_int_equal(bg_cursor_load(&at, "hook", true, &d), BG_OK);
    assert_memory_equal(&c, &d, sizeof c);

    /* a lasting place that refuses: what is in /run counts, also against the older lasting one */
    at.state = "/nonexistent";
    bg_cursor_mark(bg_cursor_chain(&c, J1, true), 42, NULL);
    assert_int_not_equal(bg_cursor_save(&at, "hook", &c), BG_OK);
    at.state = p.journal;
    assert_int_equal(bg_cursor_load(&at, "hook", false, &d), BG_OK);
    assert_int_equal(bg_cursor_chain(&d, J1, false)->floor, 45);

    /* the one in /run is damaged: the lasting one; both: nothing */
    place_write(p.run, "hook", "x", 1);
    assert_int_equal(bg_cursor_load(&at, "hook", false, &d), BG_OK);
    assert_int_equal(bg_cursor_chain(&d, J1, false)->floor, 41);
    place_write(p.journal, "hook", "x", 1);
    assert_int_equal(bg_cursor_load(&at, "hook", false, &d), BG_E_SYNTAX);
    assert_int_equal(d.chains, 0);

    /* not a file: not followed, even to a sound cursor, and not waited for */
    assert_int_equal(bg_cursor_save(&at, "hook", &c), BG_OK);
    (void)snprintf(text, sizeof text, "rm %s/hook && cd %s && mv hook sound && ln -s sound hook", p.run,
                   p.journal);
    assert_int_equal(system(text), 0);
    assert_int_not_equal(bg_cursor_load(&at, "hook", false, &d), BG_OK);
    assert_int_equal(bg_cursor_load(&at, "sound", false, &d), BG_OK);
    (void)snprintf(text, sizeof text, "cd %s && rm hook && mkfifo hook", p.journal);
    assert_int_equal(system(text), 0);
    assert_int_not_equal(bg_cursor_load(&at, "hook", false, &d), BG_OK);
    place_remove(&p);
}

static void a_clock_that_goes_back(void **state)
{
    struct place p;
    struct bg_cursor_dirs at;
    int64_t future = INT64_C(32503680000000); /* 3000-01-01: the clock was wrong once */

    (void)state;
    place_make(&p);
    at = (struct bg_cursor_dirs){.run = p.run, .state = p.journal};
    (void)snprintf(text, sizeof text, "mkdir -p %s %s", p.run, p.journal);
    assert_int_equal(system(text), 0);
    fill();
    c.saved = future;
    assert_int_equal(bg_cursor_save(&at, "hook", &c), BG_OK);
    assert_int_equal(c.saved, future + 1);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_same),
        cmocka_unit_test(too_many_exceptions_are_forgotten_never_invented),
        cmocka_unit_test(refused_and_rewound),
        cmocka_unit_test(an_older_file_is_read_on),
        cmocka_unit_test(ages_survive_a_clock_that_was_set),
        cmocka_unit_test(chains),
        cmocka_unit_test(a_journal_that_grows),
        cmocka_unit_test(a_journal_that_became_shorter_or_another),
        cmocka_unit_test(a_line_that_was_replaced),
        cmocka_unit_test(as_text),
        cmocka_unit_test(any_damage_is_seen),
        cmocka_unit_test(nonsense_with_a_right_sum),
        cmocka_unit_test(two_places),
        cmocka_unit_test(a_clock_that_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
