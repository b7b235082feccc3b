/* SPDX-License-Identifier: ISC */
#include "login/decide.h"

#include <string.h>
#include <strings.h>
#include "login/messages.h"

#define LINE_CONSOLE_MS INT64_C(10000)
#define LINE_MS         INT64_C(30000)
#define SSH_ALERT_WAIT  30u
#define REQUIRED_WAIT   5u /* where one is required, some time is given */

bool decide_is_sshd(const struct bg_hello *h)
{
    return strncmp(h->service, "sshd", 4) == 0; /* a second one of our own may have a name of its own */
}

enum bg_source decide_source(const struct bg_policy *p, const struct bg_hello *h)
{
    if (h->rhost[0] != '\0' || decide_is_sshd(h))
        return BG_SOURCE_NETWORK;
    if (strncmp(h->service, "su", 2) != 0 && h->caller_uid == 0 && bg_policy_is_console(p, h->tty))
        return BG_SOURCE_CONSOLE;
    return BG_SOURCE_LOCAL;
}

bool decide_key_here(const struct bg_policy *p, const struct bg_hello *h, enum bg_source s)
{
    return BG_WITH_FIDO && s == BG_SOURCE_CONSOLE && bg_policy_is_fido_service(p, h->service);
}

size_t decide_ssh_key(const struct bg_hello *h, const struct bg_credential *c)
{
    const char *at = h->sshd;
    struct bg_ssh_blob blob;
    size_t key = c->ssh_count;

    if (!decide_is_sshd(h) || h->caller_uid != 0 || h->phase != BG_PHASE_AUTH)
        return key;
    while (key == c->ssh_count && bg_ssh_verified(&at, &blob))
        key = bg_credential_ssh(c, &blob);
    return key;
}

const struct bg_message *decide_account(enum bg_match match, enum bg_err credential_state,
                                        const struct bg_credential *c, bool armed)
{
    if (match == BG_NOT_OURS)
        return BG_M_NOT_AN_ACCOUNT;
    if (match != BG_OURS)
        return BG_M_ACCOUNT_DAMAGED;
    if (credential_state == BG_E_NOENT)
        return BG_M_NO_CREDENTIAL;
    if (credential_state != BG_OK)
        return BG_M_CREDENTIAL_BAD;
    if (!c->enabled)
        return BG_M_ACCOUNT_DISABLED;
    return c->open == BG_OPEN_ALWAYS || armed ? NULL : BG_M_NOT_ARMED;
}

struct bg_place decide_place(const struct bg_policy *p, const struct bg_hello *h, enum bg_source s)
{
    return (struct bg_place){.source = s, .rhost = h->rhost, .key_here = decide_key_here(p, h, s)};
}

bool decide_leaves(const char *answer)
{
    return strcasecmp(answer, "q") == 0 || strcasecmp(answer, "quit") == 0 || strcasecmp(answer, "exit") == 0;
}

bool decide_yes(const char *answer)
{
    return strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "zes") == 0;
}

bool decide_wants_help(const char *answer)
{
    return strcmp(answer, "?") == 0 || strcasecmp(answer, "help") == 0;
}

bool decide_suffices(enum bg_unrecorded policy, enum bg_source s, enum bg_recorded where)
{
    if (where != BG_RECORDED_NOWHERE)
        return true;
    return policy == BG_UNRECORDED_ALWAYS || (policy == BG_UNRECORDED_CONSOLE && s == BG_SOURCE_CONSOLE);
}

int64_t decide_delay(const struct bg_policy *p, enum bg_source s, unsigned count, int64_t since_ms)
{
    return bg_state_delay(count, s == BG_SOURCE_CONSOLE ? p->delay_console : p->delay_network) - since_ms;
}

int64_t decide_line_bound(const struct bg_policy *p, enum bg_source s)
{
    int64_t twice = INT64_C(2000) * (s == BG_SOURCE_CONSOLE ? p->delay_console : p->delay_network);
    int64_t least = s == BG_SOURCE_CONSOLE ? LINE_CONSOLE_MS : LINE_MS;

    return twice > least ? twice : least;
}

const struct bg_message *decide_cause(enum bg_err r)
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

bool decide_aborted(enum bg_err r)
{
    return r == BG_E_EOF || r == BG_E_TIMEOUT || r == BG_E_CANCEL;
}

bool decide_is_over(const struct bg_hello *h, enum bg_err r, const struct bg_message *cause)
{
    return decide_is_sshd(h) && (r == BG_E_CANCEL || (r == BG_E_REFUSED && cause != BG_M_SSHD_PASSWORD));
}

bool decide_is_sshd_junk(const char *answer, size_t len)
{
    static const char junk[] = "\b\n\r\177INCORRECT";

    for (size_t i = 0; i < len; i++)
        if (answer[i] != junk[i % (sizeof junk - 1)])
            return false;
    return len > 0;
}

static bool is_systemd_user(const struct bg_hello *h, const struct bg_account *a)
{
    (void)a;
    return strcmp(h->service, "systemd-user") == 0;
}

/* sudo asks for the account of its caller. For uid 0 that would be any root process. */
static bool is_own_sudo(const struct bg_hello *h, const struct bg_account *a)
{
    return (strcmp(h->service, "sudo") == 0 || strcmp(h->service, "sudo-i") == 0) && a->uid != 0 &&
           h->caller_uid == (int64_t)a->uid;
}

const struct exception *decide_exception(const struct bg_hello *h, const struct bg_account *a)
{
    static const struct exception table[] = {
        {"systemd-user", is_systemd_user, false},
        {"sudo by the account itself during a use", is_own_sudo, true},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].applies(h, a))
            return &table[i];
    return NULL;
}

bool decide_needs_token(enum bg_source s)
{
    return s == BG_SOURCE_NETWORK;
}

bool decide_alert_required(const struct bg_policy *p, enum bg_source s)
{
    return p->alert_require == BG_REQUIRE_ALWAYS ||
           (p->alert_require == BG_REQUIRE_REMOTE && s == BG_SOURCE_NETWORK);
}

unsigned decide_alert_wait(const struct bg_policy *p, const struct bg_hello *h, bool required)
{
    unsigned wait = required && p->alert_wait == 0 ? REQUIRED_WAIT : p->alert_wait;

    return decide_is_sshd(h) && wait > SSH_ALERT_WAIT ? SSH_ALERT_WAIT : wait;
}
