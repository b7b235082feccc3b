/* The second half of "breakglass status": our lines in the system's files. */
#ifndef BG_ADMIN_STATUS_H
#define BG_ADMIN_STATUS_H

#include <jansson.h>
#include "admin/rows.h"

/* Look at PAM services, nsswitch.conf and sshd; findings are shown, facts are added to root. */
void status_system(const struct account_rows *rows, json_t *root);

#endif
