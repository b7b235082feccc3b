/* SPDX-License-Identifier: ISC */
#include "record/append.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/msg.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "record/chain.h"
#include "record/reserve.h"
#include "record/seal.h"
#include "record/segment.h"
#include "record/tamper.h"
#include "record/messages.h"

#define LEAD_MAX  (1 << 20) /* bytes: a fall-back segment and a few more lines */
#define ASIDE_MAX 8         /* segments set aside by one append */
#define FIRST     2         /* lines of a journal that an event begins; only then is there a second place */

/* A point to which everything that was linked can be taken back. */
struct mark {
    struct bg_chain chain;
    struct bg_seal seal;
    size_t used;
};

struct append {
    const struct bg_append_job *job;
    struct bg_appended *out;
    int dir, lock, fd;
    struct bg_tail tail;
    struct bg_seal_state was;    /* as its file holds it */
    struct mark before, taken;   /* all that is linked last, and what is taken over: all keys are in here */
    struct bg_seal_writer seal;  /* if the job keeps a second place */
    uint64_t written;            /* newest number that the second place knew */
    struct bg_known known;       /* the second place, if the job keeps one */
    enum bg_agreement agreement; /* of the journal with it, as it was found */
    struct bg_finding gone;      /* in words, if it does not agree */
    char seam[BG_SEAM_MAX];      /* the end as it was found */
    struct bg_finding aside[ASIDE_MAX];
    unsigned asides;
    struct bg_head older; /* what the second place held, if that was older than its copy */
    bool second_bad;      /* the second place itself was not as it should be, and can be written again */
    bool second_gone;     /* there is none at all, and there are lines that should have one */
    bool second_made;     /* by this append, of the journal as it was found */
    bool created;         /* this segment is new */
    bool touched;         /* its content may have changed */
    char *torn;           /* what was after the last newline, to be put back */
    size_t torn_len;
    char *lead; /* lines that go before the event's: genesis, repairs, what is taken over; NULL: none */
    size_t lead_len;
    size_t own_len; /* of the event's, in out */
};

static enum bg_err fail(struct append *a, enum bg_err r, const char *what)
{
    if (a->out->why[0] == '\0')
        (void)snprintf(a->out->why, sizeof a->out->why, "%s: %s", what, bg_strerror(r));
    return r;
}

static enum bg_err lead_event(void *arg, json_t *ev)
{
    struct append *a = arg;
    size_t len;
    enum bg_err r;

    if (a->lead_len + BG_LINE_MAX > LEAD_MAX)
        return BG_E_RANGE;
    if (a->lead == NULL && (a->lead = malloc(LEAD_MAX)) == NULL)
        return BG_E_NOMEM;
    if ((r = bg_chain_link(ev, &a->tail.chain, bg_seal_now(&a->seal), a->lead + a->lead_len, &len)) == BG_OK)
        a->lead_len += len;
    return r;
}

/* The same with an event that this function owns. */
static enum bg_err lead_own(struct append *a, enum bg_err made, json_t *ev)
{
    if (made != BG_OK)
        return made;
    made = lead_event(a, ev);
    json_decref(ev);
    return made;
}

static enum bg_err begin_chain(struct append *a)
{
    enum bg_err r = bg_chain_begin(&a->tail.chain);

    if (r == BG_OK && a->job->journalid != NULL)
        memcpy(a->tail.chain.last.journalid, a->job->journalid, sizeof a->tail.chain.last.journalid);
    return r;
}

static enum bg_err add_genesis(struct append *a)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], detail[BG_SEAL_DETAIL_MAX];
    json_t *ev = NULL;
    enum bg_err r;

    if (a->job->seal != NULL)
        bg_seal_detail(a->job->seal, detail);
    else
        (void)snprintf(detail, sizeof detail, "made by %s",
                       a->job->event == NULL ? "the administrator" : "the first event");
    (void)bg_msg_raw(text, sizeof text, BG_M_JOURNAL_BEGINS, BG_NOARGS);
    e.type = BG_EV_JOURNAL_GENESIS;
    e.success = true;
    e.message = text;
    e.detail = detail;
    r = bg_event_render(&e, &ev);
    return lead_own(a, r, ev);
}

static enum bg_err add_second(struct append *a)
{
    struct bg_finding f;
    json_t *ev = NULL;
    enum bg_err r;

    if (!bg_tamper_second(&a->known, a->job->dir, &f))
        return BG_OK;
    r = bg_finding_event(BG_EV_TAMPER_DETECTED, &f, f.text[1], &ev);
    return lead_own(a, r, ev);
}

/* What an older version wrote has no second place; else somebody removed it, who may have cut the journal
 * too. Only where a new one can be written is it told, lest every event tells it again. */
static enum bg_err add_second_gone(struct append *a)
{
    const struct bg_chain *end = &a->tail.chain;
    struct bg_head h = {.segment = a->tail.number, .end = a->tail.end};
    struct bg_finding f;
    struct stat st;
    char path[PATH_MAX];
    json_t *ev = NULL;
    enum bg_err r;

    memcpy(h.journalid, end->last.journalid, sizeof h.journalid);
    h.newest.sequence = end->last.sequence;
    memcpy(h.newest.hash, end->head, sizeof h.newest.hash);
    h.durable = h.newest;
    h.inode = fstat(a->fd, &st) == 0 ? st.st_ino : 0;
    bg_host_boot_id(h.boot);
    bg_head_path(path, a->job->dir);
    if (!(a->second_made = bg_head_save(path, 0600, (gid_t)-1, &h) == BG_OK))
        return BG_OK;
    bg_tamper_no_second(a->job->dir, &f);
    r = bg_finding_event(BG_EV_TAMPER_DETECTED, &f, f.text[1], &ev);
    return lead_own(a, r, ev);
}

/* Why the chain has a seam, or what else was found: before anything that is new. */
static enum bg_err add_findings(struct append *a)
{
    char detail[400];
    json_t *ev = NULL;
    enum bg_err r;

    for (unsigned i = 0; i < a->asides; i++) {
        (void)snprintf(detail, sizeof detail, "%s %s", a->aside[i].text[1], a->seam);
        r = bg_finding_event(BG_EV_JOURNAL_SETASIDE, &a->aside[i], detail, &ev);
        if ((r = lead_own(a, r, ev)) != BG_OK)
            return r;
    }
    if (a->agreement != BG_AGREES && (a->asides == 0 || a->agreement == BG_TAMPER_OTHER)) {
        r = bg_tamper_event(&a->known, a->agreement, &a->gone, a->seam, &ev);
        if ((r = lead_own(a, r, ev)) != BG_OK)
            return r;
    }
    if (a->second_gone && (r = add_second_gone(a)) != BG_OK)
        return r;
    return a->second_bad ? add_second(a) : BG_OK;
}

/* A seal that was there and is not any more, once; an old one that went on. */
static enum bg_err add_seal_findings(struct append *a)
{
    const struct bg_seal_writer *w = &a->seal;
    struct bg_finding f = {.message = BG_M_SEAL_GONE, .arg = {bg_seal_fault_text(w->fault)}};
    bool had = a->tail.begun ? a->tail.chain.sealed : w->fault == BG_SEAL_FOREIGN;
    json_t *ev = NULL;
    enum bg_err r;

    if (had && w->fault != BG_SEAL_SOUND) {
        r = bg_finding_event(BG_EV_JOURNAL_UNSEALED, &f, f.arg[0], &ev);
        return lead_own(a, r, ev);
    }
    if (!w->stale)
        return BG_OK;
    f.message = BG_M_SEAL_OLD;
    (void)snprintf(f.text[0], sizeof f.text[0], "%" PRIu64, w->stood);
    (void)snprintf(f.text[1], sizeof f.text[1], "%" PRIu64, w->reached);
    f.arg[0] = f.text[0];
    f.arg[1] = f.text[1];
    r = bg_finding_event(BG_EV_JOURNAL_SEAL_OLD, &f, "an older copy", &ev);
    return lead_own(a, r, ev);
}

static enum bg_err read_torn(struct append *a)
{
    char name[BG_SEGMENT_NAME];
    json_t *ev = NULL;
    enum bg_err r;

    if (a->tail.end == a->tail.size)
        return BG_OK;
    if ((r = bg_segment_load(a->fd, a->tail.end, a->tail.size, &a->torn, &a->torn_len)) != BG_OK)
        return r;
    bg_segment_name(name, a->tail.number);
    r = bg_repaired_event(name, a->torn, a->torn_len, &ev);
    return lead_own(a, r, ev);
}

/* The last lines of a full segment may have been left to a later line's fsync, which is for another file. */
static enum bg_err settle(struct append *a)
{
    off_t size;
    int fd;
    enum bg_err r = bg_segment_open(a->dir, a->tail.number, O_RDWR | O_APPEND, &fd, &size);

    if (r != BG_OK)
        return r;
    r = fsync(fd) == 0 ? BG_OK : BG_E_IO;
    bg_close(fd);
    return r;
}

/* Begin the next one, with its reserve: on a full disk the old one, which has one, goes on. */
static enum bg_err begin_segment(struct append *a)
{
    char name[BG_SEGMENT_NAME];
    enum bg_err r;

    if ((r = bg_segment_open(a->dir, a->tail.number + 1, O_RDWR | O_APPEND | O_CREAT, &a->fd,
                             &a->tail.size)) != BG_OK)
        return r;
    if (a->tail.number > 0 && bg_reserve_keep(a->fd, 0) != BG_OK) {
        bg_close(a->fd);
        a->fd = -1;
        bg_segment_name(name, a->tail.number + 1);
        (void)unlinkat(a->dir, name, 0);
        errno = ENOSPC;
        return BG_E_IO;
    }
    a->created = true;
    a->tail.number++;
    a->tail.end = 0;
    return BG_OK;
}

/* Open the newest segment, or begin a new one where there is none or it is full. */
static enum bg_err open_segment(struct append *a)
{
    bool full = a->tail.end >= a->job->segment_max && a->tail.end == a->tail.size;
    enum bg_err r;

    if (a->tail.number > 0 && full && (r = settle(a)) != BG_OK)
        return r;
    if (a->tail.number == 0 || full) {
        r = begin_segment(a);
        if (r == BG_OK || a->tail.number == 0 || (errno != ENOSPC && errno != EDQUOT))
            return r;
    }
    return bg_segment_open(a->dir, a->tail.number, O_RDWR | O_APPEND, &a->fd, &a->tail.size);
}

static void undo_write(struct append *a)
{
    (void)!ftruncate(a->fd, a->tail.end);
    if (a->job->second)
        (void)!bg_reserve_keep(a->fd, a->tail.end); /* the cut has given it back */
}

/* The second place as bad as it was found: the older one, or a file that is none. */
static void leave_head(const struct append *a, const char *path)
{
    int fd;

    if (a->known.older)
        (void)!bg_head_save(path, 0600, (gid_t)-1, &a->older);
    else if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0)
        (void)close(fd);
}

/* As if nothing had been tried. */
static void put_back(struct append *a)
{
    char name[BG_SEGMENT_NAME], head[PATH_MAX];

    bg_head_path(head, a->job->dir);
    if (a->second_made || a->second_bad) /* the next one tells it */
        (void)unlink(head);
    if (a->second_bad && !a->known.missing)
        leave_head(a, head);
    if (a->touched) {
        undo_write(a);
        if (a->torn_len > 0)
            (void)!write(a->fd, a->torn, a->torn_len);
    }
    if (a->created) {
        bg_segment_name(name, a->tail.number);
        (void)unlinkat(a->dir, name, 0);
    }
}

/* Everything but a line that is alone and may wait. */
static bool must_sync(const struct append *a)
{
    return a->job->durable || a->created || a->lead_len > 0 || a->torn_len > 0 ||
           (a->job->second && !a->known.known);
}

static enum bg_err write_out(struct append *a)
{
    struct iovec all[2] = {{a->lead, a->lead_len}, {a->out->line, a->own_len}};
    ssize_t put, want = (ssize_t)(a->lead_len + a->own_len);

    a->touched = true;
    if (a->torn_len > 0 && ftruncate(a->fd, a->tail.end) != 0)
        return fail(a, BG_E_IO, "cutting a torn line");
    if (a->job->second)
        (void)!bg_reserve_keep(a->fd, a->tail.end + want); /* before the fsync, which takes it along */
    errno = 0;
    put = writev(a->fd, all, 2);
    if (put == want && (!must_sync(a) || fsync(a->fd) == 0))
        return BG_OK;
    if (put >= 0 && put < want)
        errno = ENOSPC; /* a short write has no errno of its own */
    return fail(a, BG_E_IO, put == want ? "fsync" : "write");
}

static void set_mark(const struct append *a, struct mark *m)
{
    m->chain = a->tail.chain;
    m->seal = a->seal.state.now;
    m->used = a->lead_len;
}

static void back_to(struct append *a, const struct mark *m)
{
    a->tail.chain = m->chain;
    a->seal.state.now = m->seal;
    a->lead_len = m->used;
}

/* The fall-back's lines first: they are older. When they cannot be read, the event goes in all the same. */
static bool take_over(struct append *a, struct bg_takeover *t)
{
    set_mark(a, &a->taken);
    if (a->job->event == NULL && a->job->seal != NULL)
        return false; /* a seal begins right behind the genesis */
    if (a->job->takeover == NULL || bg_takeover_begin(a->job->takeover, t) != BG_OK)
        return false;
    if (bg_takeover_each(t, a->dir, lead_event, a) == BG_OK)
        return true;
    back_to(a, &a->taken);
    bg_takeover_end(t, false);
    return false;
}

static enum bg_err own_line(struct append *a)
{
    enum bg_err r;

    if (a->job->event == NULL)
        return BG_OK;
    if ((r = bg_chain_link(a->job->event, &a->tail.chain, bg_seal_now(&a->seal), a->out->line,
                           &a->own_len)) != BG_OK)
        return fail(a, r, "writing the line");
    a->out->at = a->tail.chain.last;
    if (a->job->seal != NULL && a->out->at.sequence + 1 != a->job->seal->start)
        return fail(a, BG_E_BUSY, "another line came in between");
    return BG_OK;
}

/* The end of the journal goes to its second place. Best effort: the next append does it again. */
static void keep_second(struct append *a)
{
    struct bg_head h = a->known.head;
    char path[PATH_MAX];
    struct stat st, dir;

    if (!a->job->second || fstat(a->fd, &st) != 0 || fstat(a->dir, &dir) != 0)
        return;
    memcpy(h.journalid, a->tail.chain.last.journalid, sizeof h.journalid);
    h.newest.sequence = a->tail.chain.last.sequence;
    memcpy(h.newest.hash, a->tail.chain.head, sizeof h.newest.hash);
    bg_host_boot_id(h.boot);
    if (must_sync(a)) {
        h.durable = h.newest;
        h.segment = a->tail.number;
        h.end = st.st_size;
        h.inode = st.st_ino;
    }
    bg_head_path(path, a->job->dir);
    (void)!bg_head_save(path, 0600, (gid_t)-1, &h);
    if (a->job->takeover != NULL)
        bg_mark_save(a->job->takeover, dir.st_gid, &h);
}

/* The key for the next line, whatever became of its file. */
static enum bg_err ready_seal(struct append *a)
{
    struct bg_seal_writer *w = &a->seal;

    if (!a->job->second)
        return BG_OK;
    a->was = w->state;
    bg_seal_catch_up(w, a->job->dir, &a->tail.chain, a->written);
    /* Only where one can be written is it told, lest every event tells it again: the same once more. The
     * newer one goes behind the line that tells it, which may fail. */
    w->stale = w->stale && bg_seal_save(w->path, &a->was) == BG_OK;
    w->state.writes = a->was.writes;
    if (a->job->seal == NULL)
        return BG_OK;
    if (a->tail.chain.last.sequence + 2 != a->job->seal->start)
        return BG_E_BUSY; /* before anything is saved: another line came in between */
    return bg_seal_prepare(w, a->tail.chain.last.journalid, a->job->seal);
}

static enum bg_err add_lead(struct append *a)
{
    enum bg_err r;

    bg_tamper_resume(&a->known, a->agreement, &a->tail.chain);
    if (!a->tail.begun && !a->known.known && (r = begin_chain(a)) != BG_OK)
        return r;
    if (a->job->seal != NULL && a->job->event == NULL && (a->tail.begun || a->known.known))
        return BG_E_BUSY; /* there will be no genesis to begin it */
    if ((r = ready_seal(a)) != BG_OK)
        return r;
    if (!a->tail.begun && !a->known.known && (r = add_genesis(a)) != BG_OK)
        return r;
    if ((r = add_findings(a)) != BG_OK)
        return r;
    return add_seal_findings(a);
}

/* On a full disk what anybody can cause leaves the reserve alone. */
static enum bg_err keep_room(struct append *a)
{
    if (!a->job->second || a->job->event == NULL ||
        !bg_event_by_anybody(bg_json_str(a->job->event, "type")) ||
        bg_reserve_keep(a->fd, a->tail.end + BG_LINE_MAX) == BG_OK)
        return BG_OK;
    return fail(a, BG_E_IO, "keeping the reserve");
}

/* So does what waits in the fall-back: it stays there, unless the machine is going down. */
static bool room_for_lead(const struct append *a)
{
    return a->job->last || bg_reserve_keep(a->fd, a->tail.end + (off_t)a->lead_len + BG_LINE_MAX) == BG_OK;
}

/* Own line and what is led by it; what is taken over is left where it is when there is no room for both. */
static enum bg_err write_all(struct append *a, struct bg_takeover *t, bool *taken)
{
    enum bg_err r;

    set_mark(a, &a->before);
    *taken = take_over(a, t);
    if (*taken && !room_for_lead(a)) {
        bg_takeover_end(t, false);
        *taken = false;
        back_to(a, &a->before);
    }
    return (r = own_line(a)) == BG_OK ? write_out(a) : r;
}

static enum bg_err fill_and_write(struct append *a)
{
    struct bg_takeover t;
    bool taken, kept = true;
    enum bg_err r;

    if ((r = keep_room(a)) != BG_OK)
        return r;
    if ((r = add_lead(a)) != BG_OK)
        return fail(a, r, "beginning a journal");
    if ((r = read_torn(a)) != BG_OK)
        return fail(a, r, "reading a torn line");
    r = write_all(a, &t, &taken);
    if (r == BG_OK && a->job->second && (a->lead_len + a->own_len > 0 || a->seal.changed))
        kept = bg_seal_keep(&a->seal, &a->tail.chain, a->job->seal != NULL);
    if (taken)
        bg_takeover_end(&t, r == BG_OK);
    if (r == BG_OK && kept) /* a head that is ahead of the seal's file would make that one an older copy */
        keep_second(a);
    if (r == BG_OK && a->own_len > 0)
        a->out->line[a->own_len - 1] = '\0'; /* for the newline */
    return r;
}

/* The end of the journal. What cannot be read as a segment does not keep events out. */
static enum bg_err find_tail(struct append *a)
{
    unsigned bad = 0;
    enum bg_err r;

    while ((r = bg_tail_find(a->dir, &a->tail, &bad)) == BG_E_SYNTAX || r == BG_E_RANGE || r == BG_E_UNSAFE) {
        struct bg_finding *f = &a->aside[a->asides];
        if (a->asides == ASIDE_MAX)
            return r;
        memset(f, 0, sizeof *f);
        bg_segment_name(f->text[0], bad);
        if (bg_segment_set_aside(a->dir, bad, f->text[1]) != BG_OK)
            return BG_E_IO;
        f->message = BG_M_JOURNAL_ASIDE;
        f->arg[0] = f->text[0];
        f->arg[1] = f->text[1];
        a->asides++;
    }
    return r;
}

/* Put the second place right; only where that works is it told, lest every event tells it again. */
static bool mend_second(struct append *a)
{
    const struct bg_known *k = &a->known;
    char path[PATH_MAX];

    bg_head_path(path, a->job->dir);
    if (k->damaged && unlink(path) != 0)
        return false;
    if (k->older && bg_head_load(path, &a->older) != BG_OK)
        return false;
    if (k->missing || k->older)
        return bg_head_save(path, 0600, (gid_t)-1, &k->head) == BG_OK;
    return k->damaged;
}

/* The seal's file knows the newest line as well, and may know one more. */
static void ask_seal(struct append *a)
{
    const struct bg_seal_state *s = &a->seal.state;
    struct bg_known *k = &a->known;
    const struct bg_chain *end = &a->tail.chain;

    bg_seal_open(&a->seal, a->job->dir, a->tail.begun && end->sealed);
    a->written = k->known ? k->head.newest.sequence : 0;
    if (!k->known && a->tail.begun && !k->unreadable && strcmp(s->journalid, end->last.journalid) == 0 &&
        s->last.sequence > end->last.sequence) {
        k->known = true;
        memcpy(k->head.journalid, s->journalid, sizeof k->head.journalid);
        k->head.durable.sequence = end->last.sequence;
        memcpy(k->head.durable.hash, end->head, sizeof k->head.durable.hash);
        k->head.newest = k->head.durable;
        k->head.segment = a->tail.number;
    }
    if (k->known && strcmp(s->journalid, k->head.journalid) == 0 &&
        s->last.sequence > k->head.newest.sequence) {
        k->head.newest = s->last;
        memcpy(k->head.boot, s->boot, sizeof k->head.boot);
    }
}

/* Is the journal what it was when it was last written? */
static void look_second(struct append *a)
{
    char at[BG_HASH_HEX + 1] = "";

    a->agreement = BG_AGREES;
    bg_tamper_seam(a->tail.begun ? &a->tail.chain : NULL, a->seam);
    if (!a->job->second)
        return;
    bg_known_load(a->job->dir, a->job->takeover, &a->known);
    a->second_bad = mend_second(a);
    a->second_gone = a->tail.begun && a->tail.chain.last.sequence > FIRST && !a->known.known &&
                     !a->known.damaged && !a->known.unreadable;
    ask_seal(a);
    if (a->known.known && a->tail.begun)
        bg_tamper_hash_at(a->dir, &a->known.head, &a->tail.chain, at);
    a->agreement = bg_tamper_judge(&a->known, a->tail.begun ? &a->tail.chain : NULL, at);
    if (a->agreement != BG_AGREES)
        bg_tamper_tell(&a->known, a->agreement, a->tail.begun ? &a->tail.chain : NULL, a->dir, &a->gone);
}

static enum bg_err append_locked(struct append *a)
{
    enum bg_err r;

    if ((r = find_tail(a)) != BG_OK)
        return fail(a, r, "reading the end of the journal");
    look_second(a);
    if (a->job->event == NULL && a->tail.begun && !a->job->settle)
        r = fail(a, BG_E_EXIST, "journal");
    else if ((r = open_segment(a)) != BG_OK)
        r = fail(a, r, "opening a segment");
    else
        r = fill_and_write(a);
    if (r != BG_OK)
        put_back(a);
    free(a->lead);
    free(a->torn);
    bg_close(a->fd);
    return r;
}

static enum bg_err append_in_dir(struct append *a)
{
    enum bg_err r;

    if ((r = bg_lock(a->dir, BG_SEGDIR_LOCK, bg_deadline(a->job->lock_ms), &a->lock)) != BG_OK)
        return fail(a, r, "lock");
    r = append_locked(a);
    (void)close(a->lock);
    return r;
}

/* Only its deadline may kill this child: Ctrl-C must not tear a line, and with SIGXFSZ blocked a
 * file size limit is an error of write(2). */
static void shield(void)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
}

enum bg_err bg_append_work(void *arg, void *out)
{
    struct append a = {.job = arg, .out = out, .fd = -1};

    shield();
    if (a.job->second)
        (void)mlock(&a, sizeof a); /* a child inherits no lock */
    memset(out, 0, sizeof *a.out);
    if ((a.out->result = bg_segdir_open(a.job->dir, true, &a.dir)) != BG_OK) {
        (void)fail(&a, a.out->result, "directory");
    } else {
        a.out->result = append_in_dir(&a);
        bg_close(a.dir);
    }
    bg_wipe(&a, sizeof a);
    return BG_OK;
}
