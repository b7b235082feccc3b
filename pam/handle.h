/* SPDX-License-Identifier: ISC */
/* What we read from the PAM handle, and the little we keep on it. */
#ifndef BG_PAM_HANDLE_H
#define BG_PAM_HANDLE_H

#include <stdbool.h>
#include <security/pam_modules.h>
#include "base/err.h"
#include "base/wire.h"

/* Far apart, compared with == only. */
#define BG_GRANTED     UINT32_C(0x5aa5c396)
#define BG_NOT_GRANTED UINT32_C(0xa55a3c69)

/* Kept by pam_set_data; libpam wipes and frees it with the handle. */
struct bg_kept {
    uint32_t granted;
    bool opened; /* a session, by us, and not closed yet */
    char user[BG_NAME_MAX];
    char use[BG_ULID_LEN + 1];
};

/* PAM_USER as it is now into out; false when there is none or it is longer than any account's name. */
bool bg_handle_user(pam_handle_t *pamh, char out[BG_NAME_MAX]);

/* True while PAM_USER is still exactly this name. */
bool bg_handle_user_is(pam_handle_t *pamh, const char *user);

/* The string item `item` into out, "" when unset; cut when longer. */
void bg_handle_item(pam_handle_t *pamh, int item, char out[BG_NAME_MAX]);

/* Is this service one of sshd's? As in the helper, a second sshd may have a name of its own. */
bool bg_handle_is_sshd(const char *service);

/*
 * What sshd has put into the PAM environment about the methods that have succeeded so far, "" without it; cut
 * when longer. Any program may call itself anything: the helper believes it only of root's processes.
 */
void bg_handle_sshd(pam_handle_t *pamh, const char *service, char out[BG_SSHD_MAX]);

/* What we kept for this very user, or NULL. Valid until the handle ends. */
struct bg_kept *bg_handle_kept(pam_handle_t *pamh, const char *user);

/* True when auth was granted on this handle to a name that is not `user`. */
bool bg_handle_granted_to_other(pam_handle_t *pamh, const char *user);

/* Somebody else logs in on this handle now: an earlier grant is void. */
void bg_handle_forget(pam_handle_t *pamh);

/*
 * Begin anew for `user`: an earlier grant on this handle and its use id are gone, and room is reserved, so
 * that nothing can fail between a verdict and keeping it. BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_handle_begin(pam_handle_t *pamh, const char *user, struct bg_kept **out);

/* Keep the verdict of a granted auth: on the handle, and the use id in the PAM environment. BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err bg_handle_grant(pam_handle_t *pamh, struct bg_kept *k, const char *use);

/* Remember that a session was opened, and the use id that the helper gave it, for its end. Best effort. */
void bg_handle_note_session(pam_handle_t *pamh, const char *user, const char *use);

/* True once for each session of this user that was opened on this handle: it is being closed now. */
bool bg_handle_end_session(pam_handle_t *pamh, const char *user);

/* The use id from what we kept, else from the PAM environment; "" when neither holds a sound one. */
void bg_handle_use(pam_handle_t *pamh, const char *user, char out[BG_ULID_LEN + 1]);

#endif
