/* SPDX-License-Identifier: ISC */
/* A line that a receiver may hold and the journal lost: named once, and rightly as a power cut or a hand. */
#include "../../lib/record/place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/alert.h"
#include "base/host.h"

static struct place p;
static struct bg_policy policy;
static struct bg_cursor cursor;
static struct bg_cursor_dirs dirs;
static char run[96], state_dir[96], boot[BG_BOOT_ID_LEN + 1];

void __wrap_bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1]);

void __wrap_bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1])
{
    memcpy(out, boot, BG_BOOT_ID_LEN + 1);
}

/* Every boot has an id of its own. */
static void start_the_machine(char which)
{
    char mark[200];

    (void)snprintf(boot, sizeof boot, "00000000-0000-0000-0000-00000000000%c", which);
    (void)snprintf(mark, sizeof mark, "%s/durable", p.run);
    (void)unlink(mark); /* /run is empty */
}

static void record(void)
{
    struct bg_event e = place_event("why");

    place_record(&p, &e, BG_RECORDED_JOURNAL);
}

static int make(void **state)
{
    (void)state;
    place_make(&p);
    start_the_machine('a');
    record();
    record(); /* line 3 */
    (void)snprintf(run, sizeof run, "%s/c-run", p.root);
    (void)snprintf(state_dir, sizeof state_dir, "%s/c-state", p.root);
    assert_int_equal(mkdir(run, 0755) | mkdir(state_dir, 0755), 0);
    dirs = (struct bg_cursor_dirs){.run = run, .state = state_dir};
    memset(&cursor, 0, sizeof cursor);
    bg_policy_defaults(&policy);
    policy.sinks.n = 1;
    (void)snprintf(policy.sinks.sink[0].name, sizeof policy.sinks.sink[0].name, "relay");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    place_remove(&p);
    return 0;
}

/* The cursor lost line n of this journal, which had that hash: digits of one kind. */
static void lost(uint64_t n, char digit)
{
    json_t *ev = place_line(p.journal, 0);

    assert_non_null(ev);
    (void)snprintf(cursor.lost.journalid, sizeof cursor.lost.journalid, "%s", str(ev, "journalid"));
    json_decref(ev);
    cursor.lost.sequence = n;
    memset(cursor.lost.hash, digit, BG_HASH_HEX);
    cursor.lost.hash[BG_HASH_HEX] = '\0';
    assert_int_equal(bg_cursor_save(&dirs, "relay", &cursor), BG_OK);
}

static bool look(void)
{
    return lost_lines_record(&policy, &p.rec, &dirs);
}

/* The newest event, which has to be of that type and to say that. */
static void assert_told(const char *type, const char *says)
{
    char line[BG_LINE_MAX];
    json_t *ev;

    place_newest(p.journal, line);
    assert_non_null(ev = json_loads(line, 0, NULL));
    assert_string_equal(str(ev, "type"), type);
    if (strstr(str(json_object_get(ev, "data"), "message"), says) == NULL)
        fail_msg("%s", str(json_object_get(ev, "data"), "message"));
    assert_non_null(strstr(str(own(ev), "detail"), cursor.lost.hash)); /* so that the holder can compare */
    json_decref(ev);
}

#define TAMPER "org.breakglass.tamper.detected.v1"
#define LOST   "org.breakglass.journal.lost.v1"

static void another_line_after_a_restart_is_a_power_cut(void **state)
{
    (void)state;
    start_the_machine('b');
    record(); /* line 4, which the receiver had from boot a */
    lost(4, '1');
    assert_true(look());
    assert_told(LOST, "lost in a power cut");
}

static void another_line_in_the_same_boot_is_a_hand(void **state)
{
    (void)state;
    lost(3, '2');
    assert_true(look());
    assert_told(TAMPER, "cut off or replaced");
}

static void a_short_journal_after_a_restart_is_a_power_cut(void **state)
{
    (void)state;
    lost(5, '3');
    start_the_machine('c');
    assert_true(look());
    assert_told(LOST, "lost in a power cut");
}

static void a_short_journal_in_the_same_boot_is_a_hand(void **state)
{
    (void)state;
    lost(5, '4');
    assert_true(look());
    assert_told(TAMPER, "cut off or replaced");
}

/* A restart somewhere else proves nothing. read_in: the boot in which the line was read. */
static void lost_where_lines_of_this_boot_stand(char read_in, char digit)
{
    start_the_machine('d');
    record();
    record(); /* lines 4 and 5 of this boot */
    if (read_in != '\0')
        (void)snprintf(cursor.lost.boot, sizeof cursor.lost.boot, "00000000-0000-0000-0000-00000000000%c",
                       read_in);
    lost(5, digit);
    assert_true(look());
}

static void a_restart_before_it_is_no_excuse(void **state)
{
    (void)state;
    lost_where_lines_of_this_boot_stand('d', '5');
    assert_told(TAMPER, "cut off or replaced");
}

static void what_an_older_cursor_does_not_know_is_no_excuse(void **state)
{
    (void)state;
    lost_where_lines_of_this_boot_stand('\0', 'c');
    assert_told(TAMPER, "cut off or replaced");
}

/* Lines 4 and 5 of boot a went together. */
static void several_lines_lost_and_their_numbers_taken_is_a_power_cut(void **state)
{
    (void)state;
    lost_where_lines_of_this_boot_stand('a', 'd');
    assert_told(LOST, "lost in a power cut");
}

static void once(void **state)
{
    unsigned n;

    (void)state;
    lost(3, '6');
    assert_true(look());
    n = place_lines(p.journal);
    assert_false(look());
    lost(2, '7');
    assert_true(look());
    lost(3, '6'); /* as a new process sees it */
    assert_false(look());
    assert_int_equal(place_lines(p.journal), n + 1);
}

/* The journal refuses: it lies in /run, and is known there. */
static void once_in_run(void **state)
{
    struct rlimit was, full;

    (void)state;
    for (int i = 0; i < 20; i++)
        record();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    full = was;
    full.rlim_cur =
        (rlim_t)place_size(p.journal, "000001.jsonl"); /* no line more; what is smaller can grow */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    lost(3, 'a');
    assert_true(look());
    assert_int_equal(place_lines(p.run), 2); /* with the first line of its own */
    lost(2, 'b');
    assert_true(look());
    lost(3, 'a'); /* as a new process sees it */
    assert_false(look());
    assert_int_equal(place_lines(p.run), 3);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
}

static void a_journal_that_says_so_itself_is_enough(void **state)
{
    char path[200];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/000001.jsonl", p.journal);
    assert_int_equal(truncate(path, 0), 0);
    record(); /* tamper.detected: lines 1 to 3 are gone */
    lost(3, '8');
    assert_false(look());
}

static void a_line_that_is_there_is_not_lost(void **state)
{
    char line[BG_LINE_MAX], hash[BG_HASH_HEX + 1];

    (void)state;
    place_newest(p.journal, line);
    assert_int_equal(bg_sha256_hex(line, strlen(line), hash), BG_OK);
    lost(3, '9');
    memcpy(cursor.lost.hash, hash, sizeof hash);
    assert_int_equal(bg_cursor_save(&dirs, "relay", &cursor), BG_OK);
    assert_false(look());
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(another_line_after_a_restart_is_a_power_cut),
        T(another_line_in_the_same_boot_is_a_hand),
        T(a_short_journal_after_a_restart_is_a_power_cut),
        T(a_short_journal_in_the_same_boot_is_a_hand),
        T(a_restart_before_it_is_no_excuse),
        T(what_an_older_cursor_does_not_know_is_no_excuse),
        T(several_lines_lost_and_their_numbers_taken_is_a_power_cut),
        T(once),
        T(once_in_run),
        T(a_journal_that_says_so_itself_is_enough),
        T(a_line_that_is_there_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
