/* Making a share set: pure work, no terminal. */
#ifndef BG_ADMIN_SHARE_NEW_H
#define BG_ADMIN_SHARE_NEW_H

#include "config/credential.h"
#include "base/err.h"
#include "share/slip39.h"

#define SHARES_MAX (SLIP39_MAX_SHARES * SLIP39_MAX_SHARES)

/*
 * Fill *set (its groups, group_threshold, bytes and exponent are given) with a fresh id, label, salt,
 * verifier and time, and shares[SHARES_MAX] with the shares of a fresh master secret; *n is their number.
 * Each share is read back as its words would be, and one sufficient set of them is joined and compared with
 * the verifier. The secret does not outlive the call. BG_E_RANGE (thresholds), BG_E_CRYPTO, BG_E_MISMATCH
 * (self-check), BG_E_IO.
 */
BG_MUST_CHECK enum bg_err sharenew_make(const char *account, struct bg_shareset *set,
                                        struct slip39_share *shares, size_t *n);

/* "2/3" or "2/3,3/5" into set->group and group_count. False when it is not of that form or out of bounds. */
bool sharenew_parse_groups(const char *text, struct bg_shareset *set);

#endif
