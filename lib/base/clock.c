#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

int64_t bg_now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t bg_deadline(int64_t ms)
{
    return bg_now_ms() + ms;
}

int bg_left_ms(int64_t deadline)
{
    int64_t left = deadline - bg_now_ms();

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void bg_sleep_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        continue;
}

int64_t bg_time_rfc3339(char out[BG_TIME_LEN])
{
    struct timespec t;
    struct tm tm;
    size_t n;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    if (t.tv_sec < 0 || t.tv_sec > 253402300799) /* a broken clock must not break the record */
        t.tv_sec = 0;
    (void)gmtime_r(&t.tv_sec, &tm);
    n = strftime(out, BG_TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out + n, BG_TIME_LEN - n, ".%06ldZ", t.tv_nsec / 1000 % 1000000);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
