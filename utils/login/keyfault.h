/* Why a key did not open the account: told, on record if it was an attempt, and slower the next time. */
#ifndef BG_LOGIN_KEYFAULT_H
#define BG_LOGIN_KEYFAULT_H

#include "key/client.h"
#include "key/verify.h"
#include "login/context.h"

/*
 * Each returns BG_E_MISMATCH, or why the person could not be told (as login_say). An attempt is what a key
 * was there for and did not give; a key that is missing or busy is none.
 */
BG_MUST_CHECK enum bg_err keyfault_tell(struct login *L, bool attempt, const struct bg_message *id,
                                        const char *const *args);

/* A code of the worker, with the key's own status where it gave one. */
BG_MUST_CHECK enum bg_err keyfault_code(struct login *L, enum bg_fido_code code, uint8_t status);

/* An error of this host's side, before a key was in play. BG_E_HANGUP is BG_E_EOF then; BG_E_CANCEL stays. */
BG_MUST_CHECK enum bg_err keyfault_host(struct login *L, enum bg_err r);

/*
 * The same with a worker running: one that dies or breaks the protocol has met a device that broke it.
 */
BG_MUST_CHECK enum bg_err keyfault_worker(struct login *L, enum bg_err r);

/* An answer that proves nothing. */
BG_MUST_CHECK enum bg_err keyfault_forged(struct login *L, enum bg_fido_fault f);

#endif
