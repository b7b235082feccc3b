/* SPDX-License-Identifier: ISC */
/* breakglass drill open: the window, announced by another person than the one who will use the account. */
#include <stdio.h>
#include <string.h>
#include "admin/alert/alert.h"
#include "admin/drill/drill.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "config/table.h"
#include "record/room.h"

static struct {
    const char *by, *paths, *purpose;
    int64_t ms;
} wish;

static bool parse_by(const char *value)
{
    wish.by = value;
    return drill_is_name(value);
}

static bool parse_until(const char *value)
{
    return bg_duration(value, &wish.ms) && wish.ms >= DRILL_MIN_MS && wish.ms <= DRILL_MAX_MS;
}

/* Commas are what a shell wants, blanks what the file has. */
static bool parse_paths(const char *value)
{
    static char words[sizeof((struct bg_policy *)0)->drill_paths];

    if (strlen(value) >= sizeof words)
        return false;
    for (size_t i = 0; i <= strlen(value); i++)
        words[i] = value[i] == ',' ? ' ' : value[i];
    wish.paths = words;
    return bg_check_drill_paths(words);
}

static bool parse_purpose(const char *value)
{
    wish.purpose = value;
    return *value != '\0' && strlen(value) < DRILL_WHY;
}

const struct command_option drill_open_options[] = {
    {"by", "NAME", "who announces it: another person than will use the account", .parse = parse_by,
     .expected = "a name"},
    {"until", "TIME", "how long the window is open: 2h, 30m", .parse = parse_until, .expected = "5m to 12h"},
    {"paths", "WORDS", "ways in that are tried: console,ssh,su,sshd-instance,rescue [drill-paths]",
     .parse = parse_paths, .expected = BG_DRILL_PATHS_FORM ", commas between them"},
    {"purpose", "TEXT", "what it is for", .parse = parse_purpose, .expected = "at most 399 bytes"},
    {0},
};

/* Who is in with the account would announce the window for what they do themselves. */
static enum admin_exit is_outside(const char *account)
{
    static struct account_rows rows;
    const struct account_row *row = rows_load(&rows) ? rows_find(&rows, account) : NULL;

    if (row == NULL || !rows_is_caller(row))
        return ADMIN_GOOD;
    ui_finding(BG_M_DRILL_FROM_INSIDE, BG_ARGS(account));
    return ADMIN_FINDING;
}

/* One at a time: what is left of another is ended first, by a word of somebody's. */
static enum admin_exit none_is_open(const char *account)
{
    static struct bg_life life;
    enum bg_err r = bg_life_heal(NULL, NULL, account, &life);

    if (r != BG_OK && r != BG_E_NOENT) {
        ui_finding(BG_M_DRILL_JOURNAL, BG_ARGS(bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (r == BG_E_NOENT || life.drill.id[0] == '\0' || life.drill.closed_ms != 0)
        return ADMIN_GOOD;
    ui_finding(BG_M_DRILL_OPEN_ALREADY, BG_ARGS(account, life.drill.by, life.drill.id));
    return ADMIN_FINDING;
}

static enum admin_exit record(const char *account, const char *by, const char *paths, const char *until,
                              const char *id)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, BG_M_DRILL_EV_OPENED, BG_ARGS(account, by, until));
    e.type = BG_EV_DRILL_OPENED;
    e.success = true;
    e.account = account;
    e.drill = id;
    e.by = by;
    e.until = until;
    e.item = paths;
    e.reason = wish.purpose;
    e.message = text;
    return report_first_event(&e) ? ADMIN_GOOD : ADMIN_CANNOT;
}

/* No other announcement comes in between. */
static enum admin_exit announce(char *const words[], const char *by, json_t *root)
{
    static struct bg_policy policy;
    struct bg_faults faults;
    char id[BG_ULID_LEN + 1], until[BG_TIME_LEN];
    enum admin_exit x;

    if ((x = none_is_open(words[0])) != ADMIN_GOOD)
        return x;
    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults); /* what is wrong with it "config check" tells */
    if (bg_ulid(id) != BG_OK)
        return ADMIN_CANNOT;
    bg_time_of(bg_wall_ms() + wish.ms, until);
    alert_codes_begin(words[0]); /* the alarms of its uses show them */
    if ((x = record(words[0], by, wish.paths != NULL ? wish.paths : policy.drill_paths, until, id)) !=
        ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "drill", json_string(id));
    (void)json_object_set_new(root, "until", json_string(until));
    ui_text("Drill %s of %s is open until %s.\nEvery use until then is part of it, and raises every alarm.\n"
            "Next: breakglass drill run %s\n",
            id, words[0], until, words[0]);
    return ADMIN_GOOD;
}

#define LOCK_MS 10000 /* for another announcement of the same account */

enum admin_exit drill_open(char *const words[], json_t *root)
{
    char by[BG_LIFE_NAME], name[96];
    struct bg_room room;
    enum admin_exit x;
    enum bg_err r;
    int lock = -1;

    if (wish.by == NULL || wish.ms == 0) {
        ui_finding(BG_M_DRILL_WHO, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if ((x = is_outside(words[0])) != ADMIN_GOOD || !drill_person(wish.by, by))
        return ADMIN_FINDING;
    (void)snprintf(name, sizeof name, "drill-%.63s", words[0]);
    if ((r = bg_room_of(NULL, NULL, &room)) == BG_OK)
        r = bg_room_lock(&room, name, bg_deadline(LOCK_MS), &lock);
    if (r != BG_OK) {
        ui_finding(BG_M_DRILL_JOURNAL, BG_ARGS(bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    x = announce(words, by, root);
    bg_close(lock);
    return x;
}
