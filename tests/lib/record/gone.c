/* SPDX-License-Identifier: ISC */
/* Lines that are gone, whoever took them: known at the next event and to every look, and the chain goes on.
 */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "record/append.h"
#include "record/chain.h"
#include "record/head.h"
#include "record/tamper.h"

#define SEGMENT "000001.jsonl"
#define USES    4 /* lines 2 to 5; line 1 is the genesis */

struct gone {
    struct place p;
    char *text; /* of the segment as it was */
    size_t len;
    char state[96]; /* the directory above the journal's */
};

static void use(struct gone *g)
{
    struct bg_event e = place_event("why");

    place_record(&g->p, &e, BG_RECORDED_JOURNAL);
}

static int make(void **state)
{
    struct gone *g = calloc(1, sizeof *g);

    place_make(&g->p);
    (void)snprintf(g->state, sizeof g->state, "%s/state", g->p.root);
    for (int i = 0; i < USES; i++)
        use(g);
    g->text = place_read(g->p.journal, SEGMENT, &g->len);
    *state = g;
    return 0;
}

static int drop(void **state)
{
    struct gone *g = *state;

    place_remove(&g->p);
    free(g->text);
    free(g);
    return 0;
}

static void path_of(char out[200], const char *dir, const char *name)
{
    (void)snprintf(out, 200, "%s/%s", dir, name);
}

/* What a look says, "" for nothing. */
static void look(struct gone *g, char text[BG_MSG_MAX])
{
    struct bg_second_look second;
    struct bg_verify v;

    (void)!bg_journal_examine(g->p.journal, g->p.run, &v, &second);
    text[0] = '\0';
    if (second.gone.message != NULL)
        (void)bg_msg_text(text, BG_MSG_MAX, second.gone.message, second.gone.arg);
}

static void assert_says(const char *text, const char *want)
{
    if (strstr(text, want) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, want);
}

/* Seen by a look, told by the next event, which carries the number after the newest line there was. */
static void assert_known(struct gone *g, unsigned at, uint64_t sequence, const char *want, const char *why)
{
    char text[BG_MSG_MAX], number[24];
    struct bg_verify v;
    json_t *ev;

    look(g, text);
    assert_says(text, want);
    assert_says(text, why);
    use(g);
    assert_non_null(ev = place_line(g->p.journal, at));
    assert_string_equal(str(ev, "type"), "org.breakglass.tamper.detected.v1");
    (void)snprintf(number, sizeof number, "%020llu", (unsigned long long)sequence);
    assert_string_equal(str(ev, "sequence"), number);
    assert_says(str(json_object_get(ev, "data"), "message"), want);
    assert_says(str(json_object_get(ev, "data"), "message"), why);
    json_decref(ev);
    look(g, text); /* the second place knows the new end */
    assert_string_equal(text, "");
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
    use(g);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1); /* told once */
}

static void a_sound_journal_says_nothing(void **state)
{
    struct gone *g = *state;
    struct bg_second_look second;
    struct bg_verify v;

    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_OK);
    assert_null(second.gone.message);
    assert_null(second.place.message);
    assert_int_equal(v.alarms, 0);
}

static void emptied_in_place(void **state)
{
    struct gone *g = *state;

    place_write(g->p.journal, SEGMENT, "", 0);
    assert_known(g, 0, USES + 2, "its 5 lines are gone", "cut in place");
}

static void emptied_by_a_log_rotation(void **state)
{
    struct gone *g = *state;

    place_write(g->p.journal, SEGMENT ".1", g->text, g->len);
    place_write(g->p.journal, SEGMENT, "", 0);
    assert_known(g, 0, USES + 2, "its 5 lines are gone", "000001.jsonl.1 stands beside it");
}

static void segment_deleted(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(unlink(path), 0);
    assert_known(g, 0, USES + 2, "its 5 lines are gone", "000001.jsonl was removed");
}

static void directory_gone_and_made_again(void **state)
{
    struct gone *g = *state;
    char path[200], text[BG_MSG_MAX];

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(unlink(path), 0);
    path_of(path, g->p.journal, "lock");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(g->p.journal), 0);
    look(g, text);
    assert_says(text, "its directory is gone");
    assert_int_equal(mkdir(g->p.journal, 0750), 0);
    assert_known(g, 0, USES + 2, "its 5 lines are gone", "000001.jsonl was removed");
}

/* Made anew it belongs to whom it belonged: the group that delivers reads directory and segment. */
static void who_delivers_can_read_what_was_made_anew(void **state)
{
    struct gone *g = *state;
    char path[200], cursors[200];
    struct stat st;

    if (geteuid() != 0)
        skip();
    path_of(cursors, g->state, "cursors");
    assert_int_equal(mkdir(cursors, 0750), 0);
    assert_int_equal(chown(cursors, 65534, 65534), 0);
    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(chmod(g->p.journal, 0700), 0);
    use(g);
    assert_int_equal(stat(g->p.journal, &st), 0);
    assert_int_equal(st.st_gid, 65534);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_gid, 65534);
    assert_int_equal(chown(path, 0, 0) | chmod(path, 0600), 0); /* as a copy is put back */
    use(g);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_gid, 65534);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(rmdir(cursors), 0);
}

/* The first n lines of what there was. */
static size_t lines(const struct gone *g, unsigned n)
{
    const char *p = g->text;

    while (n-- > 0)
        p = strchr(p, '\n') + 1;
    return (size_t)(p - g->text);
}

static void cut_at_a_line(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)lines(g, 3)), 0);
    assert_known(g, 3, USES + 2, "ends at line 3, but line 5 had been written", "cut in place");
}

/* What is recorded behind a gap covers that gap, and no other that somebody makes there later. */
static void a_gap_that_grows_later(void **state)
{
    struct gone *g = *state;
    struct bg_verify v;
    char *text, path[200];
    size_t n, cut = lines(g, 2), keep = lines(g, 3);

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)keep), 0);
    use(g);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    text = place_read(g->p.journal, SEGMENT, &n);
    memmove(text + cut, text + keep, n - keep); /* one more line, between what was left and the event */
    place_write(g->p.journal, SEGMENT, text, n - (keep - cut));
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_E_MISMATCH);
    place_write(g->p.journal, SEGMENT, text + cut, n - keep); /* all that was left */
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_E_MISMATCH);
    free(text);
}

static void an_older_copy_put_back(void **state)
{
    struct gone *g = *state;
    char path[200], copy[200];

    place_write(g->p.journal, "copy", g->text, lines(g, 3));
    path_of(path, g->p.journal, SEGMENT);
    path_of(copy, g->p.journal, "copy");
    assert_int_equal(rename(copy, path), 0);
    assert_known(g, 3, USES + 2, "ends at line 3, but line 5 had been written", "restored backup");
}

/* Everything below the state directory from an older backup: only the copy in /run knows better. */
static void the_second_place_put_back_as_well(void **state)
{
    struct gone *g = *state;
    char path[200];
    size_t n;
    char *old = place_read(g->state, BG_HEAD_NAME, &n);

    use(g);
    place_write(g->state, BG_HEAD_NAME, old, n);
    free(old);
    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)g->len), 0);
    use(g);
    struct bg_verify v;
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 2); /* the journal, and the second place */
    assert_int_equal(v.head_sequence, 9);
}

/* Another journal with as many lines, made by somebody who does not know the second place. */
static void a_new_journal_with_as_many_lines(void **state)
{
    struct gone *g = *state;
    struct place other;
    char *text, path[200];
    size_t n;

    place_make(&other);
    for (int i = 0; i < USES; i++) {
        struct bg_event e = place_event("forged");
        place_record(&other, &e, BG_RECORDED_JOURNAL);
    }
    text = place_read(other.journal, SEGMENT, &n);
    place_write(g->p.journal, SEGMENT, text, n);
    free(text);
    place_remove(&other);
    assert_known(g, 5, 6, "Another journal stands where 5 lines", "cut in place");
    path_of(path, g->p.journal, SEGMENT);
}

/* The same journal, its last line written anew with a hash that is right. */
static void the_last_line_written_anew(void **state)
{
    struct gone *g = *state;
    char path[200];
    struct bg_event e = place_event("another reason");
    struct bg_appended out;
    json_t *ev;

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)lines(g, 4)), 0);
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    struct bg_append_job job = {
        .dir = g->p.journal, .event = ev, .durable = true, .segment_max = 1 << 20, .lock_ms = 1000};
    assert_int_equal(bg_append_work(&job, &out), BG_OK); /* without the second place */
    assert_int_equal(out.result, BG_OK);
    json_decref(ev);
    assert_known(g, 5, 6, "Line 5 of the journal is not the line that was written", "");
}

/* And with lines behind it. */
static void a_line_in_the_middle_written_anew(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)lines(g, 4)), 0);
    for (int i = 0; i < 3; i++) {
        struct bg_event e = place_event("another reason");
        struct bg_appended out;
        json_t *ev;
        assert_int_equal(bg_event_render(&e, &ev), BG_OK);
        struct bg_append_job job = {
            .dir = g->p.journal, .event = ev, .durable = true, .segment_max = 1 << 20, .lock_ms = 1000};
        assert_int_equal(bg_append_work(&job, &out), BG_OK);
        json_decref(ev);
    }
    assert_known(g, 7, 8, "Line 5 of the journal is not the line that was written", "");
}

/* --- the second place itself ------------------------------------------------------------------ */

static void assert_second(struct gone *g, const char *want)
{
    struct bg_second_look second;
    struct bg_verify v;
    char text[BG_MSG_MAX];
    json_t *ev;

    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_OK);
    assert_non_null(second.place.message);
    (void)bg_msg_text(text, sizeof text, second.place.message, second.place.arg);
    assert_says(text, want);
    use(g);
    assert_non_null(ev = place_line(g->p.journal, USES + 1));
    assert_string_equal(str(ev, "type"), "org.breakglass.tamper.detected.v1");
    assert_says(str(json_object_get(ev, "data"), "message"), want);
    json_decref(ev);
    use(g);
    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_OK);
    assert_null(second.place.message);
    assert_int_equal(v.alarms, 1);
}

static void the_second_place_is_removed(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->state, BG_HEAD_NAME);
    assert_int_equal(unlink(path), 0);
    assert_second(g, "is missing");
}

static void the_second_place_is_damaged(void **state)
{
    struct gone *g = *state;
    size_t n;
    char *text = place_read(g->state, BG_HEAD_NAME, &n);

    text[70] ^= 1;
    place_write(g->state, BG_HEAD_NAME, text, n);
    free(text);
    assert_second(g, "is damaged");
}

static void the_second_place_is_cut(void **state)
{
    struct gone *g = *state;

    place_write(g->state, BG_HEAD_NAME, "", 0);
    assert_second(g, "is damaged");
}

static void the_second_place_is_anybodys(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->state, BG_HEAD_NAME);
    assert_int_equal(chmod(path, 0666), 0);
    assert_second(g, "is damaged");
}

static void the_second_place_is_older(void **state)
{
    struct gone *g = *state;
    struct bg_verify v;
    size_t n;
    char *text = place_read(g->state, BG_HEAD_NAME, &n);

    use(g);
    place_write(g->state, BG_HEAD_NAME, text, n);
    free(text);
    use(g);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
    assert_says(v.alarm, "is older than what this boot wrote");
}

static void remove_both(struct gone *g)
{
    char path[200];

    path_of(path, g->state, BG_HEAD_NAME);
    assert_int_equal(unlink(path), 0);
    path_of(path, g->p.run, BG_MARK_NAME);
    assert_int_equal(unlink(path), 0);
}

/* Of an older version, or somebody removed it to cut the journal: told once, and it gets a new one. */
static void a_journal_without_a_second_place(void **state)
{
    struct gone *g = *state;
    struct bg_second_look second;
    struct bg_verify v;
    json_t *ev;

    remove_both(g);
    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_OK);
    assert_non_null(second.place.message); /* it is said all the same */
    use(g);
    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_OK);
    assert_null(second.place.message);
    assert_int_equal(v.alarms, 1);
    assert_int_equal(v.lines, USES + 3);
    assert_non_null(ev = place_line(g->p.journal, USES + 1));
    assert_string_equal(str(ev, "type"), "org.breakglass.tamper.detected.v1");
    assert_says(str(json_object_get(ev, "data"), "message"), "is missing");
    json_decref(ev);
    use(g);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
}

static void cut_when_both_second_places_are_gone(void **state)
{
    struct gone *g = *state;
    struct bg_verify v;
    char path[200];

    remove_both(g);
    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)lines(g, 3)), 0);
    use(g);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
    assert_says(v.alarm, "is missing");
}

/* The machine went down between the first lines and their second place: nothing to tell. */
static void a_power_cut_right_after_the_journal_began(void **state)
{
    struct gone *g = *state;
    struct bg_verify v;
    char path[200];

    for (unsigned n = 1; n <= 2; n++) {
        remove_both(g);
        path_of(path, g->p.journal, SEGMENT);
        assert_int_equal(truncate(path, (off_t)lines(g, n)), 0);
        use(g);
        assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
        assert_int_equal(v.alarms, 0);
    }
}

static void the_modes_are_those_of_secrets_and_marks(void **state)
{
    struct gone *g = *state;
    char path[200];
    struct stat st;

    path_of(path, g->state, BG_HEAD_NAME);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    path_of(path, g->p.run, BG_MARK_NAME);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

/* --- a power cut ------------------------------------------------------------------------------ */

/* A carried line that the disk did not keep: with another boot's id in the second place it is lost, not cut.
 */
static void a_line_lost_in_a_power_cut(void **state)
{
    struct gone *g = *state;
    struct bg_event e = place_event(NULL);
    char path[200], head[200];
    struct bg_head h;
    struct bg_verify v;
    json_t *ev;

    e.type = BG_EV_ATTEMPT_STARTED;
    place_record(&g->p, &e, BG_RECORDED_JOURNAL);
    path_of(head, g->state, BG_HEAD_NAME);
    assert_int_equal(bg_head_load(head, &h), BG_OK);
    assert_int_equal(h.durable.sequence, USES + 1);
    assert_int_equal(h.newest.sequence, USES + 2);
    (void)strcpy(h.boot, "00000000-0000-0000-0000-000000000000");
    assert_int_equal(bg_head_save(head, 0600, (gid_t)-1, &h), BG_OK);
    path_of(path, g->p.run, BG_MARK_NAME);
    assert_int_equal(unlink(path), 0);
    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)g->len), 0);
    use(g);
    assert_non_null(ev = place_line(g->p.journal, USES + 1));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.lost.v1");
    assert_string_equal(str(ev, "sequence"), "00000000000000000007"); /* 6 is not given again */
    assert_string_equal(str(ev, "prevhash"), h.newest.hash);
    json_decref(ev);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 0); /* nobody has done anything */
}

/* It was kept in part: whoever looks before the next line has cut it off finds nothing that somebody did. */
static void a_line_torn_in_a_power_cut(void **state)
{
    struct gone *g = *state;
    struct bg_event e = place_event(NULL);
    struct bg_second_look second;
    char path[200], head[200], mark[200];
    struct bg_head h;
    struct bg_verify v;

    e.type = BG_EV_ATTEMPT_STARTED;
    place_record(&g->p, &e, BG_RECORDED_JOURNAL);
    path_of(path, g->p.journal, SEGMENT);
    path_of(mark, g->p.run, BG_MARK_NAME);
    path_of(head, g->state, BG_HEAD_NAME);
    assert_int_equal(truncate(path, (off_t)g->len + 20), 0);
    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second),
                     BG_E_MISMATCH); /* in one boot */
    assert_int_equal(bg_head_load(head, &h), BG_OK);
    (void)strcpy(h.boot, "00000000-0000-0000-0000-000000000000");
    assert_int_equal(bg_head_save(head, 0600, (gid_t)-1, &h), BG_OK);
    assert_int_equal(unlink(mark), 0);
    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_OK);
    assert_null(second.gone.message);
    h.durable.sequence++; /* that line was on the disk: no power cut tears it */
    assert_int_equal(bg_head_save(head, 0600, (gid_t)-1, &h), BG_OK);
    assert_int_equal(bg_journal_examine(g->p.journal, g->p.run, &v, &second), BG_E_MISMATCH);
}

/* In the same boot nothing but a hand takes a line back. */
static void the_same_without_a_restart_is_a_cut(void **state)
{
    struct gone *g = *state;
    struct bg_event e = place_event(NULL);
    char path[200];

    e.type = BG_EV_ATTEMPT_STARTED;
    place_record(&g->p, &e, BG_RECORDED_JOURNAL);
    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, (off_t)g->len), 0);
    assert_known(g, 5, 7, "ends at line 5, but line 6 had been written", "cut in place");
}

/* --- set aside -------------------------------------------------------------------------------- */

static void assert_set_aside(struct gone *g, const char *aside)
{
    struct bg_verify v;
    json_t *ev;

    assert_true(place_size(g->p.journal, aside) > 0);
    assert_non_null(ev = place_line(g->p.journal, 0));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.setaside.v1");
    assert_string_equal(str(ev, "sequence"), "00000000000000000006"); /* the chain goes on */
    assert_says(str(json_object_get(ev, "data"), "message"), aside);
    json_decref(ev);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.alarms, 1);
}

static void a_lone_segment_without_a_line(void **state)
{
    struct gone *g = *state;

    memset(g->text, 0, g->len);
    g->text[g->len - 1] = '\n';
    place_write(g->p.journal, SEGMENT, g->text, g->len);
    use(g);
    assert_set_aside(g, SEGMENT BG_ASIDE "1");
    place_write(g->p.journal, SEGMENT, "rubbish\n", 8); /* once more */
    use(g);
    assert_true(place_size(g->p.journal, SEGMENT BG_ASIDE "2") > 0);
    assert_true(place_size(g->p.journal, SEGMENT BG_ASIDE "1") > 0);
}

static void a_segment_over_64_mb(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(truncate(path, ((off_t)64 << 20) + 1), 0);
    use(g);
    assert_set_aside(g, SEGMENT BG_ASIDE "1");
}

/* Without a second place there is nothing to go on from: a new journal begins, and says why. */
static void a_lone_segment_of_an_older_version(void **state)
{
    struct gone *g = *state;
    char path[200];
    json_t *ev;

    path_of(path, g->state, BG_HEAD_NAME);
    assert_int_equal(unlink(path), 0);
    path_of(path, g->p.run, BG_MARK_NAME);
    assert_int_equal(unlink(path), 0);
    place_write(g->p.journal, SEGMENT, "rubbish\n", 8);
    use(g);
    assert_non_null(ev = place_line(g->p.journal, 0));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.genesis.v1");
    json_decref(ev);
    assert_non_null(ev = place_line(g->p.journal, 1));
    assert_string_equal(str(ev, "type"), "org.breakglass.journal.setaside.v1");
    json_decref(ev);
}

/* Others may have written in it: not one line of it is believed, and no event waits for somebody to come. */
static void a_lone_segment_that_anybody_may_write(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, SEGMENT);
    assert_int_equal(chmod(path, 0664), 0);
    use(g);
    assert_set_aside(g, SEGMENT BG_ASIDE "1");
}

static void assert_newest_aside(struct gone *g)
{
    struct bg_verify v;
    struct stat st;
    char path[200];

    use(g);
    path_of(path, g->p.journal, "000002.jsonl" BG_ASIDE "1");
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.lines, USES + 3);
    assert_int_equal(v.alarms, 1);
}

static void a_directory_with_the_name_of_a_segment(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, "000002.jsonl");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_newest_aside(g);
}

static void a_link_with_the_name_of_a_segment(void **state)
{
    struct gone *g = *state;
    char path[200];

    path_of(path, g->p.journal, "000002.jsonl");
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_newest_aside(g);
}

/* Rubbish in a newer segment costs no line: the chain goes on after the last one. */
static void a_newest_segment_without_a_line(void **state)
{
    struct gone *g = *state;
    struct bg_verify v;

    place_write(g->p.journal, "000002.jsonl", "rubbish\n", 8);
    use(g);
    assert_true(place_size(g->p.journal, "000002.jsonl" BG_ASIDE "1") > 0);
    assert_int_equal(bg_journal_verify(g->p.journal, &v), BG_OK);
    assert_int_equal(v.lines, USES + 3);
    assert_int_equal(v.alarms, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_sound_journal_says_nothing),
        T(emptied_in_place),
        T(emptied_by_a_log_rotation),
        T(segment_deleted),
        T(directory_gone_and_made_again),
        T(who_delivers_can_read_what_was_made_anew),
        T(cut_at_a_line),
        T(a_gap_that_grows_later),
        T(an_older_copy_put_back),
        T(the_second_place_put_back_as_well),
        T(a_new_journal_with_as_many_lines),
        T(the_last_line_written_anew),
        T(a_line_in_the_middle_written_anew),
        T(the_second_place_is_removed),
        T(the_second_place_is_damaged),
        T(the_second_place_is_cut),
        T(the_second_place_is_anybodys),
        T(the_second_place_is_older),
        T(a_journal_without_a_second_place),
        T(cut_when_both_second_places_are_gone),
        T(a_power_cut_right_after_the_journal_began),
        T(the_modes_are_those_of_secrets_and_marks),
        T(a_line_lost_in_a_power_cut),
        T(a_line_torn_in_a_power_cut),
        T(the_same_without_a_restart_is_a_cut),
        T(a_lone_segment_without_a_line),
        T(a_segment_over_64_mb),
        T(a_lone_segment_of_an_older_version),
        T(a_newest_segment_without_a_line),
        T(a_lone_segment_that_anybody_may_write),
        T(a_directory_with_the_name_of_a_segment),
        T(a_link_with_the_name_of_a_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
