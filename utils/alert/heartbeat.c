/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <limits.h>
#include <stdint.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "record/event.h"
#include "record/head.h"
#include "record/room.h"

#define FILE_NAME "heartbeat"
#define SLACK_MS                                                                                             \
    INT64_C(60000) /* a timer comes a little early at times; it must not wait for its next turn */
#define LOOK_MS 2000

/* A clock that was set back is no reason for silence. */
static bool due(int64_t last, int64_t now, unsigned minutes)
{
    return now < last || now - last + SLACK_MS >= (int64_t)minutes * 60000;
}

static void beat(unsigned minutes, struct bg_recorder *rec)
{
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, BG_M_ALERT_HEARTBEAT, BG_ARGS(BG_DIGITS(minutes)));
    e.type = BG_EV_HEARTBEAT;
    e.success = true;
    e.message = text;
    e.detail = BG_DIGITS(minutes);
    (void)!bg_record(rec, &e, &where, NULL); /* silence says it as well */
}

static enum bg_err look(void *arg, void *out)
{
    const struct bg_recorder *rec = arg;
    const char *dir = rec->dir == NULL ? BG_JOURNAL_DIR : rec->dir;
    char head[PATH_MAX];

    bg_head_path(head, dir);
    *(bool *)out = access(dir, F_OK) == 0 || access(head, F_OK) == 0;
    return BG_OK;
}

/* Where nothing was ever set up, no journal is begun by a sign of life. One that is gone left its head. */
static bool has_begun(struct bg_recorder *rec)
{
    bool begun = true;

    (void)!bg_child_run(look, rec, LOOK_MS, &begun, sizeof begun, NULL);
    return begun;
}

void heartbeat_record(const struct bg_policy *policy, struct bg_recorder *rec)
{
    int64_t last, now = bg_wall_ms();
    struct bg_room room;

    if (policy->heartbeat == 0 || bg_room_of(rec->dir, rec->fallback_dir, &room) != BG_OK || !has_begun(rec))
        return;
    if (bg_room_load(&room, FILE_NAME, &last, sizeof last) == BG_OK) {
        if (!due(last, now, policy->heartbeat))
            return;
        beat(policy->heartbeat, rec);
    }
    (void)!bg_room_save(&room, FILE_NAME, &now, sizeof now, true);
}
