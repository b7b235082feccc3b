#include "alert/queue.h"

#include <stdlib.h>
#include <string.h>
#include "record/event.h"

void queue_init(struct queue *q, const struct bg_sink *conf, struct bg_cursor *cursor,
                const struct queue_dirs *dirs)
{
    memset(q, 0, sizeof *q);
    q->conf = conf;
    q->cursor = cursor;
    for (int i = 0; i < QUEUE_FEEDS; i++)
        q->feed[i].dir = dirs->dir[i];
    TAILQ_INIT(&q->fresh);
    TAILQ_INIT(&q->waiting);
    TAILQ_INIT(&q->flying);
}

/* One look at one feed. */
struct look {
    struct queue *q;
    uint8_t feed;
    bool rewound; /* the newest line done was replaced: look again from the beginning */
};

static void rewind_chain(struct look *k, struct bg_cursor_chain *h, uint64_t to)
{
    bg_cursor_rewind(h, to > QUEUE_REWIND ? to - QUEUE_REWIND : 0);
    k->q->dirty = true;
    k->rewound = true;
}

static void add(struct look *k, const struct bg_position *at, const char *id, const char *hash,
                const struct bg_rawline *l)
{
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
    TAILQ_INSERT_TAIL(&k->q->fresh, it, link);
    k->q->length++;
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

static void take_event(struct look *k, const json_t *ev, const struct bg_position *at,
                       const struct bg_rawline *l, const char *hash)
{
    struct bg_cursor_chain *h = bg_cursor_chain(k->q->cursor, at->journalid, true);

    if (at->sequence == h->last && strcmp(hash, h->last_hash) != 0) {
        rewind_chain(k, h, at->sequence);
    } else if (!bg_cursor_done(h, at->sequence)) {
        if (bg_sink_wants(k->q->conf, bg_json_str(ev, "type"))) {
            if (!flies(k->q, hash))
                add(k, at, bg_json_str(ev, "id"), hash, l);
            return;
        }
        bg_cursor_mark(h, at->sequence, hash);
        k->q->dirty = true;
    }
}

static bool on_line(void *arg, const struct bg_rawline *l)
{
    struct look *k = arg;
    struct feed *p = &k->q->feed[k->feed];
    char hash[BG_HASH_HEX + 1];
    struct bg_chain at;
    json_t *ev;

    if (bg_sha256_hex(l->text, l->len, hash) != BG_OK)
        return false;
    p->last = (struct bg_linepos){l->number, l->at};
    p->last_len = l->len;
    memcpy(p->last_hash, hash, sizeof hash);
    if (bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true; /* no event: "journal verify" says so */
    p->last_at = at.last;
    if (at.last.sequence > 0)
        take_event(k, ev, &at.last, l, hash);
    json_decref(ev);
    return !k->rewound;
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

static void forget(struct queue *q, struct items *list, uint8_t feed)
{
    struct item *it, *next;

    for (it = TAILQ_FIRST(list); it != NULL; it = next) {
        next = TAILQ_NEXT(it, link);
        if (it->feed == feed) {
            TAILQ_REMOVE(list, it, link);
            q->length--;
            free(it);
        }
    }
}

/* Everything of this feed is to be found anew. What is under way stays. */
static void start_over(struct queue *q, uint8_t feed)
{
    struct feed *p = &q->feed[feed];

    forget(q, &q->fresh, feed);
    forget(q, &q->waiting, feed);
    p->pos = (struct bg_linepos){0, 0};
    p->last_len = 0;
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

    for (int tries = 0; tries < 3; tries++) {
        enum bg_err r;
        if (!last_stands(p)) {
            distrust(&k, p);
            start_over(q, i);
        }
        k.rewound = false;
        r = bg_lines_after(p->dir, &p->pos, on_line, &k);
        if (r == BG_OK && !k.rewound && is_cut(&k, p))
            distrust(&k, p);
        if (r == BG_OK && !k.rewound)
            return;
        if (r == BG_E_NOENT || r == BG_E_MISMATCH || k.rewound)
            start_over(q, i);
        if (r == BG_E_NOENT)
            return;
    }
}

void queue_scan(struct queue *q)
{
    for (uint8_t i = 0; i < QUEUE_FEEDS; i++)
        scan_feed(q, i);
}

enum bg_err queue_read(const struct queue *q, const struct item *it, char **line)
{
    char hash[BG_HASH_HEX + 1], *text;
    enum bg_err r = bg_line_read(q->feed[it->feed].dir, &it->pos, it->len, &text);

    if (r != BG_OK)
        return r;
    if ((r = bg_sha256_hex(text, it->len, hash)) == BG_OK && strcmp(hash, it->hash) != 0)
        r = BG_E_MISMATCH;
    if (r == BG_OK)
        *line = text;
    else
        free(text);
    return r;
}

void queue_fly(struct queue *q, struct item *it, struct items *from)
{
    TAILQ_REMOVE(from, it, link);
    TAILQ_INSERT_TAIL(&q->flying, it, link);
    q->n_flying++;
}

void queue_wait(struct queue *q, struct item *it, int64_t due)
{
    TAILQ_REMOVE(&q->flying, it, link);
    q->n_flying--;
    it->due = due;
    TAILQ_INSERT_TAIL(&q->waiting, it, link);
}

void queue_drop(struct queue *q, struct item *it)
{
    TAILQ_REMOVE(&q->flying, it, link);
    q->n_flying--;
    q->length--;
    free(it);
}

void queue_put_off(struct queue *q)
{
    TAILQ_CONCAT(&q->waiting, &q->fresh, link);
}

void queue_nudge(struct queue *q)
{
    struct item *it;

    TAILQ_FOREACH(it, &q->waiting, link)
    if (!it->nudged) {
        it->due = 0;
        it->nudged = true;
    }
}

struct item *queue_fresh(const struct queue *q)
{
    return TAILQ_LAST(&q->fresh, items);
}

struct item *queue_first_due(const struct queue *q, int64_t *due)
{
    struct item *it, *first = NULL;

    *due = INT64_MAX;
    TAILQ_FOREACH(it, &q->waiting, link)
    if (it->due < *due) {
        first = it;
        *due = it->due;
    }
    return first;
}
