/* SPDX-License-Identifier: ISC */
#include "record/state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "record/life.h"
#include "record/retell.h"
#include "record/room.h"
#include "record/tally.h"

#define FAILURE_READ                                                                                         \
    (4 << 20) /* the last hour, however many strangers there were: their events have a budget */

int64_t bg_state_delay(unsigned count, unsigned cap_s)
{
    int64_t s = count == 0 ? 0 : count > 31 ? INT64_C(1) << 31 : INT64_C(1) << (count - 1);

    return (s > (int64_t)cap_s ? (int64_t)cap_s : s) * 1000;
}

/* --- rebuilding from the journal ------------------------------------------------------------- */

#define IDS_MAX (BG_TALLY_CLASSES * BG_TALLY_FAILURES)

struct rebuild {
    struct bg_tally t;
    uint64_t boot;
    char boot_id[BG_BOOT_ID_LEN + 1];
    unsigned ids; /* of failures that are counted */
    char id[IDS_MAX][BG_ULID_LEN + 1];
};

/* By the wall clock alone: what else a line says may be from another boot. */
static struct bg_moment moment_of(const json_t *ev)
{
    return (struct bg_moment){.wall_ms = bg_event_time(ev)};
}

/* The same event may be in the journal and in the fall-back (a disk that hung wrote it after all). */
static bool listed(struct rebuild *b, const char *id)
{
    for (unsigned i = 0; i < b->ids; i++)
        if (strcmp(b->id[i], id) == 0)
            return true;
    if (b->ids < IDS_MAX)
        (void)snprintf(b->id[b->ids++], sizeof b->id[0], "%s", id);
    return false;
}

/* One failure, or as many as were counted in its place. */
static void take_failures(struct rebuild *b, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    enum bg_source s = bg_source_by_name(bg_json_str(own, "source"));
    struct bg_moment at = moment_of(ev), now = {.wall_ms = bg_wall_ms()};
    json_int_t n = bg_event_is(ev, BG_EV_ATTEMPT_FAILED)
                       ? 1
                       : json_integer_value(json_object_get(json_object_get(own, "repeats"), "failed"));

    if (s == 0 || bg_moment_age(&at, &now) > BG_FAILURE_WINDOW_MS || listed(b, bg_json_str(ev, "id")))
        return;
    for (json_int_t i = 0; i < n && i < BG_TALLY_FAILURES; i++)
        bg_tally_failed(&b->t, (unsigned)s - 1, &at);
}

/* An event about a use of this boot; another boot has ended every use. */
static void take_use(struct rebuild *b, const json_t *ev, bool granted)
{
    const json_t *own = bg_event_own(ev);
    bool opened = bg_event_is(ev, BG_EV_SESSION_OPENED) || bg_event_is(ev, BG_EV_SESSION_ORPHANED);
    struct bg_tally_use *u;

    if (strcmp(bg_json_str(json_object_get(own, "clock"), "boot_id"), b->boot_id) != 0)
        return;
    u = bg_tally_use(&b->t, bg_json_str(own, "use"));
    u->boot = b->boot;
    if (opened || (granted && !u->opened)) {
        u->pid = json_integer_value(json_object_get(own, "pid"));
        u->pid_start = (uint64_t)json_integer_value(json_object_get(own, "pid_start"));
    }
    u->granted |= granted;
    u->opened |= opened;
    u->closed |= bg_event_is(ev, BG_EV_SESSION_CLOSED);
}

static bool gather(void *arg, const struct bg_rawline *l)
{
    static const enum bg_event_type marks[] = {BG_EV_ATTEMPT_FAILED, BG_EV_ATTEMPT_REPEATED,
                                               BG_EV_USE_GRANTED,    BG_EV_SESSION_OPENED,
                                               BG_EV_SESSION_CLOSED, BG_EV_SESSION_ORPHANED};
    struct rebuild *b = arg;
    bool mark = false, granted;
    json_t *ev;

    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && !mark; i++)
        mark = bg_line_has(l, "type", bg_event_kind(marks[i])->type);
    if (!mark || !bg_line_has(l, "subject", b->t.account) || (ev = bg_retell_event(l)) == NULL)
        return true;
    if ((granted = bg_event_is(ev, BG_EV_USE_GRANTED))) {
        struct bg_moment at = moment_of(ev);
        bg_tally_granted(&b->t, bg_json_str(bg_event_own(ev), "use"), &at);
    }
    if (bg_event_is(ev, BG_EV_ATTEMPT_FAILED) || bg_event_is(ev, BG_EV_ATTEMPT_REPEATED))
        take_failures(b, ev);
    else
        take_use(b, ev, granted);
    json_decref(ev);
    return true;
}

/* newest: bytes of the journal to read, 0 for all of it. BG_OK when a journal or the fall-back could be read.
 */
static enum bg_err rebuild(const char *dir, const char *fallback_dir, off_t newest, const char *account,
                           struct bg_tally *out)
{
    struct rebuild *b = calloc(1, sizeof *b);
    enum bg_err r = BG_E_NOMEM;

    bg_tally_begin(out, account);
    if (b == NULL)
        return r;
    b->t = *out;
    b->boot = bg_boot_number();
    bg_host_boot_id(b->boot_id);
    if ((r = bg_retell(dir, fallback_dir, newest, gather, b, sizeof *b)) == BG_OK)
        *out = b->t;
    free(b);
    return r;
}

/* --- the tally of an account ------------------------------------------------------------------ */

static void file_name(char out[80], const char *account)
{
    (void)snprintf(out, 80, "account-%.63s", account);
}

static bool is_of(const struct bg_tally *t, const char *account)
{
    return strncmp(t->account, account, sizeof t->account) == 0;
}

static enum bg_err load(const struct bg_room *room, const char *account, struct bg_tally *t)
{
    char name[80];
    enum bg_err r;

    file_name(name, account);
    if ((r = bg_room_load(room, name, t, sizeof *t)) == BG_OK && !is_of(t, account))
        r = BG_E_NOENT;
    return r;
}

static void note_use(struct bg_tally *t, const struct bg_event *e)
{
    struct bg_tally_use *u = bg_tally_use(t, e->use);
    bool opened = e->type == BG_EV_SESSION_OPENED || e->type == BG_EV_SESSION_ORPHANED;

    u->boot = bg_boot_number();
    if (opened || (e->type == BG_EV_USE_GRANTED && !u->opened)) {
        u->pid = e->host_pid;
        u->pid_start = bg_host_pid_start(e->host_pid);
    }
    u->granted |= e->type == BG_EV_USE_GRANTED;
    u->opened |= opened;
    u->closed |= e->type == BG_EV_SESSION_CLOSED;
}

static void note(struct bg_tally *t, const struct bg_event *e)
{
    struct bg_moment now = bg_moment_now();
    enum bg_source s = bg_source_by_name(e->source == NULL ? "" : e->source);

    if (e->type == BG_EV_ATTEMPT_FAILED) {
        if (s != 0)
            bg_tally_failed(t, (unsigned)s - 1, &now);
        return;
    }
    if (e->use == NULL || *e->use == '\0')
        return;
    if (e->type == BG_EV_USE_GRANTED)
        bg_tally_granted(t, e->use, &now);
    note_use(t, e);
}

/* A bg_room_fn: the event into the account's file, if it is that account's. */
static bool note_in(void *arg, void *data)
{
    const struct bg_event *e = arg;
    struct bg_tally *t = data;

    if (!is_of(t, e->account))
        return false;
    note(t, e);
    return true;
}

static bool counts(const struct bg_event *e)
{
    return e->account != NULL && bg_name_valid(e->account) &&
           (e->type == BG_EV_ATTEMPT_FAILED || e->type == BG_EV_USE_GRANTED ||
            e->type == BG_EV_SESSION_OPENED || e->type == BG_EV_SESSION_CLOSED ||
            e->type == BG_EV_SESSION_ORPHANED);
}

void bg_state_note(const char *dir, const char *fallback_dir, const struct bg_event *e,
                   enum bg_recorded where)
{
    bool disk = where == BG_RECORDED_JOURNAL, known = disk || where == BG_RECORDED_RUN;
    struct bg_tally t;
    struct bg_room room;
    char name[80];
    int lock = -1;

    if (!counts(e) || bg_room_of(dir, fallback_dir, &room) != BG_OK)
        return;
    file_name(name, e->account);
    (void)!bg_room_lock(&room, name, bg_deadline(bg_room_lock_ms), &lock);
    if (bg_room_change(&room, name, sizeof t, note_in, (void *)(uintptr_t)e, disk) == BG_E_NOENT) {
        /* what is rebuilt from the journal knows this event already if it is there */
        if (rebuild(dir, fallback_dir, 0, e->account, &t) != BG_OK || !known)
            note(&t, e);
        (void)!bg_room_save(&room, name, &t, sizeof t, disk);
    }
    bg_close(lock);
}

void bg_state_failures(const char *dir, const char *fallback_dir, const char *account, enum bg_source s,
                       unsigned *count, int64_t *since_ms)
{
    struct bg_tally t;
    struct bg_room room;

    if (bg_room_of(dir, fallback_dir, &room) != BG_OK || load(&room, account, &t) != BG_OK)
        (void)!rebuild(dir, fallback_dir, FAILURE_READ, account, &t);
    *count = bg_tally_count(&t, (unsigned)s - 1, since_ms);
}

enum bg_err bg_line_try(const char *dir, const char *fallback_dir, const char *account, enum bg_source s,
                        bool late, int *lock)
{
    struct bg_room room;
    char name[100];
    enum bg_err r;

    *lock = -1;
    (void)snprintf(name, sizeof name, "line-%.63s-%s%s", account, bg_source_name(s), late ? "-late" : "");
    if ((r = bg_room_of(dir, fallback_dir, &room)) == BG_OK)
        r = bg_room_lock(&room, name, bg_deadline(0), lock);
    return r == BG_E_BUSY ? r : BG_OK;
}

/* What the file and the journal know of uses, together; the file alone may have missed one while it could not
 * be written, the journal may be damaged or gone. */
static void uses(const char *dir, const char *fallback_dir, const char *account, struct bg_tally *t)
{
    struct bg_tally kept;
    struct bg_room room;

    (void)!rebuild(dir, fallback_dir, 0, account, t);
    if (bg_room_of(dir, fallback_dir, &room) == BG_OK && load(&room, account, &kept) == BG_OK)
        bg_tally_merge_uses(t, &kept);
}

enum bg_err bg_state_tally(const char *dir, const char *fallback_dir, const char *account,
                           struct bg_tally *out)
{
    struct bg_room room;
    enum bg_err r = bg_room_of(dir, fallback_dir, &room);

    return r == BG_OK ? load(&room, account, out) : r;
}

enum bg_err bg_state_heal(const char *dir, const char *fallback_dir, const char *account,
                          struct bg_tally *out)
{
    struct bg_tally journal;
    struct bg_room room;
    char name[80];
    int lock = -1;
    enum bg_err r;

    if ((r = bg_room_of(dir, fallback_dir, &room)) != BG_OK)
        return r;
    file_name(name, account);
    (void)!rebuild(dir, fallback_dir, 0, account, &journal); /* nothing to read: nothing to heal */
    (void)!bg_room_lock(&room, name, bg_deadline(bg_room_lock_ms), &lock);
    if ((r = load(&room, account, out)) == BG_OK) {
        bg_tally_merge_uses(out, &journal);
        (void)!bg_room_save(&room, name, out, sizeof *out, true);
    }
    bg_close(lock);
    return r;
}

bool bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                     char use[BG_ULID_LEN + 1])
{
    struct bg_tally t;
    struct bg_room room;
    const char *id = NULL;

    if (bg_room_of(dir, fallback_dir, &room) == BG_OK && load(&room, account, &t) == BG_OK)
        id = bg_tally_living(&t, true);
    if (id == NULL) {
        uses(dir, fallback_dir, account, &t);
        id = bg_tally_living(&t, true);
    }
    if (id != NULL)
        memcpy(use, id, BG_ULID_LEN + 1);
    return id != NULL;
}

/* Of an account that nobody is in; use is the newest one. What is not known to be over is not. */
static enum bg_account_state state_after(const char *dir, const char *account, char use[BG_ULID_LEN + 1])
{
    const struct bg_life_use *u = NULL;
    struct bg_life life;

    if (bg_life_heal(dir, dir == NULL ? NULL : "", account, &life) == BG_OK)
        u = bg_life_use(&life, use);
    if (u == NULL || u->verdict == BG_VERDICT_NONE)
        return BG_STATE_AWAITING_REVIEW;
    if ((u = bg_life_unreviewed(&life)) != NULL) {
        memcpy(use, u->id, BG_ULID_LEN + 1);
        return BG_STATE_AWAITING_REVIEW;
    }
    if (life.hidden > 0) {
        memcpy(use, life.hidden_use, BG_ULID_LEN + 1);
        return BG_STATE_AWAITING_REVIEW;
    }
    return bg_life_unrotated(&life) != NULL ? BG_STATE_TO_BE_ROTATED : BG_STATE_SEALED;
}

enum bg_account_state bg_state_account(const char *dir, const char *account, char use[BG_ULID_LEN + 1])
{
    struct bg_tally t;
    const char *id;

    use[0] = '\0';
    uses(dir, dir == NULL ? NULL : "", account, &t);
    if (t.newest[0] == '\0')
        return BG_STATE_SEALED;
    id = bg_tally_living(&t, false);
    memcpy(use, id != NULL ? id : t.newest, BG_ULID_LEN + 1);
    return id != NULL ? BG_STATE_IN_USE : state_after(dir, account, use);
}
