/* SPDX-License-Identifier: ISC */
/* breakglass arm | disarm: for an account that is opened only while a second person has armed it. */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/table.h"
#include "record/armed.h"

static struct {
    int64_t ms;
    const char *by;
} wish;

static bool parse_for(const char *value)
{
    return bg_duration(value, &wish.ms) && wish.ms >= BG_ARMED_MIN_MS && wish.ms <= BG_ARMED_MAX_MS;
}

static bool parse_by(const char *value)
{
    wish.by = value;
    return *value != '\0' && strlen(value) < BG_ARMED_BY;
}

#define OPTION_BY                                                                                            \
    {                                                                                                        \
        "by", "NAME", "who does it, for the record", .parse = parse_by, .expected = "at most 63 bytes"       \
    }

static const struct command_option arm_options[] = {
    {"for", "DURATION", "how long: 30m, 4h, 2d; from a minute to a week", .parse = parse_for,
     .expected = "a number with m, h or d, from 1m to 7d"},
    OPTION_BY,
    {0},
};
static const struct command_option disarm_options[] = {OPTION_BY, {0}};

/* On record before it is done. */
static bool record(enum bg_event_type type, const char *account, const char *message)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = true;
    e.account = account;
    e.message = message;
    e.claimed = wish.by;
    return report_first_event(&e);
}

/* What the clock on the wall will probably say then; the time itself runs by another one. */
static void until(int64_t ms, char out[BG_TIME_LEN])
{
    bg_time_of(bg_wall_ms() + ms, out);
}

static enum admin_exit arm_it(const char *account, json_t *root)
{
    char message[160], end[BG_TIME_LEN];
    enum bg_err r;

    until(wish.ms, end);
    (void)snprintf(message, sizeof message, "armed for %lld minutes, until about %s",
                   (long long)(wish.ms / 60000), end);
    if (!record(BG_EV_ACCOUNT_ARMED, account, message))
        return ADMIN_CANNOT;
    r = bg_armed_set(NULL, NULL, account, wish.by == NULL ? "" : wish.by, wish.ms);
    if (r != BG_OK) {
        report_failure(BG_EV_ACCOUNT_ARMED, account, "the account could not be armed");
        ui_finding(BG_M_CMD_ARM_FAILED, BG_ARGS(account, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    ui_text("%s can be opened until about %s, but not after a reboot. \"breakglass disarm %s\" ends it.\n",
            account, end, account);
    (void)json_object_update_new(
        root, json_pack("{s:I, s:s}", "seconds", (json_int_t)(wish.ms / 1000), "until", end));
    return ADMIN_GOOD;
}

static enum admin_exit arm(char *const words[], json_t *root)
{
    static struct bg_credential c;

    if (wish.ms == 0) {
        ui_finding(BG_M_CMD_ARM_FOR, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!rows_credential(words[0], true, &c))
        return ADMIN_CANNOT;
    if (c.open != BG_OPEN_ARMED) {
        ui_finding(BG_M_CMD_ARM_ALWAYS, BG_ARGS(words[0]));
        return ADMIN_FINDING;
    }
    if (!bg_credential_opens(&c))
        ui_warning(c.enabled ? BG_M_CMD_ST_NO_FACTOR : BG_M_CMD_ST_DISABLED, BG_ARGS(words[0]));
    return arm_it(words[0], root);
}

static enum admin_exit disarm(char *const words[], json_t *root)
{
    struct bg_armed a;
    bool was = bg_armed_get(NULL, NULL, words[0], &a) == BG_OK;
    enum bg_err r;

    (void)json_object_set_new(root, "changed", json_false());
    if (!was) {
        ui_text("%s is not armed.\n", words[0]);
        return ADMIN_GOOD;
    }
    if (!record(BG_EV_ACCOUNT_DISARMED, words[0], "disarmed"))
        return ADMIN_CANNOT;
    if ((r = bg_armed_clear(NULL, NULL, words[0])) != BG_OK) {
        report_failure(BG_EV_ACCOUNT_DISARMED, words[0], "the account could not be disarmed");
        ui_finding(BG_M_CMD_DISARM_FAILED, BG_ARGS(words[0], bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    (void)json_object_set_new(root, "changed", json_true());
    ui_text("%s is not armed any more. Sessions that are open stay open.\n", words[0]);
    return ADMIN_GOOD;
}

const struct command arm_commands[] = {
    {.name = "arm",
     .operands = "ACCOUNT",
     .help = "let an account with open = armed be opened for a time",
     .about = "Let an account whose credentials file says open = armed be opened, for a time. The time runs "
              "by a clock "
              "that nobody can set, and ends with the boot.",
     .example = "breakglass arm bg1 --for 4h --by \"second person\"",
     .needs = COMMAND_ROOT | COMMAND_PAIR,
     .options = arm_options,
     .run = arm},
    {.name = "disarm",
     .operands = "ACCOUNT",
     .help = "end what arm began",
     .about = "Refuse logins of an account with open = armed again. Sessions that are open stay open.",
     .example = "breakglass disarm bg1",
     .needs = COMMAND_ROOT,
     .options = disarm_options,
     .run = disarm},
    {0},
};
