/* SPDX-License-Identifier: ISC */
/*
 * The codes of a test of the alarm: one for each sink, which the message shows to whoever it wakes, and which
 * that person gives back ("breakglass alert confirm"). It says which way reached a person. The event, which
 * every receiver and every reader of the journal has, holds the name of the test alone; the codes follow from
 * a secret in a file in /run that only root and the service's user can read: 0400, "NAME SECRET\n". The
 * newest test's counts, until the next boot. A drill has codes of its own, which the alarms of its uses show.
 */
#ifndef BG_DELIVERY_CODE_H
#define BG_DELIVERY_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

#define BG_CODE_PATH BG_RUNDIR "/alert-test"
#define BG_CODE_LEN  6  /* digits */
#define BG_CODE_NAME 16 /* hex digits: the name of a test */

/* Where the codes of a drill of that account are, beside base, so that two drills have codes of their own.
 * False: that is no account's name. */
bool bg_code_path(const char *base, const char *account, char *out, size_t cap);

/* A new test. uid, gid: of the service's user. As bg_file_replace, and BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_code_begin(const char *path, uid_t uid, gid_t gid, char name[BG_CODE_NAME + 1]);

/* The code of a sink in the newest test, if that has this name; NULL: whatever it has. */
bool bg_code_of(const char *path, const char *name, const char *sink, char out[BG_CODE_LEN + 1]);

#endif
