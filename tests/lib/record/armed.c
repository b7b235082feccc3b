/* SPDX-License-Identifier: ISC */
/* Armed for a time: by the clock of this boot, for this account, in whatever place takes it. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/armed.h"

#define HOUR INT64_C(3600000)

static int64_t now;
static const char *boot;

int64_t __wrap_bg_now_ms(void);
int64_t __wrap_bg_now_ms(void)
{
    return now;
}

int64_t __wrap_bg_deadline(int64_t ms);
int64_t __wrap_bg_deadline(int64_t ms)
{
    return now + ms;
}

void __wrap_bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1]);
void __wrap_bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1])
{
    (void)snprintf(out, BG_BOOT_ID_LEN + 1, "%s", boot);
}

static int begin(void **state)
{
    now = 5000;
    boot = "11111111-1111-1111-1111-111111111111";
    return place_setup(state);
}

static void assert_armed(struct place *p, const char *account, enum bg_err expected)
{
    struct bg_armed a;

    assert_int_equal(bg_armed_get(p->journal, p->run, account, &a), expected);
}

static void for_its_time(void **state)
{
    struct place *p = *state;
    struct bg_armed a;

    assert_armed(p, "bg1", BG_E_NOENT);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "Jo", HOUR), BG_OK);
    now += 60000;
    assert_int_equal(bg_armed_get(p->journal, p->run, "bg1", &a), BG_OK);
    assert_string_equal(a.by, "Jo");
    assert_int_equal(a.since_ms, 60000);
    assert_int_equal(a.left_ms, HOUR - 60000);
    assert_armed(p, "bg2", BG_E_NOENT);
    now = 5000 + HOUR - 1;
    assert_armed(p, "bg1", BG_OK);
    now++;
    assert_armed(p, "bg1", BG_E_TIMEOUT);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "Al", HOUR), BG_OK);
    assert_armed(p, "bg1", BG_OK);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "Al", 60000), BG_OK); /* shorter than it was */
    now += 60000;
    assert_armed(p, "bg1", BG_E_TIMEOUT);
}

static void until_it_is_disarmed(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", HOUR), BG_OK);
    assert_armed(p, "bg1", BG_OK);
    assert_int_equal(bg_armed_clear(p->journal, p->run, "bg1"), BG_OK);
    assert_armed(p, "bg1", BG_E_NOENT);
    assert_int_equal(bg_armed_clear(p->journal, p->run, "bg2"), BG_OK); /* which never was */
    assert_armed(p, "bg2", BG_E_NOENT);
}

/* It ends with the boot, and where a boot has no id it cannot begin. */
static void in_this_boot_alone(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", HOUR), BG_OK);
    boot = "22222222-2222-2222-2222-222222222222";
    assert_armed(p, "bg1", BG_E_MISMATCH);
    now = 0; /* the clock of a boot begins anew */
    assert_armed(p, "bg1", BG_E_MISMATCH);
    boot = "";
    assert_armed(p, "bg1", BG_E_MISMATCH);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", HOUR), BG_E_REFUSED);
}

static void bounds(void **state)
{
    struct place *p = *state;

    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", 0), BG_E_RANGE);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", -1), BG_E_RANGE);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", BG_ARMED_MIN_MS - 1), BG_E_RANGE);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", BG_ARMED_MAX_MS + 1), BG_E_RANGE);
    assert_armed(p, "bg1", BG_E_NOENT);
    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", BG_ARMED_MAX_MS), BG_OK);
    assert_armed(p, "bg1", BG_OK);
}

/* A file that is damaged, cut or another account's arms nobody. */
static void damaged_files(void **state)
{
    struct place *p = *state;
    char command[400];

    assert_int_equal(bg_armed_set(p->journal, p->run, "bg1", "", HOUR), BG_OK);
    (void)snprintf(command, sizeof command,
                   "cd %s/run/state && cp armed-bg1 armed-bg2 && printf x | dd of=armed-bg1 bs=1 "
                   "seek=90 conv=notrunc 2>/dev/null",
                   p->root);
    if (system(command) != 0) /* where the room keeps the copy in /run is its own matter */
        fail_msg("%s", command);
    assert_armed(p, "bg2", BG_E_NOENT);
    assert_armed(p, "bg1", BG_E_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(for_its_time, begin, place_teardown),
        cmocka_unit_test_setup_teardown(until_it_is_disarmed, begin, place_teardown),
        cmocka_unit_test_setup_teardown(in_this_boot_alone, begin, place_teardown),
        cmocka_unit_test_setup_teardown(bounds, begin, place_teardown),
        cmocka_unit_test_setup_teardown(damaged_files, begin, place_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
