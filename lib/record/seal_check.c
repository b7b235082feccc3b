/* SPDX-License-Identifier: ISC */
#include "record/seal.h"

#include <stdio.h>
#include <string.h>
#include "base/secret.h"

#define TRIMMED_MAX (UINT64_C(64) * BG_SEAL_FAR) /* numbers that are passed over; seconds */

void bg_seal_check_trimmed(struct bg_seal_check *c, uint64_t last)
{
    c->trimmed = last;
}

void bg_seal_check_begin(struct bg_seal_check *c, const struct bg_seal_key *key, size_t keys)
{
    memset(c, 0, sizeof *c);
    c->key = key;
    c->keys = keys < BG_SEAL_KEYS ? keys : BG_SEAL_KEYS;
    c->at = c->keys;
}

/* What a sealed line explains is no finding, and leaves room for those that are. */
static bool has_room(struct bg_seal_check *c, enum bg_seal_found what)
{
    bool room = c->findings < BG_SEAL_FINDINGS && (what != BG_SEAL_LOST || c->lost < BG_SEAL_LOSTS);

    c->lost += what == BG_SEAL_LOST && room;
    c->more_lost += what == BG_SEAL_LOST && !room;
    c->more += what != BG_SEAL_LOST && !room;
    return room;
}

/* Runs of the same are one finding. */
static void find(struct bg_seal_check *c, enum bg_seal_found what, uint64_t from, uint64_t to)
{
    struct bg_seal_finding *f = c->findings > 0 ? &c->finding[c->findings - 1] : NULL;
    const char *name = what == BG_SEAL_NO_KEY ? c->other : "";

    if (f != NULL && c->more == 0 && f->what == what && f->to + 1 == from && f->key == c->at &&
        strcmp(f->name, name) == 0) {
        f->to = to;
    } else if (has_room(c, what)) {
        f = &c->finding[c->findings++];
        *f = (struct bg_seal_finding){.what = what, .from = from, .to = to, .key = c->at};
        (void)snprintf(f->name, sizeof f->name, "%s", name);
    }
}

/* The key that is for a number: the last one that begins at it or before. c->keys: none. */
static size_t key_for(const struct bg_seal_check *c, uint64_t number)
{
    size_t i = c->keys;

    for (size_t k = 0; k < c->keys && c->key[k].seal.start <= number; k++)
        i = k;
    return i;
}

/* Another key from this line on, or a seal that none of them is of. */
static void take_key(struct bg_seal_check *c, uint64_t number)
{
    size_t i = key_for(c, number);

    if (i != c->at) {
        c->at = i;
        c->now = c->key[i].seal;
        c->other[0] = '\0';
    }
    if (c->named[0] == '\0')
        return;
    if (i < c->keys && c->key[i].seal.start == number)
        c->known[i] = strcmp(c->named, c->key[i].seal.name) == 0;
    else if (i < c->keys) /* one before every key is not asked about */
        memcpy(c->other, c->named, sizeof c->other);
}

/* To the first line that is left: what was removed had its keys too. */
static enum bg_err pass_trimmed(struct bg_seal_check *c)
{
    uint64_t to = c->trimmed + 1;
    enum bg_err r = BG_OK;

    if (to - c->now.next > TRIMMED_MAX)
        return BG_OK;
    while (r == BG_OK && c->now.next < to)
        r = bg_seal_move(&c->now, to - c->now.next > BG_SEAL_FAR ? c->now.next + BG_SEAL_FAR : to);
    return r;
}

/* The MAC of one line under the key of its number. */
static enum bg_err fits(struct bg_seal_check *c, uint64_t number, const char *line,
                        const struct bg_seal_tail *t, bool *good)
{
    uint64_t missing;
    char mac[BG_HASH_HEX + 1];
    enum bg_err r;

    *good = false;
    if (c->now.next <= c->trimmed && number > c->trimmed && (r = pass_trimmed(c)) != BG_OK)
        return r;
    missing = number > c->now.next ? number - c->now.next - 1 : 0;
    if (missing > BG_SEAL_FAR - c->passed)
        return BG_OK; /* whoever writes lines must not make us count for hours */
    c->passed += missing;
    if ((r = bg_seal_move(&c->now, number)) != BG_OK)
        return r == BG_E_RANGE ? BG_OK : r; /* no host ever got to that number */
    if ((r = bg_seal_mac(&c->now, line, t->covered, mac)) == BG_OK)
        *good = memcmp(mac, t->mac, BG_HASH_HEX) == 0;
    return r;
}

/* What was read between the line before and this one. */
static void find_gap(struct bg_seal_check *c, uint64_t number, const char *line, size_t n, bool good)
{
    static const char *const seams[] = {"journal.lost", "tamper.detected", "journal.setaside"};
    uint64_t first = c->keys > 0 ? c->key[0].seal.start : 0, from = c->last + 1;
    char type[64];
    bool said = false;

    from = from < first ? first : from;
    from = from <= c->trimmed ? c->trimmed + 1 : from;
    if (number <= from || c->keys == 0)
        return;
    for (size_t i = 0; i < sizeof seams / sizeof seams[0]; i++) {
        int len = snprintf(type, sizeof type, "\"type\":\"" BG_EVENT_TYPE "%s.v1\"", seams[i]);
        said = said || memmem(line, n, type, (size_t)len) != NULL;
    }
    find(c, good && said ? BG_SEAL_LOST : BG_SEAL_GAP, from, number - 1);
    c->bad += !(good && said);
}

/* A line under one of the keys. */
static enum bg_err judge(struct bg_seal_check *c, uint64_t number, const char *line, size_t n, bool *good)
{
    struct bg_seal_tail t = {0, NULL};
    enum bg_err r = BG_OK;

    *good = false;
    if (bg_seal_tail(line, n, &t) == BG_OK && t.mac != NULL)
        r = fits(c, number, line, &t, good);
    if (r != BG_OK)
        return r;
    find_gap(c, number, line, n, *good);
    if (*good) {
        c->good++;
        c->good_of[c->at]++;
        return BG_OK;
    }
    c->bad++;
    find(c, t.covered > 0 && t.mac == NULL ? BG_SEAL_UNSEALED : BG_SEAL_FORGED, number, number);
    return BG_OK;
}

enum bg_err bg_seal_check_line(struct bg_seal_check *c, uint64_t number, const char *line, size_t n)
{
    uint64_t start;
    bool good = true; /* what no key is for is taken at its word */
    enum bg_err r = BG_OK;

    take_key(c, number);
    if (c->at == c->keys) {
        c->before++;
    } else if (c->other[0] != '\0') {
        c->bad++;
        find(c, BG_SEAL_NO_KEY, number, number);
    } else {
        r = judge(c, number, line, n, &good);
    }
    c->named[0] = '\0';
    if (good && bg_seal_begins(line, n, c->named, &start) && start != number + 1)
        c->named[0] = '\0';
    c->last = number;
    return r;
}

/* Every line of that seal was removed, so nothing tells whether it is one of this journal's. */
static bool is_trimmed(const struct bg_seal_check *c, size_t i)
{
    return i + 1 < c->keys && c->key[i + 1].seal.start <= c->trimmed + 1;
}

bool bg_seal_check_wrong(const struct bg_seal_check *c, size_t i)
{
    const struct bg_seal *s = i < c->keys && !is_trimmed(c, i) ? &c->key[i].seal : NULL;

    if (s != NULL && c->last + 1 == s->start) /* the line that begins it is the last one */
        return strcmp(c->named, s->name) != 0;
    return s != NULL && c->last >= s->start && !c->known[i] && c->good_of[i] == 0;
}

bool bg_seal_check_cut(const struct bg_seal_check *c, size_t i)
{
    return i < c->keys && c->key[i].seal.start > c->last + 1;
}

enum bg_err bg_seal_check_end(struct bg_seal_check *c)
{
    bg_wipe(&c->now, sizeof c->now);
    if (c->bad > 0)
        return BG_E_MISMATCH;
    return c->good > 0 ? BG_OK : BG_E_NOENT;
}
