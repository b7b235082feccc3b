/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include "delivery/bell.h"
#include "record/unended.h"
#include "programs.h"

/* A longer delay is announced again after this: the relay takes a minute of silence for a hang. */
#define STEP_MS 20000

/* With the first event of this process: earlier sessions that nobody closed. */
static void look_back(struct login *L)
{
    if (L->looked_back || L->match != BG_OURS)
        return;
    L->looked_back = true;
    (void)bg_sessions_end(&L->rec, L->account.name, L->account.uid, NULL);
}

bool login_record(struct login *L, struct bg_event *e)
{
    enum bg_recorded where = BG_RECORDED_NOWHERE;

    e->account = L->hello.user;
    e->service = L->hello.service;
    e->tty = L->hello.tty;
    e->rhost = L->hello.rhost;
    e->ruser = L->hello.ruser;
    e->source = bg_source_name(L->source);
    e->use = L->use;
    e->drill = L->drill.id[0] != '\0' ? L->drill.id : NULL;
    e->host_pid = L->hello.host_pid;
    e->caller_uid = L->hello.caller_uid;
    e->unproven = !L->proven && bg_event_by_anybody(bg_event_kind(e->type)->type);
    if (bg_record(&L->rec, e, &where, &L->newest) != BG_OK)
        where = BG_RECORDED_NOWHERE;
    L->placed = where;
    if (where > L->recorded)
        L->recorded = where;
    if (where == BG_RECORDED_COUNTED)
        counts_start();
    else if (where != BG_RECORDED_JOURNAL) /* a disk that hangs is not waited for in full again and again */
        L->rec.timeout_ms = L->policy.journal_timeout / 4;
    look_back(L);
    if (L->newest.sequence > 0 && (L->policy.sinks.n > 0 || L->policy_faults.n > 0))
        (void)!bg_bell_ring(
            PROGRAM_ALERT); /* nobody to deliver: the timer, the next event or a service will */
    return decide_suffices(L->policy.unrecorded, L->source, where);
}

bool login_record_text(struct login *L, struct bg_event *e, const struct bg_message *id,
                       const char *const *args)
{
    char text[BG_MSG_MAX], name[8];

    (void)bg_msg_raw(text, sizeof text, id, args);
    bg_msg_name(name, id);
    e->message = text;
    e->detail = name;
    return login_record(L, e);
}

bool login_record_msg(struct login *L, enum bg_event_type type, bool success, const struct bg_message *id,
                      const char *const *args)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = success;
    return login_record_text(L, &e, id, args);
}

void login_record_last(struct login *L, enum bg_event_type type)
{
    struct bg_event e = BG_EVENT_INIT;
    char name[8];

    bg_msg_name(name, L->cause);
    e.type = type;
    e.message = L->recordable;
    e.detail = name;
    (void)login_record(L, &e);
}

enum bg_err login_delay(struct login *L, unsigned least)
{
    unsigned count = 0;
    int64_t since = 0, wait;
    enum bg_err r = BG_OK;

    bg_state_failures(NULL, NULL, L->account.name, L->source, &count, &since);
    wait = decide_delay(&L->policy, L->source, count > least ? count : least, since);
    for (; wait > 0 && r == BG_OK; wait -= STEP_MS) {
        r = login_say(L, BG_STYLE_INFO, BG_M_DELAY, BG_ARGS(BG_COUNTED((wait + 999) / 1000, "second")));
        if (r == BG_OK)
            r = login_pause(L, wait < STEP_MS ? wait : STEP_MS);
    }
    return r;
}

void login_attempt_failed(struct login *L, const struct bg_message *id, const char *const *args)
{
    (void)login_record_msg(L, BG_EV_ATTEMPT_FAILED, false, id, args);
    (void)!login_delay(L, 1); /* nobody is there to wait: the next question will see it */
}
