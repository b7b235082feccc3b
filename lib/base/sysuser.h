/* A system user of this machine, from the local file alone: a lookup by NSS could wait for a dead directory.
 */
#ifndef BG_BASE_SYSUSER_H
#define BG_BASE_SYSUSER_H

#include <sys/types.h>
#include "base/err.h"

#define BG_ALERT_USER "breakglass-alert" /* runs the alert service; its group reads the journal */

/* uid and gid of name in BG_SYSCONFDIR/passwd. BG_E_NOENT. */
BG_MUST_CHECK enum bg_err bg_sysuser(const char *name, uid_t *uid, gid_t *gid);

#endif
