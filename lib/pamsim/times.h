/* SPDX-License-Identifier: ISC */
/*
 * time.conf(5) as pam_time reads it: each rule that fits service, terminal and account refuses outside of its
 * times.
 */
#ifndef BG_PAMSIM_TIMES_H
#define BG_PAMSIM_TIMES_H

#include "pamsim/model.h"

/* A minute of the week. */
struct bg_pam_minute {
    int day;    /* 0 is Sunday */
    int minute; /* hour * 100 + minute */
};

struct bg_pam_times {
    const char *service, *tty, *user; /* the terminal without /dev/ */
};

/*
 * Is it let in at that minute? *line (may be NULL): of the rule that refuses. A netgroup is unsure, and so is
 * a file that pam_time would cut (a field of 1000 bytes).
 */
enum bg_pam_sure bg_pam_times_at(const struct bg_pam_times *who, const char *text, size_t len,
                                 struct bg_pam_minute at, unsigned *line);

/* A minute at which it is refused for sure, the first after `now` (seconds since 1970, this host's zone). */
bool bg_pam_times_closed(const struct bg_pam_times *who, const char *text, size_t len, long long now,
                         long long *when);

struct bg_pam_minute bg_pam_minute_of(long long now);

#endif
