#include "login/delay.h"

#include <stdio.h>
#include "base/clock.h"
#include "login/decide.h"
#include "login/report.h"
#include "login/speak.h"

#define STEP_MS 20000 /* then it is said again: the relay takes a minute of silence for a hang */

/* least: failures that are known of even when the journal cannot tell. */
static void delay_for(struct login *L, unsigned least)
{
    unsigned count = 0;
    int64_t since = 0, wait;
    char seconds[24];

    bg_state_failures(NULL, NULL, L->account.name, L->source, &count, &since);
    for (wait = decide_delay(&L->policy, L->source, count > least ? count : least, since); wait > 0;
         wait -= STEP_MS) {
        (void)snprintf(seconds, sizeof seconds, "%lld", (long long)((wait + 999) / 1000));
        if (login_say(L, BG_STYLE_INFO, BG_M_DELAY, BG_ARGS(seconds)) != BG_OK)
            return; /* nobody is there to wait; the next question will see it */
        bg_sleep_ms(wait < STEP_MS ? wait : STEP_MS);
    }
}

void login_delay(struct login *L)
{
    delay_for(L, 0);
}

void login_attempt_failed(struct login *L, const struct bg_message *id, const char *const *args)
{
    (void)login_record_msg(L, BG_EV_ATTEMPT_FAILED, false, id, args);
    delay_for(L, 1);
}
