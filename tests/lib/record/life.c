/* SPDX-License-Identifier: ISC */
/* What is known of the life of an account: from its file, and the same again from the journal alone. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/life.h"
#include "record/state.h"

#define USE_A   "01JD7Z3W9Q6M3B1V5X0C8K3F2A"
#define USE_B   "01JD7Z3W9Q6M3B1V5X0C8K3F2B"
#define DRILL_A "01JD7Z3W9Q6M3B1V5X0C8K3FAA"
#define DRILL_B "01JD7Z3W9Q6M3B1V5X0C8K3FAB"
#define FUTURE  "2100-01-01T00:00:00Z"
#define HASH    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void forget(const struct place *p)
{
    char command[256];

    (void)snprintf(command, sizeof command, "rm -rf %s/state/state %s/run/state", p->root, p->root);
    assert_int_equal(system(command), 0);
}

static struct bg_event event(enum bg_event_type type, const char *use)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = true;
    e.account = "bg1";
    e.use = use;
    e.source = "console";
    e.claimed = "Ada";
    return e;
}

static void put(struct place *p, enum bg_event_type type, const char *use)
{
    struct bg_event e = event(type, use);

    place_record(p, &e, BG_RECORDED_JOURNAL);
}

static void put_review(struct place *p, const char *use, const char *verdict)
{
    struct bg_event e = event(BG_EV_REVIEW_CLOSED, use);

    e.verdict = verdict;
    e.by = "Grace";
    e.evidence = HASH;
    place_record(p, &e, BG_RECORDED_JOURNAL);
}

static void put_drill(struct place *p, enum bg_event_type type, const char *drill, bool success)
{
    struct bg_event e = event(type, NULL);

    e.drill = drill;
    e.by = "Grace";
    e.until = FUTURE;
    e.success = success;
    place_record(p, &e, BG_RECORDED_JOURNAL);
}

/* What the file says is what the journal says without it, but for a date by which the two may differ: noted a
 * moment later. */
static void assert_known(struct place *p, struct bg_life *l)
{
    struct bg_life again;

    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", l), BG_OK);
    forget(p);
    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", &again), BG_OK);
    assert_int_equal(again.uses, l->uses);
    for (size_t i = 0; i < l->uses; i++) {
        assert_string_equal(again.use[i].id, l->use[i].id);
        assert_string_equal(again.use[i].drill, l->use[i].drill);
        assert_string_equal(again.use[i].reviewer, l->use[i].reviewer);
        assert_int_equal(again.use[i].verdict, l->use[i].verdict);
        assert_int_equal(again.use[i].rotated, l->use[i].rotated);
        assert_int_equal(again.use[i].ended_ms == 0, l->use[i].ended_ms == 0);
        assert_true(l->use[i].granted_ms >= again.use[i].granted_ms);
    }
    assert_string_equal(again.drill.id, l->drill.id);
    assert_int_equal(again.drill.passed, l->drill.passed);
    assert_int_equal(again.drilled_ms == 0, l->drilled_ms == 0);
    assert_int_equal(again.rotated_ms == 0, l->rotated_ms == 0);
    assert_string_equal(again.rotating, l->rotating);
}

static void nothing_is_known_of_a_new_account(void **state)
{
    struct place *p = *state;
    struct bg_life l;

    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", &l), BG_E_NOENT); /* nor is there a journal */
    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.uses, 0);
    assert_null(bg_life_unreviewed(&l));
    assert_null(bg_life_unrotated(&l));
    assert_null(bg_life_in_drill(&l, bg_wall_ms()));
}

static void from_a_use_to_the_new_seal(void **state)
{
    struct place *p = *state;
    char use[BG_ULID_LEN + 1];
    struct bg_life l;

    put(p, BG_EV_USE_GRANTED, USE_A);
    put(p, BG_EV_SESSION_OPENED, USE_A);
    assert_known(p, &l);
    assert_int_equal(l.use[0].ended_ms, 0);
    put(p, BG_EV_SESSION_CLOSED, USE_A);
    put(p, BG_EV_USE_GRANTED, USE_B);
    put(p, BG_EV_SESSION_CLOSED, USE_B);
    assert_known(p, &l);
    assert_string_equal(bg_life_unreviewed(&l)->id, USE_A);
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_AWAITING_REVIEW);
    assert_string_equal(use, USE_B);
    put_review(p, USE_A, "genuine");
    put_review(p, USE_B, "nonsense");
    assert_known(p, &l);
    assert_string_equal(l.use[0].reviewer, "Grace");
    assert_string_equal(l.use[0].evidence, HASH);
    assert_string_equal(bg_life_unreviewed(&l)->id, USE_B);
    put_review(p, USE_B, "drill");
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_TO_BE_ROTATED);
    put(p, BG_EV_ROTATE_STARTED, NULL);
    assert_known(p, &l);
    assert_string_equal(l.rotating, p->rec.id);
    assert_string_equal(bg_life_unrotated(&l)->id, USE_A);
    put(p, BG_EV_ROTATE_DONE, NULL);
    assert_known(p, &l);
    assert_string_equal(l.rotating, "");
    assert_null(bg_life_unrotated(&l));
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_SEALED);
    put(p, BG_EV_USE_GRANTED, "01JD7Z3W9Q6M3B1V5X0C8K3F2C"); /* and on it goes */
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_AWAITING_REVIEW);
}

/* What a person typed is made harmless once, from whichever side it comes. */
static void hostile_names(void **state)
{
    struct bg_event e = event(BG_EV_USE_GRANTED, USE_A);
    struct place *p = *state;
    struct bg_life l, again;

    e.claimed = "A\\da \033[31m";
    place_record(p, &e, BG_RECORDED_JOURNAL);
    assert_known(p, &l);
    assert_string_equal(l.use[0].claimed, "A\\\\da \\u{001B}[31m");
    forget(p);
    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", &again), BG_OK);
    assert_string_equal(again.use[0].claimed, l.use[0].claimed);
}

/* The oldest and the newest of its credentials; one that could not be made counts for neither. */
static void when_it_was_made(void **state)
{
    struct bg_event failed = event(BG_EV_CREDENTIAL_ENROLLED, NULL);
    struct place *p = *state;
    struct bg_life l;
    int64_t first;

    failed.success = false;
    place_record(p, &failed, BG_RECORDED_JOURNAL);
    assert_known(p, &l);
    assert_int_equal(l.made_ms, 0);
    put(p, BG_EV_CREDENTIAL_ENROLLED, NULL);
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    first = l.made_ms;
    assert_true(first > 0 && l.enrolled_ms >= first);
    bg_sleep_ms(3);
    put(p, BG_EV_CREDENTIAL_ENROLLED, NULL);
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.made_ms, first);
    assert_true(l.enrolled_ms > first);
}

static void a_rotation_that_failed_changes_nothing(void **state)
{
    struct bg_event failed = event(BG_EV_ROTATE_DONE, NULL);
    struct place *p = *state;
    struct bg_life l;

    put(p, BG_EV_USE_GRANTED, USE_A);
    failed.success = false;
    place_record(p, &failed, BG_RECORDED_JOURNAL);
    assert_known(p, &l);
    assert_non_null(bg_life_unrotated(&l));
    assert_int_equal(l.rotated_ms, 0);
}

static void a_window_and_its_end(void **state)
{
    struct place *p = *state;
    struct bg_life l;
    int64_t now = bg_wall_ms();

    put_drill(p, BG_EV_DRILL_OPENED, DRILL_A, true);
    assert_known(p, &l);
    assert_string_equal(bg_life_in_drill(&l, now + 1000), DRILL_A);
    assert_null(bg_life_in_drill(&l, l.drill.opened_ms - 1));
    assert_null(bg_life_in_drill(&l, l.drill.until_ms));
    put_drill(p, BG_EV_DRILL_CLOSED, DRILL_B, true); /* another one's end */
    assert_known(p, &l);
    assert_non_null(bg_life_in_drill(&l, now + 1000));
    put_drill(p, BG_EV_DRILL_CLOSED, DRILL_A, false);
    assert_known(p, &l);
    assert_null(bg_life_in_drill(&l, now + 1000));
    assert_int_equal(l.drilled_ms, 0);
    put_drill(p, BG_EV_DRILL_OPENED, DRILL_B, true);
    put_drill(p, BG_EV_DRILL_CLOSED, DRILL_B, true);
    assert_known(p, &l);
    assert_true(l.drilled_ms >= now);
}

/* Of a journal that was trimmed or is gone, the file knows the rest; and it learns what it missed. */
static void file_and_journal_heal_each_other(void **state)
{
    struct place *p = *state;
    struct bg_life l;
    char command[256];

    put(p, BG_EV_USE_GRANTED, USE_A);
    put_review(p, USE_A, "genuine");
    put(p, BG_EV_ROTATE_DONE, NULL);
    (void)snprintf(command, sizeof command, "rm -rf %s", p->journal);
    assert_int_equal(system(command), 0);
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.use[0].verdict, BG_VERDICT_GENUINE);
    put(p, BG_EV_USE_GRANTED, USE_B);
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.uses, 2);
    assert_string_equal(l.use[0].id, USE_A);
    assert_true(l.use[0].rotated);
    assert_string_equal(bg_life_unrotated(&l)->id, USE_B);
}

/* Strangers' sessions are none of its uses; and what nobody looked at yet stays when others go. */
static void the_oldest_that_is_done_with_goes(void **state)
{
    struct place *p = *state;
    struct bg_life l;
    char use[BG_ULID_LEN + 1];

    put(p, BG_EV_SESSION_CLOSED, "01JD7Z3W9Q6M3B1V5X0C8K3F2Z");
    put(p, BG_EV_USE_GRANTED, USE_A);
    for (int i = 0; i < BG_LIFE_USES + 3; i++) {
        (void)snprintf(use, sizeof use, "01JD7Z3W9Q6M3B1V5X0C8K%04d", i);
        put(p, BG_EV_USE_GRANTED, use);
        put_review(p, use, "genuine");
        put(p, BG_EV_ROTATE_DONE, NULL);
    }
    assert_known(p, &l);
    assert_int_equal(l.uses, BG_LIFE_USES);
    assert_string_equal(bg_life_unreviewed(&l)->id, USE_A);
    assert_string_equal(l.use[BG_LIFE_USES - 1].id, use);
}

/* A use that nobody looked at is not lost behind those that were reviewed, although nothing was replaced. */
static void what_was_not_reviewed_stays(void **state)
{
    struct place *p = *state;
    struct bg_life l;
    char use[BG_ULID_LEN + 1];

    put(p, BG_EV_USE_GRANTED, USE_A);
    for (int i = 0; i < BG_LIFE_USES + 3; i++) {
        (void)snprintf(use, sizeof use, "01JD7Z3W9Q6M3B1V5X0C8K%04d", i);
        put(p, BG_EV_USE_GRANTED, use);
        put_review(p, use, "genuine");
    }
    assert_known(p, &l);
    assert_string_equal(bg_life_unreviewed(&l)->id, USE_A);
    assert_string_equal(l.use[BG_LIFE_USES - 1].id, use);
}

/* More uses than there is room for: of those that are not listed it is known that they are there, and they
 * come back for others that are reviewed. */
static void what_has_no_room_is_not_forgotten(void **state)
{
    struct place *p = *state;
    struct bg_life l;
    char use[2][BG_ULID_LEN + 1];

    put(p, BG_EV_USE_GRANTED, USE_A);
    put(p, BG_EV_USE_GRANTED, USE_B);
    for (int i = 0; i < BG_LIFE_USES; i++) {
        (void)snprintf(use[i % 2], sizeof use[0], "01JD7Z3W9Q6M3B1V5X0C8L%04d", i);
        put(p, BG_EV_USE_GRANTED, use[i % 2]);
    }
    assert_known(p, &l);
    assert_int_equal(l.hidden, 2);
    assert_string_equal(l.hidden_use, USE_A);
    assert_true(l.hidden_ms > 0);
    assert_null(bg_life_use(&l, USE_A));
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK); /* there is a file again */
    put_review(p, use[0], "genuine");
    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.hidden, 2);
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.hidden, 1);
    assert_string_equal(l.hidden_use, USE_B);
    assert_string_equal(bg_life_unreviewed(&l)->id, USE_A);
    assert_int_equal(l.uses, BG_LIFE_USES);
    put_review(p, USE_B, "drill"); /* whoever named it knew it from elsewhere */
    assert_int_equal(bg_life_load(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.hidden, 0);
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.hidden, 0);
    assert_int_equal(l.hidden_ms, 0);
}

/* The journal's beginning is gone: what fell off the list before is still counted. */
static void what_has_no_room_outlives_the_journal(void **state)
{
    struct place *p = *state;
    char command[256], use[BG_ULID_LEN + 1];
    struct bg_life l;

    put(p, BG_EV_USE_GRANTED, USE_A);
    for (int i = 0; i < BG_LIFE_USES; i++) {
        (void)snprintf(use, sizeof use, "01JD7Z3W9Q6M3B1V5X0C8L%04d", i);
        put(p, BG_EV_USE_GRANTED, use);
    }
    (void)snprintf(command, sizeof command, "rm -rf %s", p->journal);
    assert_int_equal(system(command), 0);
    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    put(p, BG_EV_USE_GRANTED, "01JD7Z3W9Q6M3B1V5X0C8MAAAA");
    assert_int_equal(bg_life_heal(p->journal, p->run, "bg1", &l), BG_OK);
    assert_int_equal(l.hidden, 2);
    assert_string_equal(l.hidden_use, USE_A);
    assert_int_equal(l.uses, BG_LIFE_USES);
}

/* Of which accounts something is kept is told by what is kept. */
static void accounts_that_have_a_life(void **state)
{
    struct place *p = *state;
    char name[BG_LIFE_ACCOUNTS][64];

    put(p, BG_EV_USE_GRANTED, USE_A);
    assert_int_equal(bg_life_accounts(p->journal, p->run, name, BG_LIFE_ACCOUNTS), 1);
    assert_string_equal(name[0], "bg1");
}

/* From its end, or from its grant while it has none; and who uses an account like any other. */
static void dates_and_habits(void **state)
{
    static struct bg_life l;
    const int64_t day = INT64_C(86400000), now = 1000 * day;
    struct bg_life_use *u = &l.use[0];

    (void)state;
    u->granted_ms = now;
    assert_int_equal(bg_life_review_due(u, 5), now + 5 * day);
    u->ended_ms = now + 3600000;
    assert_int_equal(bg_life_review_due(u, 5), now + 5 * day + 3600000);
    assert_int_equal(bg_life_review_due(u, 0), 0);
    assert_false(bg_life_review_overdue(u, 5, now + 5 * day + 3600000));
    assert_true(bg_life_review_overdue(u, 5, now + 5 * day + 3600001));
    assert_false(bg_life_review_overdue(u, 0, now + 900 * day));
    u->verdict = BG_VERDICT_GENUINE;
    assert_false(bg_life_review_overdue(u, 5, now + 900 * day));
    l.uses = 5;
    l.use[1].granted_ms = now - 89 * day;
    l.use[2].granted_ms = now - 90 * day; /* too long ago */
    l.use[3].granted_ms = l.use[4].granted_ms = now;
    (void)snprintf(l.use[3].drill, sizeof l.use[3].drill, "%s", USE_B);
    l.use[4].verdict = BG_VERDICT_DRILL; /* in no window: nobody announced it */
    assert_int_equal(bg_life_real_uses(&l, now), 3);
    l.use[3].verdict = BG_VERDICT_DRILL;
    assert_int_equal(bg_life_real_uses(&l, now), 3);
    l.use[3].verdict = BG_VERDICT_GENUINE; /* an emergency began in its window */
    assert_int_equal(bg_life_real_uses(&l, now), 4);
}

static void names_of_verdicts(void **state)
{
    (void)state;
    for (int v = BG_VERDICT_NONE; v <= BG_VERDICT_MISUSE; v++)
        assert_int_equal(bg_verdict_by_name(bg_verdict_name((enum bg_review_verdict)v)), v);
    assert_int_equal(bg_verdict_by_name("other"), BG_VERDICT_NONE);
    assert_string_equal(bg_verdict_name((enum bg_review_verdict)9), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_known_of_a_new_account, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(from_a_use_to_the_new_seal, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(hostile_names, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(when_it_was_made, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_rotation_that_failed_changes_nothing, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_window_and_its_end, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(file_and_journal_heal_each_other, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(the_oldest_that_is_done_with_goes, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_was_not_reviewed_stays, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_has_no_room_is_not_forgotten, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_has_no_room_outlives_the_journal, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(accounts_that_have_a_life, place_setup, place_teardown),
        cmocka_unit_test(dates_and_habits),
        cmocka_unit_test(names_of_verdicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
