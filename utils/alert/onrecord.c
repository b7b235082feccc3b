/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "account/accounts.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "config/messages.h"
#include "delivery/cursor.h"
#include "record/lines.h"
#include "record/event.h"
#include "record/limit.h"
#include "record/unended.h"
#include "delivery/messages.h"

#define DETAIL_MAX 128
#define DAY_MS     INT64_C(86400000)
#define SILENT_MS  DAY_MS /* one that has taken nothing for so long, whatever it answered, is told of */
#define HOUR_MS    INT64_C(3600000)
#define QUIET_MS   INT64_C(3600000) /* a sink that takes and refuses by turns is told of this often */

/* One thing to be told, unless it is on record already. */
struct letter {
    char detail[DETAIL_MAX]; /* its name in the journal: "SINK refused MILLISECONDS", "BG601 HASH" */
    size_t like;             /* one with the same beginning, so long, is enough if it is new; 0: it is not */
    char text[BG_MSG_MAX];
    bool success, known;
};

struct letters {
    struct letter *list;
    unsigned n;
    enum bg_event_type type;
    int64_t now;   /* wall clock in ms */
    int64_t again; /* one that is older than this does not count; 0: it does */
};

static bool tells(const struct letters *all, const struct letter *x, const json_t *ev)
{
    const char *detail = bg_json_str(bg_event_own(ev), "detail");
    int64_t when = bg_event_time(ev);
    int64_t age = when <= all->now ? all->now - when : INT64_MAX;

    return (strcmp(detail, x->detail) == 0 && (all->again == 0 || age < all->again)) ||
           (x->like > 0 && strncmp(detail, x->detail, x->like) == 0 && age < QUIET_MS);
}

static bool on_line(void *arg, const struct bg_rawline *l)
{
    struct letters *all = arg;
    struct bg_chain at;
    json_t *ev;

    if (!l->whole || !bg_line_has(l, "type", bg_event_kind(all->type)->type) ||
        bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    for (unsigned i = 0; i < all->n; i++)
        all->list[i].known = all->list[i].known || tells(all, &all->list[i], ev);
    json_decref(ev);
    return true;
}

/* What the journal has, and what lies in /run while it refuses. In this order: what is brought home meanwhile
 * is found in the journal. False: the journal cannot be read now. */
static bool look_up(struct letters *all)
{
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, on_line, all);
    return bg_lines_walk(BG_JOURNAL_DIR, 0, on_line, all) == BG_OK;
}

/* True: it is where somebody can deliver it. */
static bool put(struct bg_recorder *rec, enum bg_event_type type, const struct letter *x)
{
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where;

    e.type = type;
    e.success = x->success;
    e.message = x->text;
    e.detail = x->detail;
    if (bg_record(rec, &e, &where, NULL) != BG_OK)
        alert_say(BG_M_RECORD_NOWHERE, BG_NOARGS);
    return where == BG_RECORDED_JOURNAL || where == BG_RECORDED_RUN;
}

/* What a cursor says of its sink, as it stands in the journal. */
struct story {
    enum bg_event_type type;
    const char *word; /* "refused" */
    int64_t since;    /* wall clock in ms */
};

/* False when there is nothing new. */
static bool of_sink(struct bg_recorder *rec, const char *sink, const struct story *s, const char *why,
                    int64_t *looked)
{
    struct letter x = {0};
    struct letters all = {.list = &x, .n = 1, .type = s->type, .now = bg_wall_ms()};

    x.like = (size_t)snprintf(x.detail, DETAIL_MAX, "%s %s ", sink, s->word);
    (void)snprintf(x.detail + x.like, DETAIL_MAX - x.like, "%" PRId64, s->since);
    if (!look_up(&all))
        return false; /* not now; the cursor goes on saying so */
    *looked = s->since;
    if (x.known)
        return false;
    if (s->type == BG_EV_ALERT_SILENT)
        (void)bg_msg_raw(x.text, sizeof x.text, BG_M_ALERT_SILENT,
                         BG_ARGS(sink, BG_DIGITS((all.now - s->since) / HOUR_MS), why));
    else
        (void)bg_msg_raw(x.text, sizeof x.text, BG_M_ALERT_REFUSED, BG_ARGS(sink, why));
    return put(rec, all.type, &x);
}

void alert_recorder(const struct bg_policy *policy, struct bg_recorder *rec)
{
    bg_recorder_init(rec);
    rec->timeout_ms = policy->journal_timeout;
    rec->syslog_path = policy->syslog ? NULL : "";
}

/* From where on a new sink is told. */
static bool begun(struct bg_recorder *rec, const char *sink, const struct bg_position *at, uint64_t *looked)
{
    struct letter x = {.success = true};
    struct letters all = {.list = &x, .n = 1, .type = BG_EV_CONFIG_CHANGED, .now = bg_wall_ms()};

    (void)snprintf(x.detail, DETAIL_MAX, "%s begins behind %s %" PRIu64, sink, at->journalid, at->sequence);
    if (!look_up(&all))
        return false;
    *looked = at->sequence;
    if (x.known)
        return false;
    (void)bg_msg_raw(x.text, sizeof x.text, BG_M_ALERT_BEGINS, BG_ARGS(sink, BG_DIGITS(at->sequence)));
    return put(rec, all.type, &x);
}

bool refusals_record(const struct bg_policy *policy)
{
    static uint64_t began[BG_SINKS_MAX];
    static struct bg_cursor c;
    static int64_t refused[BG_SINKS_MAX],
        silent[BG_SINKS_MAX]; /* a service asks often, and the journal is long */
    struct bg_recorder rec;
    bool news = false;

    alert_recorder(policy, &rec);
    for (unsigned i = 0; i < policy->sinks.n; i++) {
        const char *sink = policy->sinks.sink[i].name;
        struct story no = {BG_EV_ALERT_UNDELIVERABLE, "refused", 0}, none = {BG_EV_ALERT_SILENT, "silent", 0};
        if (bg_cursor_load(NULL, sink, false, &c) != BG_OK)
            continue;
        if (c.began.sequence > 0 && c.began.sequence != began[i])
            news = begun(&rec, sink, &c.began, &began[i]) || news;
        no.since = c.refusing;
        none.since = c.failing;
        if (c.refusing > 0 && c.refusing != refused[i])
            news = of_sink(&rec, sink, &no, c.error, &refused[i]) || news;
        if (c.failing > 0 && bg_wall_ms() - c.failing >= SILENT_MS && c.failing != silent[i])
            news = of_sink(&rec, sink, &none, c.error, &silent[i]) || news;
    }
    return news;
}

void counts_record(const struct bg_policy *policy)
{
    struct bg_position at;
    struct bg_recorder rec;

    alert_recorder(policy, &rec);
    bg_record_counts(&rec, false, &at);
}

static void end_sessions(void *arg, unsigned line, const char *name, const struct bg_account *a,
                         const char *wrong)
{
    (void)line;
    (void)name;
    (void)wrong;
    if (a != NULL)
        (void)bg_sessions_end(arg, a->name, a->uid, NULL);
}

void lost_sessions_record(const struct bg_policy *policy)
{
    char text[BG_ACCOUNTS_MAX];
    struct bg_recorder rec;
    size_t len;

    alert_recorder(policy, &rec);
    if (bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) == BG_OK)
        bg_accounts_walk(text, len, end_sessions, &rec);
}

struct look {
    struct bg_recorder rec;
    struct bg_limit limit;
};

static void look_at_limit(void *arg, unsigned line, const char *name, const struct bg_account *a,
                          const char *wrong)
{
    struct look *l = arg;

    (void)line;
    (void)name;
    (void)wrong;
    if (a != NULL)
        (void)bg_limit_look(&l->rec, a->name, a->uid, &l->limit);
}

void limits_record(const struct bg_policy *policy)
{
    char text[BG_ACCOUNTS_MAX];
    struct look l = {.limit = {(int64_t)policy->session_limit * 60000, policy->session_end}};
    size_t len;

    alert_recorder(policy, &l.rec);
    if (bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) == BG_OK)
        bg_accounts_walk(text, len, look_at_limit, &l);
}

/* One that is on record already is said again after a day. */
static void fault(struct letter *x, const char *id, const char *text)
{
    char hash[BG_HASH_HEX + 1] = "";

    (void)!bg_sha256_hex(text, strlen(text), hash);
    (void)snprintf(x->detail, DETAIL_MAX, "%s %.32s", id, hash);
    (void)snprintf(x->text, sizeof x->text, "%s", text);
}

static unsigned line_faults(const struct bg_faults *faults, struct letter *out)
{
    char text[BG_MSG_MAX];

    for (unsigned i = 0; i < faults->n; i++) {
        fault(&out[i], "BG601", faults->fault[i].text);
        (void)bg_msg_raw(text, sizeof text, BG_M_FILE_SYNTAX,
                         BG_ARGS(BG_POLICY_PATH, BG_DIGITS(faults->fault[i].line), faults->fault[i].text));
        (void)snprintf(out[i].text, sizeof out[i].text, "%s", text);
    }
    return faults->n;
}

static unsigned file_faults(const struct bg_sinks *sinks, struct letter *out)
{
    char text[BG_MSG_MAX];
    struct bg_sink_fault f;
    unsigned n = 0;

    for (unsigned i = 0; i < sinks->n; i++)
        if (!bg_sink_look(&sinks->sink[i], 0, &f)) {
            (void)bg_msg_raw(text, sizeof text, BG_M_SINK_FILE,
                             BG_ARGS(sinks->sink[i].name, f.key, f.path, f.why));
            fault(&out[n++], "BG353", text);
        }
    return n;
}

bool policy_faults_record(const struct bg_policy *policy, const struct bg_faults *faults)
{
    static struct letter room[BG_FAULTS_MAX + BG_SINKS_MAX];
    struct letters all = {.list = room, .type = BG_EV_CONFIG_CHANGED, .now = bg_wall_ms(), .again = DAY_MS};
    struct bg_recorder rec;
    bool news = false;

    memset(room, 0, sizeof room);
    all.n = line_faults(faults, room);
    all.n += file_faults(&policy->sinks, room + all.n);
    if (all.n == 0 || !look_up(&all))
        return false;
    alert_recorder(policy, &rec);
    for (unsigned i = 0; i < all.n; i++)
        if (!room[i].known)
            news = put(&rec, BG_EV_CONFIG_CHANGED, &room[i]) || news;
    return news;
}
