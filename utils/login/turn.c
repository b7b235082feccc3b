/* SPDX-License-Identifier: ISC */
/* The line in front of an account: sets of shares and passwords are judged one after the other, however
 * many are typed. */
#include "base/safefile.h"
#include "login/login.h"

#define LOOK_MS 100   /* between two looks at the line */
#define TELL_MS 20000 /* the relay takes a minute of silence for a hang */
#define LATE_MS 1000  /* between two that have waited too long */

/* Come to the head of a line, telling what is waited for. BG_OK also when there is no place for a line;
 * BG_E_BUSY when it was not reached in time; else the person is gone. */
static enum bg_err line_up(struct login *L, bool late, int64_t bound_ms, int *lock)
{
    enum bg_err r;

    for (int64_t waited = 0; waited < bound_ms; waited += LOOK_MS) {
        if ((r = bg_line_try(NULL, NULL, L->account.name, L->source, late, lock)) != BG_E_BUSY)
            return r;
        if (waited % TELL_MS == 0)
            r = login_say(L, BG_STYLE_INFO, BG_M_LINE,
                          BG_ARGS(BG_COUNTED((bound_ms - waited) / 1000, "second")));
        if ((r != BG_OK && r != BG_E_BUSY) || (r = login_pause(L, LOOK_MS)) != BG_OK)
            return r;
    }
    return BG_E_BUSY;
}

/* No lock-out: who has waited for so long is judged all the same, one a second. */
static enum bg_err late(struct login *L, int64_t bound_ms, int *lock)
{
    enum bg_err r = line_up(L, true, bound_ms, lock);

    return r == BG_OK || r == BG_E_BUSY ? login_pause(L, LATE_MS) : r;
}

enum bg_err login_turn(struct login *L, int *lock)
{
    int64_t bound = decide_line_bound(&L->policy, L->source);
    enum bg_err r;

    *lock = -1;
    r = line_up(L, false, bound, lock);
    r = r == BG_OK ? login_delay(L, 0) : r == BG_E_BUSY ? late(L, bound, lock) : r;
    if (r == BG_OK)
        return BG_OK;
    bg_close(*lock);
    *lock = -1;
    return r;
}
