/* SPDX-License-Identifier: ISC */
/* Rule RES-04: the system's clock and that which runs while the host is off. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "admin/check/host.h"
#include "admin/check/res.h"
#include "base/clock.h"
#include "base/host.h"
#include "record/journal.h"

#define FIRST_YEAR 2026 /* of this source: no clock that is right says an earlier one */
#define YEARS      20   /* nobody uses it so long after that */
#define DAY_S      86400
#define RTC        "/sys/class/rtc/rtc0/since_epoch"

static int year_of(time_t at)
{
    struct tm tm;

    return gmtime_r(&at, &tm) == NULL ? 0 : tm.tm_year + 1900;
}

static bool year_is_wrong(int year)
{
    return year < FIRST_YEAR || year > FIRST_YEAR + YEARS;
}

/* When the newest segment of the journal was written to; 0: there is none. */
static time_t newest(void)
{
    time_t last = 0;
    struct stat st;
    glob_t g;

    if (glob(BG_JOURNAL_DIR "/*.jsonl", GLOB_NOSORT, NULL, &g) != 0)
        return 0;
    for (size_t i = 0; i < g.gl_pathc; i++)
        if (stat(g.gl_pathv[i], &st) == 0 && st.st_mtime > last)
            last = st.st_mtime;
    globfree(&g);
    return last;
}

/* It may be kept in local time, which is never a day off. */
static void look_rtc(struct check *c, time_t now)
{
    char said[BG_TIME_LEN];
    uint64_t rtc;

    if (!host_number(RTC, &rtc) || rtc > INT64_MAX / 1000 ||
        (llabs((long long)rtc - (long long)now) <= DAY_S && !year_is_wrong(year_of((time_t)rtc))))
        return;
    bg_time_of((int64_t)rtc * 1000, said);
    check_find(c, CHECK_RES_RTC, &(struct check_at){.file = RTC}, BG_ARGS(said));
}

void res_clock(struct check *c)
{
    time_t now = (time_t)(bg_wall_ms() / 1000), last = newest();
    char said[BG_TIME_LEN];
    int64_t error;

    bg_time_of(bg_wall_ms(), said);
    if (year_is_wrong(year_of(now)))
        check_find(c, CHECK_RES_CLOCK_YEAR, NULL, BG_ARGS(said));
    else if (last > now + DAY_S)
        check_find(c, CHECK_RES_CLOCK_BACK, &(struct check_at){.file = BG_JOURNAL_DIR}, BG_ARGS(said));
    if (!bg_host_clock_synced(&error))
        check_find(c, CHECK_RES_CLOCK_FREE, NULL, BG_NOARGS);
    look_rtc(c, now);
}
