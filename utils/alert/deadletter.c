#include "alert/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "config/messages.h"
#include "delivery/cursor.h"
#include "record/lines.h"
#include "record/event.h"
#include "delivery/messages.h"

#define DETAIL_MAX 128

/* One thing to be told, unless the journal has it already. */
struct letter {
    char detail[DETAIL_MAX]; /* its name in the journal: "SINK JOURNALID SEQUENCE", "SINK gone HASH", "BG601
                                HASH" */
    struct bg_position at;   /* sequence 0: not about a line */
    bool known;
};

struct letters {
    struct letter *list;
    unsigned n;
    enum bg_event_type type;
};

static bool on_line(void *arg, const struct bg_rawline *l)
{
    struct letters *all = arg;
    struct bg_chain at;
    json_t *ev;

    if (!l->whole || !bg_line_has(l, "type", bg_event_kind(all->type)->type) ||
        bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    for (unsigned i = 0; i < all->n; i++) {
        struct letter *x = &all->list[i];
        if (strcmp(bg_json_str(bg_event_own(ev), "detail"), x->detail) == 0 ||
            (at.last.sequence == x->at.sequence && strcmp(at.last.journalid, x->at.journalid) == 0))
            x->known = true;
    }
    json_decref(ev);
    return true;
}

static unsigned collect(const char *sink, const struct bg_cursor *c, struct letter *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->chains; i++)
        for (unsigned j = 0; j < c->chain[i].n_dead; j++, n++) {
            out[n].at.sequence = c->chain[i].dead[j];
            memcpy(out[n].at.journalid, c->chain[i].journalid, sizeof out[n].at.journalid);
            (void)snprintf(out[n].detail, DETAIL_MAX, "%s %s %" PRIu64, sink, out[n].at.journalid,
                           out[n].at.sequence);
        }
    if (c->gone[0] != '\0')
        (void)snprintf(out[n++].detail, DETAIL_MAX, "%s gone %.32s", sink, c->gone);
    return n;
}

static void put(struct bg_recorder *rec, enum bg_event_type type, const char *text, const struct letter *x)
{
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where;

    e.type = type;
    e.message = text;
    e.detail = x->detail;
    if (bg_record(rec, &e, &where, NULL) != BG_OK)
        alert_say(BG_M_RECORD_NOWHERE, BG_NOARGS);
}

static void record(struct bg_recorder *rec, const char *sink, const struct letter *x, const char *why)
{
    char text[BG_MSG_MAX];

    if (x->at.sequence > 0)
        (void)bg_msg_text(text, sizeof text, BG_M_ALERT_DEAD, BG_ARGS(sink, BG_DIGITS(x->at.sequence), why));
    else
        (void)bg_msg_text(text, sizeof text, BG_M_ALERT_GONE, BG_ARGS(sink));
    put(rec, BG_EV_ALERT_UNDELIVERABLE, text, x);
}

static void of_sink(struct bg_recorder *rec, const char *sink, struct bg_cursor *c, struct letter *room)
{
    struct letters all = {.list = room, .type = BG_EV_ALERT_UNDELIVERABLE};

    if (bg_cursor_load(NULL, sink, false, c) != BG_OK)
        return;
    memset(room, 0, (BG_CURSOR_CHAINS * BG_CURSOR_DEAD + 1) * sizeof *room);
    if ((all.n = collect(sink, c, room)) == 0)
        return;
    if (bg_lines_walk(BG_JOURNAL_DIR, 0, on_line, &all) != BG_OK)
        return; /* not now; the marks stay */
    for (unsigned i = 0; i < all.n; i++)
        if (!room[i].known)
            record(rec, sink, &room[i], c->error);
}

static void recorder_of(const struct bg_policy *policy, struct bg_recorder *rec)
{
    bg_recorder_init(rec);
    rec->timeout_ms = policy->journal_timeout;
    rec->syslog_path = policy->syslog ? NULL : "";
}

void deadletters_record(const struct bg_policy *policy)
{
    struct letter *room = calloc(BG_CURSOR_CHAINS * BG_CURSOR_DEAD + 1, sizeof *room);
    struct bg_cursor *c = malloc(sizeof *c);
    struct bg_recorder rec;

    recorder_of(policy, &rec);
    for (unsigned i = 0; room != NULL && c != NULL && i < policy->sinks.n; i++)
        of_sink(&rec, policy->sinks.sink[i].name, c, room);
    free(room);
    free(c);
}

void policy_faults_record(const struct bg_policy *policy, const struct bg_faults *faults)
{
    struct letter room[BG_FAULTS_MAX] = {0};
    struct letters all = {.list = room, .type = BG_EV_CONFIG_CHANGED};
    struct bg_recorder rec;
    char text[BG_MSG_MAX], hash[BG_HASH_HEX + 1];

    for (const struct bg_ini_error *f = faults->fault; all.n < faults->n; f++) {
        if (bg_sha256_hex(f->text, strlen(f->text), hash) != BG_OK)
            return;
        (void)snprintf(room[all.n++].detail, DETAIL_MAX, "BG601 %.32s", hash);
    }
    if (all.n == 0 || bg_lines_walk(BG_JOURNAL_DIR, 0, on_line, &all) != BG_OK)
        return;
    recorder_of(policy, &rec);
    for (unsigned i = 0; i < all.n; i++) {
        (void)bg_msg_text(text, sizeof text, BG_M_FILE_SYNTAX,
                          BG_ARGS(BG_POLICY_PATH, BG_DIGITS(faults->fault[i].line), faults->fault[i].text));
        if (!room[i].known)
            put(&rec, BG_EV_CONFIG_CHANGED, text, &room[i]);
    }
}
