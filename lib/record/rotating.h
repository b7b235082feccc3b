/* SPDX-License-Identifier: ISC */
/* Which keys of an account have opened it since its credentials were replaced. */
#ifndef BG_RECORD_ROTATING_H
#define BG_RECORD_ROTATING_H

#include "record/life.h"

/* Keys by their labels, and when each has opened the account. */
#define BG_KEYS_USED_MAX (2 * BG_LIFE_USES)
struct bg_keys_used {
    size_t n;
    struct {
        char key[32];
        char at[BG_TIME_LEN];
    } used[BG_KEYS_USED_MAX];
};

/*
 * The keys that have opened the account in uses of l since which nothing was replaced, as the journal tells
 * (dir and fallback_dir as in record/retell.h). Uses of which it tells nothing are left out. BG_E_NOENT,
 * BG_E_TIMEOUT, BG_E_IO: it could not be read.
 */
BG_MUST_CHECK enum bg_err bg_keys_used(const char *dir, const char *fallback_dir, const struct bg_life *l,
                                       struct bg_keys_used *out);

/* Is the key of that label among them, at that time (bg_time_rfc3339) or later? */
bool bg_keys_used_since(const struct bg_keys_used *k, const char *label, const char *since);

#endif
