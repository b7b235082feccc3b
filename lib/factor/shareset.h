/* Decoded shares against the enrolled set of an account: what belongs, what is double, what is still missing.
 */
#ifndef BG_FACTOR_SHARESET_H
#define BG_FACTOR_SHARESET_H

#include "account/credential.h"
#include "base/msg.h"
#include "factor/slip39.h"

/*
 * Why `s` cannot join the n shares in hand: 0 when it can, else the message; *number is its first argument
 * (the 1-based share it repeats or contradicts, the 1-based group that is complete). No hash is made.
 */
enum bg_msg_id shareset_refuses(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n,
                                const struct slip39_share *s, size_t *number);

/* Shares still missing at the least. */
unsigned shareset_missing(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n);

/* True when as many groups as the set wants are complete. */
bool shareset_complete(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n);

/* Drop the shares of groups that are not complete; the new number of shares. */
size_t shareset_prune(const struct bg_shareset *set, struct slip39_share *in_hand, size_t n);

#endif
