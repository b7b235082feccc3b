/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "record/life.h"
#include "record/room.h"
#include "record/state.h"
#include "record/tally.h"
#include "record/trim.h"

#define DAY_MS    INT64_C(86400000)
#define LOOKED    "keep"   /* in the room of state: when the journal was looked at */
#define TOLD      "pinned" /* and when it was told that a sink holds old lines */
#define SEGMENTS  64       /* in a day: 256 MiB */
#define WEEK_DAYS 7
#define SLACK_MS  INT64_C(3600000) /* a timer's turns are not always of one length */

/* Was that long ago, or never? A clock that was set back counts as long ago. */
static bool due(const struct bg_room *room, const char *name, unsigned days)
{
    int64_t last, now = bg_wall_ms();

    return bg_room_load(room, name, &last, sizeof last) != BG_OK || now < last ||
           now - last + SLACK_MS >= (int64_t)days * DAY_MS;
}

static void done(const struct bg_room *room, const char *name)
{
    int64_t now = bg_wall_ms();

    (void)!bg_room_save(room, name, &now, sizeof now, true);
}

struct sinks {
    const struct bg_policy *policy;
    const struct bg_cursor_dirs *at;
    struct bg_recorder *rec;
    const char *lacking; /* has not all of it */
    bool healed;         /* what is derived from the journal is in files of its own */
};

/* What a sink refuses, or was never asked to take, it has not got. */
static bool has_all(const struct sinks *s, const char *sink, const struct bg_position *last)
{
    static struct bg_cursor c;
    const struct bg_cursor_chain *h;

    if (bg_cursor_load(s->at, sink, false, &c) != BG_OK)
        return false;
    h = bg_cursor_chain(&c, last->journalid, false);
    return h != NULL && h->floor >= last->sequence;
}

static bool tell_pinned(struct bg_recorder *rec, const char *sink, int64_t age_ms)
{
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, BG_M_JOURNAL_PINNED, BG_ARGS(BG_DIGITS(age_ms / DAY_MS), sink));
    e.type = BG_EV_DUE_OVERDUE;
    e.item = "journal-keep";
    e.message = text;
    e.detail = sink;
    return bg_record(rec, &e, &where, NULL) == BG_OK;
}

/* What is derived from the journal must not depend on what goes: its file is made while all is there. */
static void heal(void *arg, unsigned line, const char *name, const struct bg_account *a, const char *wrong)
{
    static struct bg_life life;
    const struct bg_recorder *rec = arg;
    struct bg_tally t;

    (void)line;
    (void)name;
    (void)wrong;
    if (a != NULL && bg_state_tally(rec->dir, rec->fallback_dir, a->name, &t) == BG_E_NOENT)
        (void)!bg_state_heal(rec->dir, rec->fallback_dir, a->name, &t);
    if (a != NULL)
        (void)!bg_life_heal(rec->dir, rec->fallback_dir, a->name, &life);
}

static void keep_states(struct bg_recorder *rec)
{
    char text[BG_ACCOUNTS_MAX];
    size_t len;

    if (bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) == BG_OK)
        bg_accounts_walk(text, len, heal, rec);
}

static bool taken(void *arg, const struct bg_position *last)
{
    struct sinks *s = arg;

    for (unsigned i = 0; i < s->policy->sinks.n; i++)
        if (!has_all(s, s->policy->sinks.sink[i].name, last)) {
            s->lacking = s->policy->sinks.sink[i].name;
            return false;
        }
    if (!s->healed)
        keep_states(s->rec);
    s->healed = true;
    return true;
}

bool keep_bounded(const struct bg_policy *policy, struct bg_recorder *rec, const struct bg_cursor_dirs *at)
{
    struct sinks s = {.policy = policy, .at = at, .rec = rec};
    const struct bg_trim_rule rule = {
        .days = policy->journal_keep, .segments = BG_TRIM_SEGMENTS, .taken = taken, .arg = &s};
    struct bg_trimmed t;
    struct bg_room room;
    int64_t age = 0;
    unsigned n = 0;
    enum bg_err r;

    if (policy->journal_keep == 0 || bg_room_of(rec->dir, rec->fallback_dir, &room) != BG_OK ||
        !due(&room, LOOKED, 1))
        return false;
    done(&room, LOOKED); /* before: what hangs does so once a day */
    while ((r = bg_journal_trim(rec, &rule, &t, &age)) == BG_OK && n < SEGMENTS)
        n++;
    if (r != BG_E_BUSY || age < (int64_t)(policy->journal_keep + KEEP_PINNED) * DAY_MS || s.lacking == NULL ||
        !due(&room, TOLD, WEEK_DAYS))
        return n > 0;
    done(&room, TOLD);
    return tell_pinned(rec, s.lacking, age) || n > 0;
}
