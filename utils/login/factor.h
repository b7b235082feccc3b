/* Factors: which one the person chooses, and that all that are required are shown. */
#ifndef BG_LOGIN_FACTOR_H
#define BG_LOGIN_FACTOR_H

#include "login/decide.h"

/* Welcome and the first question, about L->ways. */
BG_MUST_CHECK enum bg_err login_begin(struct login *L, enum choice *first);

/*
 * Every factor that is required, beginning with the one that was chosen; L->factor names what was shown.
 * BG_OK; BG_E_MISMATCH when no tries are left; else what ends a dialogue.
 */
BG_MUST_CHECK enum bg_err login_factors(struct login *L, enum choice first);

/* The sentence that leads on to who and why. */
const struct bg_message *login_verified_text(const struct login *L);

/*
 * The factor "key" at a console: BG_OK, and L->key is set; BG_E_MISMATCH: it did not open the account, why
 * was told and recorded; BG_E_EOF, BG_E_CANCEL, BG_E_TIMEOUT.
 */
BG_MUST_CHECK enum bg_err login_key(struct login *L);

/* The factor "shares": BG_OK when the secret was joined and verified; BG_E_MISMATCH when no tries are left.
 */
BG_MUST_CHECK enum bg_err login_shares(struct login *L);

#endif
