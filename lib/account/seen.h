/* SPDX-License-Identifier: ISC */
/*
 * What libc says of an account, beside what the accounts file says. Everybody asks libc: login(1), sshd and
 * su take the user id from there. Between the two stand nsswitch.conf, services before ours, and caches that
 * outlive what they were told.
 */
#ifndef BG_ACCOUNT_SEEN_H
#define BG_ACCOUNT_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include "account/accounts.h"
#include "base/err.h"

struct bg_seen {
    bool rights;   /* by this answer a login arrives with the rights of somebody else, or not at all */
    char how[160]; /* the answer in words: "bg1 is uid 59001, not 0" */
};

/*
 * Ask libc in a child, for at most ms milliseconds, for the account's name, its number (for an account that
 * shares root's: any name that is not an account of ours) and compare. BG_OK: as the file says;
 * BG_E_MISMATCH: *out says how not; BG_E_TIMEOUT: no answer; BG_E_IO, BG_E_NOMEM. The audit uid is not asked
 * for: where a cache mistakes it for the account's own, the question alone would do the damage.
 */
BG_MUST_CHECK enum bg_err bg_seen_check(const struct bg_account *a, int64_t ms, struct bg_seen *out);

/* Have the caches forget all users and groups: for at most ms milliseconds. True: one was there and did. */
bool bg_seen_forget(int64_t ms);

#endif
