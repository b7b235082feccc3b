/* SPDX-License-Identifier: ISC */
#include "record/unended.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "record/drilled.h"
#include "record/messages.h"
#include "record/room.h"
#include "record/state.h"
#include "record/survivor.h"
#include "record/tally.h"

#define HANG_UP_MS 300
#define ROUNDS     3            /* without an answer, and a session is closed all the same */
#define ROUNDS_OF  "unsearched" /* in the state room: how many there were */

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
static enum bg_recorded record(struct bg_recorder *rec, struct bg_event *e, const struct bg_message *id,
                               const char *const *args, struct bg_position *at)
{
    enum bg_recorded where;
    char text[BG_MSG_MAX], name[8];

    (void)bg_msg_raw(text, sizeof text, id, args);
    bg_msg_name(name, id);
    e->message = text;
    e->detail = name;
    return bg_record(rec, e, &where, at) == BG_OK ? where : BG_RECORDED_NOWHERE;
}

/* Programs that were left running without a terminal end with nobody's word, as after any other session. */
static enum bg_recorded record_end(struct bg_recorder *rec, struct bg_event *e, const char *why,
                                   const struct bg_survivors *left, struct bg_position *at)
{
    char text[256], others[64] = "", unseen[96] = "";

    if (left == NULL)
        (void)snprintf(unseen, sizeof unseen, ", and whether anything of it goes on could not be found out");
    else if (left->unseen > 0)
        (void)snprintf(unseen, sizeof unseen, ", and what could not be looked at: %s",
                       BG_COUNTED(left->unseen, "process"));
    if (left != NULL && left->others > 0)
        (void)snprintf(others, sizeof others, ", and left running without a terminal: %s",
                       BG_COUNTED(left->others, "process"));
    e->type = BG_EV_SESSION_CLOSED;
    e->success = true;
    (void)snprintf(text, sizeof text, "%s%s%s", why, others, unseen);
    return record(rec, e, BG_M_SESSION_LOST, BG_ARGS(e->account, text), at);
}

/* Nothing was found out: the session stays open for this time, but not for ever. True: it is to be closed. */
static bool waited_enough(const struct bg_room *room, bool searched)
{
    uint32_t rounds = 0;

    if (bg_room_load(room, ROUNDS_OF, &rounds, sizeof rounds) != BG_OK)
        rounds = 0;
    if (searched ? rounds > 0 : rounds < ROUNDS) {
        rounds = searched ? 0 : rounds + 1;
        if (bg_room_save(room, ROUNDS_OF, &rounds, sizeof rounds, false) != BG_OK)
            return true; /* else it would be for ever */
    }
    return searched || rounds >= ROUNDS;
}

/* Closed, or held on by another process from now on; or neither, where no answer was had. */
static enum bg_recorded settle(struct bg_recorder *rec, const struct bg_room *room, const char *account,
                               uid_t uid, const struct bg_tally_use *u, const char *why,
                               struct bg_position *at)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_survivors left = {.pid = 0};
    struct bg_drilled drill;
    enum bg_err r = BG_OK;

    e.account = account;
    e.use = u->id;
    if (bg_drilled_use(rec->dir, rec->fallback_dir, account, u->id, &drill))
        e.drill = drill.id;
    if (u->boot == bg_boot_number())
        r = bg_survivors_of(u->id, uid, u->pid_start, &left);
    if (r == BG_OK && left.pid != 0) { /* a shell that was hung up on has its last words */
        bg_sleep_ms(HANG_UP_MS);
        r = bg_survivors_of(u->id, uid, u->pid_start, &left);
    }
    if (!waited_enough(room, r == BG_OK))
        return BG_RECORDED_NOWHERE;
    if (r != BG_OK || left.pid == 0)
        return record_end(rec, &e, why, r == BG_OK ? &left : NULL, at);
    e.type = BG_EV_SESSION_ORPHANED;
    e.host_pid = left.pid;
    e.tty = left.tty;
    return record(
        rec, &e, BG_M_SESSION_ORPHANED,
        BG_ARGS(account, BG_DIGITS(left.pid), left.command, *left.tty != '\0' ? left.tty : "a terminal"), at);
}

/* A person may wait for it: the first one that the journal does not take, or of which nothing is found out,
 * is the last. */
static unsigned settle_some(struct bg_recorder *rec, const struct bg_room *room, const struct bg_tally *t,
                            uid_t uid, struct bg_position *at)
{
    uint64_t boot = bg_boot_number();
    struct bg_position newest;
    enum bg_recorded where = BG_RECORDED_JOURNAL;
    uint64_t i = t->uses > BG_TALLY_USES ? t->uses - BG_TALLY_USES : 0;
    unsigned n = 0;

    for (; i < t->uses && n < BG_SESSIONS_END && where == BG_RECORDED_JOURNAL; i++) {
        const struct bg_tally_use *u = &t->use[i % BG_TALLY_USES];
        const char *why = why_ended(u, boot);
        if (why == NULL ||
            (where = settle(rec, room, t->account, uid, u, why, &newest)) == BG_RECORDED_NOWHERE)
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

unsigned bg_sessions_end(struct bg_recorder *rec, const char *account, uid_t uid, struct bg_position *at)
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
        n = settle_some(rec, &room, &t, uid, at);
    bg_close(lock);
    return n;
}
