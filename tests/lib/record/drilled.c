/* SPDX-License-Identifier: ISC */
/* Is a use part of a drill? The window decides when it begins, and what it was granted as ever after. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/drilled.h"
#include "record/life.h"

#define USE   "01JD7Z3W9Q6M3B1V5X0C8K3F2A"
#define DRILL "01JD7Z3W9Q6M3B1V5X0C8K3FAA"
#define HOUR  3600000

static void put(struct place *p, enum bg_event_type type, const char *use, const char *until)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = true;
    e.account = "bg1";
    e.use = use;
    e.drill = DRILL;
    e.by = "Grace\x1b[2J";
    e.until = until;
    e.claimed = "Ada";
    place_record(p, &e, BG_RECORDED_JOURNAL);
}

/* Opened now, until an hour from now; at which time it was. */
static int64_t open_window(struct place *p)
{
    char until[BG_TIME_LEN];
    int64_t now = bg_wall_ms();

    bg_time_of(now + HOUR, until);
    put(p, BG_EV_DRILL_OPENED, NULL, until);
    return now;
}

static bool at(struct place *p, int64_t ms)
{
    struct bg_drilled d;

    return bg_drilled_at(p->journal, p->run, "bg1", ms, &d);
}

static void the_window_decides(void **state)
{
    struct place *p = *state;
    struct bg_drilled d;
    int64_t now;

    assert_false(at(p, bg_wall_ms())); /* not even a journal */
    now = open_window(p);
    assert_true(bg_drilled_at(p->journal, p->run, "bg1", bg_wall_ms(), &d));
    assert_string_equal(d.id, DRILL);
    assert_memory_equal(d.by, "Grace", 5);
    assert_null(strchr(d.by, '\x1b'));
    assert_true(d.until_ms > now && d.until_ms <= now + HOUR);
    assert_false(at(p, now - 1000));        /* the clock was set back */
    assert_false(at(p, now + HOUR + 1000)); /* it is over */
    assert_true(at(p, now + HOUR - 2000));
    assert_false(bg_drilled_at(p->journal, p->run, "bg2", bg_wall_ms(), &d));
    assert_false(bg_drilled_at(p->journal, p->run, "../bg1", bg_wall_ms(), &d));
    put(p, BG_EV_DRILL_CLOSED, NULL, NULL);
    assert_false(at(p, now + 1000)); /* closed before its time, whatever the clock is set to */
}

static void a_use_keeps_its_mark(void **state)
{
    struct place *p = *state;
    struct bg_drilled d;

    (void)open_window(p);
    put(p, BG_EV_USE_GRANTED, USE, NULL);
    assert_true(bg_drilled_use(p->journal, p->run, "bg1", USE, &d));
    assert_string_equal(d.id, DRILL);
    put(p, BG_EV_DRILL_CLOSED, NULL, NULL);
    assert_true(bg_drilled_use(p->journal, p->run, "bg1", USE, &d));
    assert_false(bg_drilled_use(p->journal, p->run, "bg1", DRILL, &d)); /* no use of that name */
}

/* A disk that hangs: a FIFO in the place of the file, which nobody ever writes. */
static void who_cannot_be_told_is_real(void **state)
{
    struct place *p = *state;
    char path[400];
    int64_t began;

    (void)open_window(p);
    (void)snprintf(path, sizeof path,
                   "rm -rf %s/state %s/run/state %s/journal/*; mkfifo %s/journal/000001.jsonl", p->root,
                   p->root, p->root, p->root);
    (void)!system(path);
    began = bg_now_ms();
    assert_false(at(p, bg_wall_ms()));
    assert_true(bg_now_ms() - began < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_window_decides, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_use_keeps_its_mark, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(who_cannot_be_told_is_real, place_setup, place_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
