#include "login/report.h"

#include "delivery/bell.h"
#include "login/decide.h"
#include "programs.h"

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
    e->host_pid = L->hello.host_pid;
    e->caller_uid = L->hello.caller_uid;
    if (bg_record(&L->rec, e, &where, &L->newest) != BG_OK)
        where = BG_RECORDED_NOWHERE;
    if (L->newest.sequence > 0 && L->policy.sinks.n > 0)
        (void)!bg_bell_ring(
            PROGRAM_ALERT); /* nobody to deliver: the timer, the next event or a service will */
    if (where > L->recorded)
        L->recorded = where;
    if (where != BG_RECORDED_JOURNAL) /* a disk that hangs is not waited for in full again and again */
        L->rec.timeout_ms = L->policy.journal_timeout / 4;
    return decide_suffices(L->policy.unrecorded, L->source, where);
}

static bool record_text(struct login *L, enum bg_event_type type, bool success, const struct bg_message *id,
                        const char *text)
{
    struct bg_event e = BG_EVENT_INIT;
    char name[8];

    bg_msg_name(name, id);
    e.type = type;
    e.success = success;
    e.message = text;
    e.detail = name;
    return login_record(L, &e);
}

bool login_record_msg(struct login *L, enum bg_event_type type, bool success, const struct bg_message *id,
                      const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)bg_msg_text(text, sizeof text, id, args);
    return record_text(L, type, success, id, text);
}

void login_record_last(struct login *L, enum bg_event_type type)
{
    (void)record_text(L, type, false, L->cause, L->last);
}
