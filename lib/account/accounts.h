/*
 * The accounts file: who is an emergency account. passwd(5) lines in BG_CONFDIR/accounts, mode 0644.
 *
 *     bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash
 *     bg1:x:59001:0:Break-glass account (audit id):/var/lib/breakglass/home/bg1:/bin/bash
 *
 * The first line of a name is the account. A second line of the same name gives its audit uid:
 * the number written to loginuid for an account that shares uid 0, so that what it did stays
 * attributable. Empty lines and lines beginning with # are skipped.
 *
 * libc only, no heap, no globals: this code runs in every process that looks up a user.
 */
#ifndef BG_ACCOUNT_ACCOUNTS_H
#define BG_ACCOUNT_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

#define BG_ACCOUNTS_PATH BG_CONFDIR "/accounts"
#define BG_GROUPS_PATH   BG_CONFDIR "/groups"
#define BG_ACCOUNTS_MAX  16384 /* bytes of the whole file; a larger one is unreadable */

struct bg_account {
    const char *name, *gecos, *home, *shell; /* point into the caller's buffer */
    uid_t uid;
    gid_t gid;
    bool has_audit_uid;
    uid_t audit_uid;
};

enum bg_match {
    BG_NOT_OURS = 0x1b,    /* nobody of that name, or no readable file at all */
    BG_OURS = 0x2d,        /* a sound line */
    BG_OURS_DAMAGED = 0x36 /* the name is ours, its line is not sound: refuse */
};

/*
 * Look `name` up in the file at `path`. buf (BG_ACCOUNTS_MAX bytes) receives the file and backs the
 * strings of *out, which is set only for BG_OURS.
 */
enum bg_match bg_account_by_name(const char *path, const char *name, char *buf, struct bg_account *out);

/*
 * As above by number, for NSS: an account's own uid or an audit uid, never 0. With an audit uid,
 * out->uid is that number. BG_OK, BG_E_NOENT (also for an unreadable file and damaged lines).
 */
BG_MUST_CHECK enum bg_err bg_account_by_uid(const char *path, uid_t uid, char *buf, struct bg_account *out);

/*
 * Walk all lines of a file's text (NUL-ended, changed in place): call fn for each name's first line with
 * its line number; damaged lines come with a NULL account and what is wrong. For init, check, status.
 */
typedef void (*bg_account_fn)(void *arg, unsigned line, const char *name, const struct bg_account *a,
                              const char *wrong);
void bg_accounts_walk(char *text, bg_account_fn fn, void *arg);

/* group(5) lines of BG_CONFDIR/groups. Members point into the caller's buffer, comma-separated. */
struct bg_group {
    const char *name, *members;
    gid_t gid;
};
BG_MUST_CHECK enum bg_err bg_group_by_name(const char *path, const char *name, char *buf,
                                           struct bg_group *out);
/* gid 0 is never answered. */
BG_MUST_CHECK enum bg_err bg_group_by_gid(const char *path, gid_t gid, char *buf, struct bg_group *out);
/* The i-th sound group of the file already in buf (loaded by bg_groups_load); BG_E_NOENT past the end. */
BG_MUST_CHECK enum bg_err bg_groups_load(const char *path, char *buf, size_t *len);
BG_MUST_CHECK enum bg_err bg_group_next(char *buf, size_t len, size_t *at, struct bg_group *out);
/* True when `user` stands in the comma-separated list. */
bool bg_group_has(const struct bg_group *g, const char *user);

#endif
