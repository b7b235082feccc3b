/*
 * libnss_breakglass.so.2: tells glibc who the emergency accounts are, from BG_CONFDIR/accounts and
 * BG_CONFDIR/groups, without a daemon and without the network.
 *
 * It runs in any process, in any thread, under any signal mask and seccomp filter. So: libc only; no heap
 * (but for growing the array that initgroups_dyn is handed, as its contract demands); nothing kept
 * between calls; no lock, no wait, no environment; errno as it was found. A lookup needs less than 24 KiB of
 * stack (the file is read into it), which a thread with PTHREAD_STACK_MIN alone does not have.
 *
 * What it answers:
 *   SUCCESS    one of our accounts, audit uids or groups
 *   NOTFOUND   everybody and everything else: other names, damaged lines, files that are missing,
 *              unreadable or unsafe. Never UNAVAIL: there is nothing that could come back later
 *   TRYAGAIN   with ERANGE: the caller's buffer is too small (glibc comes again with a larger one);
 *              from initgroups_dyn with EAGAIN: our account, or root: all groups are added, and
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

#pragma GCC visibility push(default)
enum nss_status _nss_breakglass_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t len,
                                           int *errnop);
enum nss_status _nss_breakglass_getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_breakglass_setpwent(int stay_open);
enum nss_status _nss_breakglass_getpwent_r(struct passwd *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_breakglass_endpwent(void);

enum nss_status _nss_breakglass_getspnam_r(const char *name, struct spwd *out, char *buf, size_t len,
                                           int *errnop);
enum nss_status _nss_breakglass_setspent(int stay_open);
enum nss_status _nss_breakglass_getspent_r(struct spwd *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_breakglass_endspent(void);

enum nss_status _nss_breakglass_getgrnam_r(const char *name, struct group *out, char *buf, size_t len,
                                           int *errnop);
enum nss_status _nss_breakglass_getgrgid_r(gid_t gid, struct group *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_breakglass_setgrent(int stay_open);
enum nss_status _nss_breakglass_getgrent_r(struct group *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_breakglass_endgrent(void);

/*
 * Adds the groups of `user` but `group` (the primary one) to (*groups)[*start..], which has room for
 * *size, grows it by realloc, never beyond `limit` (when that is positive).
 */
enum nss_status _nss_breakglass_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
                                               gid_t **groups, long limit, int *errnop);
#pragma GCC visibility pop

/* The caller's buffer, filled from the front. */
struct bg_room {
    char *at;
    size_t left;
};

/* Copy s into the room; NULL when it is too small. */
char *bg_room_text(struct bg_room *r, const char *s);

/* n pointers in the room, aligned; NULL when it is too small. */
char **bg_room_pointers(struct bg_room *r, size_t n);

#endif
