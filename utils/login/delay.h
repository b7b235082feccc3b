/* What failures cost: growing delays, never the account. */
#ifndef BG_LOGIN_DELAY_H
#define BG_LOGIN_DELAY_H

#include "login/context.h"

/* Wait for what the failures of the last hour cost at this kind of source; the person is told. */
void login_delay(struct login *L);

/* A try that did not open the account: put it on record and wait for what it costs. */
void login_attempt_failed(struct login *L, const struct bg_message *id, const char *const *args);

#endif
