/* SPDX-License-Identifier: ISC */
/* What --since takes. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "admin/journal/journal.h"
#include "base/clock.h"
#include "base/text.h"

/* Is there such a day and time? text is one of the forms below; a minute may have a leap second. */
static bool exists(const char *text)
{
    struct tm tm = {0}, same;
    int second = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &second) < 3)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    same = tm;
    (void)timegm(&same); /* moves what does not exist to what does */
    return same.tm_mon == tm.tm_mon && same.tm_mday == tm.tm_mday && tm.tm_hour < 24 && tm.tm_min < 60 &&
           second <= 60;
}

/* Is text a beginning of "2026-11-22T12:03:24Z" that ends with a day, a minute, a second or the Z? */
static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t n = strlen(text);

    if (n != 10 && n != 16 && n != 19 && n != 20)
        return false;
    for (size_t i = 0; i < n; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return exists(text);
}

bool journal_since(const char *value, char since[JOURNAL_SINCE])
{
    char then[BG_TIME_LEN];
    int64_t ago, at;

    if (is_time(value))
        return snprintf(since, JOURNAL_SINCE, "%.19s", value) > 0;
    if (!bg_duration(value, &ago))
        return false;
    at = bg_wall_ms() - ago;
    bg_time_of(at < 0 ? 0 : at, then); /* a year needs its four digits to compare */
    return snprintf(since, JOURNAL_SINCE, "%.19s", then) > 0;
}
