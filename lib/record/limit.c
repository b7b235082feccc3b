/* SPDX-License-Identifier: ISC */
#include "record/limit.h"

#include <signal.h>
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

#define HANG_UP_MS 4000 /* for what was hung up on, before it is killed */
#define LOOK_MS    200

/* How far a use has been told of. */
enum told {
    TOLD_NOTHING,
    TOLD_FIRST,
    TOLD_SECOND,
    TOLD_LIMIT,
    TOLD_ENDED
};

struct entry {
    char use[BG_ULID_LEN + 1];
    uint64_t boot;
    int64_t opened_ms, extended_ms; /* bg_now_ms() in that boot; extended_ms 0: by nobody */
    int64_t told_ms, limit_told_ms; /* when it was recorded last, and first */
    enum told told;
};

/* The file of an account. An entry of another boot, or the oldest, gives way to a new one. */
struct limits {
    struct entry entry[BG_TALLY_USES];
};

static void file_name(char out[80], const char *account)
{
    (void)snprintf(out, 80, "limit-%.63s", account);
}

/* Where nobody noted when a use began: its id has the wall clock of then. Never before this boot. */
static int64_t opened_by_id(const char *use)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    int64_t ms = 0, now = bg_now_ms(), age;

    for (int i = 0; i < 10 && use[i] != '\0'; i++) {
        const char *d = strchr(digits, use[i]);
        ms = ms * 32 + (d != NULL ? d - digits : 0);
    }
    age = bg_wall_ms() - ms;
    return age < 0 ? now : age > now ? 0 : now - age;
}

static struct entry *find(struct limits *l, const char *use, uint64_t boot)
{
    struct entry *best = &l->entry[0];

    for (size_t i = 0; i < BG_TALLY_USES; i++) {
        struct entry *e = &l->entry[i];
        if (e->boot == boot && strcmp(e->use, use) == 0)
            return e;
        if (best->boot == boot && (e->boot != boot || e->opened_ms < best->opened_ms))
            best = e;
    }
    *best = (struct entry){.boot = boot, .opened_ms = opened_by_id(use)};
    (void)snprintf(best->use, sizeof best->use, "%s", use);
    return best;
}

static int64_t end_of(const struct entry *e, int64_t limit_ms)
{
    return e->extended_ms > 0 ? e->extended_ms : e->opened_ms + limit_ms;
}

/* One change of the file: begun, or extended to `until`. */
static enum bg_err change(const char *dir, const char *fallback_dir, const char *account, const char *use,
                          int64_t until)
{
    static struct limits l;
    struct bg_room room;
    struct entry *e;
    char name[80];
    int lock = -1;
    enum bg_err r;

    if ((r = bg_room_of(dir, fallback_dir, &room)) != BG_OK)
        return r;
    file_name(name, account);
    (void)!bg_room_lock(&room, name, bg_deadline(bg_room_lock_ms), &lock);
    if (bg_room_load(&room, name, &l, sizeof l) != BG_OK)
        memset(&l, 0, sizeof l);
    e = find(&l, use, bg_boot_number());
    if (until == 0)
        e->opened_ms = bg_now_ms();
    e->extended_ms = until;
    e->told = TOLD_NOTHING;
    r = bg_room_save(&room, name, &l, sizeof l, until != 0);
    bg_close(lock);
    return r;
}

void bg_limit_opened(const char *dir, const char *fallback_dir, const char *account, const char *use)
{
    (void)!change(dir, fallback_dir, account, use, 0);
}

enum bg_err bg_limit_extend(const char *dir, const char *fallback_dir, const char *account, const char *use,
                            int64_t ms)
{
    if (ms < BG_EXTEND_MIN_MS || ms > BG_EXTEND_MAX_MS)
        return BG_E_RANGE;
    return change(dir, fallback_dir, account, use, bg_now_ms() + ms);
}

int64_t bg_limit_left(const char *dir, const char *fallback_dir, const char *account, const char *use,
                      int64_t limit_ms)
{
    static struct limits l;
    struct bg_room room;
    char name[80];

    file_name(name, account);
    if (bg_room_of(dir, fallback_dir, &room) != BG_OK || bg_room_load(&room, name, &l, sizeof l) != BG_OK)
        memset(&l, 0, sizeof l);
    return end_of(find(&l, use, bg_boot_number()), limit_ms) - bg_now_ms();
}

/* --- looking ------------------------------------------------------------------------------------- */

struct look {
    struct bg_recorder *rec;
    const char *account;
    uid_t uid;
    const struct bg_limit *limit;
    const struct bg_tally_use *use;
    struct entry *e;
    struct limits all; /* e is one of them */
    struct bg_room room;
    char name[80];
    int64_t left; /* until the limit */
};

/* To the person; nobody may be there. */
static void warn(const struct look *l, const struct bg_message *id, const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)bg_msg_full(text, sizeof text, id, args);
    bg_use_tell(l->use->id, l->uid, l->use->pid, text);
}

/* "8 hours", "90 minutes". */
static const char *spoken(char out[48], int64_t ms)
{
    int64_t minutes = (ms + 30000) / 60000;

    return minutes >= 60 && minutes % 60 == 0 ? bg_msg_counted(out, minutes / 60, "hour")
                                              : bg_msg_counted(out, minutes, "minute");
}
#define SPOKEN(ms) spoken((char[48]){0}, ms)

/* One event of this use; true: it is on record. */
static bool record(const struct look *l, const struct bg_message *id, const char *const *args)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], name[8], until[BG_TIME_LEN];
    struct bg_drilled drill;
    enum bg_recorded where;

    (void)bg_msg_raw(text, sizeof text, id, args);
    bg_msg_name(name, id);
    bg_time_of(bg_wall_ms() + l->left, until);
    e.type = BG_EV_SESSION_LIMIT;
    e.account = l->account;
    e.use = l->use->id;
    if (bg_drilled_use(l->rec->dir, l->rec->fallback_dir, l->account, l->use->id, &drill))
        e.drill = drill.id;
    e.host_pid = l->use->pid;
    e.message = text;
    e.detail = name;
    e.until = until;
    return bg_record(l->rec, &e, &where, NULL) == BG_OK;
}

static unsigned over(const struct look *l)
{
    int64_t now = bg_now_ms();
    const char *const *args = BG_ARGS(l->account, SPOKEN(now - l->e->opened_ms));
    bool first = l->e->told < TOLD_LIMIT;

    if (!first && now - l->e->told_ms < BG_LIMIT_AGAIN_MS)
        return 0;
    if (first)
        l->e->limit_told_ms = now;
    l->e->told = first ? TOLD_LIMIT : l->e->told;
    l->e->told_ms = now;
    warn(l, l->limit->end && first ? BG_M_LIMIT_ENDS : BG_M_LIMIT_REACHED, args);
    return record(l, BG_M_LIMIT_REACHED, args);
}

static void keep(const struct look *l, bool disk)
{
    (void)!bg_room_save(&l->room, l->name, &l->all, sizeof l->all, disk);
}

/* What has no terminal goes on: a service that the person has started again is what they came for. */
static unsigned end_by_force(const struct look *l)
{
    int64_t deadline = bg_deadline(HANG_UP_MS);
    struct bg_use_hits hung_up, more;
    unsigned told;

    if (bg_use_signal(l->use->id, l->uid, SIGHUP, &hung_up) != BG_OK)
        return 0; /* whoever looks next tries it again */
    l->e->told = TOLD_ENDED;
    keep(l, true); /* whoever looks may be killed before it is over */
    told = record(l, BG_M_LIMIT_ENDED, BG_ARGS(l->account, BG_COUNTED(hung_up.n, "program")));
    while (bg_use_left(&hung_up, 0) > 0 && bg_left_ms(deadline) > 0)
        bg_sleep_ms(LOOK_MS);
    (void)bg_use_left(&hung_up, SIGKILL); /* the recorder's terminal may be gone by now */
    (void)bg_use_signal(l->use->id, l->uid, SIGKILL, &more);
    return told;
}

/* True: the person is to be warned, and was. */
static bool ahead(const struct look *l)
{
    enum told now = l->left > BG_LIMIT_SECOND_MS ? TOLD_FIRST : TOLD_SECOND;

    if (l->left > BG_LIMIT_FIRST_MS || l->e->told >= now)
        return false;
    l->e->told = now;
    warn(l, BG_M_LIMIT_AHEAD, BG_ARGS(l->account, SPOKEN(l->left)));
    return true;
}

/* *changed: the entry is to be kept. */
static unsigned look_at(struct look *l, bool *changed)
{
    struct entry was = *l->e;
    unsigned n = 0;

    l->left = end_of(l->e, l->limit->ms) - bg_now_ms();
    if (l->left > 0)
        (void)ahead(l);
    else if (l->limit->end && l->e->told == TOLD_LIMIT &&
             bg_now_ms() - l->e->limit_told_ms >= BG_LIMIT_GRACE_MS)
        n = end_by_force(l);
    else
        n = over(l);
    *changed = *changed || memcmp(&was, l->e, sizeof was) != 0;
    return n;
}

static bool any(const struct bg_tally *t)
{
    for (size_t i = 0; i < t->uses && i < BG_TALLY_USES; i++)
        if (bg_tally_use_lives(&t->use[i]))
            return true;
    return false;
}

unsigned bg_limit_look(struct bg_recorder *rec, const char *account, uid_t uid, const struct bg_limit *limit)
{
    static struct bg_tally t;
    static struct look l;
    uint64_t boot = bg_boot_number();
    bool changed = false;
    int lock = -1;
    unsigned n = 0;

    l = (struct look){.rec = rec, .account = account, .uid = uid, .limit = limit};
    if (limit->ms == 0 || bg_room_of(rec->dir, rec->fallback_dir, &l.room) != BG_OK ||
        bg_state_tally(rec->dir, rec->fallback_dir, account, &t) != BG_OK || !any(&t))
        return 0;
    file_name(l.name, account);
    if (bg_room_lock(&l.room, l.name, bg_deadline(0), &lock) == BG_E_BUSY)
        return 0;
    if (bg_room_load(&l.room, l.name, &l.all, sizeof l.all) != BG_OK)
        memset(&l.all, 0, sizeof l.all);
    for (size_t i = 0; i < t.uses && i < BG_TALLY_USES; i++) {
        l.use = &t.use[i];
        if (!bg_tally_use_lives(l.use))
            continue;
        l.e = find(&l.all, l.use->id, boot);
        n += look_at(&l, &changed);
    }
    if (changed)
        keep(&l, n > 0);
    bg_close(lock);
    return n;
}
