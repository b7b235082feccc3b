/* SPDX-License-Identifier: ISC */
/* Users of this machine: looking one up by name, and becoming one for good. */
#ifndef BG_BASE_SYSUSER_H
#define BG_BASE_SYSUSER_H

#include <sys/types.h>
#include "base/err.h"

#define BG_ALERT_USER "breakglass-alert" /* runs the alert service; its group reads the journal */

/*
 * uid and gid of name in BG_SYSCONFDIR/passwd, never uid 0. From that file alone: a lookup by NSS could wait
 * for a dead directory server. BG_E_NOENT.
 */
BG_MUST_CHECK enum bg_err bg_sysuser(const char *name, uid_t *uid, gid_t *gid);

/*
 * Become uid and gid for good: real, effective and saved, no supplementary groups. Afterwards this is
 * verified, and that a uid other than 0 cannot regain root. The kernel drops every capability together with
 * the last uid 0. BG_E_REFUSED: the process may be half changed and must exit.
 */
BG_MUST_CHECK enum bg_err bg_become_user(uid_t uid, gid_t gid);

#endif
