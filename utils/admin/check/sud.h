/* SPDX-License-Identifier: ISC */
/* POL-01: polkit's rules for an account with a number of its own; for uid 0 it asks none. */
#ifndef BG_ADMIN_CHECK_SUD_H
#define BG_ADMIN_CHECK_SUD_H

#include "admin/check/check.h"

void pol_look(struct check *c, const struct check_account *a);

#endif
