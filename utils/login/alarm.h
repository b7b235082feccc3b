/* Was the alarm heard? The login watches the cursors in /run and tells the person; it delivers nothing. */
#ifndef BG_LOGIN_ALARM_H
#define BG_LOGIN_ALARM_H

#include "login/context.h"

/*
 * After use.granted: wait at most policy's alert-wait for the first sink outside this host that has taken it,
 * show and record what came of it. `verified` and `granted`: where the two events of this use stand. Nothing
 * at all happens without such a sink. BG_OK, or BG_E_EOF when the person is gone.
 */
BG_MUST_CHECK enum bg_err alarm_await(struct login *L, const struct bg_position *verified,
                                      const struct bg_position *granted);

#endif
