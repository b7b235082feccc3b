/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/msg.h"
#include "record/append.h"
#include "record/budget.h"
#include "record/chain.h"
#include "record/dates.h"
#include "record/fallback.h"
#include "record/life.h"
#include "record/lines.h"
#include "record/segment.h"
#include "record/messages.h"
#include "record/state.h"

#define TIMEOUT_MS       2000
#define SYSLOG_BUDGET_MS 150

/* One event on its way down the list of records. */
struct passage {
    struct bg_recorder *rec;
    const struct bg_event *event;
    json_t *json;
    struct bg_appended written; /* in the journal or the /run segment */
    const char *line;           /* as it is in the record that took it */
    char degraded[512];         /* which records refused it so far */
};

void bg_recorder_init(struct bg_recorder *rec)
{
    memset(rec, 0, sizeof *rec);
    rec->timeout_ms = TIMEOUT_MS;
    rec->audit = true;
    rec->syslog_budget_ms = SYSLOG_BUDGET_MS;
}

const char *bg_recorded_name(enum bg_recorded w)
{
    static const char *const names[] = {"nowhere", "journal", "run", "audit", "syslog", "kmsg"};

    return (int)w >= BG_RECORDED_JOURNAL && (int)w <= BG_RECORDED_KMSG ? names[w] : names[0];
}

static const char *journal_dir(const struct bg_recorder *rec)
{
    return rec->dir != NULL ? rec->dir : BG_JOURNAL_DIR;
}

static const char *run_dir(const struct bg_recorder *rec)
{
    return rec->fallback_dir != NULL ? rec->fallback_dir : BG_FALLBACK_DIR;
}

/* Run one append in a bounded child. */
static enum bg_err append(struct bg_append_job *job, int64_t ms, struct bg_appended *out)
{
    enum bg_err r;

    job->lock_ms = ms * 3 / 4; /* the rest is for the disk */
    if ((r = bg_child_run(bg_append_work, job, ms, out, sizeof *out, NULL)) == BG_OK)
        return out->result;
    (void)snprintf(out->why, sizeof out->why, "%s", bg_strerror(r));
    return r;
}

/* From now on the event says that the record called name refused it. */
static void refused(struct passage *p, const char *name, const char *why)
{
    size_t at = strlen(p->degraded);

    (void)snprintf(p->degraded + at, sizeof p->degraded - at, "%s%s: %s", at > 0 ? "; " : "", name, why);
    bg_event_degrade(p->json, p->degraded);
}

static bool to_segment(struct passage *p, struct bg_append_job *job, int64_t ms, const char *name)
{
    job->event = p->json;
    job->durable = bg_event_kind(p->event->type)->promises;
    if (append(job, ms, &p->written) == BG_OK) {
        p->line = p->written.line;
        return true;
    }
    refused(p, name, p->written.why);
    return false;
}

static bool to_journal(struct passage *p)
{
    struct bg_append_job job = {.dir = journal_dir(p->rec),
                                .takeover = run_dir(p->rec),
                                .second = true,
                                .segment_max = BG_SEGMENT_MAX};

    return to_segment(p, &job, p->rec->timeout_ms, "journal");
}

static bool to_run(struct passage *p)
{
    struct bg_append_job job = {.dir = run_dir(p->rec), .segment_max = BG_SEGMENT_MAX_RUN};

    return to_segment(p, &job, p->rec->timeout_ms / 4, "run");
}

static bool to_audit(struct passage *p)
{
    char text[BG_AUDIT_TEXT_MAX];
    enum bg_err r;

    (void)bg_kernel_text(text, sizeof text, p->event, bg_json_str(p->json, "id"), p->degraded);
    if ((r = bg_audit_send(text)) == BG_OK)
        return true;
    refused(p, "audit", bg_strerror(r));
    return false;
}

static bool to_syslog(struct passage *p)
{
    const char *path = p->rec->syslog_path;
    enum bg_err r = BG_E_NOENT;

    if ((path == NULL || *path != '\0') && *p->line != '\0')
        r = bg_syslog_send(path, p->line, strlen(p->line), &p->rec->syslog_budget_ms);
    if (r == BG_OK)
        return true;
    refused(p, "syslog", bg_strerror(r));
    return false;
}

static bool to_kmsg(struct passage *p)
{
    char text[BG_KMSG_TEXT_MAX];

    (void)bg_kernel_text(text, sizeof text, p->event, bg_json_str(p->json, "id"), p->degraded);
    return bg_kmsg_send(text) == BG_OK;
}

/* What an audit rule may wait for: a use, and that its alarm was heard outside. A kernel that does not audit
 * says nothing about it. */
static enum bg_audit_type audit_type(const struct bg_event *e)
{
    if (e->type == BG_EV_USE_GRANTED)
        return BG_AUDIT_ANOM_LOGIN_ACCT;
    return e->type == BG_EV_ALERT_ACKNOWLEDGED ? BG_AUDIT_RESP_ALERT : BG_AUDIT_NOTHING;
}

static void tell_audit(const struct passage *p)
{
    enum bg_audit_type type = audit_type(p->event);
    char text[BG_AUDIT_TEXT_MAX];

    if (type == BG_AUDIT_NOTHING || !p->rec->audit)
        return;
    (void)bg_kernel_text(text, sizeof text, p->event, bg_json_str(p->json, "id"), p->degraded);
    (void)!bg_audit_tell(type, text);
}

/* For every record but the first two: a line that belongs to no chain, and says who refused it. */
static void loosen(struct passage *p, char *loose)
{
    size_t len;

    p->line = bg_chain_loose(p->json, loose, &len) == BG_OK ? loose : "";
}

/* Down the list until one takes it; loose: BG_LINE_MAX bytes of room. */
static enum bg_recorded descend(struct passage *p, char *loose)
{
    if (to_journal(p))
        return BG_RECORDED_JOURNAL;
    if (to_run(p))
        return BG_RECORDED_RUN;
    loosen(p, loose);
    if (to_audit(p))
        return BG_RECORDED_AUDIT;
    loosen(p, loose);
    if (to_syslog(p))
        return BG_RECORDED_SYSLOG;
    return to_kmsg(p) ? BG_RECORDED_KMSG : BG_RECORDED_NOWHERE;
}

/* One event, whatever budget it has. */
static enum bg_err record_one(struct bg_recorder *rec, const struct bg_event *e, enum bg_recorded *where,
                              struct bg_position *at)
{
    char loose[BG_LINE_MAX];
    struct passage p = {.rec = rec, .event = e};
    enum bg_err r;

    memset(at, 0, sizeof *at);
    *where = BG_RECORDED_NOWHERE;
    if ((r = bg_event_render(e, &p.json)) != BG_OK)
        return r;
    (void)snprintf(rec->id, sizeof rec->id, "%s", bg_json_str(p.json, "id"));
    (void)snprintf(rec->time, sizeof rec->time, "%s", bg_json_str(p.json, "time"));
    *where = descend(&p, loose);
    if (*where < BG_RECORDED_SYSLOG)
        (void)to_syslog(&p);
    if (*where != BG_RECORDED_AUDIT)
        tell_audit(&p);
    if (*where <= BG_RECORDED_RUN)
        *at = p.written.at;
    json_decref(p.json);
    return *where == BG_RECORDED_NOWHERE ? BG_E_IO : BG_OK;
}

void bg_record_counts(struct bg_recorder *rec, bool all, struct bg_position *at)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_repeats n;
    enum bg_recorded where;
    char text[BG_MSG_MAX], name[8];

    memset(at, 0, sizeof *at);
    if (bg_budget_due(rec->dir, rec->fallback_dir, all, &n) != BG_OK)
        return;
    (void)bg_msg_raw(
        text, sizeof text, BG_M_REPEATED,
        BG_ARGS(BG_DIGITS(n.started + n.failed + n.aborted + n.refused), n.account, n.since, n.first));
    bg_msg_name(name, BG_M_REPEATED);
    e.type = BG_EV_ATTEMPT_REPEATED;
    e.account = n.account;
    e.source = n.source;
    e.message = text;
    e.detail = name;
    e.repeats = &n;
    if (record_one(rec, &e, &where, at) != BG_OK)
        bg_budget_give_back(rec->dir, rec->fallback_dir, &n);
}

enum bg_err bg_record(struct bg_recorder *rec, const struct bg_event *e, enum bg_recorded *where,
                      struct bg_position *at)
{
    struct bg_position unused, counts;
    struct bg_recorder other;
    enum bg_err r = BG_OK;

    at = at == NULL ? &unused : at;
    *where = BG_RECORDED_COUNTED;
    if (!e->unproven || bg_budget_admits(rec->dir, rec->fallback_dir, e))
        r = record_one(rec, e, where, at);
    bg_state_note(rec->dir, rec->fallback_dir, e, *where);
    bg_life_note(rec->dir, rec->fallback_dir, e, rec->id, *where);
    bg_dates_note(rec->dir, rec->fallback_dir, e);
    if (*where != BG_RECORDED_JOURNAL && *where != BG_RECORDED_COUNTED)
        return r; /* nobody waits a second time for a journal that has just refused */
    other = *rec; /* what it says of the event recorded last is about e */
    bg_record_counts(&other, false, &counts);
    rec->syslog_budget_ms = other.syslog_budget_ms;
    if (*where == BG_RECORDED_COUNTED)
        *at = counts;
    return r;
}

enum bg_err bg_journal_create(struct bg_recorder *rec)
{
    return bg_journal_create_sealed(rec, NULL, NULL);
}

enum bg_err bg_journal_id(char out[BG_JOURNALID_LEN + 1])
{
    struct bg_chain c;
    enum bg_err r;

    if ((r = bg_chain_begin(&c)) == BG_OK)
        memcpy(out, c.last.journalid, sizeof c.last.journalid);
    return r;
}

enum bg_err bg_journal_create_sealed(struct bg_recorder *rec, const char *journalid,
                                     const struct bg_seal *seal)
{
    struct bg_append_job job = {.dir = journal_dir(rec),
                                .takeover = run_dir(rec),
                                .second = true,
                                .seal = seal,
                                .journalid = journalid,
                                .segment_max = BG_SEGMENT_MAX};
    struct bg_appended out;

    return append(&job, rec->timeout_ms, &out);
}

/* --- a seal begins ---------------------------------------------------------------------------- */

static bool note_end(void *arg, const struct bg_rawline *l)
{
    struct bg_chain at;
    json_t *ev;

    if (l->whole && bg_chain_parse(l->text, l->len, &ev, &at) == BG_OK) {
        *(struct bg_position *)arg = at.last;
        json_decref(ev);
    }
    return true;
}

enum bg_err bg_journal_end(const struct bg_recorder *rec, struct bg_position *end)
{
    struct bg_position found = {.sequence = 0};
    enum bg_err r = bg_lines_walk(journal_dir(rec), 2 * (off_t)BG_LINE_MAX, note_end, &found);

    if (r == BG_OK && found.sequence == 0)
        r = BG_E_SYNTAX;
    if (r == BG_OK)
        *end = found;
    return r;
}

enum bg_err bg_journal_seal(struct bg_recorder *rec, const struct bg_event *e, const struct bg_seal *seal)
{
    struct bg_append_job job = {.dir = journal_dir(rec),
                                .takeover = run_dir(rec),
                                .second = true,
                                .durable = true,
                                .seal = seal,
                                .segment_max = BG_SEGMENT_MAX};
    struct passage p = {.rec = rec, .event = e};
    enum bg_err r;

    if ((r = bg_event_render(e, &p.json)) != BG_OK)
        return r;
    job.event = p.json;
    if ((r = append(&job, rec->timeout_ms, &p.written)) == BG_OK) {
        p.line = p.written.line;
        (void)to_syslog(&p);
    }
    json_decref(p.json);
    return r;
}

/* --- what waits in the fall-back -------------------------------------------------------------- */

static bool count_waiting(void *arg, const struct bg_rawline *l)
{
    unsigned *n = arg;

    *n += !bg_line_has(l, "type", bg_event_kind(BG_EV_JOURNAL_GENESIS)->type);
    return true;
}

unsigned bg_journal_waiting(const char *run)
{
    unsigned n = 0;

    return bg_lines_walk(run == NULL ? BG_FALLBACK_DIR : run, 0, count_waiting, &n) == BG_OK ? n : 0;
}

/* Files of a directory's journal; 0 also when there is none. */
static size_t segments_of(const char *dir)
{
    struct bg_segments list;
    size_t n = 0;
    int d;

    if (bg_segdir_open(dir, false, &d) != BG_OK)
        return 0;
    if (bg_segdir_list(d, &list) == BG_OK) {
        n = list.count;
        free(list.number);
    }
    (void)close(d);
    return n;
}

/* Nobody will be there to tell them later. */
static void record_all_counts(struct bg_recorder *rec)
{
    struct bg_position at;
    int left = BG_BUDGET_COUNTS;

    do
        bg_record_counts(rec, true, &at);
    while (at.sequence > 0 && --left > 0);
}

enum bg_err bg_journal_settle(struct bg_recorder *rec, int64_t ms, bool last)
{
    struct bg_append_job job = {.dir = journal_dir(rec),
                                .takeover = run_dir(rec),
                                .second = true,
                                .settle = true,
                                .last = last,
                                .durable = true,
                                .segment_max = BG_SEGMENT_MAX};
    int64_t deadline = bg_deadline(ms);
    size_t before = segments_of(job.takeover), after = before;
    struct bg_appended out;
    enum bg_err r;

    if (last)
        record_all_counts(rec);
    if (before == 0 && segments_of(job.dir) == 0)
        return BG_E_NOENT;
    do { /* each append brings one segment home */
        before = after;
        if (bg_left_ms(deadline) == 0)
            return BG_E_TIMEOUT;
        if ((r = append(&job, bg_left_ms(deadline) < rec->timeout_ms ? bg_left_ms(deadline) : rec->timeout_ms,
                        &out)) != BG_OK)
            return r;
        after = segments_of(job.takeover);
    } while (after > 0 && after < before);
    return after == 0 ? BG_OK : BG_E_BUSY;
}
