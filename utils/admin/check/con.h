/* SPDX-License-Identifier: ISC */
/* CON-04: can a key be plugged in? */
#ifndef BG_ADMIN_CHECK_CON_H
#define BG_ADMIN_CHECK_CON_H

#include "admin/check/check.h"

void con_look_usb(struct check *c, const struct check_account *a);

#endif
