/*
 * Account and session phases. An account passes only if this handle's auth was ours (the module knows that by
 * itself and does not ask); everything that arrives here came another way, and is refused unless it stands in
 * the table of exceptions. Each such call is on record.
 */
#include "login/login.h"

#include <string.h>
#include "base/host.h"
#include "login/messages.h"

static bool is_systemd_user(const struct login *L)
{
    return strcmp(L->hello.service, "systemd-user") == 0;
}

/* sudo asks for the account of the caller: the emergency account itself, in the middle of a use. */
static bool is_own_sudo(const struct login *L)
{
    char use[BG_ULID_LEN + 1];

    if (strcmp(L->hello.service, "sudo") != 0 && strcmp(L->hello.service, "sudo-i") != 0)
        return false;
    if (L->account.uid == 0 || L->hello.caller_uid != (int64_t)L->account.uid)
        return false;
    return bg_state_active(NULL, NULL, L->account.name, use);
}

static const struct exception {
    const char *name;
    bool (*applies)(const struct login *L);
} exceptions[] = {
    {"systemd-user", is_systemd_user},
    {"sudo by the account itself during a use", is_own_sudo},
};

static const char *exception_for(const struct login *L)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (exceptions[i].applies(L))
            return exceptions[i].name;
    return NULL;
}

uint32_t login_account(struct login *L)
{
    const char *why;

    if (L->ours && (why = exception_for(L)) != NULL) {
        enum bg_recorded where = login_record_msg(L, BG_EV_GATE_EXCEPTION, true, BG_M_GATE_EXCEPTION,
                                                  BG_ARGS(L->hello.user, L->hello.service, why));
        return login_record_suffices(L, where) ? BG_VERDICT_ALLOW : BG_VERDICT_DENY;
    }
    (void)login_record_msg(L, BG_EV_GATE_REFUSED, false, BG_M_GATE_REFUSED,
                           BG_ARGS(L->hello.user, L->hello.service));
    (void)login_say(L, BG_STYLE_ERROR, BG_M_GATE_REFUSED, BG_ARGS(L->hello.user, L->hello.service));
    return BG_VERDICT_DENY;
}

/*
 * A use that was granted in this boot, for this account, and has had no session. No age by the wall clock: it
 * may step between sshd's two processes, and only root could bring an older use here.
 */
static bool use_is_fresh(const struct login *L)
{
    char boot[BG_BOOT_ID_LEN + 1];
    struct bg_use_state u;

    if (L->hello.use[0] == '\0' || bg_state_use(NULL, NULL, L->hello.use, &u) != BG_OK)
        return false;
    bg_host_boot_id(boot);
    return u.granted && !u.opened && strcmp(u.account, L->account.name) == 0 && strcmp(u.boot_id, boot) == 0;
}

uint32_t login_open_session(struct login *L, struct bg_verdict *v)
{
    struct bg_event e = BG_EVENT_INIT;

    if (L->ours && is_systemd_user(L))
        return login_account(L);
    memcpy(L->use, L->hello.use, sizeof L->use);
    if (!L->ours || !(L->hello.granted || use_is_fresh(L))) {
        L->use[0] = '\0';
        (void)login_record_msg(L, BG_EV_SESSION_UNGRANTED, false, BG_M_SESSION_UNGRANTED,
                               BG_ARGS(L->hello.user, L->hello.service));
        return BG_VERDICT_DENY;
    }
    e.type = BG_EV_SESSION_OPENED;
    e.success = true;
    e.message = "Break-glass session opened";
    e.audit_uid = L->account.has_audit_uid ? (int64_t)L->account.audit_uid : -1;
    if (!login_record_suffices(L, login_record(L, &e)))
        return BG_VERDICT_DENY;
    v->has_audit_uid = L->account.has_audit_uid;
    v->audit_uid = L->account.audit_uid;
    return BG_VERDICT_ALLOW;
}

uint32_t login_close_session(struct login *L)
{
    struct bg_event e = BG_EVENT_INIT;

    if (L->ours && is_systemd_user(L))
        return BG_VERDICT_ALLOW;
    memcpy(L->use, L->hello.use, sizeof L->use);
    e.type = BG_EV_SESSION_CLOSED;
    e.success = true;
    e.message = "Break-glass session closed";
    (void)login_record(L, &e);
    return BG_VERDICT_ALLOW;
}
