/* SPDX-License-Identifier: ISC */
#include "alert/queue.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/event.h"
#include "record/segment.h"

#define NUDGE_MS   500 /* the first pause of what is refused alone; it doubles */
#define DOUBLE_MAX 9
#define DIGITS     20    /* of a sequence number */
#define NEW_MS     60000 /* so long somebody may be waiting for an event of a use at the prompt */

void queue_init(struct queue *q, const struct bg_sink *conf, struct bg_cursor *cursor,
                const struct queue_dirs *dirs)
{
    memset(q, 0, sizeof *q);
    q->conf = conf;
    q->kept = -1;
    q->cursor = cursor;
    for (int i = 0; i < QUEUE_FEEDS; i++)
        q->feed[i].dir = dirs->dir[i];
    durable_init(&q->durable, dirs->dir[0], dirs->dir[1]);
    for (int rank = 0; rank < RANKS; rank++)
        TAILQ_INIT(&q->fresh[rank]);
    TAILQ_INIT(&q->waiting);
    TAILQ_INIT(&q->flying);
}

/* One look at one feed. */
struct look {
    struct queue *q;
    uint8_t feed;
    bool rewound; /* the newest line done was replaced: look again from the beginning */
    bool held;    /* a line is not on the disk yet: no further for now */
    bool full;    /* of the second look: there is no room for more */
};

static void rewind_chain(struct look *k, struct bg_cursor_chain *h, uint64_t to)
{
    bg_cursor_rewind(h, to > QUEUE_REWIND ? to - QUEUE_REWIND : 0);
    k->q->dirty = true;
    k->rewound = true;
}

static uint8_t rank_of(const json_t *ev)
{
    const char *type = bg_json_str(ev, "type");

    if (bg_event_by_anybody(type))
        return RANK_COMMON;
    return bg_event_of_use(type) && bg_event_age(ev) < NEW_MS ? RANK_USE : RANK_URGENT;
}

static void add(struct look *k, const struct bg_position *at, const json_t *ev, const char *hash,
                const struct bg_rawline *l)
{
    const char *id = bg_json_str(ev, "id");
    struct item *it = calloc(1, sizeof *it);

    if (it == NULL)
        return; /* the next start finds it */
    it->at = *at;
    if (bg_ulid_valid(id))
        memcpy(it->id, id, sizeof it->id);
    memcpy(it->hash, hash, sizeof it->hash);
    it->pos = (struct bg_linepos){l->number, l->at};
    it->len = (uint32_t)l->len;
    it->feed = k->feed;
    it->rank = rank_of(ev);
    it->found = k->q->flights;
    TAILQ_INSERT_TAIL(&k->q->fresh[it->rank], it, link);
    k->q->length++;
    k->q->n_common += it->rank == RANK_COMMON;
}

/* The same bytes; another line with the same number is another event. */
static bool flies(const struct queue *q, const char *hash)
{
    const struct item *it;

    TAILQ_FOREACH(it, &q->flying, link)
    if (strcmp(it->hash, hash) == 0)
        return true;
    return false;
}

/* Is there no room for a common line, or was there none for one before it? The second look comes for it. */
static bool postponed(struct look *k, const struct bg_rawline *l)
{
    struct feed *p = &k->q->feed[k->feed];

    if (!p->behind && k->q->n_common < QUEUE_COMMON_MAX)
        return false;
    if (!p->behind)
        p->common = (struct bg_linepos){l->number, l->at};
    p->behind = true;
    return true;
}

/* Queue it, or mark it when the sink does not want it. */
static void want(struct look *k, const json_t *ev, const struct bg_position *at, const struct bg_rawline *l,
                 const char *hash)
{
    if (!bg_sink_wants(k->q->conf, bg_json_str(ev, "type"))) {
        bg_cursor_mark(bg_cursor_chain(k->q->cursor, at->journalid, true), at->sequence, hash);
        k->q->dirty = true;
    } else if (!flies(k->q, hash)) {
        add(k, at, ev, hash, l);
    }
}

static void take_event(struct look *k, const json_t *ev, const struct bg_position *at,
                       const struct bg_rawline *l, const char *hash)
{
    struct bg_cursor_chain *h = bg_cursor_chain(k->q->cursor, at->journalid, true);

    if (at->sequence == h->last && strcmp(hash, h->last_hash) != 0)
        rewind_chain(k, h, at->sequence);
    else if (!bg_cursor_done(h, at->sequence) &&
             !(bg_event_by_anybody(bg_json_str(ev, "type")) && postponed(k, l)))
        want(k, ev, at, l, hash);
}

/* The newest event of a feed, told to the cursor. */
static bool seen(const struct feed *p, bool (*tell)(struct bg_cursor *, const struct bg_cursor_line *),
                 struct bg_cursor *c)
{
    struct bg_cursor_line l = {.sequence = p->last_at.sequence};

    if (l.sequence == 0)
        return false;
    memcpy(l.journalid, p->last_at.journalid, sizeof l.journalid);
    memcpy(l.hash, p->last_at_hash, sizeof l.hash);
    return tell(c, &l);
}

/*
 * What is in /run is as durable as it can be; the journal's line has to be on the disk. In a flood the next
 * line that its writer syncs says so of those before it, so strangers cause no syncs of our own.
 */
static bool held(struct look *k, const struct bg_rawline *l, const json_t *ev, const struct bg_position *at)
{
    const char *type = bg_json_str(ev, "type");

    k->held = k->feed == 0 &&
              !durable_line(&k->q->durable, l, at, bg_event_promises(type) || bg_event_by_anybody(type));
    return k->held;
}

/* Where a line says that it stands, without parsing it; what a person typed has its quotes escaped. */
static bool position_of(const struct bg_rawline *l, struct bg_position *at)
{
    static const char id[] = "\"journalid\":\"", number[] = "\",\"sequence\":\"";
    const char *p = memmem(l->text, l->len, id, sizeof id - 1), *end = l->text + l->len;
    char digits[DIGITS + 1];

    if (p == NULL || end - p < (ptrdiff_t)(sizeof id - 1 + BG_JOURNALID_LEN + sizeof number - 1 + DIGITS))
        return false;
    memcpy(at->journalid, p + sizeof id - 1, BG_JOURNALID_LEN);
    at->journalid[BG_JOURNALID_LEN] = '\0';
    p += sizeof id - 1 + BG_JOURNALID_LEN;
    if (memcmp(p, number, sizeof number - 1) != 0)
        return false;
    memcpy(digits, p + sizeof number - 1, DIGITS);
    digits[DIGITS] = '\0';
    at->sequence = strspn(digits, "0123456789") == DIGITS ? strtoull(digits, NULL, 10) : 0;
    return at->sequence > 0;
}

static const struct bg_cursor_chain *known_chain(const struct bg_cursor *c, const char *journalid)
{
    for (unsigned i = 0; i < c->chains; i++)
        if (strcmp(c->chain[i].journalid, journalid) == 0)
            return &c->chain[i];
    return NULL;
}

/* A line below the floor, and none of those by which it is seen that lines were replaced: nothing is to be
 * done, so a long journal costs a process that has just begun next to nothing. */
static bool skim(struct look *k, const struct bg_rawline *l)
{
    struct feed *p = &k->q->feed[k->feed];
    const struct bg_cursor_chain *h;
    struct bg_position at;

    if (!position_of(l, &at) || (h = known_chain(k->q->cursor, at.journalid)) == NULL)
        return false;
    if (at.sequence > h->floor || at.sequence == h->last || at.sequence == k->q->cursor->journal.sequence)
        return false;
    p->last = (struct bg_linepos){l->number, l->at};
    p->last_len = l->len;
    p->last_at = at;
    p->skimmed = true;
    return true;
}

/* The walk has ended with a line that was passed over. */
static enum bg_err hash_last(struct feed *p)
{
    char *line;
    enum bg_err r = bg_line_read(p->dir, &p->last, p->last_len, &line);

    if (r != BG_OK)
        return r;
    r = bg_sha256_hex(line, p->last_len, p->last_hash);
    memcpy(p->last_at_hash, p->last_hash, sizeof p->last_at_hash);
    p->skimmed = false;
    free(line);
    return r;
}

static bool on_line(void *arg, const struct bg_rawline *l)
{
    struct look *k = arg;
    struct feed *p = &k->q->feed[k->feed];
    char hash[BG_HASH_HEX + 1];
    struct bg_chain at;
    enum bg_err parsed;
    json_t *ev;

    if (skim(k, l))
        return true;
    if (bg_sha256_hex(l->text, l->len, hash) != BG_OK)
        return false;
    parsed = bg_chain_parse(l->text, l->len, &ev, &at);
    if (parsed == BG_OK && held(k, l, ev, &at.last)) {
        json_decref(ev);
        return false;
    }
    p->last = (struct bg_linepos){l->number, l->at};
    p->last_len = l->len;
    p->skimmed = false;
    memcpy(p->last_hash, hash, sizeof hash);
    if (parsed != BG_OK)
        return true; /* no event: "journal verify" says so */
    p->last_at = at.last;
    memcpy(p->last_at_hash, hash, sizeof hash);
    if (k->feed == 0 && seen(p, bg_cursor_saw, k->q->cursor))
        k->q->dirty = true;
    if (at.last.sequence > 0)
        take_event(k, ev, &at.last, l, hash);
    json_decref(ev);
    return !k->rewound;
}

/* The second look: the common ones that there was no room for, up to where the first one stands. */
static bool on_postponed(void *arg, const struct bg_rawline *l)
{
    struct look *k = arg;
    const struct bg_linepos *end = &k->q->feed[k->feed].pos;
    char hash[BG_HASH_HEX + 1];
    struct bg_cursor_chain *h;
    struct bg_chain at;
    json_t *ev;

    if (l->number > end->number || (l->number == end->number && l->at >= end->at))
        return false;
    if ((k->full = k->q->n_common >= QUEUE_COMMON_MAX))
        return false;
    if (bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    h = bg_cursor_chain(k->q->cursor, at.last.journalid, true);
    if (at.last.sequence > 0 && bg_event_by_anybody(bg_json_str(ev, "type")) &&
        !bg_cursor_done(h, at.last.sequence) && bg_sha256_hex(l->text, l->len, hash) == BG_OK)
        want(k, ev, &at.last, l, hash);
    json_decref(ev);
    return true;
}

/* A write that failed is taken back (record/append.h): the newest line that was seen may be gone, and another
 * one stand there with the same number. */
static bool last_stands(const struct feed *p)
{
    char hash[BG_HASH_HEX + 1], *line = NULL;
    bool same;

    if (p->last_len == 0)
        return true;
    if (bg_line_read(p->dir, &p->last, p->last_len, &line) != BG_OK)
        return false;
    same = bg_sha256_hex(line, p->last_len, hash) == BG_OK && strcmp(hash, p->last_hash) == 0;
    free(line);
    return same;
}

static void forget_one(struct queue *q, struct items *list, struct item *it)
{
    TAILQ_REMOVE(list, it, link);
    q->length--;
    q->n_common -= it->rank == RANK_COMMON;
    free(it);
}

static void forget(struct queue *q, struct items *list, uint8_t feed)
{
    struct item *it, *next;

    for (it = TAILQ_FIRST(list); it != NULL; it = next) {
        next = TAILQ_NEXT(it, link);
        if (it->feed == feed)
            forget_one(q, list, it);
    }
}

/* Everything of this feed is to be found anew. What is under way stays. */
static void start_over(struct queue *q, uint8_t feed)
{
    struct feed *p = &q->feed[feed];

    if (feed == 0)
        durable_forget(&q->durable);
    if (p->pos.number == 0 && p->pos.at == 0 && p->last_len == 0)
        return; /* nothing was found there, and looking through a long queue for it takes time */
    for (int rank = 0; rank < RANKS; rank++)
        forget(q, &q->fresh[rank], feed);
    forget(q, &q->waiting, feed);
    p->behind = false;
    p->pos = (struct bg_linepos){0, 0};
    p->last_len = 0;
    p->skimmed = false;
    memset(&p->last_at, 0, sizeof p->last_at);
}

/* What is done above the newest line, and a little before it, refers to lines that are no longer there. */
static void distrust(struct look *k, const struct feed *p)
{
    struct bg_cursor_chain *h = bg_cursor_chain(k->q->cursor, p->last_at.journalid, false);

    if (h != NULL)
        rewind_chain(k, h, p->last_at.sequence);
}

/* The cursor knows more lines than there are: a failed write or a person has cut the end of the journal. */
static bool is_cut(const struct look *k, const struct feed *p)
{
    const struct bg_cursor_chain *h = bg_cursor_chain(k->q->cursor, p->last_at.journalid, false);

    return p->last_len > 0 && h != NULL && h->last > p->last_at.sequence;
}

static void scan_feed(struct queue *q, uint8_t i)
{
    struct feed *p = &q->feed[i];
    struct look k = {.q = q, .feed = i};

    if (i == 0)
        durable_begin(&q->durable);
    for (int tries = 0; tries < 3; tries++) {
        enum bg_err r;
        if (!last_stands(p)) {
            distrust(&k, p);
            start_over(q, i);
        }
        k.rewound = k.held = false;
        r = bg_lines_after(p->dir, &p->pos, on_line, &k);
        if (r == BG_OK && p->skimmed)
            r = hash_last(p);
        if (r == BG_OK && i == 0 && !k.rewound && !k.held && seen(p, bg_cursor_ends, q->cursor))
            q->dirty = true;
        if (r == BG_OK && !k.rewound && !k.held && is_cut(&k, p))
            distrust(&k, p);
        if (r == BG_OK && !k.rewound)
            return;
        if (r == BG_E_NOENT || r == BG_E_MISMATCH || k.rewound)
            start_over(q, i);
        if (r == BG_E_NOENT)
            return;
    }
}

static void catch_up(struct queue *q, uint8_t i)
{
    struct feed *p = &q->feed[i];
    struct look k = {.q = q, .feed = i};
    enum bg_err r = bg_lines_after(p->dir, &p->common, on_postponed, &k);

    if (r == BG_OK)
        p->behind = k.full;
    else if (r == BG_E_NOENT || r == BG_E_MISMATCH)
        start_over(q, i);
}

/* Marks that the cursor had no room for: what they stood for is delivered again. */
static bool forgot(const struct bg_cursor *c)
{
    bool any = false;

    for (unsigned i = 0; i < c->chains; i++)
        any = any || c->chain[i].forgot;
    return any;
}

void queue_scan(struct queue *q)
{
    bool again = q->length == 0 && forgot(q->cursor);

    for (unsigned i = 0; again && i < q->cursor->chains; i++)
        q->cursor->chain[i].forgot = false;
    for (uint8_t i = 0; i < QUEUE_FEEDS; i++) {
        if (again)
            start_over(q, i);
        scan_feed(q, i);
        if (q->feed[i].behind && q->n_common <= QUEUE_COMMON_MAX / 2)
            catch_up(q, i);
    }
}

void queue_again(struct queue *q)
{
    for (uint8_t i = 0; i < QUEUE_FEEDS; i++)
        start_over(q, i);
}

/* Those bytes of a file; BG_E_MISMATCH when they are not that line (len bytes) and its newline. */
static enum bg_err read_at(int fd, const struct item *it, char **line)
{
    char hash[BG_HASH_HEX + 1], *text = NULL;
    size_t got = 0;
    enum bg_err r = bg_segment_load(fd, it->pos.at, it->pos.at + (off_t)it->len + 1, &text, &got);

    if (r != BG_OK)
        return r;
    if (got != it->len + 1 || text[it->len] != '\n')
        r = BG_E_MISMATCH;
    else if ((r = bg_sha256_hex(text, it->len, hash)) == BG_OK && strcmp(hash, it->hash) != 0)
        r = BG_E_MISMATCH;
    if (r == BG_OK)
        text[it->len] = '\0';
    if (r == BG_OK)
        *line = text;
    else
        free(text);
    return r;
}

/* The segment that was read last, if it still has a name: a long queue is most often read from one. */
static bool still_open(const struct queue *q, const struct item *it)
{
    struct stat st;

    return it->feed == 0 && q->kept >= 0 && q->kept_number == it->pos.number && fstat(q->kept, &st) == 0 &&
           st.st_nlink > 0;
}

static enum bg_err open_kept(struct queue *q, const struct item *it)
{
    off_t size;
    int dir;
    enum bg_err r;

    bg_close(q->kept);
    q->kept = -1;
    if ((r = bg_segdir_open(q->feed[it->feed].dir, false, &dir)) != BG_OK)
        return r;
    r = bg_segment_open(dir, it->pos.number, O_RDONLY, &q->kept, &size);
    bg_close(dir);
    q->kept_number = it->feed == 0 ? it->pos.number : 0;
    return r == BG_E_NOENT ? BG_E_MISMATCH : r;
}

enum bg_err queue_read(struct queue *q, const struct item *it, char **line)
{
    enum bg_err r = BG_E_MISMATCH;

    if (still_open(q, it) && (r = read_at(q->kept, it, line)) == BG_OK)
        return BG_OK;
    if ((r = open_kept(q, it)) == BG_OK)
        r = read_at(q->kept, it, line);
    return r;
}

void queue_fly(struct queue *q, struct item *it, struct items *from)
{
    TAILQ_REMOVE(from, it, link);
    TAILQ_INSERT_TAIL(&q->flying, it, link);
    it->flown = bg_now_ms();
    it->flight = ++q->flights;
    q->n_flying++;
    q->n_common_flying += it->rank == RANK_COMMON;
}

static void land(struct queue *q, struct item *it)
{
    TAILQ_REMOVE(&q->flying, it, link);
    q->n_flying--;
    q->n_common_flying -= it->rank == RANK_COMMON;
}

void queue_wait(struct queue *q, struct item *it, int64_t due)
{
    land(q, it);
    it->due = due;
    it->again = false;
    TAILQ_INSERT_TAIL(&q->waiting, it, link);
}

void queue_drop(struct queue *q, struct item *it)
{
    land(q, it);
    q->length--;
    q->n_common -= it->rank == RANK_COMMON;
    free(it);
}

void queue_put_off(struct queue *q, const struct item *failed)
{
    struct item *it, *next;

    TAILQ_CONCAT(&q->waiting, &q->fresh[RANK_URGENT], link);
    for (it = TAILQ_FIRST(&q->fresh[RANK_USE]); it != NULL; it = next) {
        next = TAILQ_NEXT(it, link);
        if (it->found >= failed->flight)
            continue;
        TAILQ_REMOVE(&q->fresh[RANK_USE], it, link);
        TAILQ_INSERT_TAIL(&q->waiting, it, link);
    }
}

static int64_t own_pause(const struct item *it)
{
    return (int64_t)NUDGE_MS << ((it->tries < DOUBLE_MAX ? it->tries : DOUBLE_MAX) - 1);
}

void queue_nudge(struct queue *q)
{
    struct item *it;

    TAILQ_FOREACH(it, &q->waiting, link)
    {
        int64_t from = it->tries == 0 ? 0 : it->flown + own_pause(it);
        it->due = from < it->due ? from : it->due;
    }
}

void queue_retry(struct queue *q)
{
    struct item *it;

    TAILQ_FOREACH(it, &q->waiting, link)
    it->due = 0;
}

static bool is_at(const struct item *it, const struct bg_position *at)
{
    return it->at.sequence == at->sequence && strcmp(it->at.journalid, at->journalid) == 0;
}

void queue_ask_again(struct queue *q, const struct bg_position *at)
{
    struct item *it;

    TAILQ_FOREACH(it, &q->flying, link)
    it->again = it->again || is_at(it, at);
}

void queue_forget(struct queue *q, const struct bg_position *at)
{
    struct items *const lists[] = {&q->fresh[RANK_COMMON], &q->fresh[RANK_URGENT], &q->fresh[RANK_USE],
                                   &q->waiting};
    struct item *it, *next;

    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (it = TAILQ_FIRST(lists[i]); it != NULL; it = next) {
            next = TAILQ_NEXT(it, link);
            if (is_at(it, at))
                forget_one(q, lists[i], it);
        }
}

struct item *queue_fresh(const struct queue *q, enum rank rank)
{
    return rank == RANK_COMMON ? TAILQ_FIRST(&q->fresh[rank]) : TAILQ_LAST(&q->fresh[rank], items);
}

struct item *queue_first_due(const struct queue *q, enum rank rank, int64_t *due)
{
    struct item *it, *first = NULL;

    *due = INT64_MAX;
    TAILQ_FOREACH(it, &q->waiting, link)
    if (it->rank == rank && it->due < *due) {
        first = it;
        *due = it->due;
    }
    return first;
}
