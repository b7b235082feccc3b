/* SPDX-License-Identifier: ISC */
/* breakglass review list, and what "status" finds of uses that are becoming routine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/review/review.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"

#define DAY_MS INT64_C(86400000)

static bool all;

const struct command_option review_list_options[] = {
    {"all", NULL, "also those that were reviewed", .flag = &all},
    {0},
};

static bool is_reviewed(const struct bg_life_use *u)
{
    return u->verdict != BG_VERDICT_NONE;
}

static unsigned days(void)
{
    return review_policy()->due[BG_DUE_REVIEW];
}

static bool is_overdue(const struct bg_life_use *u)
{
    return bg_life_review_overdue(u, days(), bg_wall_ms());
}

static json_t *when_json(int64_t ms)
{
    char text[BG_TIME_LEN];

    bg_time_of(ms, text);
    return ms == 0 ? json_null() : json_string(text);
}

json_t *review_json(const struct review_use *u)
{
    const struct bg_life_use *l = &u->use;
    const char *state = is_reviewed(l) ? "reviewed" : review_in_session(u) ? "in use" : "awaiting review";

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:o}", "use", l->id,
                     "account", u->account, "state", state, "granted", when_json(l->granted_ms), "ended",
                     when_json(l->ended_ms), "claimed_by", l->claimed, "drill", l->drill, "due",
                     when_json(bg_life_review_due(l, days())), "overdue", is_overdue(l), "verdict",
                     bg_verdict_name(l->verdict), "by", l->reviewer, "evidence", l->evidence, "reviewed",
                     when_json(l->reviewed_ms));
}

/* "due in 4 days", "OVERDUE 2 days", "genuine". */
static void say_state(const struct review_use *u, const json_t *o, char out[48])
{
    int64_t left = bg_life_review_due(&u->use, days()) - bg_wall_ms();

    if (is_reviewed(&u->use))
        (void)snprintf(out, 48, "%s", bg_verdict_name(u->use.verdict));
    else if (strcmp(bg_json_str(o, "state"), "in use") == 0)
        (void)snprintf(out, 48, "in use%s", is_overdue(&u->use) ? ", OVERDUE" : "");
    else if (days() == 0)
        (void)snprintf(out, 48, "awaited");
    else if (left < 0)
        (void)snprintf(out, 48, "OVERDUE %" PRId64 " d", -left / DAY_MS);
    else
        (void)snprintf(out, 48, "due in %" PRId64 " d", left / DAY_MS);
}

static void put_row(const struct review_use *u, const json_t *o, bool first)
{
    char when[BG_TIME_LEN], state[48];

    if (first)
        ui_text("USE                        ACCOUNT    GRANTED (UTC)    WHO           REVIEW\n");
    bg_time_of(u->use.granted_ms, when);
    say_state(u, o, state);
    when[10] = ' ';
    when[16] = '\0';
    ui_text("%s ", u->use.id);
    ui_cell(u->account, 10);
    ui_text("%s ", when);
    ui_cell(u->use.claimed, 13);
    ui_text("%s%s\n", state, u->use.drill[0] != '\0' && !is_reviewed(&u->use) ? " (drill)" : "");
}

void review_look(const struct bg_life *l)
{
    unsigned n = bg_life_real_uses(l, bg_wall_ms());
    char oldest[BG_TIME_LEN];

    if (l->gap)
        ui_finding(BG_M_REVIEW_GAP, BG_ARGS(l->account));
    if (l->hidden > 0) {
        bg_time_of(l->hidden_ms, oldest);
        ui_finding(BG_M_REVIEW_HIDDEN, BG_ARGS(l->account, BG_DIGITS(l->hidden), oldest));
    }
    if (n > BG_LIFE_ROUTINE) /* nothing to be mended here: find out why */
        ui_note(BG_M_REVIEW_ROUTINE, BG_ARGS(l->account, BG_DIGITS(n), BG_DIGITS(BG_LIFE_ROUTINE_DAYS)));
}

static void list_account(const char *account, json_t *list)
{
    static struct bg_life life;
    static struct review_use u;
    char due[BG_TIME_LEN];

    if (bg_life_heal(NULL, NULL, account, &life) != BG_OK) {
        ui_finding(BG_M_REVIEW_UNKNOWN, BG_ARGS(account));
        return;
    }
    (void)snprintf(u.account, sizeof u.account, "%s", account);
    for (size_t i = 0; i < life.uses; i++) {
        json_t *o;
        u.use = life.use[i];
        if (is_reviewed(&u.use) && !all)
            continue;
        o = review_json(&u);
        put_row(&u, o, json_array_size(list) == 0);
        (void)json_array_append_new(list, o);
        bg_time_of(bg_life_review_due(&u.use, days()), due);
        if (is_overdue(&u.use))
            ui_finding(BG_M_REVIEW_LATE, BG_ARGS(u.use.id, account, due));
    }
    review_look(&life);
}

enum admin_exit review_list(char *const words[], json_t *root)
{
    static struct review_accounts accounts;
    json_t *list = json_array();

    (void)json_object_set_new(root, "uses", list);
    if (!review_accounts(&accounts))
        return ADMIN_CANNOT;
    for (size_t i = 0; i < accounts.n; i++)
        if (words[0] == NULL || strcmp(words[0], accounts.name[i]) == 0)
            list_account(accounts.name[i], list);
    if (json_array_size(list) == 0)
        ui_text(all ? "No use is known.\n" : "No use awaits its review.\n");
    return ADMIN_GOOD;
}
