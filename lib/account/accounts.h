/* SPDX-License-Identifier: ISC */
/*
 * The accounts file: who is an emergency account. passwd(5) lines in BG_CONFDIR/accounts, mode 0644.
 *
 *     bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash
 *     bg1:x:59001:0:Break-glass account (audit id):/var/lib/breakglass/home/bg1:/bin/bash
 *
 * The first line of a name is the account. A second line of the same name gives its audit uid: the number
 * written to loginuid for an account that shares uid 0, so that what it does can be told from what root
 * does. Empty lines and lines beginning with # are skipped.
 *
 * A line is sound when it is valid UTF-8 without control characters and has seven fields, a valid name,
 * "x" as password, two plain numbers below 2^32-1, and an absolute home and shell. A name is damaged when
 * one of its lines is not sound, when it has three lines, or when it has a second line although the uid of
 * the first is not 0, with the uid 0, or with a group, home or shell that differs from the first. A damaged
 * line belongs to the name that is its whole first field, but for blanks and characters that nobody sees
 * ("bg1", "bg1 :x", " bg1:x"): refusing is the safe choice. It is nobody's when there is more than a name
 * ("bg1.old:x", a note without #), because that name may be another person's. "root" is never ours, or one
 * mistyped line would lock out everybody. When two names have the same number, the first one is found.
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
    BG_NOT_OURS = 0x1b,    /* no account of that name, or no readable file at all */
    BG_OURS = 0x2d,        /* a sound line */
    BG_OURS_DAMAGED = 0x36 /* the name is ours, but damaged: refuse */
};

/*
 * Look up a name, or a number (an account's own uid or an audit uid, never 0; with an audit uid, out->uid is
 * that number), in the text of a file: len bytes and a NUL, as bg_file_read gives it. An answer cuts the text
 * into strings; *out is set only for BG_OURS and points into it. A damaged line has no number: NOT_OURS.
 */
enum bg_match bg_account_find(char *text, size_t len, const char *name, struct bg_account *out);
enum bg_match bg_account_find_uid(char *text, size_t len, uid_t uid, struct bg_account *out);

/* Read the file at `path` into buf (BG_ACCOUNTS_MAX bytes) and find `name`. An unreadable file: NOT_OURS. */
enum bg_match bg_account_by_name(const char *path, const char *name, char *buf, struct bg_account *out);

/*
 * The same, for a caller that can tell a person or a log why an account does not open. *wrong is NULL, or a
 * phrase: for BG_OURS_DAMAGED what is wrong with the line; for BG_NOT_OURS what is wrong with a file that
 * exists and is not used, if it has a line of that name all the same. A symbolic link is followed for that
 * only to a file in the same directory: it may lead to a server that is dead.
 */
enum bg_match bg_account_look(const char *path, const char *name, char *buf, struct bg_account *out,
                              const char **wrong);

/* True when the text names at least one sound account. */
bool bg_accounts_any(char *text, size_t len);

/*
 * Walk a file's text (unchanged after each call): call fn for each name's first line with its line number;
 * damaged lines come with a NULL account and what is wrong. Each line of nobody comes with the name "".
 */
typedef void (*bg_account_fn)(void *arg, unsigned line, const char *name, const struct bg_account *a,
                              const char *wrong);
void bg_accounts_walk(char *text, size_t len, bg_account_fn fn, void *arg);

/*
 * group(5) lines of BG_CONFDIR/groups, read as above. A line that is not sound is skipped; so is one with
 * the number 0, which is root's. Members are separated by commas.
 */
struct bg_group {
    const char *name, *members; /* point into the caller's text */
    gid_t gid;
};

/* The next sound group from *at (0 at first) on; false past the end. Cuts the text into strings. */
BG_MUST_CHECK bool bg_group_next(char *text, size_t len, size_t *at, struct bg_group *out);

/* The first group of this name, or of this number when name is NULL. */
BG_MUST_CHECK bool bg_group_find(char *text, size_t len, const char *name, gid_t gid, struct bg_group *out);

/* True when `user` is one of the members. */
bool bg_group_has(const struct bg_group *g, const char *user);

#endif
