/* SPDX-License-Identifier: ISC */
#include "record/checked.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/room.h"

#define NAME "checked"

/* What another version or a damaged disk left is as good as nothing. */
static bool is_sound(const struct bg_checked *c)
{
    bool sound = c->n <= BG_CHECKED_MAX;

    for (unsigned i = 0; sound && i < c->n; i++)
        sound = memchr(c->what[i], '\0', BG_CHECKED_WHAT) != NULL;
    return sound;
}

enum bg_err bg_checked_load(const char *dir, const char *fallback_dir, struct bg_checked *out)
{
    struct bg_room room;
    enum bg_err r = bg_room_of(dir, fallback_dir, &room);

    if (r == BG_OK)
        r = bg_room_load(&room, NAME, out, sizeof *out);
    return r == BG_OK && !is_sound(out) ? BG_E_NOENT : r;
}

enum bg_err bg_checked_save(const char *dir, const char *fallback_dir, const struct bg_checked *c)
{
    struct bg_room room;
    int lock = -1;
    enum bg_err r = bg_room_of(dir, fallback_dir, &room);

    if (r != BG_OK)
        return r;
    (void)!bg_room_lock(&room, NAME, bg_deadline(bg_room_lock_ms), &lock);
    r = bg_room_save(&room, NAME, c, sizeof *c, true);
    bg_close(lock);
    return r;
}

bool bg_checked_has(const struct bg_checked *c, const char *what)
{
    for (unsigned i = 0; i < c->n; i++)
        if (strncmp(c->what[i], what, BG_CHECKED_WHAT - 1) == 0)
            return true;
    return false;
}

void bg_checked_add(struct bg_checked *c, const char *what)
{
    if (c->n < BG_CHECKED_MAX && !bg_checked_has(c, what))
        (void)snprintf(c->what[c->n++], BG_CHECKED_WHAT, "%s", what);
}
