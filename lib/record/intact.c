#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/lines.h"

#define TORN_WAIT_MS 1000 /* a writer may be in the middle of its line for that long */

struct check {
    const char *dir;
    struct bg_verify v;
    struct bg_chain at; /* what the next line must follow */
    unsigned segment;   /* where the line before was; 0 at the beginning */
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

static bool accept(struct check *c, const struct bg_rawline *l, const json_t *ev, const struct bg_chain *at)
{
    c->at = *at;
    if (bg_sha256_hex(l->text, l->len, c->at.head) != BG_OK)
        return found(c, l, "SHA-256 is not available");
    c->v.lines++;
    c->v.sealed += json_is_string(json_object_get(ev, "seal"));
    return true;
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
        return l->newest && !still_torn(c, l) ? false : found(c, l, "the last line is torn: it has no end");
    if (l->len >= BG_LINE_MAX || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return found(c, l, "the line is not an event of a journal");
    fault = line_fault(c, l, ev, &at);
    more = fault == NULL ? accept(c, l, ev, &at) : found(c, l, fault);
    json_decref(ev);
    return more;
}

enum bg_err bg_journal_verify(const char *dir, struct bg_verify *v)
{
    struct check c;
    enum bg_err r;

    memset(&c, 0, sizeof c);
    c.dir = dir == NULL ? BG_JOURNAL_DIR : dir;
    if ((r = bg_lines_walk(c.dir, 0, check_line, &c)) != BG_OK)
        return r;
    if (c.v.lines == 0 && c.v.problem[0] == '\0')
        return BG_E_NOENT;
    *v = c.v;
    v->head_sequence = c.at.last.sequence;
    memcpy(v->journalid, c.at.last.journalid, sizeof v->journalid);
    memcpy(v->head, c.at.head, sizeof v->head);
    return v->problem[0] == '\0' ? BG_OK : BG_E_MISMATCH;
}
