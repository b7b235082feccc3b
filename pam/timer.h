/*
 * The host's alarm. login(1) kills itself after LOGIN_TIMEOUT (60 s), which is too short for typing shares:
 * during our dialogue its alarm is replaced by the dialogue's own bound, then put back with what it had left.
 * A host without a running alarm gets none.
 */
#ifndef BG_PAM_TIMER_H
#define BG_PAM_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

struct bg_timer {
    bool paused;
    struct itimerval was;
};

/* Replace a running ITIMER_REAL by one of `ms` milliseconds. */
void bg_timer_pause(struct bg_timer *t, int64_t ms);

/* Put back what was left at the pause, at least one second. Harmless when nothing was paused. */
void bg_timer_resume(struct bg_timer *t);

#endif
