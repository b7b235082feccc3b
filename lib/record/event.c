/* SPDX-License-Identifier: ISC */
#include "record/event.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/host.h"
#include "base/secret.h"
#include "base/text.h"

#define KIND(name) name, BG_EVENT_TYPE name ".v1"
#define FATAL      "FATAL", 21, 6
#define ERROR      "ERROR", 17, 5
#define WARN       "WARN", 13, 3
#define INFO       "INFO", 9, 1
#define DURABLE    true
#define CARRIED    false /* the next durable line takes it along */

/* Attempts, uses and every sign of tampering are at the top: an alert rule needs one threshold. */
static const struct bg_event_kind kinds[BG_EV_TYPES] = {
    [BG_EV_JOURNAL_GENESIS] = {KIND("journal.genesis"), 99, WARN, DURABLE},
    [BG_EV_JOURNAL_REPAIRED] = {KIND("journal.repaired"), 99, ERROR, DURABLE},
    [BG_EV_ATTEMPT_STARTED] = {KIND("attempt.started"), 1, FATAL, CARRIED},
    [BG_EV_ATTEMPT_FAILED] = {KIND("attempt.failed"), 1, FATAL, DURABLE},
    [BG_EV_ATTEMPT_REPEATED] = {KIND("attempt.repeated"), 1, FATAL, DURABLE},
    [BG_EV_ATTEMPT_ABORTED] = {KIND("attempt.aborted"), 1, FATAL, DURABLE},
    [BG_EV_SHARE_REFUSED] = {KIND("share.refused"), 1, ERROR, DURABLE},
    [BG_EV_AUTH_SUCCEEDED] = {KIND("auth.succeeded"), 1, FATAL, DURABLE},
    [BG_EV_USE_GRANTED] = {KIND("use.granted"), 1, FATAL, DURABLE},
    [BG_EV_SESSION_OPENED] = {KIND("session.opened"), 1, FATAL, CARRIED},
    [BG_EV_SESSION_CLOSED] = {KIND("session.closed"), 2, WARN, DURABLE},
    [BG_EV_SESSION_UNGRANTED] = {KIND("session.ungranted"), 1, FATAL, DURABLE},
    [BG_EV_GATE_REFUSED] = {KIND("gate.refused"), 1, FATAL, DURABLE},
    [BG_EV_GATE_EXCEPTION] = {KIND("gate.exception"), 1, WARN, DURABLE},
    [BG_EV_CREDENTIAL_ENROLLED] = {KIND("credential.enrolled"), 99, WARN, DURABLE},
    [BG_EV_CREDENTIAL_REVOKED] = {KIND("credential.revoked"), 99, WARN, DURABLE},
    [BG_EV_KEY_COUNTER_BACK] = {KIND("key.counterback"), 99, FATAL, DURABLE},
    [BG_EV_CONFIG_CHANGED] = {KIND("config.changed"), 99, WARN, DURABLE},
    [BG_EV_ALERT_TEST] = {KIND("alert.test"), 99, FATAL, CARRIED},
    [BG_EV_ALERT_ACKNOWLEDGED] = {KIND("alert.acknowledged"), 99, WARN, CARRIED},
    [BG_EV_ALERT_UNREACHED] = {KIND("alert.unreached"), 99, ERROR, CARRIED},
    [BG_EV_ALERT_UNDELIVERABLE] = {KIND("alert.undeliverable"), 99, ERROR, CARRIED},
    [BG_EV_TAMPER_DETECTED] = {KIND("tamper.detected"), 99, FATAL, DURABLE},
    [BG_EV_JOURNAL_SETASIDE] = {KIND("journal.setaside"), 99, FATAL, DURABLE},
    [BG_EV_JOURNAL_LOST] = {KIND("journal.lost"), 99, WARN, DURABLE},
    [BG_EV_JOURNAL_ACCEPTED] = {KIND("journal.accepted"), 99, WARN, DURABLE},
    [BG_EV_ACCOUNT_MISTAKEN] = {KIND("account.mistaken"), 99, ERROR, CARRIED},
    [BG_EV_CREDENTIAL_INSPECTED] = {KIND("credential.inspected"), 99, WARN, DURABLE},
    [BG_EV_SHARE_EXPOSED] = {KIND("share.exposed"), 99, ERROR, DURABLE},
    [BG_EV_ALERT_DROPPED] = {KIND("alert.dropped"), 99, ERROR, DURABLE},
    [BG_EV_ACCOUNT_ARMED] = {KIND("account.armed"), 99, FATAL, DURABLE},
    [BG_EV_ACCOUNT_DISARMED] = {KIND("account.disarmed"), 99, WARN, DURABLE},
    [BG_EV_SESSION_ORPHANED] = {KIND("session.orphaned"), 99, FATAL, DURABLE},
    [BG_EV_JOURNAL_SEALED] = {KIND("journal.sealed"), 99, WARN, DURABLE},
    [BG_EV_JOURNAL_UNSEALED] = {KIND("journal.unsealed"), 99, FATAL, DURABLE},
    [BG_EV_JOURNAL_SEAL_OLD] = {KIND("journal.sealold"), 99, FATAL, DURABLE},
    [BG_EV_HEARTBEAT] = {KIND("heartbeat"), 99, INFO, CARRIED},
    [BG_EV_ALERT_REQUEUED] = {KIND("alert.requeued"), 99, WARN, CARRIED},
    [BG_EV_ALERT_CONFIRMED] = {KIND("alert.confirmed"), 99, WARN, CARRIED},
    [BG_EV_ALERT_SILENT] = {KIND("alert.silent"), 99, ERROR, CARRIED},
    [BG_EV_ENVELOPE_SEALED] = {KIND("envelope.sealed"), 99, WARN, DURABLE},
    [BG_EV_ENVELOPE_OPENED] = {KIND("envelope.opened"), 99, WARN, DURABLE},
    [BG_EV_ENVELOPE_INSPECTED] = {KIND("envelope.inspected"), 99, WARN, DURABLE},
    [BG_EV_ENVELOPE_MOVED] = {KIND("envelope.moved"), 99, WARN, DURABLE},
    [BG_EV_ENVELOPE_TAMPERED] = {KIND("envelope.tampered"), 99, FATAL, DURABLE},
    [BG_EV_PEOPLE_CHANGED] = {KIND("people.changed"), 99, WARN, DURABLE},
    [BG_EV_PEOPLE_REVIEWED] = {KIND("people.reviewed"), 99, WARN, DURABLE},
    [BG_EV_PEOPLE_LEFT] = {KIND("people.left"), 99, WARN, DURABLE},
    [BG_EV_SESSION_LIMIT] = {KIND("session.limit"), 99, ERROR, DURABLE},
    [BG_EV_SESSION_EXTENDED] = {KIND("session.extended"), 99, WARN, DURABLE},
    [BG_EV_SESSION_RECORDED] = {KIND("session.recorded"), 99, WARN, DURABLE},
    [BG_EV_SESSION_UNRECORDED] = {KIND("session.unrecorded"), 99, WARN, DURABLE},
    [BG_EV_USE_PROBED] = {KIND("use.probed"), 99, WARN, DURABLE},
    [BG_EV_DRILL_OPENED] = {KIND("drill.opened"), 99, WARN, DURABLE},
    [BG_EV_DRILL_STEP] = {KIND("drill.step"), 99, WARN, DURABLE},
    [BG_EV_DRILL_CLOSED] = {KIND("drill.closed"), 99, WARN, DURABLE},
    [BG_EV_REVIEW_OPENED] = {KIND("review.opened"), 99, WARN, DURABLE},
    [BG_EV_REVIEW_OVERDUE] = {KIND("review.overdue"), 99, FATAL, DURABLE},
    [BG_EV_REVIEW_CLOSED] = {KIND("review.closed"), 99, WARN, DURABLE},
    [BG_EV_ROTATE_STARTED] = {KIND("rotate.started"), 99, WARN, DURABLE},
    [BG_EV_ROTATE_STEP] = {KIND("rotate.step"), 99, WARN, DURABLE},
    [BG_EV_ROTATE_DONE] = {KIND("rotate.done"), 99, WARN, DURABLE},
    [BG_EV_DUE_REMINDER] = {KIND("due.reminder"), 99, WARN, DURABLE},
    [BG_EV_DUE_OVERDUE] = {KIND("due.overdue"), 99, ERROR, DURABLE},
    [BG_EV_HOST_CHANGED] = {KIND("host.changed"), 99, WARN, DURABLE},
    [BG_EV_CHECK_FAILED] = {KIND("check.failed"), 99, FATAL, DURABLE},
    [BG_EV_PROOF_PASSED] = {KIND("proof.passed"), 99, WARN, DURABLE},
    [BG_EV_PROOF_FAILED] = {KIND("proof.failed"), 99, ERROR, DURABLE},
    [BG_EV_CHECK_PASSED] = {KIND("check.passed"), 99, WARN, DURABLE},
    [BG_EV_JOURNAL_TRIMMED] = {KIND("journal.trimmed"), 99, WARN, DURABLE},
};

const struct bg_event_kind *bg_event_kind(enum bg_event_type t)
{
    if ((int)t <= 0 || (int)t >= (int)BG_EV_TYPES)
        return NULL;
    return &kinds[t];
}

enum bg_err bg_ulid(char out[BG_ULID_LEN + 1])
{
    static const char digits[] = BG_ULID_DIGITS;
    uint8_t rnd[10];
    uint64_t ms = (uint64_t)bg_wall_ms();
    enum bg_err r;

    if ((r = bg_random(rnd, sizeof rnd)) != BG_OK)
        return r;
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = digits[ms & 31];
    for (int half = 0; half < 2; half++) { /* 5 bytes make 8 digits, twice */
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | rnd[half * 5 + i];
        for (int i = 7; i >= 0; i--, bits >>= 5)
            out[10 + half * 8 + i] = digits[bits & 31];
    }
    out[BG_ULID_LEN] = '\0';
    return BG_OK;
}

/* --- JSON ----------------------------------------------------------------------------------- */

/* Bytes of cleaned text that each member may have. Together, with every byte escaped in JSON, they stay far
 * below BG_LINE_MAX. */
enum {
    CAP_NAME = 64,
    CAP_CLAIMED = 128,
    CAP_HOST = 256,
    CAP_DETAIL = 400,
    CAP_MESSAGE = 600,
    CAP_REASON = 1000
};

#define CARDS_WHOLE 24

static int put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value);
}

static json_t *clean(const char *s, size_t cap)
{
    char buf[CAP_REASON + 1];

    (void)bg_text_clean(buf, cap + 1, s, strlen(s));
    return json_string(buf);
}

/* Text that may be hostile; NULL and "" are left out. */
static int put_text(json_t *o, const char *key, const char *s, size_t cap)
{
    return s == NULL || *s == '\0' ? 0 : put(o, key, clean(s, cap));
}

static int put_number(json_t *o, const char *key, int64_t n, int64_t left_out)
{
    return n == left_out ? 0 : put(o, key, json_integer(n));
}

static bool given(const char *s)
{
    return s != NULL && *s != '\0';
}

static json_t *clock_json(void)
{
    json_t *o = json_object();
    char boot[BG_BOOT_ID_LEN + 1];
    int64_t maxerror;
    bool synced = bg_host_clock_synced(&maxerror);
    int bad = 0;

    bg_host_boot_id(boot);
    bad |= put_text(o, "boot_id", boot, BG_BOOT_ID_LEN);
    bad |= put(o, "mono_ns", json_integer(bg_host_boottime_ns()));
    bad |= put(o, "synced", json_boolean(synced));
    bad |= put_number(o, "maxerror_us", maxerror, -1);
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

static int put_count(json_t *o, const char *key, uint64_t n)
{
    return put(o, key, json_integer((json_int_t)n));
}

static json_t *repeats_json(const struct bg_repeats *r)
{
    json_t *o = json_object();
    int bad = 0;

    bad |= put_count(o, "started", r->started);
    bad |= put_count(o, "failed", r->failed);
    bad |= put_count(o, "aborted", r->aborted);
    bad |= put_count(o, "refused", r->refused);
    bad |= put_count(o, "sources", r->sources);
    bad |= put_text(o, "first_source", r->first, CAP_NAME);
    bad |= put_text(o, "last_source", r->last, CAP_NAME);
    bad |= put_text(o, "since", r->since, BG_TIME_LEN);
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

/* Beyond the first CARDS_WHOLE, whose keepers fit, a card is its number alone. */
static json_t *cards_json(const struct bg_event *e)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < e->cards && i < BG_EVENT_CARDS; i++) {
        const struct bg_event_card *c = &e->card[i];
        json_t *o = json_object();
        bad |= put_count(o, "group", c->group) | put_count(o, "card", c->number);
        bad |= put_number(o, "copy", c->copy, 0);
        if (i < CARDS_WHOLE)
            bad |= put_text(o, "custodian", c->custodian, CAP_NAME) |
                   put_text(o, "envelope", c->envelope, CAP_NAME) | put_text(o, "seal", c->seal, CAP_NAME);
        bad |= json_array_append_new(list, o);
    }
    if (bad == 0)
        return list;
    json_decref(list);
    return NULL;
}

/* Of the life of an account: drills, reviews, envelopes, dates. */
static int life_members(json_t *o, const struct bg_event *e)
{
    int bad = 0;

    if (given(e->drill))
        bad |= put(o, "drill", json_true()) | put_text(o, "drill_id", e->drill, CAP_NAME);
    bad |= put_text(o, "by", e->by, CAP_CLAIMED);
    bad |= put_text(o, "verdict", e->verdict, CAP_NAME);
    bad |= put_text(o, "evidence", e->evidence, BG_HASH_HEX);
    bad |= put_text(o, "envelope", e->envelope, CAP_NAME);
    bad |= put_text(o, "seal", e->seal, CAP_NAME);
    bad |= put_text(o, "item", e->item, CAP_CLAIMED);
    bad |= put_text(o, "until", e->until, BG_TIME_LEN);
    return bad;
}

/* What OCSF has no member for. */
static json_t *own_json(const struct bg_event *e)
{
    json_t *o = json_object();
    int bad = 0;

    bad |= put_text(o, "use", e->use, CAP_NAME);
    bad |= put_text(o, "claimed_by", e->claimed, CAP_CLAIMED);
    bad |= put_text(o, "reason", e->reason, CAP_REASON);
    bad |= put_text(o, "ticket", e->ticket, CAP_CLAIMED);
    bad |= put_text(o, "factor", e->factor, CAP_NAME);
    bad |= put_text(o, "detail", e->detail, CAP_DETAIL);
    bad |= put_text(o, "source", e->source, CAP_NAME);
    bad |= put_text(o, "degraded", e->degraded, CAP_DETAIL);
    bad |= put_text(o, "ruser", e->ruser, CAP_HOST);
    bad |= put_number(o, "pid", e->host_pid, 0);
    if (e->host_pid != 0)
        bad |= put_number(o, "pid_start", (int64_t)bg_host_pid_start(e->host_pid), 0);
    bad |= put_number(o, "caller_uid", e->caller_uid, -1);
    bad |= put_number(o, "audit_uid", e->audit_uid, -1);
    bad |= put_number(o, "audit_session", e->audit_session, -1);
    bad |= put_text(o, "key", e->key, CAP_NAME);
    bad |= put_number(o, "key_counter", e->key_counter, -1);
    bad |= put_text(o, "user_verified", e->user_verified, CAP_NAME);
    bad |= put_text(o, "host_identity", e->host_identity, CAP_NAME);
    bad |= life_members(o, e);
    if (e->cards > 0)
        bad |= put(o, "cards", cards_json(e));
    if (e->repeats != NULL)
        bad |= put(o, "repeats", repeats_json(e->repeats));
    bad |= put(o, "clock", clock_json());
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

/* OCSF requires a user in every event; one that is about no account names the uid that writes it. */
static json_t *user_json(const struct bg_event *e)
{
    char uid[24];

    if (given(e->account))
        return json_pack("{s:o}", "name", clean(e->account, CAP_NAME));
    (void)snprintf(uid, sizeof uid, "%lu", (unsigned long)geteuid());
    return json_pack("{s:s}", "uid", uid);
}

static json_t *endpoint_json(const char *rhost)
{
    struct in6_addr any;
    bool ip = inet_pton(AF_INET, rhost, &any) == 1 || inet_pton(AF_INET6, rhost, &any) == 1;

    return json_pack("{s:o}", ip ? "ip" : "hostname", clean(rhost, CAP_HOST));
}

/* OCSF's numbers and captions of factors; what has none is Other, in our word. */
static json_t *factor_json(const char *word, size_t n)
{
    static const struct {
        const char *word, *caption;
        int id;
    } known[] = {{"key", "WebAuthn", 10}, {"password", "Password", 11}};
    char other[CAP_NAME + 1];

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].word) == n && memcmp(known[i].word, word, n) == 0)
            return json_pack("{s:i,s:s}", "factor_type_id", known[i].id, "factor_type", known[i].caption);
    (void)snprintf(other, sizeof other, "%.*s", (int)n, word);
    return json_pack("{s:i,s:o}", "factor_type_id", 99, "factor_type", clean(other, CAP_NAME));
}

/* Each of "key+shares". */
static json_t *factors_json(const char *factors)
{
    json_t *list = json_array();
    size_t n;

    for (const char *p = factors; list != NULL && *p != '\0'; p += n + (p[n] == '+')) {
        n = strcspn(p, "+");
        if (n > 0 && json_array_append_new(list, factor_json(p, n)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Where it came from and which factor; each member only when it is known. */
static int put_origin(json_t *data, const struct bg_event *e)
{
    int bad = 0;

    if (given(e->rhost))
        bad |= put(data, "src_endpoint", endpoint_json(e->rhost));
    if (given(e->use) || given(e->tty)) {
        json_t *session = json_object();
        bad |= put_text(session, "uid", e->use, CAP_NAME) | put_text(session, "terminal", e->tty, CAP_NAME);
        bad |= put(data, "session", session);
    }
    if (given(e->source)) {
        bool remote = strcmp(e->source, "network") == 0;
        bad |= put(data, "is_remote", json_boolean(remote));
        bad |=
            put(data, "logon_type_id", json_integer(remote ? 10 : 2)); /* remote interactive, interactive */
    }
    if (given(e->factor))
        bad |= put(data, "auth_factors", factors_json(e->factor));
    return bad;
}

static json_t *data_json(const struct bg_event *e, const char *id, const char *host, int64_t ms)
{
    const struct bg_event_kind *k = bg_event_kind(e->type);
    json_t *o = json_object();
    int bad = 0;

    bad |= put(o, "category_uid", json_integer(3));
    bad |= put(o, "class_uid", json_integer(3002));
    bad |= put(o, "activity_id", json_integer(k->activity));
    if (k->activity == 99)
        bad |= put(o, "activity_name", json_string(k->name));
    bad |= put(o, "type_uid", json_integer(300200 + k->activity));
    bad |= put(o, "severity_id", json_integer(k->severity));
    bad |= put(o, "status_id", json_integer(e->success ? 1 : 2));
    bad |= put(o, "time", json_integer(ms));
    bad |= put_text(o, "message", given(e->message) ? e->message : k->name, CAP_MESSAGE);
    bad |= put(o, "metadata",
               json_pack("{s:s,s:s,s:{s:s,s:s,s:s}}", "version", "1.8.0", "uid", id, "product", "name",
                         "breakglass", "vendor_name", "breakglass", "version", PACKAGE_VERSION));
    bad |= put(o, "user", user_json(e));
    bad |= put(o, "service",
               json_pack("{s:o}", "name", clean(given(e->service) ? e->service : "breakglass", CAP_NAME)));
    bad |= put(o, "device", json_pack("{s:s,s:i}", "hostname", host, "type_id", 0));
    bad |= put_origin(o, e);
    bad |= put(o, "unmapped", json_pack("{s:o}", "breakglass", own_json(e)));
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

enum bg_err bg_event_render(const struct bg_event *e, json_t **out)
{
    const struct bg_event_kind *k = bg_event_kind(e->type);
    char id[BG_ULID_LEN + 1], now[BG_TIME_LEN], host[CAP_HOST], source[CAP_HOST + 32];
    json_t *o;
    int64_t ms;
    int bad = 0;
    enum bg_err r;

    if (k == NULL)
        return BG_E_RANGE;
    if ((r = bg_ulid(id)) != BG_OK)
        return r;
    if ((o = json_object()) == NULL)
        return BG_E_NOMEM;
    ms = bg_time_rfc3339(now);
    bg_host_name(host, sizeof host);
    (void)snprintf(source, sizeof source, "urn:breakglass:host:%s", host);
    bad |= put(o, "specversion", json_string("1.0"));
    bad |= put(o, "id", json_string(id));
    bad |= put(o, "source", json_string(source));
    bad |= put(o, "type", json_string(k->type));
    bad |= put_text(o, "subject", e->account, CAP_NAME);
    bad |= put(o, "time", json_string(now));
    bad |= put(o, "timestamp", json_string(now)); /* Standard Webhooks' name for it */
    bad |= put(o, "datacontenttype", json_string("application/json"));
    bad |= put(o, "dataschema", json_string("urn:breakglass:schema:event:1"));
    bad |= put(o, "journalid", json_string("")) | put(o, "sequence", json_string(""));
    bad |= put(o, "prevhash", json_string(""));
    bad |= put(o, "severitytext", json_string(k->level));
    bad |= put(o, "severitynumber", json_integer(k->level_number));
    bad |= put(o, "data", data_json(e, id, host, ms));
    if (bad != 0) {
        json_decref(o);
        return BG_E_NOMEM;
    }
    *out = o;
    return BG_OK;
}

bool bg_event_by_anybody(const char *type)
{
    static const char attempt[] = BG_EVENT_TYPE "attempt.";

    return strncmp(type, attempt, sizeof attempt - 1) == 0 ||
           strcmp(type, kinds[BG_EV_SHARE_REFUSED].type) == 0 ||
           strcmp(type, kinds[BG_EV_SHARE_EXPOSED].type) == 0;
}

bool bg_event_of_use(const char *type)
{
    return strcmp(type, kinds[BG_EV_AUTH_SUCCEEDED].type) == 0 ||
           strcmp(type, kinds[BG_EV_USE_GRANTED].type) == 0 ||
           strcmp(type, kinds[BG_EV_SESSION_OPENED].type) == 0;
}

bool bg_event_promises(const char *type)
{
    for (int t = 1; t < (int)BG_EV_TYPES; t++)
        if (strcmp(type, kinds[t].type) == 0)
            return kinds[t].promises;
    return true;
}

bool bg_event_is(const json_t *ev, enum bg_event_type t)
{
    return strcmp(bg_json_str(ev, "type"), bg_event_kind(t)->type) == 0;
}

json_t *bg_event_own(const json_t *ev)
{
    return json_object_get(json_object_get(json_object_get(ev, "data"), "unmapped"), "breakglass");
}

int64_t bg_event_time(const json_t *ev)
{
    return json_integer_value(json_object_get(json_object_get(ev, "data"), "time"));
}

int64_t bg_event_age(const json_t *ev)
{
    static char boot[BG_BOOT_ID_LEN + 1]; /* read once: journals are long */
    const json_t *clock = json_object_get(bg_event_own(ev), "clock");
    int64_t ms = bg_wall_ms() - bg_event_time(ev);

    if (boot[0] == '\0')
        bg_host_boot_id(boot);
    if (boot[0] != '\0' && strcmp(bg_json_str(clock, "boot_id"), boot) == 0)
        ms = bg_now_ms() - json_integer_value(json_object_get(clock, "mono_ns")) / 1000000;
    return ms < 0 ? 0 : ms;
}

void bg_event_degrade(json_t *ev, const char *why)
{
    json_t *own = bg_event_own(ev);

    if (own != NULL)
        (void)put_text(own, "degraded", why, CAP_DETAIL);
}

const char *bg_json_str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s == NULL ? "" : s;
}
