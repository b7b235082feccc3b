/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <stdlib.h>
#include <string.h>

int64_t backoff_ms(unsigned failures, uint32_t random)
{
    static const int64_t seconds[] = {0, 5, 30, 120, 300, 900};
    size_t n = sizeof seconds / sizeof seconds[0];
    int64_t ms = seconds[failures < n ? failures : n - 1] * 1000;

    ms = ms * 4 / 5 + (int64_t)(random % 1000) * (ms * 2 / 5) / 999;
    return ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
}

int64_t backoff_retry_after(const char *value, time_t now)
{
    size_t n;
    int64_t when, ms;

    value += strspn(value, " \t");
    n = strspn(value, "0123456789");
    if (n > 0) {
        if (value[n + strspn(value + n, " \t\r\n")] != '\0')
            return -1;
        ms = n > 6 ? BACKOFF_MAX_MS : (int64_t)strtoul(value, NULL, 10) * 1000;
    } else {
        if (!http_date(value, &when))
            return -1;
        ms = (when - (int64_t)now) * 1000;
    }
    return ms < 0 ? 0 : ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
}
