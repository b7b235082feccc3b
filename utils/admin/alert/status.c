/* SPDX-License-Identifier: ISC */
/* breakglass alert status: how far each sink has got, and each class. */
#include "admin/alert/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/messages.h"
#include "delivery/bell.h"
#include "delivery/messages.h"
#include "record/event.h"
#include "record/lines.h"
#include "record/scan.h"

#define BEHIND_MS 60000 /* how long a delivery may take before it is a finding */
#define NAMED_MAX 8     /* refused events that are named */
#define NAME_WIDE 16    /* a longer name has a line of its own */

/* What one sink has not taken yet, counted from the journal itself. */
struct backlog {
    const struct bg_sink *sink;
    struct bg_cursor cursor;
    unsigned waiting, refused, done, dropped;
    uint64_t newest_done;
    int64_t oldest; /* age of the oldest one waiting, in ms */
    char named[NAMED_MAX][BG_ULID_LEN + ALERT_KIND_MAX + 32];
};

/* What matters and no sink of a class has taken, although there are some that want it. */
struct gap {
    unsigned sinks, missed;
    int64_t oldest; /* age in ms */
};

struct look {
    struct backlog *of; /* one for each sink */
    unsigned n;
    struct gap gap[BG_SINK_CLASSES + 1]; /* by class */
};

static void count_refused(struct backlog *b, const json_t *ev, uint64_t sequence)
{
    char kind[ALERT_KIND_MAX], id[BG_ULID_LEN + 1];

    alert_kind(ev, kind);
    (void)bg_text_ascii(id, sizeof id, bg_json_str(ev, "id"), strlen(bg_json_str(ev, "id")));
    if (b->refused < NAMED_MAX)
        (void)snprintf(b->named[b->refused], sizeof b->named[0], "%s  %s (%" PRIu64 ")", id, kind, sequence);
    b->refused++;
}

/* A line. Of a long journal nearly all of it is taken, and its kind and number do: it is parsed where they do
 * not. */
struct line {
    const struct bg_rawline *raw;
    char type[96];
    struct bg_chain at;
    json_t *ev; /* NULL: not parsed so far */
};

static bool read_line(const struct bg_rawline *raw, struct line *l)
{
    struct bg_scan s;

    *l = (struct line){.raw = raw};
    if (bg_scan_line(raw->text, raw->len, &s) && s.type_len < sizeof l->type) {
        memcpy(l->type, s.type, s.type_len);
        l->at = s.at;
        return true;
    }
    if (bg_chain_parse(raw->text, raw->len, &l->ev, &l->at) != BG_OK)
        return false;
    (void)snprintf(l->type, sizeof l->type, "%s", bg_json_str(l->ev, "type"));
    return true;
}

static const json_t *event_of(struct line *l)
{
    struct bg_chain at;

    if (l->ev == NULL && bg_chain_parse(l->raw->text, l->raw->len, &l->ev, &at) != BG_OK)
        l->ev = json_object(); /* what the scan takes the parser takes */
    return l->ev;
}

/* Has the sink taken it? What it does not want is done without being sent. */
static bool count(struct backlog *b, struct line *l)
{
    const struct bg_position *at = &l->at.last;
    const struct bg_cursor_chain *h = alert_chain(&b->cursor, at->journalid);
    bool wants = bg_sink_wants(b->sink, l->type);
    int64_t age;

    if (at->sequence <= b->cursor.began.sequence && strcmp(at->journalid, b->cursor.began.journalid) == 0 &&
        h != NULL && bg_cursor_done(h, at->sequence))
        return wants; /* from before it was there */
    if (h != NULL && bg_cursor_done(h, at->sequence)) {
        b->newest_done = at->sequence > b->newest_done ? at->sequence : b->newest_done;
        b->done += wants;
        return wants;
    }
    if (wants) {
        age = bg_event_age(event_of(l));
        b->waiting++;
        b->oldest = age > b->oldest ? age : b->oldest;
        if (h != NULL && bg_cursor_refused(h, at->sequence))
            count_refused(b, event_of(l), at->sequence);
    }
    return false;
}

/* "SINK ID NUMBER" of alert.dropped. */
static void count_drop(struct look *k, const json_t *ev)
{
    const char *detail = bg_json_str(bg_event_own(ev), "detail");

    for (unsigned i = 0; i < k->n; i++) {
        size_t n = strlen(k->of[i].sink->name);
        k->of[i].dropped += strncmp(detail, k->of[i].sink->name, n) == 0 && detail[n] == ' ';
    }
}

static void count_gap(struct gap *g, struct line *l)
{
    int64_t age = bg_event_age(event_of(l));

    g->missed++;
    g->oldest = age > g->oldest ? age : g->oldest;
}

static bool count_line(void *arg, const struct bg_rawline *raw)
{
    bool wanted[BG_SINK_CLASSES + 1] = {false}, has[BG_SINK_CLASSES + 1] = {false};
    struct look *k = arg;
    struct line l;

    if (!raw->whole || !read_line(raw, &l))
        return true;
    for (unsigned i = 0; i < k->n; i++) {
        enum bg_sink_class c = bg_sink_class(k->of[i].sink);
        bool done = count(&k->of[i], &l);
        wanted[c] = wanted[c] || bg_sink_wants(k->of[i].sink, l.type);
        has[c] = has[c] || done;
    }
    for (int c = 1; c <= BG_SINK_CLASSES && !bg_event_by_anybody(l.type); c++)
        if (wanted[c] && !has[c])
            count_gap(&k->gap[c], &l);
    if (strcmp(l.type, bg_event_kind(BG_EV_ALERT_DROPPED)->type) == 0)
        count_drop(k, event_of(&l));
    json_decref(l.ev);
    return true;
}

/* --- for people ----------------------------------------------------------------------------------- */

static void print_refused(const struct backlog *b)
{
    if (b->refused == 0)
        return;
    ui_text("     refused, and tried again: %u\n", b->refused);
    for (unsigned i = 0; i < b->refused && i < NAMED_MAX; i++)
        ui_text("       %s\n", b->named[i]);
    if (b->refused > NAMED_MAX)
        ui_text("       and %u more\n", b->refused - NAMED_MAX);
}

static void print_deferred(const struct bg_cursor *c)
{
    static const char *const why[BG_DEFERS] = {
        [BG_DEFER_SILENT] = "it does not answer",
        [BG_DEFER_ASKED] = "it asked for a pause",
        [BG_DEFER_RATE] = "its rate is used up",
        [BG_DEFER_REFUSED] = "the pause of what it refuses",
    };
    int64_t left = c->deferred - bg_wall_ms();
    char until[BG_TIME_LEN];

    if (c->why == BG_DEFER_NOT || left <= 0)
        return;
    bg_time_of(c->deferred, until);
    ui_text("     deferred until %s (%" PRId64 " s): %s\n", until, (left + 999) / 1000, why[c->why]);
}

static unsigned acknowledged(const struct backlog *b)
{
    return b->done > b->dropped ? b->done - b->dropped : 0;
}

/* Not tried, or to be tried again. */
static unsigned queued(const struct backlog *b)
{
    unsigned other = b->refused + (unsigned)b->cursor.sent;

    return b->waiting > other ? b->waiting - other : 0;
}

static void print_head(void)
{
    ui_text("%-*s %-12s %-6s %6s %5s %6s %7s  %s\n", NAME_WIDE, "SINK", "TYPE", "CLASS", "QUEUED", "SENT",
            "ACKED", "REFUSED", "LAST ACK");
}

static void print_sink(const struct backlog *b)
{
    const struct bg_cursor *c = &b->cursor;
    char error[sizeof c->error], taken[32] = "never";
    bool wide = strlen(b->sink->name) > NAME_WIDE;

    if (c->acked > 0)
        (void)snprintf(taken, sizeof taken, "%" PRId64 " s ago", bg_cursor_acked_age(c) / 1000);
    if (wide)
        ui_text("%s\n", b->sink->name);
    ui_text("%-*s %-12s %-6s %6u %5" PRId64 " %6u %7u  %s\n", NAME_WIDE, wide ? "" : b->sink->name,
            bg_sink_type_name(b->sink), bg_sink_class_name(bg_sink_class(b->sink)), queued(b), c->sent,
            acknowledged(b), b->refused, taken);
    if (c->began.sequence > 0)
        ui_text("     begins behind line %" PRIu64 " of the journal\n", c->began.sequence);
    if (b->waiting > 0)
        ui_text("     the oldest one waits for %" PRId64 " s\n", b->oldest / 1000);
    print_refused(b);
    print_deferred(c);
    (void)bg_text_ascii(error, sizeof error, c->error, strlen(c->error));
    if (c->error_at > 0)
        ui_text("     last failure %" PRId64 " s ago: %s\n", bg_cursor_failed_age(c) / 1000, error);
}

/* --- JSON ----------------------------------------------------------------------------------------- */

/* RFC 3339, or null for never. */
static json_t *time_json(int64_t ms)
{
    char text[BG_TIME_LEN];

    bg_time_of(ms, text);
    return ms <= 0 || *text == '\0' ? json_null() : json_string(text);
}

json_t *sink_json(const struct bg_sink *s)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "sink", s->name, "type", bg_sink_type_name(s), "class",
                     bg_sink_class_name(bg_sink_class(s)), "outside", bg_sink_is_outside(s));
}

/* "dead" and "gone" are of a time when a sink could refuse an event for good. */
static json_t *backlog_json(const struct backlog *b)
{
    const struct bg_cursor *c = &b->cursor;
    json_t *o = sink_json(b->sink);

    (void)json_object_update_new(
        o, json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:s, s:b}", "sequence",
                     (json_int_t)b->newest_done, "waiting", (json_int_t)b->waiting, "oldest_seconds",
                     (json_int_t)(b->oldest / 1000), "refused", (json_int_t)b->refused, "refusing_since",
                     time_json(c->refusing), "dead", (json_int_t)0, "acked", time_json(c->acked), "error_at",
                     time_json(c->error_at), "error", c->error, "gone", 0));
    (void)json_object_update_new(
        o, json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "began", (json_int_t)c->began.sequence, "queued",
                     (json_int_t)queued(b), "sent", (json_int_t)c->sent, "acknowledged",
                     (json_int_t)acknowledged(b), "given_up", (json_int_t)b->dropped, "deferred_until",
                     time_json(c->why == BG_DEFER_NOT ? 0 : c->deferred), "deferred_for",
                     bg_defer_name(c->why)));
    return o;
}

static json_t *class_json(const struct gap *g, enum bg_sink_class c)
{
    return json_pack("{s:s, s:I, s:I, s:I}", "class", bg_sink_class_name(c), "members", (json_int_t)g->sinks,
                     "unacknowledged", (json_int_t)g->missed, "oldest_seconds",
                     (json_int_t)(g->oldest / 1000));
}

/* --- findings ------------------------------------------------------------------------------------- */

static void tell_backlog(const struct backlog *b)
{
    const char *sink = b->sink->name;

    if (b->refused > 0)
        ui_finding(BG_M_ALERT_REFUSED, BG_ARGS(sink, b->cursor.error));
    if (b->waiting > b->refused && b->oldest > BEHIND_MS)
        ui_finding(BG_M_ALERT_BEHIND, BG_ARGS(sink, BG_DIGITS(b->waiting), BG_DIGITS(b->oldest / 1000)));
}

static void look_classes(const struct look *k, json_t *root)
{
    json_t *list = json_array();

    for (int c = 1; c <= BG_SINK_CLASSES; c++) {
        const struct gap *g = &k->gap[c];
        if (g->sinks == 0)
            continue;
        (void)json_array_append_new(list, class_json(g, (enum bg_sink_class)c));
        if (BG_WITH_ALERT && g->oldest > BEHIND_MS)
            ui_finding(BG_M_ALERT_CLASS_GAP, BG_ARGS(bg_sink_class_name((enum bg_sink_class)c),
                                                     BG_DIGITS(g->missed), BG_DIGITS(g->oldest / 1000)));
    }
    (void)json_object_set_new(root, "classes", list);
}

static bool count_all(const struct bg_policy *p, struct look *k)
{
    *k = (struct look){.of = calloc(p->sinks.n + 1, sizeof *k->of), .n = p->sinks.n};
    if (k->of == NULL)
        return false;
    for (unsigned i = 0; i < k->n; i++) {
        k->of[i].sink = &p->sinks.sink[i];
        k->gap[bg_sink_class(k->of[i].sink)].sinks++;
        (void)!bg_cursor_load(NULL, k->of[i].sink->name, false, &k->of[i].cursor);
    }
    if (k->n > 0) {
        (void)!bg_lines_walk(BG_JOURNAL_DIR, 0, count_line, k);
        (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, count_line, k);
    }
    return true;
}

static bool keeps;
static struct look kept; /* of NULL: nothing */

void alert_keep(bool on)
{
    keeps = on;
    free(kept.of);
    kept.of = NULL;
}

static void look_sinks(const struct bg_policy *p, json_t *root, json_t *list, bool aloud)
{
    struct look k = kept;

    if (k.of == NULL && !count_all(p, &k))
        return;
    for (unsigned i = 0; i < k.n; i++) {
        if (aloud)
            print_sink(&k.of[i]);
        if (BG_WITH_ALERT)
            tell_backlog(&k.of[i]);
        (void)json_array_append_new(list, backlog_json(&k.of[i]));
    }
    look_classes(&k, root);
    if (keeps)
        kept = k;
    else
        free(k.of);
}

void alert_idle(const struct bg_policy *p, bool sound)
{
    if (p->sinks.n > 0)
        ui_finding(BG_M_CMD_SINKS_IDLE, BG_ARGS(BG_POLICY_PATH, BG_DIGITS(p->sinks.n)));
    else if (sound)
        (p->sink_required ? ui_finding : ui_note)(BG_M_CMD_NO_DELIVERY, BG_NOARGS);
}

enum admin_exit alert_look(json_t *root, bool aloud)
{
    json_t *list = json_array();
    bool sound, served = bg_bell_served();
    const struct bg_policy *p = alert_policy(&sound);

    (void)json_object_set_new(root, "sinks", list);
    (void)json_object_set_new(root, "service", json_boolean(served));
    if (aloud && p->sinks.n > 0)
        print_head();
    look_sinks(p, root, list, aloud);
    if (!BG_WITH_ALERT) {
        alert_idle(p, sound);
        return ADMIN_GOOD;
    }
    rows_sink_files(&p->sinks);
    if (sound)
        alert_orphans(p);
    if (p->sinks.n == 0 && sound)
        (p->sink_required ? ui_finding : ui_note)(BG_M_ALERT_NO_SINK, BG_ARGS(BG_POLICY_PATH));
    else if (p->sinks.n > 0 && !served)
        ui_finding(BG_M_ALERT_UNSERVED, BG_NOARGS);
    return ADMIN_GOOD;
}

enum admin_exit alert_status(char *const words[], json_t *root)
{
    (void)words;
    return alert_look(root, true);
}
