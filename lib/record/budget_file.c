/* SPDX-License-Identifier: ISC */
/* The budget as a file of the state room, changed by one process at a time. */
#include <assert.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/budget.h"
#include "record/room.h"
#include "record/tally.h"

#define NAME "budget"

static_assert(sizeof(struct bg_budget) < BG_ROOM_MAX, "it fits into its file");

static bool run_takes_it(const struct bg_room *room)
{
    struct statvfs v;

    return access(room->run, W_OK) == 0 && statvfs(room->run, &v) == 0 &&
           v.f_bavail * v.f_bsize >= 2 * sizeof(struct bg_budget);
}

/* A disk that may be slow is looked at only when /run takes nothing. */
static enum bg_err load(const struct bg_room *room, struct bg_budget *b)
{
    struct bg_room at = *room;
    uint64_t boot = bg_boot_number();

    if (run_takes_it(room))
        at.disk[0] = '\0';
    if (bg_room_load(&at, NAME, b, sizeof *b) != BG_OK)
        return BG_E_NOENT;
    return b->boot == boot ? BG_OK : BG_E_MISMATCH;
}

/* What came back from another boot holds counts that are still to be told; its times mean nothing now. */
static void carry_over(struct bg_budget *b)
{
    struct bg_budget old = *b;
    int64_t now = bg_now_ms();

    bg_budget_begin(b, bg_boot_number(), now);
    for (size_t i = 0; i < BG_BUDGET_COUNTS; i++)
        if (old.pending[i].counts.since[0] != '\0')
            bg_budget_return(b, &old.pending[i].counts, now);
}

struct change {
    struct bg_room room;
    struct bg_budget b;
    int lock;
};

static enum bg_err begin(struct change *c, const char *dir, const char *fallback_dir)
{
    enum bg_err r;

    c->lock = -1;
    if ((r = bg_room_of(dir, fallback_dir, &c->room)) != BG_OK)
        return r;
    (void)!bg_room_lock(&c->room, NAME, bg_deadline(bg_room_lock_ms), &c->lock);
    if ((r = load(&c->room, &c->b)) == BG_E_MISMATCH)
        carry_over(&c->b);
    else if (r != BG_OK)
        bg_budget_begin(&c->b, bg_boot_number(), bg_now_ms());
    return BG_OK;
}

static enum bg_err end(struct change *c)
{
    enum bg_err r = bg_room_save(&c->room, NAME, &c->b, sizeof c->b, false);

    bg_close(c->lock);
    return r;
}

bool bg_budget_admits(const char *dir, const char *fallback_dir, const struct bg_event *e)
{
    struct change c;
    bool yes;

    if (begin(&c, dir, fallback_dir) != BG_OK)
        return true;
    yes = bg_budget_spend(&c.b, e, bg_now_ms());
    return end(&c) != BG_OK || yes;
}

enum bg_err bg_budget_due(const char *dir, const char *fallback_dir, bool all, struct bg_repeats *out)
{
    struct change c;
    struct bg_repeats counts;
    int64_t next = bg_budget_next(dir, fallback_dir);
    enum bg_err r;

    if (next < 0 || (next > 1 && !all))
        return BG_E_NOENT;
    if ((r = begin(&c, dir, fallback_dir)) != BG_OK)
        return r;
    if (!bg_budget_collect(&c.b, bg_now_ms(), all, &counts)) {
        bg_close(c.lock);
        return BG_E_NOENT;
    }
    if ((r = end(&c)) == BG_OK)
        *out = counts;
    return r;
}

void bg_budget_give_back(const char *dir, const char *fallback_dir, const struct bg_repeats *counts)
{
    struct change c;

    if (begin(&c, dir, fallback_dir) != BG_OK)
        return;
    bg_budget_return(&c.b, counts, bg_now_ms());
    (void)!end(&c);
}

int64_t bg_budget_next(const char *dir, const char *fallback_dir)
{
    struct bg_room room;
    struct bg_budget b;
    enum bg_err r;

    if (bg_room_of(dir, fallback_dir, &room) != BG_OK)
        return -1;
    if ((r = load(&room, &b)) == BG_E_MISMATCH)
        carry_over(&b);
    return r == BG_OK || r == BG_E_MISMATCH ? bg_budget_wait(&b, bg_now_ms()) : -1;
}

enum bg_err bg_budget_wait_lock(const char *dir, const char *fallback_dir, int *lock)
{
    struct bg_room room;
    enum bg_err r = bg_room_of(dir, fallback_dir, &room);

    return r == BG_OK ? bg_room_lock(&room, NAME "-wait", bg_deadline(0), lock) : r;
}
