#include "timer.h"

#include <stddef.h>

void bg_timer_pause(struct bg_timer *t, int64_t ms)
{
    struct itimerval bound = {{0, 0}, {ms / 1000, ms % 1000 * 1000}};

    t->paused = getitimer(ITIMER_REAL, &t->was) == 0 &&
                (t->was.it_value.tv_sec != 0 || t->was.it_value.tv_usec != 0) &&
                setitimer(ITIMER_REAL, &bound, NULL) == 0;
}

void bg_timer_resume(struct bg_timer *t)
{
    if (!t->paused)
        return;
    if (t->was.it_value.tv_sec < 1)
        t->was.it_value = (struct timeval){1, 0};
    (void)setitimer(ITIMER_REAL, &t->was, NULL);
    t->paused = false;
}
