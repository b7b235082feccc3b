/* SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/tamper.h"

#define TORN_WAIT_MS 1000 /* a writer may be in the middle of its line for that long */

struct check {
    const char *dir;
    struct bg_verify v;
    struct bg_chain at; /* what the next line must follow */
    unsigned segment;   /* where the line before was; 0 at the beginning */
    struct bg_known known;
    char at_known[BG_HASH_HEX + 1]; /* hash of the line that the second place names */
};

/* The first finding ends the walk. */
static bool found(struct check *c, const struct bg_rawline *l, const char *problem)
{
    c->v.bad_line = l->lineno;
    (void)snprintf(c->v.bad_segment, sizeof c->v.bad_segment, "%s", l->segment);
    (void)snprintf(c->v.problem, sizeof c->v.problem, "%s", problem);
    return false;
}

/* Has its writer, who had time, still not ended the line? False too when it was cut off and repaired. */
static bool torn_now(const struct check *c, const struct bg_rawline *l)
{
    char *buf;
    size_t len = 0;
    bool torn = true;
    int dir;
    enum bg_err r;

    if (bg_segdir_open(c->dir, false, &dir) != BG_OK)
        return true;
    if ((r = bg_segment_read(dir, l->number, l->at, -1, &buf, &len)) == BG_OK) {
        torn = len > 0 && memchr(buf, '\n', len) == NULL;
        free(buf);
    }
    (void)close(dir);
    return torn && r != BG_E_MISMATCH;
}

static bool still_torn(const struct check *c, const struct bg_rawline *l)
{
    int64_t deadline = bg_deadline(TORN_WAIT_MS);
    bool torn;

    while ((torn = torn_now(c, l)) && bg_left_ms(deadline) > 0)
        bg_sleep_ms(20);
    return torn;
}

static const char *first_line_fault(const json_t *ev, const struct bg_chain *at)
{
    if (bg_tamper_seam_fits(ev, NULL))
        return NULL; /* everything before it is gone, and it says so */
    if (!bg_event_is(ev, BG_EV_JOURNAL_GENESIS))
        return "the journal does not begin with its genesis event";
    if (at->last.sequence != 1)
        return "the first line does not have number 1";
    return at->head[strspn(at->head, "0")] == '\0' ? NULL : "the first line claims a line before it";
}

static const char *next_line_fault(const json_t *ev, const struct bg_chain *at, const struct bg_chain *before)
{
    if (strcmp(at->last.journalid, before->last.journalid) != 0)
        return "the line belongs to another journal";
    if (at->last.sequence <= before->last.sequence)
        return "the number goes back: lines were swapped or repeated";
    if (bg_tamper_seam_fits(ev, before) && at->last.sequence > before->last.sequence + 1)
        return NULL; /* it says which lines are gone */
    if (at->last.sequence != before->last.sequence + 1)
        return "numbers are missing: lines were removed";
    if (strcmp(at->head, before->head) != 0)
        return "the line before was changed: its hash does not match";
    if (bg_event_is(ev, BG_EV_JOURNAL_GENESIS))
        return "a second genesis event";
    return NULL;
}

static const char *line_fault(struct check *c, const struct bg_rawline *l, const json_t *ev,
                              const struct bg_chain *at)
{
    const char *fault = bg_chain_fault(l->text, l->len, ev);

    if (fault != NULL)
        return fault;
    return c->v.lines > 0 ? next_line_fault(ev, at, &c->at) : first_line_fault(ev, at);
}

/* What somebody has to look at, until somebody did. */
static void count_alarm(struct check *c, const json_t *ev)
{
    if (bg_event_is(ev, BG_EV_JOURNAL_ACCEPTED))
        c->v.alarms = 0;
    if (!bg_tamper_is_alarm(ev))
        return;
    c->v.alarms++;
    (void)snprintf(c->v.alarm, sizeof c->v.alarm, "%s", bg_json_str(json_object_get(ev, "data"), "message"));
    c->v.alarm_sequence = c->at.last.sequence;
}

static bool accept(struct check *c, const struct bg_rawline *l, const json_t *ev, const struct bg_chain *at)
{
    c->at = *at;
    if (bg_sha256_hex(l->text, l->len, c->at.head) != BG_OK)
        return found(c, l, "SHA-256 is not available");
    c->v.lines++;
    count_alarm(c, ev);
    if (c->known.known && at->last.sequence == c->known.head.durable.sequence)
        memcpy(c->at_known, c->at.head, sizeof c->at_known);
    c->v.sealed += json_is_string(json_object_get(ev, "seal"));
    return true;
}

static bool torn_end(struct check *c, const struct bg_rawline *l)
{
    if (l->newest && (!still_torn(c, l) || (c->v.lines > 0 && bg_tamper_torn_by_power(&c->known, &c->at))))
        return false;
    return found(c, l, "the last line is torn: it has no end");
}

static bool check_line(void *arg, const struct bg_rawline *l)
{
    struct check *c = arg;
    struct bg_chain at;
    const char *fault;
    json_t *ev;
    bool more;

    if (l->number != c->segment && l->number != c->segment + 1)
        return found(c, l,
                     c->segment == 0 ? "the first segment is missing" : "the segment before is missing");
    c->segment = l->number;
    if (!l->whole)
        return torn_end(c, l);
    if (l->len >= BG_LINE_MAX || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return found(c, l, "the line is not an event of a journal");
    fault = line_fault(c, l, ev, &at);
    more = fault == NULL ? accept(c, l, ev, &at) : found(c, l, fault);
    json_decref(ev);
    return more;
}

/* The end of what was read. */
static enum bg_err conclude(struct check *c, struct bg_verify *v)
{
    if (c->v.lines == 0 && c->v.problem[0] == '\0')
        return BG_E_NOENT;
    *v = c->v;
    v->head_sequence = c->at.last.sequence;
    memcpy(v->journalid, c->at.last.journalid, sizeof v->journalid);
    memcpy(v->head, c->at.head, sizeof v->head);
    return v->problem[0] == '\0' ? BG_OK : BG_E_MISMATCH;
}

enum bg_err bg_journal_verify(const char *dir, struct bg_verify *v)
{
    struct check c;
    enum bg_err r;

    memset(&c, 0, sizeof c);
    c.dir = dir == NULL ? BG_JOURNAL_DIR : dir;
    r = bg_lines_walk(c.dir, 0, check_line, &c);
    return r == BG_OK ? conclude(&c, v) : r;
}

/* Only a walk that reached the end can be compared. */
static void compare(const struct check *c, enum bg_err r, struct bg_second_look *second)
{
    bool none = r == BG_E_NOENT;
    enum bg_agreement a;
    int dir = -1;

    if (r != BG_OK && !none)
        return;
    a = bg_tamper_judge(&c->known, none ? NULL : &c->at, c->at_known);
    if (a == BG_AGREES || a == BG_LINES_LOST)
        return;
    if (bg_segdir_open(c->dir, false, &dir) != BG_OK)
        dir = -1;
    bg_tamper_tell(&c->known, a, none ? NULL : &c->at, dir, &second->gone);
    bg_close(dir);
}

enum bg_err bg_journal_examine(const char *dir, const char *run, struct bg_verify *v,
                               struct bg_second_look *second)
{
    struct check c;
    enum bg_err r;

    memset(&c, 0, sizeof c);
    memset(second, 0, sizeof *second);
    c.dir = dir == NULL ? BG_JOURNAL_DIR : dir;
    bg_known_load(c.dir, run == NULL ? BG_FALLBACK_DIR : run, &c.known); /* before the lines: they may grow */
    if ((r = bg_lines_walk(c.dir, 0, check_line, &c)) == BG_OK)
        r = conclude(&c, v);
    compare(&c, r, second);
    second->blind = !c.known.known && c.known.unreadable;
    if (!bg_tamper_second(&c.known, c.dir, &second->place) && r == BG_OK && !c.known.known && !second->blind)
        bg_tamper_no_second(c.dir, &second->place);
    return r;
}
