/* SPDX-License-Identifier: ISC */
#include "record/append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "base/msg.h"
#include "record/chain.h"
#include "record/segment.h"
#include "record/tamper.h"
#include "record/messages.h"

enum bg_err bg_repaired_event(const char *where, const char *bytes, size_t n, json_t **out)
{
    struct bg_event e = BG_EVENT_INIT;
    char hash[BG_HASH_HEX + 1], count[24], text[BG_MSG_MAX], detail[160];
    enum bg_err r;

    if ((r = bg_sha256_hex(bytes, n, hash)) != BG_OK)
        return r;
    (void)snprintf(count, sizeof count, "%zu", n);
    (void)bg_msg_raw(text, sizeof text, BG_M_JOURNAL_REPAIRED, BG_ARGS(count, where));
    (void)snprintf(detail, sizeof detail, "%zu bytes, sha256 %s", n, hash);
    e.type = BG_EV_JOURNAL_REPAIRED;
    e.success = true;
    e.message = text;
    e.detail = detail;
    return bg_event_render(&e, out);
}

static enum bg_err oldest(struct bg_takeover *t)
{
    struct bg_segments list;
    enum bg_err r;

    t->number = 0;
    if ((r = bg_segdir_list(t->dir, &list)) != BG_OK)
        return r;
    if (list.count == 0)
        return BG_E_NOENT; /* number is NULL then */
    t->number = list.number[0];
    free(list.number);
    return BG_OK;
}

/* One that is too large to load, or not a file of root's alone, does not keep the others here: it is set
 * aside, and that is told. */
static enum bg_err load_oldest(struct bg_takeover *t)
{
    enum bg_err r;

    if ((r = oldest(t)) != BG_OK)
        return r;
    r = bg_segment_read(t->dir, t->number, 0, -1, &t->buf, &t->len);
    if (r != BG_E_RANGE && r != BG_E_UNSAFE)
        return r;
    if ((r = bg_segment_set_aside(t->dir, t->number, t->aside)) != BG_OK)
        return r;
    if ((r = oldest(t)) == BG_OK)
        r = bg_segment_read(t->dir, t->number, 0, -1, &t->buf, &t->len);
    return r == BG_E_NOENT ? BG_OK : r;
}

/* Only while it is read: whoever the journal's disk keeps waiting must be able to write here meanwhile. A
 * second take-over is kept out by the lock of the journal. */
static enum bg_err load_locked(struct bg_takeover *t)
{
    int lock;
    enum bg_err r = bg_lock(t->dir, BG_SEGDIR_LOCK, bg_deadline(0), &lock);

    if (r != BG_OK)
        return r;
    r = load_oldest(t);
    bg_close(lock);
    return r;
}

enum bg_err bg_takeover_begin(const char *path, struct bg_takeover *t)
{
    enum bg_err r;

    memset(t, 0, sizeof *t);
    if ((r = bg_segdir_open(path, false, &t->dir)) != BG_OK)
        return r;
    if ((r = load_locked(t)) != BG_OK)
        bg_takeover_end(t, false);
    return r;
}

static bool unchanged(const struct bg_takeover *t)
{
    char *now;
    size_t len;
    bool same;

    if (bg_segment_read(t->dir, t->number, 0, -1, &now, &len) != BG_OK)
        return false;
    same = len == t->len && memcmp(now, t->buf, len) == 0;
    free(now);
    return same;
}

/* Never a line that came meanwhile. What stays is known by its ids to the next one. */
static void remove_taken(const struct bg_takeover *t)
{
    char name[BG_SEGMENT_NAME];
    int lock;

    if (t->number == 0 || t->buf == NULL || bg_lock(t->dir, BG_SEGDIR_LOCK, bg_deadline(0), &lock) != BG_OK)
        return;
    bg_segment_name(name, t->number);
    if (unchanged(t))
        (void)unlinkat(t->dir, name, 0);
    bg_close(lock);
}

void bg_takeover_end(struct bg_takeover *t, bool remove)
{
    if (remove)
        remove_taken(t);
    free(t->buf);
    (void)close(t->dir);
}

/* The newest two segments of the journal: where a line that was taken over already must be. */
struct recent {
    struct piece {
        char *text;
        size_t len;
    } piece[2];
};

static void drop_recent(struct recent *r)
{
    free(r->piece[0].text);
    free(r->piece[1].text);
}

static enum bg_err load_recent(int journal, struct recent *out)
{
    struct bg_segments list;
    enum bg_err r;

    memset(out, 0, sizeof *out);
    if ((r = bg_segdir_list(journal, &list)) != BG_OK)
        return r;
    for (size_t i = 0; i < 2 && i < list.count && r == BG_OK; i++)
        r = bg_segment_read(journal, list.number[list.count - 1 - i], 0, -1, &out->piece[i].text,
                            &out->piece[i].len);
    free(list.number);
    if (r != BG_OK)
        drop_recent(out);
    return r;
}

/* A kill between the journal's fsync and the removal of the segment must not write an event twice. Inside a
 * string the quotes would be escaped, so these bytes can only be the member itself. */
static bool known(const struct recent *r, const char *id)
{
    char member[64];
    int len = snprintf(member, sizeof member, "\"id\":\"%s\"", id);

    for (size_t i = 0; i < 2 && len > 0 && (size_t)len < sizeof member; i++)
        if (r->piece[i].len > 0 && memmem(r->piece[i].text, r->piece[i].len, member, (size_t)len) != NULL)
            return true;
    return false;
}

static enum bg_err take_line(const char *line, size_t n, const struct recent *recent, bg_takeover_fn add,
                             void *arg)
{
    struct bg_chain at;
    json_t *ev;
    enum bg_err r = bg_chain_parse(line, n, &ev, &at);

    if (r != BG_OK && (r = bg_repaired_event("the fall-back journal", line, n, &ev)) != BG_OK)
        return r;
    if (!bg_event_is(ev, BG_EV_JOURNAL_GENESIS) && !known(recent, bg_json_str(ev, "id")))
        r = add(arg, ev);
    json_decref(ev);
    return r;
}

static enum bg_err tell_aside(const struct bg_takeover *t, bg_takeover_fn add, void *arg)
{
    struct bg_finding f = {.message = BG_M_JOURNAL_ASIDE, .arg = {"A segment of the fall-back", t->aside}};
    json_t *ev;
    enum bg_err r;

    if (t->aside[0] == '\0')
        return BG_OK;
    if ((r = bg_finding_event(BG_EV_JOURNAL_SETASIDE, &f, t->aside, &ev)) != BG_OK)
        return r;
    r = add(arg, ev);
    json_decref(ev);
    return r;
}

enum bg_err bg_takeover_each(const struct bg_takeover *t, int journal, bg_takeover_fn add, void *arg)
{
    const char *p = t->buf, *end = t->buf + t->len;
    struct recent recent;
    enum bg_err r;

    if ((r = tell_aside(t, add, arg)) != BG_OK || (r = load_recent(journal, &recent)) != BG_OK)
        return r;
    while (p < end && r == BG_OK) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl == NULL ? end : nl) - p);
        r = take_line(p, len, &recent, add, arg);
        p += len + 1;
    }
    drop_recent(&recent);
    return r;
}
