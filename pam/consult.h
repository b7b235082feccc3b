/* SPDX-License-Identifier: ISC */
/*
 * Put one question to breakglass-login: start it, pass prompts to the PAM conversation and answers back
 * (base/wire.h), end it, and leave the host as it was. What goes wrong on the way is logged here, and in the
 * auth phase also shown, because somebody stands at that prompt.
 */
#ifndef BG_PAM_CONSULT_H
#define BG_PAM_CONSULT_H

#include <security/pam_modules.h>
#include "base/err.h"
#include "base/wire.h"

/* The helper bounds the whole dialogue at 15 minutes; this bound is a little longer, for one that hangs. */
#ifndef BG_RELAY_DIALOGUE_MS
#define BG_RELAY_DIALOGUE_MS 930000
#endif
/* While no answer is expected, the helper computes or waits for a disk: this long, and no longer. */
#ifndef BG_RELAY_QUIET_MS
#define BG_RELAY_QUIET_MS 60000
#endif

/* The helper has sent its verdict, or sees its end of file: time to exit by itself; then the time after
 * SIGKILL. */
#ifndef BG_HELPER_LEAVE_MS
#define BG_HELPER_LEAVE_MS 2000
#endif
#define BG_HELPER_KILL_MS 1000

/* One call of a pam_sm_* for an account of ours. */
struct bg_call {
    pam_handle_t *pamh;
    unsigned flags;   /* as PAM gave them; PAM_SILENT hides INFO texts, never prompts or errors */
    const char *word; /* the phase's name in log lines: "auth", "session" ... */
    char user[BG_NAME_MAX];
};

/*
 * BG_OK: the helper said ALLOW, PAM_USER is still the same, and *v holds the rest of the verdict; its use id
 * is empty or well-formed. BG_E_REFUSED: the helper said DENY; BG_E_CANCEL: LEAVE. Anything else: the
 * question could not be put or answered, which is a refusal too.
 */
BG_MUST_CHECK enum bg_err bg_consult(const struct bg_call *c, enum bg_phase phase, struct bg_verdict *v);

#endif
