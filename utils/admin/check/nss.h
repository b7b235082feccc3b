/* SPDX-License-Identifier: ISC */
/* What rules about names share. Nothing here asks a directory. */
#ifndef BG_ADMIN_CHECK_NSS_H
#define BG_ADMIN_CHECK_NSS_H

#include "admin/check/check.h"

/* A cache of names (nscd, or another program at its socket) takes questions. */
bool nss_cache_runs(void);

/* Is an account that is not in /etc/passwd answered by our module, before any service that is not local? */
bool nss_asks_us(const char *account);

/* Does root see an entry of shadow(5) of it: in the file, or by our module? */
enum bg_pam_sure nss_shadow(const char *account);

/* Can our module be loaded, by anybody, and does it know the account? False: not by root, and it was found.
 */
bool nss_look_module(struct check *c, const struct check_account *a);

/* nss_cache.c: NSS-04, -05, -08; nss_twin.c: NSS-07. */
void nss_look_caches(struct check *c);
void nss_look_hosts(struct check *c);
void nss_look_authselect(struct check *c);
void nss_look_twins(struct check *c, const struct check_account *a);

#endif
