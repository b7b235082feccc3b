/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/host.h"
#include "delivery/cursor.h"
#include "delivery/messages.h"
#include "record/chain.h"
#include "record/lines.h"
#include "record/tamper.h"
#include "record/trim.h"

#define DETAIL_MAX 192

/* One line that a cursor has lost, and what the journal says there. */
struct gap {
    const struct bg_cursor_line *lost;
    char detail[DETAIL_MAX]; /* its name in the journal: "SINK lost JOURNALID SEQUENCE HASH" */
    bool known;              /* it is on record already */
    bool there, other;       /* the line is there after all; another one has its number */
    bool seam, ours;         /* a later line says that lines are gone; the journal is the one it was */
    bool trimmed;            /* it was old, and so may be what told of it: neither is kept */
    char before[BG_BOOT_ID_LEN + 1], after[BG_BOOT_ID_LEN + 1]; /* boots of the lines around it */
};

static const char *boot_of(const json_t *ev)
{
    return bg_json_str(json_object_get(bg_event_own(ev), "clock"), "boot_id");
}

static void take_boot(char out[BG_BOOT_ID_LEN + 1], const json_t *ev)
{
    (void)snprintf(out, BG_BOOT_ID_LEN + 1, "%s", boot_of(ev));
}

/* A line of the journal that has lost it. */
static void beside(struct gap *g, const struct bg_rawline *l, const json_t *ev, uint64_t sequence)
{
    char hash[BG_HASH_HEX + 1];
    struct bg_trimmed t;

    g->ours = true;
    if (sequence < g->lost->sequence)
        take_boot(g->before, ev);
    else if (g->after[0] == '\0')
        take_boot(g->after, ev);
    if (sequence == g->lost->sequence && bg_sha256_hex(l->text, l->len, hash) == BG_OK) {
        g->there = strcmp(hash, g->lost->hash) == 0;
        g->other = !g->there;
    }
    g->seam = g->seam || (sequence > g->lost->sequence && bg_tamper_is_seam(ev));
    g->trimmed = g->trimmed || (bg_trimmed_read(ev, &t) && t.last >= g->lost->sequence);
}

static bool on_line(void *arg, const struct bg_rawline *l)
{
    struct gap *g = arg;
    struct bg_chain at;
    json_t *ev;

    if (!l->whole || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    g->known = g->known || strcmp(bg_json_str(bg_event_own(ev), "detail"), g->detail) == 0;
    if (strcmp(at.last.journalid, g->lost->journalid) == 0)
        beside(g, l, ev, at.last.sequence);
    else if (bg_tamper_is_seam(ev) &&
             strstr(bg_json_str(bg_event_own(ev), "detail"), g->lost->journalid) != NULL)
        g->seam = true; /* another journal, and it says so */
    json_decref(ev);
    return true;
}

/*
 * Lost where one boot ended and the next began. The boot in which it was read, if the cursor knows it: lines
 * of the next boot may have taken the numbers of more that were lost, and then one of them stands before it.
 */
static bool by_power_cut(const struct gap *g)
{
    const char *then = g->lost->boot[0] != '\0' ? g->lost->boot : g->before;
    char now[BG_BOOT_ID_LEN + 1];

    bg_host_boot_id(now);
    return g->ours && g->before[0] != '\0' && strcmp(then, g->after[0] != '\0' ? g->after : now) != 0;
}

/* True: it is where somebody can deliver it. */
static bool put(struct bg_recorder *rec, const char *sink, const struct gap *g)
{
    struct bg_event e = BG_EVENT_INIT;
    bool cut = by_power_cut(g);
    enum bg_recorded where;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, BG_M_LINE_LOST,
                     BG_ARGS(sink, BG_DIGITS(g->lost->sequence), g->lost->journalid,
                             cut ? "lost in a power cut" : "cut off or replaced"));
    e.type = cut ? BG_EV_JOURNAL_LOST : BG_EV_TAMPER_DETECTED;
    e.message = text;
    e.detail = g->detail;
    if (bg_record(rec, &e, &where, NULL) != BG_OK)
        alert_say(BG_M_RECORD_NOWHERE, BG_NOARGS);
    return where == BG_RECORDED_JOURNAL || where == BG_RECORDED_RUN;
}

/* True: there is something new. */
static bool of_sink(struct bg_recorder *rec, const char *sink, const struct bg_cursor *c)
{
    struct gap g = {.lost = &c->lost};

    (void)snprintf(g.detail, sizeof g.detail, "%s lost %s %" PRIu64 " %s", sink, c->lost.journalid,
                   c->lost.sequence, c->lost.hash);
    /* what was put into /run while the journal refused; before the journal, into which it may move */
    (void)!bg_lines_walk(rec->fallback_dir == NULL ? BG_FALLBACK_DIR : rec->fallback_dir, 0, on_line, &g);
    if (bg_lines_walk(rec->dir == NULL ? BG_JOURNAL_DIR : rec->dir, 0, on_line, &g) != BG_OK || g.known ||
        g.there || g.trimmed || (g.seam && !g.other))
        return false;
    return put(rec, sink, &g);
}

bool lost_lines_record(const struct bg_policy *policy, struct bg_recorder *rec,
                       const struct bg_cursor_dirs *at)
{
    static struct bg_cursor c;
    static struct bg_cursor_line looked[BG_SINKS_MAX]; /* a service asks often, and the journal is long */
    bool news = false;

    for (unsigned i = 0; i < policy->sinks.n; i++) {
        const char *sink = policy->sinks.sink[i].name;
        if (bg_cursor_load(at, sink, false, &c) != BG_OK || c.lost.sequence == 0 ||
            strcmp(c.lost.hash, looked[i].hash) == 0)
            continue;
        news = of_sink(rec, sink, &c) || news;
        looked[i] = c.lost;
    }
    return news;
}
