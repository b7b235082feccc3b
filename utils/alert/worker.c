/* SPDX-License-Identifier: ISC */
#include "alert/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "alert/alert.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "delivery/drops.h"
#include "delivery/messages.h"

#define STEP_MS 1000 /* by which the clock must jump to have been set */
#define SIGN_MS 20   /* between two signs of life while another has the lock */

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
    int64_t patience[2]; /* no event of that class is sent until then (Retry-After); [true]: urgent */
    int64_t offset;      /* of the wall clock from bg_now_ms()'s */
    int64_t alive;       /* when it acknowledged last, on bg_now_ms()'s clock */
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
}

/* What the sink asked a process before this one for. A wait of days comes from a clock that was wrong. */
static int64_t kept_patience(int64_t not_before)
{
    int64_t left = not_before - bg_wall_ms();

    return left > 0 && left <= BACKOFF_MAX_MS ? bg_deadline(left) : 0;
}

static void load(struct worker *w)
{
    enum bg_err r = bg_cursor_load(&w->job->dirs->cursors, name_of(w), false, &w->cursor);

    if (r != BG_OK && r != BG_E_NOENT)
        alert_say(BG_M_ALERT_CURSOR_BAD, BG_ARGS(name_of(w)));
    w->patience[true] = kept_patience(w->cursor.not_before);
    w->patience[false] = kept_patience(w->cursor.not_before_common);
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

/* With the hash of what was sent: if another line is there by now, the next look sees it. */
static void done(struct worker *w, const struct bg_position *at, const char *hash)
{
    bg_cursor_mark(chain_of(w, at), at->sequence, hash);
    if (bg_cursor_refusals(&w->cursor) == 0)
        w->cursor.refusing = 0;
    w->queue.dirty = true;
}

static void on_acked(struct worker *w, struct item *it, const struct sink_result *r)
{
    (void)r;
    done(w, &it->at, it->hash);
    bg_cursor_acked(&w->cursor);
    w->cursor.not_before = w->cursor.not_before_common = 0;
    if (w->failures > 0 || w->told[0] != '\0')
        alert_say(BG_M_ALERT_AGAIN, BG_ARGS(name_of(w)));
    w->failures = 0;
    w->hold = w->patience[true] = w->patience[false] = 0;
    w->alive = bg_now_ms();
    w->told[0] = '\0';
    queue_nudge(&w->queue);
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
        int64_t wait = backoff_ms(++w->failures, any());
        w->hold = bg_deadline(wait);
        queue_put_off(&w->queue);
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
    if (!it->urgent)
        return;
    w->patience[true] = w->patience[false];
    w->cursor.not_before = w->cursor.not_before_common;
}

static void on_retry(struct worker *w, struct item *it, const struct sink_result *r)
{
    int64_t wait = count_failure(w, it, r);

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

/* --- what is next ----------------------------------------------------------------------------- */

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
    if (r == BG_OK)
        return;
    (void)snprintf(refused.why, sizeof refused.why, "%s", bg_strerror(r));
    settle(w, &refused);
}

/*
 * From when on one of that class may go; INT64_MAX: not before one that is under way has come to its end.
 * The common ones leave a slot free, and what has just happened and matters waits for no back-off.
 */
static int64_t open_from(const struct worker *w, bool urgent, bool fresh)
{
    unsigned slots = w->job->type->slots, common = slots > 1 ? slots - 1 : 1;
    int64_t from = w->patience[urgent];

    if (w->queue.n_flying >= slots || (!urgent && w->queue.n_common_flying >= common))
        return INT64_MAX;
    if (urgent && fresh)
        return from;
    if (w->failures > 0 && w->queue.n_flying > 0)
        return INT64_MAX; /* an endpoint that failed is tried with one event at a time */
    return from > w->hold ? from : w->hold;
}

/* The next one of a class, the list that it is in, and when it may go; NULL when there is none. */
static struct item *candidate(struct worker *w, bool urgent, struct items **from, int64_t *when)
{
    struct item *fresh = queue_fresh(&w->queue, urgent), *waiting;
    int64_t due, opens = open_from(w, urgent, false);

    waiting = queue_first_due(&w->queue, urgent, &due);
    due = due > opens ? due : opens;
    *when = fresh != NULL ? open_from(w, urgent, true) : INT64_MAX;
    *from = &w->queue.fresh[urgent];
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

    for (int urgent = true; urgent >= false; urgent--) {
        struct item *it = candidate(w, urgent, &from, &when);
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
    int64_t urgent, common;
    struct items *from;

    (void)candidate(w, true, &from, &urgent);
    (void)candidate(w, false, &from, &common);
    return urgent < common ? urgent : common;
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
    unsigned n = bg_drops_take(w->job->dirs->cursors.run, name_of(w), at);

    for (unsigned i = 0; i < n; i++) {
        done(w, &at[i], NULL);
        queue_forget(&w->queue, &at[i]);
    }
    save(w);
    if (n > 0 && !w->save_failed)
        bg_drops_done(w->job->dirs->cursors.run, name_of(w));
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

static enum worker_end deliver(struct worker *w)
{
    struct sink_result r;

    for (;;) {
        atomic_store(w->tick, bg_now_ms());
        drain(w);
        look_at_clock(w);
        look_for_drops(w);
        queue_scan(&w->queue);
        while (next(w))
            continue;
        save(w);
        if (round_is_over(w))
            return w->queue.length == 0 && w->queue.durable.again == INT64_MAX ? WORKER_DONE : WORKER_LEFT;
        w->job->type->work(&w->sink, w->watch, pause_ms(w));
        while (w->job->type->take(&w->sink, &r))
            settle(w, &r);
        save(w);
        call_root(w);
    }
}

enum worker_end worker_run(const struct job *job, atomic_llong *tick)
{
    static struct worker w; /* large */
    enum worker_end end;
    enum bg_err r;

    w.job = job;
    w.tick = tick;
    w.sink.conf = job->conf;
    w.sink.keys = job->keys;
    if ((r = lock(&w)) != BG_OK) {
        if (r != BG_E_BUSY)
            alert_say(BG_M_ALERT_CURSOR, BG_ARGS(job->conf->name, bg_strerror(r)));
        return r == BG_E_BUSY ? WORKER_BUSY : WORKER_CANNOT;
    }
    if ((r = job->type->open(&w.sink)) != BG_OK) {
        alert_say(BG_M_ALERT_START, BG_ARGS(job->conf->name, bg_strerror(r)));
        return WORKER_CANNOT;
    }
    load(&w);
    w.offset = bg_wall_ms() - bg_now_ms();
    queue_init(&w.queue, job->conf, &w.cursor, &job->dirs->journal);
    w.watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    watch(&w);
    end = deliver(&w);
    job->type->close(&w.sink);
    return end;
}
