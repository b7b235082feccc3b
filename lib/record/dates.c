/* SPDX-License-Identifier: ISC */
#include "record/dates.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "record/room.h"

#define NAME "dates"

static bool name_of(const char *item, uint8_t name[BG_DATE_NAME])
{
    uint8_t hash[BG_HASH];

    if (bg_sha256(item, strlen(item), hash) != BG_OK)
        return false;
    memcpy(name, hash, BG_DATE_NAME);
    return true;
}

const struct bg_date *bg_dates_find(const struct bg_dates *d, const char *item)
{
    uint8_t name[BG_DATE_NAME];
    bool named = name_of(item, name);

    for (unsigned i = 0; named && i < d->n; i++)
        if (memcmp(d->date[i].name, name, sizeof name) == 0)
            return &d->date[i];
    return NULL;
}

static int64_t touched(const struct bg_date *d)
{
    return d->done_ms > d->told_ms ? d->done_ms : d->told_ms;
}

static bool goes_before(const struct bg_date *a, const struct bg_date *b)
{
    if ((a->done_ms == 0) != (b->done_ms == 0))
        return a->done_ms == 0;
    return touched(a) < touched(b);
}

/* NULL: it cannot be named. */
static struct bg_date *make(struct bg_dates *d, const char *item)
{
    const struct bg_date *known = bg_dates_find(d, item);
    struct bg_date *at = &d->date[0];
    uint8_t name[BG_DATE_NAME];

    if (known != NULL)
        return &d->date[known - d->date];
    if (!name_of(item, name))
        return NULL;
    if (d->n < BG_DATES_MAX)
        at = &d->date[d->n++];
    else
        for (unsigned i = 1; i < d->n; i++)
            at = goes_before(&d->date[i], at) ? &d->date[i] : at;
    memset(at, 0, sizeof *at);
    memcpy(at->name, name, sizeof name);
    return at;
}

static enum bg_err load(const struct bg_room *room, struct bg_dates *d)
{
    enum bg_err r = bg_room_load(room, NAME, d, sizeof *d);

    return r == BG_OK && d->n > BG_DATES_MAX ? BG_E_NOENT : r;
}

enum bg_err bg_dates_load(const char *dir, const char *fallback_dir, struct bg_dates *out)
{
    struct bg_room room;
    enum bg_err r = bg_room_of(dir, fallback_dir, &room);

    return r == BG_OK ? load(&room, out) : r;
}

/* What happened to one thing: due_ms < 0, it was done; else people were told of that date. */
struct change {
    const char *item;
    int64_t due_ms;
    enum bg_told told;
};

static bool apply(void *arg, void *data)
{
    const struct change *c = arg;
    struct bg_dates *d = data;
    struct bg_date *at;

    if (d->n > BG_DATES_MAX || (at = make(d, c->item)) == NULL)
        return false;
    if (c->due_ms < 0) {
        at->done_ms = bg_wall_ms();
        return true;
    }
    at->due_ms = c->due_ms;
    at->told = c->told;
    at->told_ms = bg_wall_ms();
    return true;
}

static enum bg_err change(const char *dir, const char *fallback_dir, struct change *c)
{
    struct bg_dates *d;
    struct bg_room room;
    int lock = -1;
    enum bg_err r;

    if ((r = bg_room_of(dir, fallback_dir, &room)) != BG_OK)
        return r;
    (void)!bg_room_lock(&room, NAME, bg_deadline(bg_room_lock_ms), &lock);
    if ((r = bg_room_change(&room, NAME, sizeof *d, apply, c, true)) == BG_E_NOENT) {
        r = BG_E_NOMEM;
        if ((d = calloc(1, sizeof *d)) != NULL && apply(c, d))
            r = bg_room_save(&room, NAME, d, sizeof *d, true);
        free(d);
    }
    bg_close(lock);
    return r;
}

void bg_dates_done(const char *dir, const char *fallback_dir, const char *item)
{
    struct change c = {item, -1, BG_TOLD_NOT};

    (void)!change(dir, fallback_dir, &c);
}

enum bg_err bg_dates_told(const char *dir, const char *fallback_dir, const char *item, int64_t due_ms,
                          enum bg_told told)
{
    struct change c = {item, due_ms, told};

    return change(dir, fallback_dir, &c);
}

void bg_dates_note(const char *dir, const char *fallback_dir, const struct bg_event *e)
{
    char item[BG_DATE_ITEM];

    if (e->type != BG_EV_USE_GRANTED || e->account == NULL || e->key == NULL || *e->key == '\0')
        return;
    (void)snprintf(item, sizeof item, "key-test %s %s", e->account, e->key);
    bg_dates_done(dir, fallback_dir, item);
}
