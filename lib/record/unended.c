/* SPDX-License-Identifier: ISC */
#include "record/unended.h"

#include <stdbool.h>
#include <string.h>
#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "record/messages.h"
#include "record/room.h"
#include "record/state.h"
#include "record/tally.h"

/* Why a session that was opened cannot go on; NULL: it may. Where /proc hides processes, only a boot tells.
 */
static const char *why_ended(const struct bg_tally_use *u, uint64_t boot)
{
    if (!u->opened || u->closed || u->id[0] == '\0')
        return NULL;
    if (u->boot != boot && u->boot != 0 && boot != 0)
        return "this machine was started anew";
    if (bg_host_pid_start(1) != 0 && bg_host_pid_start(u->pid) != u->pid_start)
        return "the process that held it is gone";
    return NULL;
}

/* Where it is on record now; BG_RECORDED_NOWHERE: it is not. */
static enum bg_recorded record(struct bg_recorder *rec, const char *account, const char *use, const char *why,
                               struct bg_position *at)
{
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where;
    char text[BG_MSG_MAX], name[8];

    (void)bg_msg_raw(text, sizeof text, BG_M_SESSION_LOST, BG_ARGS(account, why));
    bg_msg_name(name, BG_M_SESSION_LOST);
    e.type = BG_EV_SESSION_CLOSED;
    e.success = true;
    e.account = account;
    e.use = use;
    e.message = text;
    e.detail = name;
    return bg_record(rec, &e, &where, at) == BG_OK ? where : BG_RECORDED_NOWHERE;
}

/* A person may wait for it: the first one that the journal does not take is the last. */
static unsigned close_some(struct bg_recorder *rec, const struct bg_tally *t, struct bg_position *at)
{
    uint64_t boot = bg_boot_number();
    struct bg_position newest;
    enum bg_recorded where = BG_RECORDED_JOURNAL;
    uint64_t i = t->uses > BG_TALLY_USES ? t->uses - BG_TALLY_USES : 0;
    unsigned n = 0;

    for (; i < t->uses && n < BG_SESSIONS_END && where == BG_RECORDED_JOURNAL; i++) {
        const struct bg_tally_use *u = &t->use[i % BG_TALLY_USES];
        const char *why = why_ended(u, boot);
        if (why == NULL || (where = record(rec, t->account, u->id, why, &newest)) == BG_RECORDED_NOWHERE)
            continue;
        n++;
        if (at != NULL)
            *at = newest;
    }
    return n;
}

static bool any(const struct bg_tally *t)
{
    uint64_t boot = bg_boot_number();

    for (size_t i = 0; i < t->uses && i < BG_TALLY_USES; i++)
        if (why_ended(&t->use[i], boot) != NULL)
            return true;
    return false;
}

unsigned bg_sessions_end(struct bg_recorder *rec, const char *account, struct bg_position *at)
{
    struct bg_room room;
    struct bg_tally t;
    int lock = -1;
    unsigned n = 0;

    if (bg_room_of(rec->dir, rec->fallback_dir, &room) != BG_OK ||
        bg_state_tally(rec->dir, rec->fallback_dir, account, &t) != BG_OK || !any(&t))
        return 0;
    if (bg_room_lock(&room, "unended", bg_deadline(0), &lock) == BG_E_BUSY)
        return 0;
    /* somebody else may have done it in between, or it is on record and was not noted */
    if (bg_state_heal(rec->dir, rec->fallback_dir, account, &t) == BG_OK)
        n = close_some(rec, &t, at);
    bg_close(lock);
    return n;
}
