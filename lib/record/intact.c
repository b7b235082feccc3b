/* SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/parallel.h"
#include "base/safefile.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/proof.h"
#include "record/tamper.h"
#include "record/trim.h"

#define TORN_WAIT_MS 1000 /* a writer may be in the middle of its line for that long */

#define WINDOW  64 /* segments that are read before they are judged together */
#define THREADS 8  /* that read them; each holds one in memory */

/* What a segment says by itself, whatever stands before it. */
struct stretch {
    unsigned number;
    enum bg_err r;         /* of reading it */
    struct bg_proof first; /* its first line, if lines > 0 */
    struct bg_chain end;   /* after its last sound line */
    uint64_t lines, sealed;
    uint64_t alarms, alarm_sequence; /* since the last journal.accepted in it */
    bool accepted;
    char alarm[512];
    char at_known[BG_HASH_HEX + 1]; /* hash of the line that the second place names */
    uint64_t trimmed_by;            /* the line in it that says what is gone from the beginning; 0: none */
    unsigned long bad_line;         /* 0: none */
    const char *problem;
    bool torn; /* a line without an end behind the sound ones */
    unsigned long torn_line;
    off_t torn_at;
};

struct check {
    int dir;
    bool copy; /* anybody's, and nobody writes it */
    struct bg_verify v;
    struct bg_chain
        gone;           /* the line before the first one, if that is not number 1: a later line explains it */
    struct bg_chain at; /* what the next line must follow */
    unsigned segment;   /* where the line before was; 0 at the beginning */
    struct bg_known known;
    char at_known[BG_HASH_HEX + 1];
    const struct bg_verify_each *each; /* NULL: segments may be read side by side */
    struct stretch *window;
    bool found; /* a finding, or a torn end that is none: what follows is not looked at */
};

/* Has its writer, who had time, still not ended the line? False too when it was cut off and repaired. */
static bool torn_now(const struct check *c, const struct stretch *s)
{
    char *buf;
    size_t len = 0;
    bool torn = true;
    enum bg_err r = bg_segment_read(c->dir, s->number, s->torn_at, -1, &buf, &len);

    if (r == BG_OK) {
        torn = len > 0 && memchr(buf, '\n', len) == NULL;
        free(buf);
    }
    return torn && r != BG_E_MISMATCH;
}

static bool still_torn(const struct check *c, const struct stretch *s)
{
    int64_t deadline = bg_deadline(TORN_WAIT_MS);
    bool torn;

    if (c->copy)
        return true;
    while ((torn = torn_now(c, s)) && bg_left_ms(deadline) > 0)
        bg_sleep_ms(20);
    return torn;
}

static bool is_genesis(const struct bg_proof *p)
{
    return p->ev != NULL && bg_event_is(p->ev, BG_EV_JOURNAL_GENESIS);
}

static const char *first_line_fault(const struct bg_proof *p)
{
    const struct bg_chain *at = &p->at;

    if (p->ev != NULL && bg_tamper_seam_fits(p->ev, NULL))
        return NULL; /* everything before it is gone, and it says so */
    if (!is_genesis(p))
        return "the journal does not begin with its genesis event";
    if (at->last.sequence != 1)
        return "the first line does not have number 1";
    return at->head[strspn(at->head, "0")] == '\0' ? NULL : "the first line claims a line before it";
}

static const char *next_line_fault(const struct bg_proof *p, const struct bg_chain *before)
{
    const struct bg_chain *at = &p->at;

    if (strcmp(at->last.journalid, before->last.journalid) != 0)
        return "the line belongs to another journal";
    if (at->last.sequence <= before->last.sequence)
        return "the number goes back: lines were swapped or repeated";
    if (at->last.sequence > before->last.sequence + 1 && p->ev != NULL && bg_tamper_seam_fits(p->ev, before))
        return NULL; /* it says which lines are gone */
    if (at->last.sequence != before->last.sequence + 1)
        return "numbers are missing: lines were removed";
    if (strcmp(at->head, before->head) != 0)
        return "the line before was changed: its hash does not match";
    return is_genesis(p) ? "a second genesis event" : NULL;
}

/* --- one segment ------------------------------------------------------------------------------ */

struct reading {
    const struct check *c;
    struct stretch *s;
    struct bg_hasher *hasher;
};

/* Does the first line of a segment follow what was read before? Of the very first one that is seen at the
 * end. */
static const char *junction_fault(const struct check *c, const struct bg_proof *p)
{
    if (c->v.lines > 0)
        return next_line_fault(p, &c->at);
    return c->gone.last.sequence > 0 ? NULL : first_line_fault(p);
}

static const char *line_fault(const struct reading *r, const struct bg_rawline *l, const struct bg_proof *p)
{
    const struct bg_verify_each *each = r->c->each;
    const char *fault = NULL;

    if (r->s->lines > 0)
        fault = next_line_fault(p, &r->s->end);
    else if (each != NULL) /* one by one: what stands before is known */
        fault = junction_fault(r->c, p);
    return fault != NULL || each == NULL ? fault : each->fn(each->arg, l, p);
}

/* What somebody has to look at, until somebody did. */
static void count_alarm(struct stretch *s, const json_t *ev)
{
    if (bg_event_is(ev, BG_EV_JOURNAL_ACCEPTED)) {
        s->accepted = true;
        s->alarms = 0;
    }
    if (!bg_tamper_is_alarm(ev))
        return;
    s->alarms++;
    (void)snprintf(s->alarm, sizeof s->alarm, "%s", bg_json_str(json_object_get(ev, "data"), "message"));
    s->alarm_sequence = s->end.last.sequence;
}

/* Is it the line that tells why the journal does not begin with its first one? */
static bool explains(const struct check *c, const struct bg_proof *p)
{
    struct bg_trimmed t;

    return c->gone.last.sequence > 0 && bg_trimmed_read(p->ev, &t) && t.last == c->gone.last.sequence &&
           strcmp(t.head, c->gone.head) == 0 && strcmp(p->at.last.journalid, c->gone.last.journalid) == 0;
}

/* Takes what p owns. */
static void accept(const struct reading *r, struct bg_proof *p)
{
    struct stretch *s = r->s;
    const struct bg_known *k = &r->c->known;

    s->end.last = p->at.last;
    memcpy(s->end.head, p->hash, sizeof s->end.head);
    s->sealed += p->sealed;
    if (k->known && p->at.last.sequence == k->head.durable.sequence)
        memcpy(s->at_known, p->hash, sizeof s->at_known);
    if (p->ev != NULL && explains(r->c, p))
        s->trimmed_by = p->at.last.sequence;
    if (p->ev != NULL)
        count_alarm(s, p->ev);
    if (s->lines++ == 0)
        s->first = *p;
    else
        bg_proof_drop(p);
}

static bool read_line(void *arg, const struct bg_rawline *l)
{
    struct reading *r = arg;
    struct stretch *s = r->s;
    struct bg_proof p;
    const char *fault;

    if (!l->whole) {
        s->torn = true;
        s->torn_line = l->lineno;
        s->torn_at = l->at;
        return false;
    }
    if ((fault = bg_proof_line(r->hasher, l->text, l->len, &p)) == NULL) {
        if ((fault = line_fault(r, l, &p)) == NULL)
            accept(r, &p);
        else
            bg_proof_drop(&p);
    }
    s->problem = fault;
    s->bad_line = fault == NULL ? 0 : l->lineno;
    return fault == NULL;
}

static void read_stretch(void *arg, size_t i)
{
    struct check *c = arg;
    struct stretch *s = &c->window[i];
    struct reading r = {.c = c, .s = s, .hasher = bg_hasher_new()};

    s->r = r.hasher == NULL ? BG_E_NOMEM : bg_lines_of(c->dir, c->copy, s->number, read_line, &r);
    bg_hasher_free(r.hasher);
}

/* --- one after the other ---------------------------------------------------------------------- */

/* The first finding ends it. */
static void find(struct check *c, unsigned segment, unsigned long line, const char *problem)
{
    char name[BG_SEGMENT_NAME];

    bg_segment_name(name, segment);
    c->found = true;
    c->v.bad_line = line;
    (void)snprintf(c->v.bad_segment, sizeof c->v.bad_segment, "%s", name);
    (void)snprintf(c->v.problem, sizeof c->v.problem, "%s", problem);
}

static void add_alarms(struct bg_verify *v, const struct stretch *s)
{
    if (s->accepted)
        v->alarms = 0;
    v->alarms += s->alarms;
    if (s->alarm[0] != '\0') {
        memcpy(v->alarm, s->alarm, sizeof v->alarm);
        v->alarm_sequence = s->alarm_sequence;
    }
}

static void add(struct check *c, const struct stretch *s)
{
    c->v.lines += s->lines;
    c->v.sealed += s->sealed;
    c->at = s->end;
    add_alarms(&c->v, s);
    if (s->at_known[0] != '\0')
        memcpy(c->at_known, s->at_known, sizeof c->at_known);
    if (s->trimmed_by > 0)
        c->v.trimmed_by = s->trimmed_by;
}

static void judge_torn(struct check *c, const struct stretch *s, bool newest)
{
    c->found = true;
    if (!newest || (still_torn(c, s) && (c->v.lines == 0 || !bg_tamper_torn_by_power(&c->known, &c->at))))
        find(c, s->number, s->torn_line, "the last line is torn: it has no end");
}

static void judge(struct check *c, const struct stretch *s, bool newest)
{
    const char *fault;

    if (s->lines == 0 && s->bad_line == 0 && !s->torn)
        return;
    if (s->number != c->segment && s->number != c->segment + 1 &&
        (c->segment > 0 || c->gone.last.sequence == 0)) {
        find(c, s->number, 1,
             c->segment == 0 ? "the first segment is missing" : "the segment before is missing");
        return;
    }
    c->segment = s->number;
    if (s->lines > 0 && (fault = junction_fault(c, &s->first)) != NULL) {
        find(c, s->number, 1, fault);
        return;
    }
    if (s->lines > 0)
        add(c, s);
    if (s->bad_line > 0)
        find(c, s->number, s->bad_line, s->problem);
    else if (s->torn)
        judge_torn(c, s, newest);
}

/* Segments from number[0] on; last: of the whole journal. */
static enum bg_err check_window(struct check *c, const unsigned *number, size_t n, unsigned last)
{
    enum bg_err r = BG_OK;

    memset(c->window, 0, n * sizeof *c->window);
    for (size_t i = 0; i < n; i++)
        c->window[i].number = number[i];
    bg_parallel(n, THREADS, read_stretch, c);
    for (size_t i = 0; i < n; i++) {
        struct stretch *s = &c->window[i];
        if (r == BG_OK && !c->found && (r = s->r) == BG_OK)
            judge(c, s, s->number == last);
        bg_proof_drop(&s->first);
    }
    return r;
}

static enum bg_err check_list(struct check *c, const struct bg_segments *list)
{
    size_t step = c->each == NULL ? WINDOW : 1;
    enum bg_err r = BG_OK;

    if ((c->window = calloc(step, sizeof *c->window)) == NULL)
        return BG_E_NOMEM;
    for (size_t i = 0; r == BG_OK && !c->found && i < list->count; i += step) {
        size_t n = list->count - i < step ? list->count - i : step;
        r = check_window(c, list->number + i, n, list->number[list->count - 1]);
    }
    free(c->window);
    return r;
}

static bool note_first(void *arg, const struct bg_rawline *l)
{
    struct check *c = arg;
    struct bg_chain at;
    json_t *ev;

    if (!l->whole || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return false;
    if (at.last.sequence > 1 && !bg_event_is(ev, BG_EV_JOURNAL_GENESIS) && !bg_tamper_seam_fits(ev, NULL)) {
        c->gone = at; /* its head is the hash of the line before */
        c->gone.last.sequence--;
    }
    json_decref(ev);
    return false;
}

static bool note_trimmed(void *arg, const struct bg_rawline *l)
{
    struct check *c = arg;
    struct bg_proof p = {.ev = NULL};

    if (l->whole && bg_line_has(l, "type", bg_event_kind(BG_EV_JOURNAL_TRIMMED)->type) &&
        bg_chain_parse(l->text, l->len, &p.ev, &p.at) == BG_OK && explains(c, &p))
        c->v.trimmed_by = p.at.last.sequence;
    bg_proof_drop(&p);
    return c->v.trimmed_by == 0;
}

/* A beginning that no line explains: somebody took it, and that comes before what else was found. The line
 * may stand behind that. */
static enum bg_err judge_beginning(struct check *c, const struct bg_segments *list)
{
    enum bg_err r = BG_OK;

    if (c->gone.last.sequence == 0 || c->v.lines == 0)
        return BG_OK;
    for (size_t i = 0; r == BG_OK && c->v.problem[0] != '\0' && c->v.trimmed_by == 0 && i < list->count; i++)
        r = bg_lines_of(c->dir, c->copy, list->number[i], note_trimmed, c);
    if (r == BG_OK && c->v.trimmed_by == 0)
        find(c, list->number[0], 1,
             list->number[0] > 1 ? "the first segment is missing"
                                 : "the journal does not begin with its genesis event");
    else if (r == BG_OK) {
        c->v.trimmed = c->gone.last.sequence;
        memcpy(c->v.trimmed_head, c->gone.head, sizeof c->v.trimmed_head);
    }
    return r;
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

static enum bg_err check_journal(struct check *c, const char *path, struct bg_verify *v)
{
    struct bg_segments list = {NULL, 0};
    enum bg_err r;

    r = c->copy ? bg_segdir_open_copy(path, &c->dir) : bg_segdir_open(path, false, &c->dir);
    if (r != BG_OK)
        return r;
    if ((r = bg_segdir_list(c->dir, &list)) == BG_OK && list.count == 0)
        r = BG_E_NOENT;
    if (r == BG_OK && (r = bg_lines_of(c->dir, c->copy, list.number[0], note_first, c)) == BG_OK)
        r = check_list(c, &list);
    if (r == BG_OK && (r = judge_beginning(c, &list)) == BG_OK)
        r = conclude(c, v);
    free(list.number);
    bg_close(c->dir);
    return r;
}

enum bg_err bg_journal_verify(const char *dir, struct bg_verify *v)
{
    struct check c;

    memset(&c, 0, sizeof c);
    return check_journal(&c, dir == NULL ? BG_JOURNAL_DIR : dir, v);
}

enum bg_err bg_journal_verify_copy(const char *dir, const struct bg_verify_each *each, struct bg_verify *v)
{
    struct check c;

    memset(&c, 0, sizeof c);
    c.copy = true;
    c.each = each;
    return check_journal(&c, dir, v);
}

/* Only a journal that was read to its end can be compared. */
static void compare(const struct check *c, const char *path, enum bg_err r, struct bg_second_look *second)
{
    bool none = r == BG_E_NOENT;
    enum bg_agreement a;
    int dir = -1;

    if (r != BG_OK && !none)
        return;
    a = bg_tamper_judge(&c->known, none ? NULL : &c->at, c->at_known);
    if (a == BG_AGREES || a == BG_LINES_LOST)
        return;
    if (bg_segdir_open(path, false, &dir) != BG_OK)
        dir = -1;
    bg_tamper_tell(&c->known, a, none ? NULL : &c->at, dir, &second->gone);
    bg_close(dir);
}

enum bg_err bg_journal_examine_each(const char *dir, const char *run, const struct bg_verify_each *each,
                                    struct bg_verify *v, struct bg_second_look *second)
{
    const char *path = dir == NULL ? BG_JOURNAL_DIR : dir;
    struct check c;
    enum bg_err r;

    memset(&c, 0, sizeof c);
    memset(second, 0, sizeof *second);
    c.each = each;
    bg_known_load(path, run == NULL ? BG_FALLBACK_DIR : run, &c.known); /* before the lines: they may grow */
    r = check_journal(&c, path, v);
    compare(&c, path, r, second);
    second->blind = !c.known.known && c.known.unreadable;
    if (!bg_tamper_second(&c.known, path, &second->place) && r == BG_OK && !c.known.known && !second->blind)
        bg_tamper_no_second(path, &second->place);
    return r;
}

enum bg_err bg_journal_examine(const char *dir, const char *run, struct bg_verify *v,
                               struct bg_second_look *second)
{
    return bg_journal_examine_each(dir, run, NULL, v, second);
}
