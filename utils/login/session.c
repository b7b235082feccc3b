/* SPDX-License-Identifier: ISC */
/* The phases without a dialogue: account, opening and closing of a session. */
#include <string.h>
#include "login/login.h"
#include "login/recording.h"
#include "record/grant.h"

uint32_t login_account(struct login *L)
{
    const struct exception *x = L->match == BG_OURS ? decide_exception(&L->hello, &L->account) : NULL;
    char use[BG_ULID_LEN + 1];

    /* another process of a login that was granted; its session takes the token */
    if (L->match == BG_OURS &&
        bg_grant_check(NULL, L->account.name, L->hello.use, L->hello.host_pid) == BG_OK)
        return BG_VERDICT_ALLOW;
    if (x != NULL && (!x->during_use || bg_state_active(NULL, NULL, L->account.name, use)))
        return login_record_msg(L, BG_EV_GATE_EXCEPTION, true, BG_M_GATE_EXCEPTION,
                                BG_ARGS(L->hello.user, L->hello.service, x->name))
                   ? BG_VERDICT_ALLOW
                   : BG_VERDICT_DENY;
    (void)login_record_msg(L, BG_EV_GATE_REFUSED, false, BG_M_GATE_REFUSED,
                           BG_ARGS(L->hello.user, L->hello.service));
    (void)login_say(L, BG_STYLE_ERROR, BG_M_GATE_REFUSED, BG_ARGS(L->hello.user, L->hello.service));
    return BG_VERDICT_DENY;
}

/* systemd's manager of the account's own services: an exception, and no session of a person. */
static bool is_manager(const struct login *L)
{
    return L->match == BG_OURS && strcmp(L->hello.service, "systemd-user") == 0;
}

/* Was this handle granted, or another handle of the same login (sshd's two processes)? */
static bool use_is_granted(const struct login *L)
{
    if (L->match != BG_OURS)
        return false;
    if (L->hello.granted)
        bg_grant_drop(NULL, L->hello.use);
    return L->hello.granted || bg_grant_take(NULL, L->account.name, L->hello.use, L->hello.host_pid) == BG_OK;
}

static void belong_to_use(struct login *L)
{
    memcpy(L->use, L->hello.use, sizeof L->use);
    drill_of_use(L);
}

static bool record_session(struct login *L, enum bg_event_type type, const char *what, int64_t audit_uid)
{
    struct bg_event e = BG_EVENT_INIT;

    belong_to_use(L);
    e.type = type;
    e.success = true;
    e.message = what;
    e.audit_uid = audit_uid;
    return login_record(L, &e);
}

uint32_t login_open_session(struct login *L, struct bg_verdict *v)
{
    int64_t audit_uid = L->account.has_audit_uid ? (int64_t)L->account.audit_uid : -1;

    if (is_manager(L))
        return login_account(L);
    if (!use_is_granted(L)) {
        (void)login_record_msg(L, BG_EV_SESSION_UNGRANTED, false, BG_M_SESSION_UNGRANTED,
                               BG_ARGS(L->hello.user, L->hello.service));
        return BG_VERDICT_DENY;
    }
    if (!record_session(L, BG_EV_SESSION_OPENED, "Break-glass session opened", audit_uid))
        return BG_VERDICT_DENY;
    watch_start(L);
    selfcheck_opened(L);
    v->has_audit_uid = L->account.has_audit_uid;
    v->audit_uid = L->account.audit_uid;
    return BG_VERDICT_ALLOW;
}

/* login(1) opens a session for a shell and nothing else; of others watch.c has seen whether there was one. */
static void tell_unrecorded(struct login *L)
{
    const char *missing;

    if (!L->policy.session_record || !bg_ulid_valid(L->hello.use))
        return;
    missing = recording_missing(L->hello.use, strcmp(L->hello.service, "login") == 0, L->account.uid);
    if (*missing == '\0')
        return;
    belong_to_use(L);
    (void)login_record_msg(L, BG_EV_SESSION_UNRECORDED, false, BG_M_SESSION_UNRECORDED,
                           BG_ARGS(L->hello.user, missing));
}

#define TAKE_OVER_MS 5000 /* for a long outage's worth of lines; the person is on the way out */

uint32_t login_close_session(struct login *L)
{
    if (!is_manager(L)) {
        tell_unrecorded(L);
        if (bg_ulid_valid(L->hello.use))
            recording_forget(L->hello.use);
        (void)record_session(L, BG_EV_SESSION_CLOSED, "Break-glass session closed", -1);
    }
    if (bg_journal_waiting(NULL) >
        0) /* often the disk has just been repaired, and the next step is a reboot */
        (void)!bg_journal_settle(&L->rec, TAKE_OVER_MS, false);
    return BG_VERDICT_ALLOW;
}
