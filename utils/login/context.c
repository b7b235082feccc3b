/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"
#include "base/terminal.h"
#include "record/armed.h"

void login_credentials(struct login *L)
{
    struct bg_armed armed;
    struct bg_ini_error e;

    L->credential_state = BG_E_NOENT;
    errno = 0;
    if (L->match == BG_OURS)
        L->credential_state = bg_credential_load(BG_CREDENTIALS_DIR, L->account.name, &L->credential, &e);
    L->credential_errno = errno;
    if (L->credential_state == BG_OK)
        bg_key_marks(BG_KEY_COUNTERS, L->credential.key, L->credential.key_count);
    L->armed = L->credential_state == BG_OK && L->credential.open == BG_OPEN_ARMED &&
               bg_armed_get(NULL, NULL, L->account.name, &armed) == BG_OK;
}

/* In a child: the disk may have begun to hang while a person was typing. */
static enum bg_err look_again(void *arg, void *out)
{
    static struct bg_credential now;
    const struct login *L = arg;
    const struct bg_message **no = out;
    struct bg_armed armed;
    struct bg_ini_error e;
    enum bg_err r = bg_credential_load(BG_CREDENTIALS_DIR, L->account.name, &now, &e), a;

    if (r != BG_OK && r != BG_E_NOENT)
        return r;
    a = bg_armed_get(NULL, NULL, L->account.name, &armed);
    *no = decide_account(BG_OURS, r, &now, a != BG_E_NOENT && a != BG_E_TIMEOUT && a != BG_E_MISMATCH);
    if (*no == NULL && !login_still_enrolled(L, &now))
        *no = BG_M_SHOWN_GONE;
    return BG_OK;
}

const struct bg_message *login_switched_off(struct login *L)
{
    const struct bg_message *no = NULL;

    bg_key_marks(BG_KEY_COUNTERS, L->credential.key, L->credential.key_count);
    return bg_child_run(look_again, L, LOOK_AGAIN_MS, &no, sizeof no, NULL) == BG_OK ? no : NULL;
}

void login_context(struct login *L)
{
    L->policy_state = bg_policy_load(BG_POLICY_PATH, &L->policy, &L->policy_faults);
    bg_recorder_init(&L->rec);
    L->rec.timeout_ms = L->policy.journal_timeout;
    L->rec.syslog_path = L->policy.syslog ? NULL : "";
    /* all phases of one login together wait at most 200 ms for a syslog daemon that hangs */
    L->rec.syslog_budget_ms = L->hello.phase == BG_PHASE_AUTH ? 150 : 25;
    L->recorded = BG_RECORDED_JOURNAL;
    L->match = bg_account_by_name(BG_ACCOUNTS_PATH, L->hello.user, L->accounts_file, &L->account);
    login_credentials(L);
    bg_identity_read(&L->host);
    bg_host_name(L->hostname, sizeof L->hostname);
    L->columns = bg_terminal_columns(L->hello.tty);
    if (L->columns > 0)
        L->columns--; /* some terminals go to the next line when the last column is full */
}
