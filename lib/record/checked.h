/* SPDX-License-Identifier: ISC */
/*
 * What the newest look at the host found to shut an account out, so that each such thing is told once. One
 * small file in the state room. It is a reminder and never an authority: without it all of it is told again.
 */
#ifndef BG_RECORD_CHECKED_H
#define BG_RECORD_CHECKED_H

#include <stdbool.h>
#include "base/err.h"

#define BG_CHECKED_MAX  64
#define BG_CHECKED_WHAT 128

struct bg_checked {
    unsigned n;
    char what[BG_CHECKED_MAX][BG_CHECKED_WHAT]; /* "PAM-01 bg1 sshd": rule, account, service; any order */
};

/* NULL directories: the compiled-in ones. BG_E_NOENT: nothing is known. */
BG_MUST_CHECK enum bg_err bg_checked_load(const char *dir, const char *fallback_dir, struct bg_checked *out);

/* BG_E_IO: no place took it, so it may be told again. */
BG_MUST_CHECK enum bg_err bg_checked_save(const char *dir, const char *fallback_dir,
                                          const struct bg_checked *c);

/* One of them that long; what is longer is cut at both. Of more than there is room for the rest is left out.
 */
bool bg_checked_has(const struct bg_checked *c, const char *what);
void bg_checked_add(struct bg_checked *c, const char *what);

#endif
