/* SPDX-License-Identifier: ISC */
/* breakglass due: what is to be done, and when. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/due/due.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"

static bool on_record;
static uint32_t within;

static const struct command_option options[] = {
    {"within", "DAYS", "only what is due in DAYS days, and what is overdue", .number = &within, .min = 1,
     .max = 3650},
    {"record", .help = "put reminders and what is overdue on record: for a timer", .flag = &on_record},
    {0},
};

void due_when(int64_t left_ms, char out[32])
{
    int64_t ms = left_ms < 0 ? -left_ms : left_ms;
    bool days = ms >= 2 * DUE_DAY_MS;
    int64_t n = days ? ms / DUE_DAY_MS : ms / 3600000;

    (void)snprintf(out, 32, "%s %" PRId64 " %s%s", left_ms <= 0 ? "overdue" : "in", n, days ? "day" : "hour",
                   n == 1 ? "" : "s");
}

static void print(const struct due_item *i, int64_t now)
{
    char left[32], day[BG_TIME_LEN], why[4 * sizeof i->why], line[sizeof why + 8];

    due_when(i->due_ms - now, left);
    bg_time_of(i->due_ms, day);
    (void)bg_text_ascii(why, sizeof why, i->why, strlen(i->why));
    ui_text("%-16s %.10s  %s\n", left, day, i->id);
    (void)snprintf(line, sizeof line, "%s.", why);
    if (ui_form() == UI_TEXT && !ui_is_quiet()) {
        (void)printf("    ");
        ui_wrapped(stdout, 4, 4, line);
    }
    ui_text("    # %s\n", i->next);
}

static json_t *item_json(const struct due_item *i, int64_t now)
{
    char due[BG_TIME_LEN], last[BG_TIME_LEN] = "", why[4 * sizeof i->why];

    bg_time_of(i->due_ms, due);
    if (i->last_ms != 0)
        bg_time_of(i->last_ms, last);
    (void)bg_text_clean(why, sizeof why, i->why, strlen(i->why));
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "item", i->id, "account", i->account, "due", due,
                     "done", last, "overdue", i->due_ms <= now, "what", why, "next", i->next);
}

static enum admin_exit show(const struct due_list *l, json_t *root)
{
    json_t *list = json_array();
    int64_t now = bg_wall_ms();
    unsigned overdue = 0;

    (void)json_object_set_new(root, "dates", list);
    for (size_t k = 0; k < l->n; k++) {
        const struct due_item *i = &l->item[k];
        if (within != 0 && i->due_ms - now > (int64_t)within * DUE_DAY_MS)
            break;
        overdue += i->due_ms <= now;
        print(i, now);
        (void)json_array_append_new(list, item_json(i, now));
    }
    if (json_array_size(list) == 0)
        ui_text("Nothing is due%s.\n", within != 0 ? " by then" : "");
    if (l->more)
        ui_finding(BG_M_DUE_MORE, BG_ARGS(BG_DIGITS(l->n)));
    return overdue > 0 ? ADMIN_FINDING : ADMIN_GOOD;
}

static enum admin_exit due(char *const words[], json_t *root)
{
    static struct bg_policy policy;
    struct due_list l;
    enum admin_exit x = ADMIN_GOOD;

    (void)words;
    (void)rows_policy(BG_POLICY_PATH, &policy); /* what is wrong with it is a finding; the rest holds */
    if (!due_gather(&policy, true, &l)) {
        ui_finding(BG_M_DUE_UNREADABLE, BG_ARGS("the list", bg_strerror(BG_E_NOMEM)));
        return ADMIN_CANNOT;
    }
    if (on_record)
        (void)json_object_set_new(root, "recorded", json_integer(due_tell(&l)));
    else
        x = show(&l, root);
    due_free(&l);
    return x;
}

const struct command due_commands[] = {
    {.name = "due",
     .operands = "",
     .help = "what is to be done when: drills, tests, reviews, rotation",
     .about = "Everything that has a date, what is overdue first, each with the command that comes next. "
              "Ends with 1 if anything is overdue.",
     .example = "breakglass due --within 14",
     .needs = COMMAND_ROOT,
     .options = options,
     .run = due},
    {0},
};
