/* SPDX-License-Identifier: ISC */
/* What "status" says of dates: a line of each account, and one finding for all that is overdue. */
#include <stdio.h>
#include <string.h>
#include "admin/due/due.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"

/* Its first date: they are in order. */
static const struct due_item *next_of(const struct due_list *l, const char *account)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->item[i].account, account) == 0)
            return &l->item[i];
    return NULL;
}

static json_t *next_json(const struct due_item *i)
{
    char due[BG_TIME_LEN];

    bg_time_of(i->due_ms, due);
    return json_pack("{s:s, s:s, s:s}", "item", i->id, "due", due, "next", i->next);
}

static void look_account(const struct due_list *l, json_t *o, int64_t now)
{
    const char *account = json_string_value(json_object_get(o, "account"));
    const struct due_item *i = next_of(l, account);
    char left[32], day[BG_TIME_LEN];

    (void)json_object_set_new(o, "next_date", i == NULL ? json_null() : next_json(i));
    if (i == NULL)
        return;
    due_when(i->due_ms - now, left);
    bg_time_of(i->due_ms, day);
    ui_text("%s  next, %s (%.10s): %s\n     # %s\n", account, left, day, i->id, i->next);
}

void due_look(json_t *list)
{
    static struct bg_policy policy;
    static struct bg_faults faults;
    struct due_list l;
    size_t i, overdue = 0;
    int64_t now = bg_wall_ms();
    json_t *o;

    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults); /* its faults are said elsewhere */
    if (!due_gather(&policy, false, &l))
        return;
    json_array_foreach(list, i, o) look_account(&l, o, now);
    while (overdue < l.n && l.item[overdue].due_ms <= now)
        overdue++;
    if (overdue > 0)
        ui_finding(BG_M_DUE_OVERDUE, BG_ARGS(BG_DIGITS(overdue), l.item[0].id));
    due_free(&l);
}
