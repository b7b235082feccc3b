/* The phases of a login. Each returns BG_VERDICT_ALLOW or BG_VERDICT_DENY; what it decided is on record. */
#ifndef BG_LOGIN_PHASES_H
#define BG_LOGIN_PHASES_H

#include "login/context.h"

/* auth: the dialogue. L->use is the id of the use. */
uint32_t login_authenticate(struct login *L);

/*
 * account: the module itself passes an account whose auth was ours; what is asked here came another way, and
 * is refused unless it is one of the exceptions (decide.h).
 */
uint32_t login_account(struct login *L);

/* session: opened only on a use that was granted; v receives the audit uid to set. */
uint32_t login_open_session(struct login *L, struct bg_verdict *v);
uint32_t login_close_session(struct login *L);

#endif
