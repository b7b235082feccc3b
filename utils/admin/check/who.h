/* SPDX-License-Identifier: ISC */
/* What the modules' own files are compared with: the account's groups, the host's name, the hour, daemons. */
#ifndef BG_ADMIN_CHECK_WHO_H
#define BG_ADMIN_CHECK_WHO_H

#include "admin/rows.h"
#include "pamsim/model.h"

/* Into *out, whose pointers then lead into static storage, until the next call. */
void check_who(const struct account_row *row, struct bg_pam_facts *out);

#endif
