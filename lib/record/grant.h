/* SPDX-License-Identifier: ISC */
/*
 * A grant on its way between two processes of one login. sshd runs the dialogue in one process and opens the
 * session in another, which must not ask a log whether the door is open: a log may be full, locked, huge or
 * read-only. So each use leaves a token: made before the grant is spoken, taken once by the session, gone
 * after ten minutes and with the boot.
 *
 * It names the process that asked for the dialogue (by pid and start time) and that one's parent. A session
 * may be opened on it by either of them, or by another child of that parent unless this is process 1.
 *
 * It stands in memory only, in the first place that takes it: a file in BG_RUNDIR/grants (root only), root's
 * keyring in the kernel, a file in /dev/shm. No lock is needed for any of them and no disk is waited for.
 */
#ifndef BG_RECORD_GRANT_H
#define BG_RECORD_GRANT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/text.h"

#define BG_GRANTS_DIR  BG_RUNDIR "/grants"
#define BG_GRANTS_SHM  "/dev/shm"
#define BG_GRANT_MS    600000 /* a token is good for so long */
#define BG_GRANT_SWEEP 64     /* stale tokens that one new token clears away at most */

/* Where tokens are kept; "" for a directory, or no_keyring: that place is not used. */
struct bg_grant_places {
    const char *run, *shm;
    bool no_keyring;
};

/*
 * Leave the token of `use` for the process host_pid. at NULL: the compiled-in places. BG_E_SYNTAX when use
 * is no ULID; BG_E_IO when no place takes it.
 */
BG_MUST_CHECK enum bg_err bg_grant_put(const struct bg_grant_places *at, const char *account, const char *use,
                                       int64_t host_pid);

/*
 * Is there a token of this use for this account and the process `caller`? BG_E_NOENT without one,
 * BG_E_TIMEOUT when it is too old, BG_E_MISMATCH when it is for another account, process or boot.
 */
BG_MUST_CHECK enum bg_err bg_grant_check(const struct bg_grant_places *at, const char *account,
                                         const char *use, int64_t caller);

/* The same, and it is gone: of all who take one token, one gets BG_OK. One that does not fit stays. */
BG_MUST_CHECK enum bg_err bg_grant_take(const struct bg_grant_places *at, const char *account,
                                        const char *use, int64_t caller);

/* Remove it wherever it is: the use came to nothing, or its session needs none. */
void bg_grant_drop(const struct bg_grant_places *at, const char *use);

#endif
