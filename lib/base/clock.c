/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_9999_ENDS INT64_C(253402300799)

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
    struct timespec t = {ms / 1000, (long)(ms % 1000 * 1000000)};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        continue;
}

static int64_t wall(struct timespec *t)
{
    (void)clock_gettime(CLOCK_REALTIME, t);
    if (t->tv_sec < 0 || t->tv_sec > YEAR_9999_ENDS) /* a broken clock must not break the record */
        t->tv_sec = 0;
    return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

int64_t bg_wall_ms(void)
{
    struct timespec t;

    return wall(&t);
}

void bg_time_of(int64_t wall_ms, char out[BG_TIME_LEN])
{
    time_t at = (time_t)(wall_ms / 1000);
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&at, &tm) != NULL && tm.tm_year <= 9999 - 1900)
        (void)strftime(out, BG_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int64_t bg_time_rfc3339(char out[BG_TIME_LEN])
{
    struct timespec t;
    int64_t ms = wall(&t);
    size_t n;

    bg_time_of(ms, out);
    n = strcspn(out, "Z");
    (void)snprintf(out + n, BG_TIME_LEN - n, ".%06ldZ", t.tv_nsec / 1000 % 1000000);
    return ms;
}

bool bg_time_read(const char *s, int64_t *wall_ms)
{
    struct tm tm = {0};
    const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ms = 0;

    if (end != NULL && *end == '.')
        for (int64_t worth = 100; *++end >= '0' && *end <= '9'; worth /= 10)
            ms += (*end - '0') * worth;
    if (end == NULL || strcmp(end, "Z") != 0)
        return false;
    *wall_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return true;
}

int64_t bg_time_or_never(const char *s)
{
    int64_t ms = 0;

    (void)!bg_time_read(s, &ms);
    return ms;
}

int64_t bg_day_end(const char *date)
{
    char whole[BG_TIME_LEN];

    (void)snprintf(whole, sizeof whole, "%.10sT23:59:59.999Z", date);
    return bg_time_or_never(whole);
}
