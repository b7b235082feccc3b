#include "record/event.h"

#include "base/clock.h"
#include "base/secret.h"
#include "record/render.h"

#define KIND(name) name, BG_EVENT_TYPE name ".v1"
#define FATAL      "FATAL", 21, 6
#define ERROR      "ERROR", 17, 5
#define WARN       "WARN", 13, 3

/* Attempts, uses and anything that smells of tampering stand at the top: an alert rule needs one threshold.
 */
static const struct bg_event_kind kinds[BG_EV_TYPES] = {
    [BG_EV_JOURNAL_GENESIS] = {KIND("journal.genesis"), 99, WARN},
    [BG_EV_JOURNAL_REPAIRED] = {KIND("journal.repaired"), 99, ERROR},
    [BG_EV_ATTEMPT_STARTED] = {KIND("attempt.started"), 1, FATAL},
    [BG_EV_ATTEMPT_FAILED] = {KIND("attempt.failed"), 1, FATAL},
    [BG_EV_ATTEMPT_ABORTED] = {KIND("attempt.aborted"), 1, FATAL},
    [BG_EV_SHARE_REFUSED] = {KIND("share.refused"), 1, ERROR},
    [BG_EV_AUTH_SUCCEEDED] = {KIND("auth.succeeded"), 1, FATAL},
    [BG_EV_USE_GRANTED] = {KIND("use.granted"), 1, FATAL},
    [BG_EV_SESSION_OPENED] = {KIND("session.opened"), 1, FATAL},
    [BG_EV_SESSION_CLOSED] = {KIND("session.closed"), 2, WARN},
    [BG_EV_SESSION_UNGRANTED] = {KIND("session.ungranted"), 1, FATAL},
    [BG_EV_GATE_REFUSED] = {KIND("gate.refused"), 1, FATAL},
    [BG_EV_GATE_EXCEPTION] = {KIND("gate.exception"), 1, WARN},
    [BG_EV_CREDENTIAL_ENROLLED] = {KIND("credential.enrolled"), 99, WARN},
    [BG_EV_CREDENTIAL_REVOKED] = {KIND("credential.revoked"), 99, WARN},
    [BG_EV_KEY_COUNTER_BACK] = {KIND("key.counterback"), 99, FATAL},
    [BG_EV_CONFIG_CHANGED] = {KIND("config.changed"), 99, WARN},
    [BG_EV_ALERT_TEST] = {KIND("alert.test"), 99, FATAL},
    [BG_EV_ALERT_ACKNOWLEDGED] = {KIND("alert.acknowledged"), 99, WARN},
    [BG_EV_ALERT_UNREACHED] = {KIND("alert.unreached"), 99, ERROR},
    [BG_EV_ALERT_UNDELIVERABLE] = {KIND("alert.undeliverable"), 99, ERROR},
};

const struct bg_event_kind *bg_event_kind(enum bg_event_type t)
{
    if ((int)t <= 0 || (int)t >= (int)BG_EV_TYPES)
        return NULL;
    return &kinds[t];
}

const char *bg_event_type_name(enum bg_event_type t)
{
    const struct bg_event_kind *k = bg_event_kind(t);

    return k == NULL ? NULL : k->type;
}

enum bg_err bg_ulid(char out[BG_ULID_LEN + 1])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char now[BG_TIME_LEN];
    uint8_t rnd[10];
    uint64_t ms = (uint64_t)bg_time_rfc3339(now);
    enum bg_err r;

    if ((r = bg_random(rnd, sizeof rnd)) != BG_OK)
        return r;
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = crockford[ms & 31];
    for (int half = 0; half < 2; half++) { /* 5 bytes make 8 digits, twice */
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | rnd[half * 5 + i];
        for (int i = 7; i >= 0; i--, bits >>= 5)
            out[10 + half * 8 + i] = crockford[bits & 31];
    }
    out[BG_ULID_LEN] = '\0';
    return BG_OK;
}
