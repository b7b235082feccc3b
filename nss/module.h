/* SPDX-License-Identifier: ISC */
/*
 * libnss_breakglass.so.2: tells glibc who the emergency accounts are, from BG_CONFDIR/accounts and
 * BG_CONFDIR/groups, without a daemon and without the network.
 *
 * It runs in any process, in any thread, under any signal mask and seccomp filter. So: libc only; no heap
 * (but for growing the array that initgroups_dyn is handed, as its contract requires); nothing kept
 * between calls; no lock, no wait, no environment; errno as it was found. A lookup is at home in a thread
 * with PTHREAD_STACK_MIN (16 KiB), as one that asks /etc/passwd only: see text.h.
 *
 * What it answers:
 *   SUCCESS    one of our accounts, audit uids or groups
 *   NOTFOUND   everybody and everything else: other names, damaged lines, files that are missing,
 *              unreadable or unsafe. Never UNAVAIL: nothing of ours could come back later
 *   TRYAGAIN   with ERANGE: the caller's buffer is too small (glibc retries with a larger one);
 *              from initgroups_dyn with EAGAIN, for our account or root: all groups are added, and
 *              "[TRYAGAIN=return]" in nsswitch.conf keeps LDAP from being asked
 * Never for uid 0 or gid 0 by number: those belong to root. Nothing is enumerated.
 */
#ifndef BG_NSS_MODULE_H
#define BG_NSS_MODULE_H

#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stddef.h>

#define BG_NSS_ENUM(db, type)                                                                                \
    enum nss_status _nss_breakglass_set##db##ent(int stay_open);                                             \
    enum nss_status _nss_breakglass_get##db##ent_r(struct type *out, char *buf, size_t len, int *errnop);    \
    enum nss_status _nss_breakglass_end##db##ent(void)

#pragma GCC visibility push(default)
enum nss_status _nss_breakglass_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t len,
                                           int *errnop);
enum nss_status _nss_breakglass_getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_breakglass_getspnam_r(const char *name, struct spwd *out, char *buf, size_t len,
                                           int *errnop);
enum nss_status _nss_breakglass_getgrnam_r(const char *name, struct group *out, char *buf, size_t len,
                                           int *errnop);
enum nss_status _nss_breakglass_getgrgid_r(gid_t gid, struct group *out, char *buf, size_t len, int *errnop);
BG_NSS_ENUM(pw, passwd);
BG_NSS_ENUM(sp, spwd);
BG_NSS_ENUM(gr, group);

/*
 * Adds the groups of `user`, except `group` (the primary one), to (*groups)[*start..]. The array has room for
 * *size; it grows by realloc, never beyond `limit` (when that is positive).
 */
enum nss_status _nss_breakglass_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
                                               gid_t **groups, long limit, int *errnop);
#pragma GCC visibility pop

#endif
