/* SPDX-License-Identifier: ISC */
#include "record/trim.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/msg.h"
#include "base/safefile.h"
#include "record/chain.h"
#include "record/lines.h"
#include "record/messages.h"
#include "record/segment.h"

#define DAY_MS INT64_C(86400000)
#define FORM   "lines %" PRIu64 " to %" PRIu64 ", head %s"
#define READ   "lines %" SCNu64 " to %" SCNu64 ", head %64[0-9a-f]"

void bg_trimmed_detail(const struct bg_trimmed *t, char out[BG_TRIM_DETAIL])
{
    (void)snprintf(out, BG_TRIM_DETAIL, FORM, t->first, t->last, t->head);
}

/* The text is what bg_trimmed_detail makes of these very values. */
bool bg_trimmed_read(const json_t *ev, struct bg_trimmed *t)
{
    const char *detail;
    char again[BG_TRIM_DETAIL];
    struct bg_trimmed read;

    if (!bg_event_is(ev, BG_EV_JOURNAL_TRIMMED))
        return false;
    detail = bg_json_str(bg_event_own(ev), "detail");
    if (sscanf(detail, READ, &read.first, &read.last, read.head) != 3)
        return false;
    bg_trimmed_detail(&read, again);
    if (strcmp(detail, again) != 0 || strlen(read.head) != BG_HASH_HEX || read.first > read.last)
        return false;
    *t = read;
    return true;
}

/* --- the oldest one --------------------------------------------------------------------------- */

/* A segment from its first line to its last. */
struct oldest {
    unsigned number;
    uint64_t inode;
    struct bg_trimmed range;
    struct bg_position last;
    int64_t age_ms; /* of the last line, or of the file if that is younger */
    bool alarm;     /* it has one that nobody has explained */
    /* while it is read */
    uint64_t lines;
    enum bg_err r;
};

static bool read_line(void *arg, const struct bg_rawline *l)
{
    struct oldest *o = arg;
    struct bg_chain at;
    json_t *ev;

    o->r = l->whole ? bg_chain_parse(l->text, l->len, &ev, &at) : BG_E_SYNTAX;
    if (o->r != BG_OK)
        return false;
    if (bg_chain_fault(l->text, l->len, ev) != NULL)
        o->r = BG_E_MISMATCH;
    else if (o->lines++ == 0)
        o->range.first = at.last.sequence;
    else if (strcmp(at.last.journalid, o->last.journalid) != 0 || at.last.sequence <= o->last.sequence)
        o->r = BG_E_MISMATCH;
    o->last = at.last;
    o->range.last = at.last.sequence;
    o->age_ms = bg_event_age(ev);
    o->alarm = (o->alarm && !bg_event_is(ev, BG_EV_JOURNAL_ACCEPTED)) ||
               bg_event_is(ev, BG_EV_TAMPER_DETECTED) || bg_event_is(ev, BG_EV_JOURNAL_SETASIDE);
    if (o->r == BG_OK)
        o->r = bg_sha256_hex(l->text, l->len, o->range.head);
    json_decref(ev);
    return o->r == BG_OK;
}

/* The first line of the one behind it. */
static bool follows(void *arg, const struct bg_rawline *l)
{
    struct oldest *o = arg;
    struct bg_chain at;
    json_t *ev;

    o->r = l->whole ? bg_chain_parse(l->text, l->len, &ev, &at) : BG_E_SYNTAX;
    if (o->r != BG_OK)
        return false;
    if (at.last.sequence != o->range.last + 1 || strcmp(at.head, o->range.head) != 0 ||
        strcmp(at.last.journalid, o->last.journalid) != 0)
        o->r = BG_E_MISMATCH;
    json_decref(ev);
    return false;
}

static bool explains(void *arg, const struct bg_rawline *l)
{
    struct oldest *o = arg;

    o->alarm = !bg_line_has(l, "type", bg_event_kind(BG_EV_JOURNAL_ACCEPTED)->type);
    return o->alarm;
}

/* An alarm stays a finding until a person has explained it, so it must not go before that. */
static enum bg_err look_for_explanation(int dir, const struct bg_segments *list, struct oldest *o)
{
    enum bg_err r = BG_OK;

    for (size_t i = 1; r == BG_OK && o->alarm && i < list->count; i++)
        r = bg_lines_of(dir, false, list->number[i], explains, o);
    return r == BG_OK && o->alarm ? BG_E_MISMATCH : r;
}

static enum bg_err stat_of(int dir, struct oldest *o)
{
    char name[BG_SEGMENT_NAME];
    struct stat st;
    int64_t age;

    bg_segment_name(name, o->number);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return BG_E_IO;
    o->inode = st.st_ino;
    age = bg_wall_ms() - (int64_t)st.st_mtime * 1000;
    o->age_ms = age < o->age_ms ? age : o->age_ms;
    return BG_OK;
}

static enum bg_err read_oldest(int dir, const struct bg_segments *list, struct oldest *o)
{
    enum bg_err r;

    memset(o, 0, sizeof *o);
    o->number = list->number[0];
    if ((r = bg_lines_of(dir, false, o->number, read_line, o)) != BG_OK || (r = o->r) != BG_OK)
        return r;
    if (o->lines == 0)
        return BG_E_SYNTAX;
    if ((r = bg_lines_of(dir, false, list->number[1], follows, o)) != BG_OK || (r = o->r) != BG_OK)
        return r;
    if ((r = look_for_explanation(dir, list, o)) != BG_OK)
        return r;
    return stat_of(dir, o);
}

/* --- in a bounded child ----------------------------------------------------------------------- */

struct job {
    const char *dir;
    unsigned segments;
    int64_t lock_ms;
};

static enum bg_err look(void *arg, void *out)
{
    const struct job *j = arg;
    struct bg_segments list = {NULL, 0};
    int dir;
    enum bg_err r;

    if ((r = bg_segdir_open(j->dir, false, &dir)) != BG_OK)
        return r;
    if ((r = bg_segdir_list(dir, &list)) == BG_OK)
        r = list.count <= j->segments ? BG_E_NOENT : read_oldest(dir, &list, out);
    free(list.number);
    bg_close(dir);
    return r;
}

/* The same file that was looked at, and no other. */
static enum bg_err remove_locked(int dir, const struct oldest *o)
{
    struct oldest now = {.number = o->number};
    char name[BG_SEGMENT_NAME];
    enum bg_err r = stat_of(dir, &now);

    if (r != BG_OK)
        return r;
    if (now.inode != o->inode)
        return BG_E_MISMATCH;
    bg_segment_name(name, o->number);
    return unlinkat(dir, name, 0) == 0 && fsync(dir) == 0 ? BG_OK : BG_E_IO;
}

static enum bg_err take_away(void *arg, void *out)
{
    const struct job *j = arg;
    int dir, lock;
    enum bg_err r;

    if ((r = bg_segdir_open(j->dir, false, &dir)) != BG_OK)
        return r;
    if ((r = bg_lock(dir, BG_SEGDIR_LOCK, bg_deadline(j->lock_ms), &lock)) == BG_OK) {
        r = remove_locked(dir, out);
        (void)close(lock);
    }
    bg_close(dir);
    return r;
}

/* On record, and in the journal itself: nothing is removed by a word that lies elsewhere. */
static enum bg_err tell(struct bg_recorder *rec, const struct oldest *o, unsigned days)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], detail[BG_TRIM_DETAIL];
    enum bg_recorded where;

    bg_trimmed_detail(&o->range, detail);
    (void)bg_msg_raw(text, sizeof text, BG_M_JOURNAL_TRIMMED,
                     BG_ARGS(BG_DIGITS(o->range.first), BG_DIGITS(o->range.last), BG_DIGITS(days)));
    e.type = BG_EV_JOURNAL_TRIMMED;
    e.success = true;
    e.message = text;
    e.detail = detail;
    return bg_record(rec, &e, &where, NULL) == BG_OK && where == BG_RECORDED_JOURNAL ? BG_OK : BG_E_REFUSED;
}

enum bg_err bg_journal_trim(struct bg_recorder *rec, const struct bg_trim_rule *rule, struct bg_trimmed *t,
                            int64_t *age_ms)
{
    struct job j = {.dir = rec->dir != NULL ? rec->dir : BG_JOURNAL_DIR,
                    .segments = rule->segments > 0 ? rule->segments : 1,
                    .lock_ms = rec->timeout_ms / 2};
    struct oldest o;
    enum bg_err r;

    if ((r = bg_child_run(look, &j, rec->timeout_ms, &o, sizeof o, NULL)) != BG_OK)
        return r;
    if (o.age_ms <= (int64_t)rule->days * DAY_MS)
        return BG_E_NOENT;
    *t = o.range;
    *age_ms = o.age_ms;
    if (!rule->taken(rule->arg, &o.last))
        return BG_E_BUSY;
    if ((r = tell(rec, &o, rule->days)) != BG_OK)
        return r;
    return bg_child_run(take_away, &j, rec->timeout_ms, &o, sizeof o, NULL);
}

/* --- what is gone ----------------------------------------------------------------------------- */

static bool first_number(void *arg, const struct bg_rawline *l)
{
    uint64_t *earlier = arg;
    struct bg_chain at;
    json_t *ev;

    if (l->whole && bg_chain_parse(l->text, l->len, &ev, &at) == BG_OK) {
        *earlier = at.last.sequence > 0 ? at.last.sequence - 1 : 0;
        json_decref(ev);
    }
    return false;
}

uint64_t bg_journal_earlier(const char *dir)
{
    uint64_t earlier = 0;

    return bg_lines_walk(dir == NULL ? BG_JOURNAL_DIR : dir, 0, first_number, &earlier) == BG_OK ? earlier
                                                                                                 : 0;
}
