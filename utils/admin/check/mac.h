/* SPDX-License-Identifier: ISC */
/* Rules MAC-..: what a security module of the kernel, or a change of what runs, does to a login. */
#ifndef BG_ADMIN_CHECK_MAC_H
#define BG_ADMIN_CHECK_MAC_H

#include "admin/check/check.h"

/* MAC-07. At most 2 s. */
void mac_base(struct check *c);

/* MAC-01 to MAC-04, where SELinux is on; a is NULL for the host. At most 4 s. */
void mac_selinux(struct check *c, const struct check_account *a);

#endif
