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
#include "record/unended.h"
#include "delivery/messages.h"

#define DETAIL_MAX 128
#define QUIET_MS   INT64_C(3600000) /* a sink that takes and refuses by turns is told of this often */

/* One thing to be told, unless the journal has it already. */
struct letter {
    char detail[DETAIL_MAX]; /* its name in the journal: "SINK refused MILLISECONDS", "BG601 HASH" */
    size_t like;             /* one with the same beginning, so long, is enough if it is new; 0: it is not */
    bool known;
};

struct letters {
    struct letter *list;
    unsigned n;
    enum bg_event_type type;
    int64_t now; /* wall clock in ms */
};

static bool tells(const struct letters *all, const struct letter *x, const json_t *ev)
{
    const char *detail = bg_json_str(bg_event_own(ev), "detail");
    int64_t when = json_integer_value(json_object_get(json_object_get(ev, "data"), "time"));

    return strcmp(detail, x->detail) == 0 || (x->like > 0 && strncmp(detail, x->detail, x->like) == 0 &&
                                              when <= all->now && when > all->now - QUIET_MS);
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

/* False when there is nothing new. */
static bool of_sink(struct bg_recorder *rec, const char *sink, const struct bg_cursor *c, int64_t *looked)
{
    struct letter x = {0};
    struct letters all = {.list = &x, .n = 1, .type = BG_EV_ALERT_UNDELIVERABLE, .now = bg_wall_ms()};
    char text[BG_MSG_MAX];

    x.like = (size_t)snprintf(x.detail, DETAIL_MAX, "%s refused ", sink);
    (void)snprintf(x.detail + x.like, DETAIL_MAX - x.like, "%" PRId64, c->refusing);
    if (bg_lines_walk(BG_JOURNAL_DIR, 0, on_line, &all) != BG_OK)
        return false; /* not now; the cursor goes on saying so */
    *looked = c->refusing;
    if (x.known)
        return false;
    (void)bg_msg_text(text, sizeof text, BG_M_ALERT_REFUSED, BG_ARGS(sink, c->error));
    put(rec, all.type, text, &x);
    return true;
}

static void recorder_of(const struct bg_policy *policy, struct bg_recorder *rec)
{
    bg_recorder_init(rec);
    rec->timeout_ms = policy->journal_timeout;
    rec->syslog_path = policy->syslog ? NULL : "";
}

bool refusals_record(const struct bg_policy *policy)
{
    static struct bg_cursor c;
    static int64_t looked[BG_SINKS_MAX]; /* a service asks often, and the journal is long */
    struct bg_recorder rec;
    bool news = false;

    recorder_of(policy, &rec);
    for (unsigned i = 0; i < policy->sinks.n; i++) {
        const char *sink = policy->sinks.sink[i].name;
        if (bg_cursor_load(NULL, sink, false, &c) == BG_OK && c.refusing > 0 && c.refusing != looked[i] &&
            of_sink(&rec, sink, &c, &looked[i]))
            news = true;
    }
    return news;
}

static void end_sessions(void *arg, unsigned line, const char *name, const struct bg_account *a,
                         const char *wrong)
{
    (void)line;
    (void)name;
    (void)wrong;
    if (a != NULL)
        (void)bg_sessions_end(arg, a->name, NULL);
}

void lost_sessions_record(const struct bg_policy *policy)
{
    char text[BG_ACCOUNTS_MAX];
    struct bg_recorder rec;
    size_t len;

    recorder_of(policy, &rec);
    if (bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) == BG_OK)
        bg_accounts_walk(text, len, end_sessions, &rec);
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
