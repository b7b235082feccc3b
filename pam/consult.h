/*
 * Put one question to breakglass-login: start it, relay, end it, and leave the host as it was. What goes
 * wrong on the way is logged here, and in the auth phase also shown: somebody stands at that prompt and needs
 * to know.
 */
#ifndef BG_PAM_CONSULT_H
#define BG_PAM_CONSULT_H

#include <stdbool.h>
#include <security/pam_modules.h>
#include "base/err.h"
#include "base/wire.h"

/* One call of a pam_sm_* for an account of ours. */
struct bg_call {
    pam_handle_t *pamh;
    unsigned flags;   /* as PAM gave them */
    const char *word; /* the phase's name in log lines: "auth", "session" ... */
    char user[BG_NAME_MAX];
};

/*
 * BG_OK: the helper said ALLOW, PAM_USER is still the same, *v holds the rest of its verdict. BG_E_REFUSED:
 * it said DENY. Anything else: the question could not be put or answered; a refusal as well.
 */
BG_MUST_CHECK enum bg_err bg_consult(const struct bg_call *c, enum bg_phase phase, struct bg_verdict *v);

#endif
