/*
 * The gate: what each PAM phase means for an emergency account. These functions are the six pam_sm_*.
 *
 * PAM_IGNORE has one meaning: not our account (nobody is, when the accounts file cannot be read). For an
 * account of ours every failure is the phase's refusal, never SUCCESS, IGNORE or MODULE_UNKNOWN, because the
 * PAM line skips us on the latter two.
 *
 *     phase          granted         refused            others
 *     authenticate   SUCCESS         AUTH_ERR           IGNORE (INCOMPLETE when the host asks to be called
 * again) setcred        SUCCESS         CRED_ERR           IGNORE acct_mgmt      SUCCESS         PERM_DENIED
 * IGNORE open, close    SUCCESS         SESSION_ERR        IGNORE chauthtok      -               PERM_DENIED
 * IGNORE
 */
#ifndef BG_PAM_GATE_H
#define BG_PAM_GATE_H

#include <security/pam_modules.h>

int bg_gate_auth(pam_handle_t *pamh, int flags, int argc, const char **argv);
int bg_gate_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv);
int bg_gate_account(pam_handle_t *pamh, int flags, int argc, const char **argv);
int bg_gate_open(pam_handle_t *pamh, int flags, int argc, const char **argv);
int bg_gate_close(pam_handle_t *pamh, int flags, int argc, const char **argv);
int bg_gate_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv);

#endif
