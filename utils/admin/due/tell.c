/* SPDX-License-Identifier: ISC */
/* Reminders and overdue things as events: for a timer, once a day. */
#include <stdio.h>
#include <stdlib.h>
#include "admin/admin.h"
#include "admin/due/due.h"
#include "admin/messages.h"
#include "base/clock.h"

#define AGAIN_MS (7 * DUE_DAY_MS) /* what is overdue is told of again */
#define AT_ONCE  32               /* so many dates at a time; of the others only how many they are */

/* How much there is to tell of a date. */
static enum bg_told stage(int64_t left_ms)
{
    return left_ms <= 0                 ? BG_TOLD_OVERDUE
           : left_ms <= DUE_DAY_MS      ? BG_TOLD_1
           : left_ms <= 7 * DUE_DAY_MS  ? BG_TOLD_7
           : left_ms <= 14 * DUE_DAY_MS ? BG_TOLD_14
                                        : BG_TOLD_NOT;
}

/* Was as much told of the same date already? One that was moved begins anew. */
static bool was_told(const struct bg_date *d, const struct due_item *i, enum bg_told now, int64_t wall_ms)
{
    if (d == NULL || d->due_ms != i->due_ms || d->told < now)
        return false;
    return now != BG_TOLD_OVERDUE || (wall_ms >= d->told_ms && wall_ms - d->told_ms < AGAIN_MS);
}

static void record(const struct due_item *i, enum bg_told now)
{
    struct bg_event e = BG_EVENT_INIT;
    char until[BG_TIME_LEN], text[BG_MSG_MAX];
    struct bg_position at;
    bool over = now == BG_TOLD_OVERDUE;

    bg_time_of(i->due_ms, until);
    (void)bg_msg_raw(text, sizeof text, over ? BG_M_DUE_EV_OVERDUE : BG_M_DUE_EV_REMINDER,
                     BG_ARGS(i->id, until, i->why));
    e.type = over ? BG_EV_DUE_OVERDUE : BG_EV_DUE_REMINDER;
    e.success = !over;
    e.account = i->account[0] != '\0' ? i->account : NULL;
    e.message = text;
    e.item = i->id;
    e.until = until;
    report_event_whole(&e, &at);
}

/* Their turn comes at the next looks: who is woken for each of 500 keys looks at none. */
static void record_others(size_t others)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];
    struct bg_position at;

    (void)bg_msg_raw(text, sizeof text, BG_M_DUE_EV_OTHERS, BG_ARGS(BG_DIGITS(others)));
    e.type = BG_EV_DUE_OVERDUE;
    e.message = text;
    e.item = "dates";
    report_event_whole(&e, &at);
}

unsigned due_tell(const struct due_list *l)
{
    struct bg_dates *d = malloc(sizeof *d);
    int64_t now = bg_wall_ms();
    unsigned n = 0;
    size_t others = 0;

    if (d == NULL)
        return 0;
    if (bg_dates_load(NULL, NULL, d) != BG_OK)
        d->n = 0;
    for (size_t k = 0; k < l->n; k++) {
        const struct due_item *i = &l->item[k];
        enum bg_told s = stage(i->due_ms - now);
        if (s == BG_TOLD_NOT || (s == BG_TOLD_OVERDUE && i->told_elsewhere) ||
            was_told(bg_dates_find(d, i->id), i, s, now))
            continue;
        if (n == AT_ONCE) {
            others++;
            continue;
        }
        record(i, s);
        (void)!bg_dates_told(NULL, NULL, i->id, i->due_ms, s); /* else it is told twice */
        n++;
    }
    free(d);
    if (others > 0)
        record_others(others);
    return n + (others > 0);
}
