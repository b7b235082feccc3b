/* SPDX-License-Identifier: ISC */
#include "record/hidden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the account that is read just now, in the order in which they fell off. */
static struct {
    bool reading;
    struct bg_life_use *use;
    size_t n, room;
} aside;

void bg_hidden_begin(void)
{
    aside.reading = true;
    aside.n = 0;
}

void bg_hidden_end(void)
{
    free(aside.use);
    memset(&aside, 0, sizeof aside);
}

static void keep_aside(const struct bg_life_use *u)
{
    size_t room = aside.room == 0 ? BG_LIFE_USES : 2 * aside.room;
    struct bg_life_use *more;

    if (aside.n == aside.room) {
        if ((more = reallocarray(aside.use, room, sizeof *more)) == NULL)
            return; /* it is counted all the same */
        aside.use = more;
        aside.room = room;
    }
    aside.use[aside.n++] = *u;
}

static void take_off(size_t i)
{
    memmove(&aside.use[i], &aside.use[i + 1], (--aside.n - i) * sizeof aside.use[0]);
}

static void note_oldest(struct bg_life *l, const struct bg_life_use *u)
{
    (void)snprintf(l->hidden_use, sizeof l->hidden_use, "%s", u->id);
    l->hidden_ms = u->granted_ms;
}

/* One less. The oldest that is known is named; where the others are not known, it stays the old one. */
static void count_down(struct bg_life *l)
{
    if (--l->hidden == 0) {
        l->hidden_use[0] = '\0';
        l->hidden_ms = 0;
    } else if (aside.n > 0 && aside.n == l->hidden) {
        note_oldest(l, &aside.use[0]);
    }
}

void bg_hidden_push(struct bg_life *l, const struct bg_life_use *u)
{
    if (l->hidden++ == 0 || u->granted_ms < l->hidden_ms)
        note_oldest(l, u);
    if (aside.reading)
        keep_aside(u);
}

/* An id begins with its time: what is older than the oldest was never counted. */
void bg_hidden_reviewed(struct bg_life *l, const char *id)
{
    if (l->hidden == 0 || strcmp(id, l->hidden_use) < 0)
        return;
    for (size_t i = 0; i < aside.n; i++)
        if (strcmp(aside.use[i].id, id) == 0) {
            take_off(i);
            break;
        }
    count_down(l);
}

bool bg_hidden_pull(struct bg_life *l, struct bg_life_use *out)
{
    if (aside.n == 0 || l->hidden == 0)
        return false;
    *out = aside.use[0];
    take_off(0);
    count_down(l);
    return true;
}

void bg_hidden_rotated(void)
{
    for (size_t i = 0; i < aside.n; i++)
        aside.use[i].rotated = true;
}

void bg_hidden_merge(struct bg_life *l, const struct bg_life *file)
{
    bool reaches = l->first[0] != '\0' && strcmp(l->first, file->hidden_use) <= 0;

    if (reaches || file->hidden <= l->hidden)
        return;
    l->hidden = file->hidden;
    l->hidden_ms = file->hidden_ms;
    memcpy(l->hidden_use, file->hidden_use, sizeof l->hidden_use);
}
