/* SPDX-License-Identifier: ISC */
/* breakglass drill close | abort: its end, passed or not. */
#include <string.h>
#include "admin/drill/drill.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"

static const char *by, *reason;

static bool parse_by(const char *value)
{
    by = value;
    return drill_is_name(value);
}

static bool parse_reason(const char *value)
{
    reason = value;
    return *value != '\0' && strlen(value) < DRILL_WHY;
}

#define OPTION_BY                                                                                            \
    {                                                                                                        \
        "by", "NAME", "who closes it, for the record", .parse = parse_by, .expected = "a name"               \
    }

const struct command_option drill_close_options[] = {OPTION_BY, {0}};
const struct command_option drill_abort_options[] = {
    OPTION_BY,
    {"reason", "TEXT", "why it is given up", .parse = parse_reason, .expected = "at most 399 bytes"},
    {0},
};

enum admin_exit drill_end(struct drill *d, const struct bg_policy *p, const char *who, const char *abandoned,
                          json_t *root)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], why[DRILL_WHY];
    bool passed = drill_passes(d, p, why) && abandoned == NULL;

    if (abandoned != NULL)
        (void)snprintf(why, sizeof why, "given up: %s", abandoned);
    (void)bg_msg_raw(text, sizeof text, passed ? BG_M_DRILL_EV_PASSED : BG_M_DRILL_EV_FAILED,
                     BG_ARGS(d->account, why));
    e.type = BG_EV_DRILL_CLOSED;
    e.success = passed;
    e.account = d->account;
    e.drill = d->id;
    e.by = who;
    e.detail = why;
    e.message = text;
    if (!report_first_event(&e))
        return ADMIN_CANNOT;
    (void)json_object_set_new(root, "drill", json_string(d->id));
    (void)json_object_set_new(root, "passed", json_boolean(passed));
    (void)json_object_set_new(root, "why", json_string(why));
    if (passed)
        ui_text("The drill of %s is passed.\nNext: breakglass drill report %s\n", d->account, d->id);
    else
        ui_finding(BG_M_DRILL_FAILED, BG_ARGS(d->account, why));
    return passed ? ADMIN_GOOD : ADMIN_FINDING;
}

/* The newest drill of the account, if it is open still. */
static enum admin_exit open_one(const char *account, struct drill *d)
{
    enum admin_exit x = drill_newest(account, d);

    if (x != ADMIN_GOOD || d->closed_ms == 0)
        return x;
    ui_finding(BG_M_DRILL_NOT_OPEN, BG_ARGS(account));
    return ADMIN_FINDING;
}

static enum admin_exit end(const char *account, const char *abandoned, json_t *root)
{
    static struct bg_policy policy;
    static struct drill d;
    char why[DRILL_WHY], question[128];
    enum admin_exit x = open_one(account, &d);

    if (x != ADMIN_GOOD)
        return x;
    (void)!rows_policy(BG_POLICY_PATH, &policy);
    if (!drill_passes(&d, &policy, why) || abandoned != NULL) {
        if (abandoned == NULL)
            ui_warning(BG_M_DRILL_FAILED, BG_ARGS(account, why));
        (void)snprintf(question, sizeof question, "End the drill of %.31s as not passed?", account);
        x = ui_confirm(question);
    }
    return x != ADMIN_GOOD ? x : drill_end(&d, &policy, by, abandoned, root);
}

enum admin_exit drill_close(char *const words[], json_t *root)
{
    return end(words[0], NULL, root);
}

enum admin_exit drill_abort(char *const words[], json_t *root)
{
    if (reason == NULL) {
        ui_finding(BG_M_DRILL_WHY_ABORT, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return end(words[0], reason, root);
}
