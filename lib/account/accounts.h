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
 * A line is sound when it has seven fields and honest UTF-8 without control characters, a valid name,
 * "x" as password, two plain numbers below 2^32-1, and an absolute home and shell. A name is damaged
 * when one of its lines is not sound, when its second line stands beside a first one whose number
 * is not 0, has the number 0 itself or another group, home or shell than the first, or when there
 * are three lines. A damaged line belongs to the name that it begins with, however it goes on ("bg1",
 * "bg1 :x", " bg1:x"): refusing is the safe side. "root" is never ours, or a slip of the pen would cut
 * off everybody. Numbers that two names share are left to breakglass check; the first answers.
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
 * Read a file of accounts or groups safely into buf (BG_ACCOUNTS_MAX bytes). A NUL byte in it comes back
 * as \001, which damages its line. Errors as bg_file_read.
 */
BG_MUST_CHECK enum bg_err bg_accounts_load(const char *path, char *buf, size_t *len);

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

/* The same two in a text that is loaded already (len bytes and a NUL); an answer cuts it into strings. */
enum bg_match bg_account_find(char *text, size_t len, const char *name, struct bg_account *out);
BG_MUST_CHECK enum bg_err bg_account_find_uid(char *text, size_t len, uid_t uid, struct bg_account *out);

/* True when the text names at least one sound account. */
bool bg_accounts_any(char *text, size_t len);

/*
 * Walk all lines of a file's text (NUL-ended, the same again after each call): call fn for each name's first
 * line with its line number; damaged lines come with a NULL account and what is wrong. For init, check,
 * status.
 */
typedef void (*bg_account_fn)(void *arg, unsigned line, const char *name, const struct bg_account *a,
                              const char *wrong);
void bg_accounts_walk(char *text, bg_account_fn fn, void *arg);

/* group(5) lines of BG_CONFDIR/groups; one with the number 0, which is root's, is not sound. Members point
 * into the caller's buffer, comma-separated. */
struct bg_group {
    const char *name, *members;
    gid_t gid;
};
BG_MUST_CHECK enum bg_err bg_group_by_name(const char *path, const char *name, char *buf,
                                           struct bg_group *out);
BG_MUST_CHECK enum bg_err bg_group_by_gid(const char *path, gid_t gid, char *buf, struct bg_group *out);
/* The i-th sound group of the file already in buf (loaded by bg_groups_load); BG_E_NOENT past the end. */
BG_MUST_CHECK enum bg_err bg_groups_load(const char *path, char *buf, size_t *len);
BG_MUST_CHECK enum bg_err bg_group_next(char *buf, size_t len, size_t *at, struct bg_group *out);
/* True when `user` stands in the comma-separated list. */
bool bg_group_has(const struct bg_group *g, const char *user);

#endif
