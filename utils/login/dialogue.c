/* The auth phase: start, factor, statement, grant; whatever happens in between is on record. */
#include "login/alarm.h"

#include <stdio.h>
#include "login/messages.h"

/* Is there anything this account could be opened with? */
static enum bg_err check_account(struct login *L)
{
    if (L->match == BG_NOT_OURS)
        return login_refuse(L, BG_M_NOT_AN_ACCOUNT, BG_ARGS(L->hello.user));
    if (L->match != BG_OURS)
        return login_refuse(L, BG_M_ACCOUNT_DAMAGED, BG_ARGS(L->hello.user));
    if (L->credential_state == BG_E_NOENT)
        return login_refuse(L, BG_M_NO_CREDENTIAL, BG_ARGS(L->account.name));
    if (L->credential_state != BG_OK)
        return login_refuse(L, BG_M_CREDENTIAL_BAD,
                            BG_ARGS(L->account.name, bg_strerror(L->credential_state)));
    if (!L->credential.enabled)
        return login_refuse(L, BG_M_ACCOUNT_DISABLED, BG_ARGS(L->account.name));
    return login_ways(L);
}

/* What auth.succeeded says of the key, if one signed. */
static void name_key(const struct login *L, struct bg_event *e, char text[BG_MSG_MAX])
{
    char counter[16];

    e->message = "Break-glass factor verified; who and why come next";
    if (L->key[0] == '\0')
        return;
    (void)snprintf(counter, sizeof counter, "%u", L->key_counter);
    (void)bg_msg_text(text, BG_MSG_MAX, BG_M_EV_KEY, BG_ARGS(L->key, counter));
    e->message = text;
    e->key = L->key;
    e->key_counter = L->key_counter;
}

/* at: where auth.succeeded stands. */
static enum bg_err verify(struct login *L, struct bg_position *at)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];
    unsigned count = 0;
    int64_t since = 0;
    enum bg_err r;

    bg_state_failures(NULL, NULL, L->account.name, L->source, &count, &since);
    login_delay(L, count, since);
    (void)login_record_msg(L, BG_EV_ATTEMPT_STARTED, true, BG_M_EV_STARTED, BG_ARGS(L->account.name));
    if ((r = login_factors(L)) != BG_OK)
        return r;
    name_key(L, &e, text);
    e.type = BG_EV_AUTH_SUCCEEDED;
    e.success = true;
    e.factor = L->factor;
    if (!login_record_suffices(L, login_record(L, &e)))
        return login_refuse(L, BG_M_UNRECORDED, BG_NOARGS);
    *at = L->newest;
    return login_say(L, BG_STYLE_INFO, login_verified_text(L), BG_NOARGS);
}

static enum bg_err grant(struct login *L, const struct statement *s, const struct bg_position *verified)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_position granted;
    char text[BG_MSG_MAX];

    (void)bg_msg_text(text, sizeof text, BG_M_EV_GRANTED, BG_ARGS(L->account.name, s->name, s->reason));
    e.type = BG_EV_USE_GRANTED;
    e.success = true;
    e.factor = L->factor;
    e.key = L->key[0] != '\0' ? L->key : NULL;
    e.claimed = s->name;
    e.reason = s->reason;
    e.ticket = s->ticket[0] != '\0' ? s->ticket : NULL;
    e.message = text;
    if (!login_record_suffices(L, login_record(L, &e)))
        return login_refuse(L, BG_M_UNRECORDED, BG_NOARGS);
    granted = L->newest;
    if (L->recorded != BG_RECORDED_JOURNAL &&
        login_say(L, BG_STYLE_ERROR, BG_M_DEGRADED, BG_ARGS(bg_recorded_name(L->recorded))) != BG_OK)
        return BG_E_EOF;
    if (alarm_await(L, verified, &granted) != BG_OK)
        return BG_E_EOF;
    return login_say(L, BG_STYLE_INFO, BG_M_GRANTED, BG_ARGS(L->use));
}

/* What ended the dialogue, when no message has been named for it yet. */
static const struct bg_message *cause_of(enum bg_err r)
{
    switch (r) {
    case BG_E_MISMATCH:
        return BG_M_NO_MORE_TRIES;
    case BG_E_TIMEOUT:
        return BG_M_TIMED_OUT;
    case BG_E_CANCEL:
        return BG_M_LEFT;
    case BG_E_EOF:
        return BG_M_HUNG_UP;
    default:
        return BG_M_INTERNAL;
    }
}

/*
 * The end without a grant goes on record, aborted by the person or the line, or failed; then it is shown.
 * Sets of shares that failed are on record already, each by itself.
 */
static void record_end(struct login *L, enum bg_err r)
{
    bool aborted = r == BG_E_EOF || r == BG_E_TIMEOUT || r == BG_E_CANCEL;

    if (L->last[0] == '\0')
        (void)login_refuse(L, cause_of(r), BG_ARGS(bg_strerror(r)));
    if (r != BG_E_MISMATCH)
        login_record_last(L, aborted ? BG_EV_ATTEMPT_ABORTED : BG_EV_ATTEMPT_FAILED);
    if (r != BG_E_EOF)
        login_say_last(L);
}

uint32_t login_authenticate(struct login *L)
{
    struct statement s;
    struct bg_position verified;
    enum bg_err r;

    if (bg_ulid(L->use) != BG_OK)
        L->use[0] = '\0';
    if ((r = check_account(L)) != BG_OK)
        goto out;
    if ((r = login_begin(L)) != BG_OK)
        goto out;
    if ((r = verify(L, &verified)) != BG_OK)
        goto out;
    if ((r = login_statement(L, &s)) != BG_OK)
        goto out;
    r = grant(L, &s, &verified);
out:
    if (r == BG_OK)
        return BG_VERDICT_ALLOW;
    record_end(L, r);
    return BG_VERDICT_DENY;
}
