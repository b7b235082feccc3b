/* SPDX-License-Identifier: ISC */
#include "delivery/cursor.h"

#include <string.h>
#include "base/clock.h"
#include "base/text.h"

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

bool bg_cursor_refused(const struct bg_cursor_chain *h, uint64_t sequence)
{
    for (unsigned i = 0; i < h->n_refused; i++)
        if (h->refused[i] == sequence)
            return true;
    return false;
}

unsigned bg_cursor_refusals(const struct bg_cursor *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->chains; i++)
        n += c->chain[i].n_refused;
    return n;
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

static void forget_refused(struct bg_cursor_chain *h, unsigned i)
{
    memmove(&h->refused[i], &h->refused[i + 1], (h->n_refused - i - 1) * sizeof h->refused[0]);
    h->n_refused--;
}

static void no_longer_refused(struct bg_cursor_chain *h, uint64_t sequence)
{
    for (unsigned i = 0; i < h->n_refused; i++)
        if (h->refused[i] == sequence)
            forget_refused(h, i);
}

void bg_cursor_mark(struct bg_cursor_chain *h, uint64_t sequence, const char *hash)
{
    if (sequence == 0)
        return;
    no_longer_refused(h, sequence);
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

/* Take a mark back. */
static void take_back(struct bg_cursor_chain *h, uint64_t sequence)
{
    uint64_t from = 0, to = 0;

    if (sequence <= h->floor) {
        from = sequence;
        to = h->floor;
        h->floor = sequence - 1;
    }
    for (unsigned i = 0; i < h->ranges && to == 0; i++)
        if (sequence >= h->range[i].from && sequence <= h->range[i].to) {
            from = h->range[i].from;
            to = h->range[i].to;
            drop_range(h, i);
        }
    if (from < sequence && to > 0)
        add(h, from, sequence - 1);
    if (to > sequence)
        add(h, sequence + 1, to);
}

void bg_cursor_unmark(struct bg_cursor_chain *h, uint64_t sequence)
{
    if (sequence == 0)
        return;
    no_longer_refused(h, sequence);
    take_back(h, sequence);
}

void bg_cursor_refuse(struct bg_cursor_chain *h, uint64_t sequence)
{
    if (sequence == 0 || bg_cursor_refused(h, sequence))
        return;
    take_back(h, sequence);
    if (h->n_refused == BG_CURSOR_REFUSED)
        forget_refused(h, 0);
    h->refused[h->n_refused++] = sequence;
}

void bg_cursor_begin(struct bg_cursor *c, const struct bg_position *behind)
{
    c->began = *behind;
    bg_cursor_chain(c, behind->journalid, true)->floor = behind->sequence;
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
    for (unsigned i = 0; i < h->n_refused;)
        if (h->refused[i] > floor)
            forget_refused(h, i);
        else
            i++;
    h->last = 0;
    h->last_hash[0] = '\0';
}

/* --- when ------------------------------------------------------------------------------------------- */

/* From now on the file's own clock is that of this boot. */
static void use_boot(struct bg_cursor *c)
{
    static char now[BG_BOOT_ID_LEN + 1]; /* asked for once: thousands of events may be taken in a second */

    if (now[0] == '\0')
        bg_host_boot_id(now);
    if (strcmp(c->boot, now) != 0)
        c->acked_boot = c->error_boot = 0;
    memcpy(c->boot, now, sizeof now);
}

void bg_cursor_acked(struct bg_cursor *c)
{
    use_boot(c);
    c->acked = bg_wall_ms();
    c->acked_boot = bg_now_ms();
}

void bg_cursor_failed(struct bg_cursor *c, const char *why)
{
    use_boot(c);
    c->error_at = bg_wall_ms();
    c->error_boot = bg_now_ms();
    (void)bg_text_ascii(c->error, sizeof c->error, why, strlen(why));
}

static int64_t age(const struct bg_cursor *c, int64_t wall, int64_t boot)
{
    char now[BG_BOOT_ID_LEN + 1];
    int64_t ms = bg_wall_ms() - wall;

    bg_host_boot_id(now);
    if (boot > 0 && now[0] != '\0' && strcmp(now, c->boot) == 0)
        ms = bg_now_ms() - boot;
    return ms < 0 ? 0 : ms;
}

int64_t bg_cursor_acked_age(const struct bg_cursor *c)
{
    return age(c, c->acked, c->acked_boot);
}

int64_t bg_cursor_failed_age(const struct bg_cursor *c)
{
    return age(c, c->error_at, c->error_boot);
}

static bool same_journal(const struct bg_cursor_line *a, const struct bg_cursor_line *b)
{
    return strcmp(a->journalid, b->journalid) == 0;
}

bool bg_cursor_ahead(const struct bg_cursor *c, const struct bg_cursor_line *end)
{
    const struct bg_cursor_line *j = &c->journal;

    if (j->sequence == 0)
        return false;
    return !same_journal(j, end) || j->sequence > end->sequence ||
           (j->sequence == end->sequence && strcmp(j->hash, end->hash) != 0);
}

bool bg_cursor_saw(struct bg_cursor *c, const struct bg_cursor_line *line)
{
    if (!same_journal(&c->journal, line) || line->sequence != c->journal.sequence ||
        strcmp(line->hash, c->journal.hash) == 0)
        return false;
    c->lost = c->journal;
    c->journal = *line;
    bg_host_boot_id(c->journal.boot);
    return true;
}

bool bg_cursor_ends(struct bg_cursor *c, const struct bg_cursor_line *end)
{
    char boot[BG_BOOT_ID_LEN + 1];

    bg_host_boot_id(boot);
    if (bg_cursor_ahead(c, end))
        c->lost = c->journal;
    else if (c->journal.sequence == end->sequence && strcmp(c->journal.boot, boot) == 0)
        return false;
    c->journal = *end;
    memcpy(c->journal.boot, boot, sizeof boot);
    return true;
}
