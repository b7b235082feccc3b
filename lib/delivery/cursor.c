#include "delivery/cursor.h"

#include <string.h>

static void drop_range(struct bg_cursor_chain *h, unsigned i)
{
    memmove(&h->range[i], &h->range[i + 1], (h->ranges - i - 1) * sizeof h->range[0]);
    h->ranges--;
}

struct bg_cursor_chain *bg_cursor_chain(struct bg_cursor *c, const char *journalid, bool make)
{
    struct bg_cursor_chain moved;

    for (unsigned i = 0; i < c->chains; i++)
        if (strcmp(c->chain[i].journalid, journalid) == 0) {
            moved = c->chain[i];
            memmove(&c->chain[i], &c->chain[i + 1], (c->chains - i - 1) * sizeof moved);
            c->chain[c->chains - 1] = moved;
            return &c->chain[c->chains - 1];
        }
    if (!make || strlen(journalid) != BG_JOURNALID_LEN)
        return NULL;
    if (c->chains == BG_CURSOR_CHAINS) {
        memmove(&c->chain[0], &c->chain[1], (BG_CURSOR_CHAINS - 1) * sizeof moved);
        c->chains--;
    }
    memset(&c->chain[c->chains], 0, sizeof moved);
    memcpy(c->chain[c->chains].journalid, journalid, BG_JOURNALID_LEN + 1);
    return &c->chain[c->chains++];
}

bool bg_cursor_done(const struct bg_cursor_chain *h, uint64_t sequence)
{
    if (sequence <= h->floor)
        return true;
    for (unsigned i = 0; i < h->ranges; i++)
        if (sequence >= h->range[i].from && sequence <= h->range[i].to)
            return true;
    return false;
}

bool bg_cursor_dead(const struct bg_cursor_chain *h, uint64_t sequence)
{
    for (unsigned i = 0; i < h->n_dead; i++)
        if (h->dead[i] == sequence)
            return true;
    return false;
}

/* Ranges that touch the floor or one another become one. */
static void join(struct bg_cursor_chain *h)
{
    while (h->ranges > 0 && h->range[0].from <= h->floor + 1) {
        if (h->range[0].to > h->floor)
            h->floor = h->range[0].to;
        drop_range(h, 0);
    }
    for (unsigned i = 0; i + 1 < h->ranges;) {
        if (h->range[i].to + 1 < h->range[i + 1].from) {
            i++;
            continue;
        }
        if (h->range[i + 1].to > h->range[i].to)
            h->range[i].to = h->range[i + 1].to;
        drop_range(h, i + 1);
    }
}

static void add(struct bg_cursor_chain *h, uint64_t from, uint64_t to)
{
    unsigned i = 0;

    while (i < h->ranges && h->range[i].from < from)
        i++;
    if (h->ranges == BG_CURSOR_RANGES) { /* not the newest: a login waits for that one */
        h->forgot = true;
        if (i == 0)
            return;
        drop_range(h, 0);
        i--;
    }
    memmove(&h->range[i + 1], &h->range[i], (h->ranges - i) * sizeof h->range[0]);
    h->range[i] = (struct bg_cursor_range){from, to};
    h->ranges++;
    join(h);
}

void bg_cursor_mark(struct bg_cursor_chain *h, uint64_t sequence, const char *hash)
{
    if (sequence == 0)
        return;
    if (!bg_cursor_done(h, sequence)) {
        if (sequence == h->floor + 1) {
            h->floor++;
            join(h);
        } else {
            add(h, sequence, sequence);
        }
    }
    if (hash != NULL && sequence >= h->last) {
        h->last = sequence;
        memcpy(h->last_hash, hash, BG_HASH_HEX + 1);
    }
}

void bg_cursor_mark_dead(struct bg_cursor_chain *h, uint64_t sequence, const char *hash)
{
    bg_cursor_mark(h, sequence, hash);
    if (bg_cursor_dead(h, sequence))
        return;
    if (h->n_dead == BG_CURSOR_DEAD) {
        memmove(&h->dead[0], &h->dead[1], (BG_CURSOR_DEAD - 1) * sizeof h->dead[0]);
        h->n_dead--;
    }
    h->dead[h->n_dead++] = sequence;
}

void bg_cursor_rewind(struct bg_cursor_chain *h, uint64_t floor)
{
    if (h->floor > floor)
        h->floor = floor;
    while (h->ranges > 0 && h->range[h->ranges - 1].to > floor) {
        if (h->range[h->ranges - 1].from > floor)
            h->ranges--;
        else
            h->range[h->ranges - 1].to = floor;
    }
    for (unsigned i = 0; i < h->n_dead;)
        if (h->dead[i] > floor)
            memmove(&h->dead[i], &h->dead[i + 1], (--h->n_dead - i) * sizeof h->dead[0]);
        else
            i++;
    h->last = 0;
    h->last_hash[0] = '\0';
}
