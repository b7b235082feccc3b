/* SPDX-License-Identifier: ISC */
#include "alert/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "alert/alert.h"
#include "alert/text.h"
#include "base/bits.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "delivery/code.h"
#include "delivery/drops.h"
#include "alert/text.h"
#include "delivery/messages.h"
#include "record/backward.h"
#include "record/chain.h"

#define STEP_MS 1000 /* by which the clock must jump to have been set */
#define SIGN_MS 20   /* between two signs of life while another has the lock */
/* While so many events wait, what is done after each is done for those of some time together. */
#define MANY      16
#define SOME_MS   20
#define RECENT_MS INT64_C(3600000) /* a new sink for people is told of so much that was before it */
#define SAID_MS   1000 /* what lasts no longer than this is not worth saving for who asks for the status */

const struct worker_dirs worker_dirs = {.journal = {{BG_JOURNAL_DIR, BG_FALLBACK_DIR}},
                                        .cursors = {.run = BG_CURSORS_RUN, .state = BG_CURSORS_STATE}};

struct worker {
    const struct job *job;
    struct sink sink;
    struct bg_cursor cursor;
    struct queue queue;
    atomic_llong *tick;
    int watch; /* inotify */
    bool watched[QUEUE_FEEDS];
    unsigned failures;   /* of the endpoint, in a row */
    int64_t hold;        /* retries wait until then (endpoint does not answer) */
    int64_t patience[2]; /* none is sent until then (Retry-After); [false]: of the common ones */
    struct bucket bucket;
    int64_t offset;      /* of the wall clock from bg_now_ms()'s */
    int64_t alive;       /* when it acknowledged last, on bg_now_ms()'s clock */
    int64_t failed;      /* and when a failure of it was counted */
    int64_t saved;       /* when the cursor was */
    int64_t asked;       /* when it was looked for wishes of root's */
    int64_t looked;      /* when the journal was looked at, */
    bool stirred;        /* and whether something has happened there since */
    bool call_root;      /* it has begun to refuse events, which only root can put on record */
    bool save_failed;    /* reported already */
    char told[SINK_WHY]; /* the newest failure that was reported */
};

static const char *name_of(const struct worker *w)
{
    return w->job->conf->name;
}

static uint32_t any(void)
{
    uint32_t v = 0;

    return bg_random(&v, sizeof v) == BG_OK ? v : 500;
}

/* Held until the process ends. The supervisor is told meanwhile that nothing hangs. */
static enum bg_err lock(const struct worker *w)
{
    char path[256];
    enum bg_err r;
    int held;

    (void)snprintf(path, sizeof path, "%s/%s.lock", w->job->dirs->cursors.run, name_of(w));
    while ((r = bg_lock(AT_FDCWD, path, bg_deadline(SIGN_MS), &held)) == BG_E_BUSY &&
           (w->job->resident || bg_left_ms(w->job->deadline) > 0))
        atomic_store(w->tick, bg_now_ms());
    return r;
}

static void save(struct worker *w)
{
    enum bg_err r;

    if (!w->queue.dirty)
        return;
    if ((r = bg_cursor_save(&w->job->dirs->cursors, name_of(w), &w->cursor)) == BG_OK)
        w->queue.dirty = false;
    else if (!w->save_failed)
        alert_say(BG_M_ALERT_CURSOR, BG_ARGS(name_of(w), bg_strerror(r)));
    w->save_failed = r != BG_OK;
    w->saved = bg_now_ms();
}

/* At once, unless many wait: what is not noted when we are killed is sent again. */
static void save_soon(struct worker *w)
{
    if (w->queue.length < MANY || w->call_root || bg_now_ms() - w->saved >= SOME_MS)
        save(w);
}

/* What the sink asked a process before this one for. A wait of days comes from a clock that was wrong. */
static int64_t kept_patience(int64_t not_before)
{
    int64_t left = not_before - bg_wall_ms();

    return left > 0 && left <= BACKOFF_MAX_MS ? bg_deadline(left) : 0;
}

/* Back to the newest line that is not recent. */
static bool is_recent(void *arg, const struct bg_rawline *l)
{
    struct bg_position *old = arg;
    struct bg_chain at;
    bool recent;
    json_t *ev;

    if (bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK || at.last.sequence == 0)
        return true;
    recent = bg_event_age(ev) <= RECENT_MS;
    if (!recent)
        *old = at.last;
    json_decref(ev);
    return recent;
}

/* A new sink that wakes people is not told of every old use. Of what has just happened it is: this may be the
 * delivery that the very first use has begun. */
static bool begin_late(const struct worker_dirs *dirs, struct bg_cursor *c)
{
    struct bg_position old = {.sequence = 0};

    if (bg_lines_back(dirs->journal.dir[0], NULL, is_recent, &old) != BG_OK || old.sequence == 0)
        return false;
    bg_cursor_begin(c, &old);
    return true;
}

void worker_introduce(const struct bg_sink *s, const struct worker_dirs *dirs)
{
    static struct bg_cursor c; /* large */

    if (bg_sink_backlog(s) != BG_BACKLOG_NEW ||
        bg_cursor_load(&dirs->cursors, s->name, false, &c) != BG_E_NOENT)
        return;
    (void)begin_late(dirs, &c);
    (void)!bg_cursor_save(&dirs->cursors, s->name, &c);
}

static void load(struct worker *w)
{
    enum bg_err r = bg_cursor_load(&w->job->dirs->cursors, name_of(w), false, &w->cursor);

    if (r != BG_OK && r != BG_E_NOENT)
        alert_say(BG_M_ALERT_CURSOR_BAD, BG_ARGS(name_of(w)));
    w->patience[true] = kept_patience(w->cursor.not_before);
    w->patience[false] = kept_patience(w->cursor.not_before_common);
    bucket_resume(&w->bucket, bg_now_ms(), w->cursor.full - bg_wall_ms());
    w->cursor.sent = 0;
    if (r == BG_E_NOENT && bg_sink_backlog(w->job->conf) == BG_BACKLOG_NEW &&
        begin_late(w->job->dirs, &w->cursor))
        w->queue.dirty = true;
}

static void watch(struct worker *w)
{
    for (int i = 0; i < QUEUE_FEEDS; i++)
        if (!w->watched[i] && w->watch >= 0)
            w->watched[i] =
                inotify_add_watch(w->watch, w->queue.feed[i].dir,
                                  IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF) >= 0;
}

/* Something happened in a directory: take note of it, and of a directory that is gone. */
static void drain(struct worker *w)
{
    char buf[4096] __attribute__((aligned(8)));
    ssize_t n;

    while (w->watch >= 0 && (n = read(w->watch, buf, sizeof buf)) > 0)
        for (char *p = buf; p < buf + n;) {
            const struct inotify_event *e = (const void *)p;
            w->stirred = true;
            if ((e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0)
                memset(w->watched, 0, sizeof w->watched);
            p += sizeof *e + e->len;
        }
    watch(w);
}

/* --- what became of one ----------------------------------------------------------------------- */

/* Put it into the cursor; true when it was not said yet. */
static bool is_news(struct worker *w, const struct sink_result *r)
{
    bool news = strcmp(w->told, r->why) != 0;

    bg_cursor_failed(&w->cursor, r->why);
    w->queue.dirty = true;
    (void)snprintf(w->told, sizeof w->told, "%s", r->why);
    return news;
}

static struct bg_cursor_chain *chain_of(struct worker *w, const struct bg_position *at)
{
    return bg_cursor_chain(&w->cursor, at->journalid, true);
}

static void note_refusals(struct worker *w)
{
    if (bg_cursor_refusals(&w->cursor) == 0)
        w->cursor.refusing = 0;
}

/* With the hash of what was sent: if another line is there by now, the next look sees it. */
static void done(struct worker *w, const struct bg_position *at, const char *hash)
{
    bg_cursor_mark(chain_of(w, at), at->sequence, hash);
    note_refusals(w);
    w->queue.dirty = true;
}

/* What was asked for once more while it was under way may have been there already when it was asked for. */
static void on_acked(struct worker *w, struct item *it, const struct sink_result *r)
{
    (void)r;
    if (!it->again)
        done(w, &it->at, it->hash);
    bg_cursor_acked(&w->cursor);
    w->cursor.not_before = w->cursor.not_before_common = 0;
    if (w->failures > 0 || w->told[0] != '\0')
        alert_say(BG_M_ALERT_AGAIN, BG_ARGS(name_of(w)));
    w->failures = 0;
    w->cursor.failing = 0;
    w->hold = w->patience[true] = w->patience[false] = 0;
    w->alive = bg_now_ms();
    w->told[0] = '\0';
    queue_nudge(&w->queue);
    if (it->again)
        queue_wait(&w->queue, it, 0);
    else
        queue_drop(&w->queue, it);
}

/* Whose fault was it? The endpoint's, unless another one got through while this one was under way. */
static bool endpoint_failed(const struct worker *w, const struct item *it, const struct sink_result *r)
{
    return r->endpoint && it->flown >= w->alive;
}

/* The pause before the next try, in ms. */
static int64_t count_failure(struct worker *w, struct item *it, const struct sink_result *r)
{
    if (endpoint_failed(w, it, r)) {
        int64_t wait;
        if (w->failures == 0 || it->flown > w->failed) /* those that were under way together failed once */
            w->failures++;
        w->failed = bg_now_ms();
        wait = backoff_ms(w->failures, any());
        w->hold = bg_deadline(wait);
        queue_put_off(&w->queue, it);
        return wait;
    }
    if (it->tries < UINT16_MAX)
        it->tries++;
    return r->endpoint && it->tries == 1 ? 0 : backoff_ms(it->tries, any());
}

/* Flooded, the receiver asks for patience: an alarm has one try of its own before it waits as well. */
static void be_patient(struct worker *w, const struct item *it, int64_t ms)
{
    w->patience[false] = bg_deadline(ms);
    w->cursor.not_before_common = bg_wall_ms() + ms;
    if (it->rank == RANK_COMMON)
        return;
    w->patience[true] = w->patience[false];
    w->cursor.not_before = w->cursor.not_before_common;
}

/* Whatever it answers: a sink that answers wrongly for ever is as silent as one that does not answer. */
static void on_retry(struct worker *w, struct item *it, const struct sink_result *r)
{
    int64_t wait = count_failure(w, it, r);

    if (w->cursor.failing == 0 && it->flown >= w->alive)
        w->cursor.failing = bg_wall_ms();
    if (r->wait_ms >= 0) {
        wait = wait > r->wait_ms ? wait : r->wait_ms;
        be_patient(w, it, r->wait_ms);
    }
    if (is_news(w, r))
        alert_say(BG_M_ALERT_FAILED, BG_ARGS(name_of(w), r->why, BG_DIGITS((wait + 999) / 1000)));
    queue_wait(&w->queue, it, bg_deadline(wait));
}

/* It waits, for a success, for what may have changed, and for its own pauses, of a quarter of an hour at the
 * most. The sink answers, so the others do not wait with it. */
static void on_refused(struct worker *w, struct item *it, const struct sink_result *r)
{
    struct bg_cursor_chain *h = chain_of(w, &it->at);
    int64_t wait;

    w->failures = 0;
    w->cursor.failing = 0;
    w->hold = 0;
    if (it->tries < UINT16_MAX)
        it->tries++;
    wait = r->again && it->tries == 1 ? 0 : backoff_ms(it->tries, any());
    if (wait > 0) {
        bg_cursor_refuse(h, it->at.sequence);
        if (w->cursor.refusing == 0) {
            w->cursor.refusing = bg_wall_ms();
            w->call_root = true;
        }
        if (is_news(w, r))
            alert_say(BG_M_ALERT_REFUSED, BG_ARGS(name_of(w), r->why));
    }
    queue_wait(&w->queue, it, bg_deadline(wait));
}

static void settle(struct worker *w, const struct sink_result *r)
{
    static void (*const on[])(struct worker *, struct item *, const struct sink_result *) = {
        [SINK_ACKED] = on_acked, [SINK_RETRY] = on_retry, [SINK_REFUSED] = on_refused};
    struct item *it = r->item;
    bool dropped = bg_cursor_done(chain_of(w, &it->at), it->at.sequence); /* while it was under way */

    if (dropped && r->verdict != SINK_ACKED)
        queue_drop(&w->queue, it);
    else
        on[r->verdict](w, it, r);
}

/* "breakglass due" reads it there. */
static void note_certificate(struct worker *w)
{
    if (w->sink.cert_ends == 0 || w->sink.cert_ends == w->cursor.certificate)
        return;
    w->cursor.certificate = w->sink.cert_ends;
    w->queue.dirty = true;
}

/* --- what is next ----------------------------------------------------------------------------- */

static void spend(struct worker *w)
{
    if (w->bucket.step == 0)
        return;
    bucket_spend(&w->bucket, bg_now_ms());
    w->cursor.full = bg_wall_ms() + w->bucket.full - bg_now_ms();
}

/* Hand one to the sink. A line that was moved into the journal is found there, even if all of /run is gone.
 */
static void launch(struct worker *w, struct item *it, struct items *from)
{
    char *line;
    struct sink_result refused = {.item = it, .verdict = SINK_RETRY, .wait_ms = -1};
    enum bg_err r = queue_read(&w->queue, it, &line);

    queue_fly(&w->queue, it, from);
    if (r == BG_E_MISMATCH || (r == BG_E_NOENT && it->feed > 0)) {
        queue_drop(&w->queue, it);
        return;
    }
    if (r == BG_OK && it->id[0] == '\0') {
        free(line);
        r = BG_E_SYNTAX;
        refused.verdict = SINK_REFUSED;
    } else if (r == BG_OK) {
        r = w->job->type->submit(&w->sink, it, it->id, line, it->len);
    }
    if (r == BG_OK) {
        spend(w);
        return;
    }
    (void)snprintf(refused.why, sizeof refused.why, "%s", bg_strerror(r));
    settle(w, &refused);
}

/*
 * From when on one of that rank may go; INT64_MAX: not before one that is under way has come to its end.
 * The common ones leave a slot free; what has just happened and matters waits for no back-off, and the first
 * word of a use neither for a rate nor for patience that others have used up: somebody may not get in before
 * it is acknowledged.
 */
static int64_t open_from(const struct worker *w, enum rank rank, bool fresh)
{
    unsigned slots = w->job->type->slots, common = slots > 1 ? slots - 1 : 1;
    int64_t from = bucket_from(&w->bucket, rank);

    if (w->queue.n_flying >= slots || (rank == RANK_COMMON && w->queue.n_common_flying >= common))
        return INT64_MAX;
    if (rank == RANK_USE && fresh)
        return 0;
    from = bg_later(from, w->patience[rank != RANK_COMMON]);
    if (rank != RANK_COMMON && fresh)
        return from;
    if (w->failures > 0 && w->queue.n_flying > 0)
        return INT64_MAX; /* an endpoint that failed is tried with one event at a time */
    return bg_later(from, w->hold);
}

/* The next one of a rank, the list that it is in, and when it may go; NULL when there is none. */
static struct item *candidate(struct worker *w, enum rank rank, struct items **from, int64_t *when)
{
    struct item *fresh = queue_fresh(&w->queue, rank), *waiting;
    int64_t due, opens = open_from(w, rank, false);

    waiting = queue_first_due(&w->queue, rank, &due);
    due = bg_later(due, opens);
    *when = fresh != NULL ? open_from(w, rank, true) : INT64_MAX;
    *from = &w->queue.fresh[rank];
    if (fresh != NULL && *when <= due)
        return fresh;
    *when = due;
    *from = &w->queue.waiting;
    return waiting;
}

/* Launch the next one that may go, what matters first; false when none may. */
static bool next(struct worker *w)
{
    int64_t now = bg_now_ms(), when;
    struct items *from;

    for (int rank = RANK_USE; rank >= RANK_COMMON; rank--) {
        struct item *it = candidate(w, (enum rank)rank, &from, &when);
        if (it != NULL && when <= now) {
            launch(w, it, from);
            return true;
        }
    }
    return false;
}

/* When the next one may go, INT64_MAX when none is left, or not before one has come to its end. */
static int64_t next_time(struct worker *w)
{
    int64_t first = INT64_MAX, when;
    struct items *from;

    for (int rank = RANK_COMMON; rank <= RANK_USE; rank++) {
        (void)candidate(w, (enum rank)rank, &from, &when);
        first = when < first ? when : first;
    }
    return first;
}

/* What it is that nothing goes before that time for. */
static enum bg_defer why_not_before(const struct worker *w, int64_t at)
{
    if (w->hold >= at)
        return BG_DEFER_SILENT;
    if (w->patience[false] >= at || w->patience[true] >= at)
        return BG_DEFER_ASKED;
    return bucket_from(&w->bucket, RANK_COMMON) >= at ? BG_DEFER_RATE : BG_DEFER_REFUSED;
}

/* How many are under way for longer than a moment. */
static unsigned sent(const struct worker *w)
{
    unsigned n = 0;
    const struct item *it;

    TAILQ_FOREACH(it, &w->queue.flying, link)
    n += bg_now_ms() - it->flown >= SAID_MS;
    return n;
}

/* For "alert status": what is under way, and until when the rest waits, where that is worth a word. */
static void note(struct worker *w)
{
    struct bg_cursor *c = &w->cursor;
    int64_t at = next_time(w), wait = at == INT64_MAX ? 0 : at - bg_now_ms();
    enum bg_defer why = wait > SAID_MS ? why_not_before(w, at) : BG_DEFER_NOT;
    int64_t until = why == BG_DEFER_NOT ? 0 : bg_wall_ms() + wait, moved = until - c->deferred;
    unsigned n = sent(w);

    if (why == c->why && n == c->sent && moved <= SAID_MS && moved >= -SAID_MS)
        return;
    c->why = why;
    c->deferred = until;
    c->sent = n;
    w->queue.dirty = true;
}

/* A round ends when nothing is under way and nothing more can be before its deadline. */
static bool round_is_over(struct worker *w)
{
    int64_t at = next_time(w);

    if (w->job->resident || w->queue.n_flying > 0 || w->queue.durable.again < w->job->deadline)
        return false;
    return at == INT64_MAX || at >= w->job->deadline;
}

static int pause_ms(struct worker *w)
{
    int64_t at = next_time(w), until = bg_deadline(WORKER_TICK_MS);

    until = w->queue.durable.again < until ? w->queue.durable.again : until;
    return bg_left_ms(at < until ? at : until);
}

/* The clock was set: whatever was refused may have been for a time that was wrong. */
static void look_at_clock(struct worker *w)
{
    int64_t offset = bg_wall_ms() - bg_now_ms(), step = offset - w->offset;

    w->offset = offset;
    if (step < STEP_MS && step > -STEP_MS)
        return;
    w->hold = 0;
    queue_retry(&w->queue);
}

/* Somebody dropped an event of this sink (drops.h). The request goes when the cursor is saved. */
static void look_for_drops(struct worker *w)
{
    struct bg_position at[BG_DROPS_MAX];
    unsigned n = bg_drops_take(w->job->dirs->cursors.run, name_of(w), BG_WISH_DROP, at);

    for (unsigned i = 0; i < n; i++) {
        done(w, &at[i], NULL);
        queue_forget(&w->queue, &at[i]);
    }
    if (n == 0)
        return;
    save(w);
    if (!w->save_failed)
        bg_drops_done(w->job->dirs->cursors.run, name_of(w), BG_WISH_DROP);
}

/* Somebody wants it to get an event once more: it is found again, and tried without a pause. */
static void look_for_requeued(struct worker *w)
{
    struct bg_position at[BG_DROPS_MAX];
    unsigned n = bg_drops_take(w->job->dirs->cursors.run, name_of(w), BG_WISH_AGAIN, at);

    if (n == 0)
        return;
    for (unsigned i = 0; i < n; i++) {
        bg_cursor_unmark(chain_of(w, &at[i]), at[i].sequence);
        queue_ask_again(&w->queue, &at[i]);
    }
    note_refusals(w);
    w->hold = 0;
    w->queue.dirty = true;
    queue_again(&w->queue);
    save(w);
    if (!w->save_failed)
        bg_drops_done(w->job->dirs->cursors.run, name_of(w), BG_WISH_AGAIN);
}

/* With many waiting each turn is short: not in each of them. */
static void look_for_wishes(struct worker *w)
{
    int64_t now = bg_now_ms();

    if (w->queue.length >= MANY && now - w->asked < SOME_MS)
        return;
    w->asked = now;
    look_for_drops(w);
    look_for_requeued(w);
}

/* Once the cursor says it: a unit of systemd's waits for this file to change. */
static void call_root(struct worker *w)
{
    char path[256];
    int fd;

    if (!w->call_root)
        return;
    w->call_root = false;
    (void)snprintf(path, sizeof path, "%s/" BG_CURSORS_REFUSING, w->job->dirs->cursors.run);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
    bg_close(fd);
}

/* New lines, unless many wait and nothing has happened. */
static void look(struct worker *w)
{
    int64_t now = bg_now_ms();

    if (w->queue.length >= MANY && !w->stirred && now - w->looked < SOME_MS && now < w->queue.durable.again)
        return;
    w->stirred = false;
    w->looked = now;
    queue_scan(&w->queue);
}

static enum worker_end deliver(struct worker *w)
{
    struct sink_result r;

    for (;;) {
        atomic_store(w->tick, bg_now_ms());
        drain(w);
        look_at_clock(w);
        look_for_wishes(w);
        look(w);
        while (next(w))
            continue;
        note(w);
        save_soon(w);
        if (round_is_over(w)) {
            save(w);
            return w->queue.length == 0 && w->queue.durable.again == INT64_MAX ? WORKER_DONE : WORKER_LEFT;
        }
        w->job->type->work(&w->sink, w->watch, pause_ms(w));
        while (w->job->type->take(&w->sink, &r))
            settle(w, &r);
        note_certificate(w);
        save_soon(w);
        call_root(w);
    }
}

enum worker_end worker_run(const struct job *job, atomic_llong *tick)
{
    static struct worker w; /* large */
    struct bg_sink_rate rate;
    enum worker_end end;
    enum bg_err r;

    w.job = job;
    w.tick = tick;
    w.sink.conf = job->conf;
    w.sink.secrets = job->secrets;
    if ((r = lock(&w)) != BG_OK) {
        if (r != BG_E_BUSY)
            alert_say(BG_M_ALERT_CURSOR, BG_ARGS(job->conf->name, bg_strerror(r)));
        return r == BG_E_BUSY ? WORKER_BUSY : WORKER_CANNOT;
    }
    if ((r = job->type->open(&w.sink)) != BG_OK) {
        alert_say(BG_M_ALERT_START, BG_ARGS(job->conf->name, bg_strerror(r)));
        return WORKER_CANNOT;
    }
    rate = bg_sink_rate(job->conf);
    bucket_init(&w.bucket, &rate);
    if (bg_sink_class(job->conf) == BG_CLASS_PAGE)
        alert_text_codes(BG_CODE_PATH, job->conf->name);
    w.offset = bg_wall_ms() - bg_now_ms();
    queue_init(&w.queue, job->conf, &w.cursor, &job->dirs->journal);
    load(&w);
    w.watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    watch(&w);
    end = deliver(&w);
    job->type->close(&w.sink);
    return end;
}
