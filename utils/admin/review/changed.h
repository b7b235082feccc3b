/* SPDX-License-Identifier: ISC */
/* Which files of a directory changed since a moment: looked for on one file system, within a bound of time
 * and number, the newest ones kept. */
#ifndef BG_ADMIN_REVIEW_CHANGED_H
#define BG_ADMIN_REVIEW_CHANGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANGED_MAX  200u
#define CHANGED_PATH 256

struct changed_file {
    int64_t at_ms;           /* of its content or its rights, whichever is newer */
    char path[CHANGED_PATH]; /* as it is, hostile; one that is longer is cut */
    bool directory;          /* something in it came or went */
};

struct changed {
    struct changed_file file[CHANGED_MAX]; /* the oldest first */
    size_t n;
    uint64_t more; /* older ones that there was no room for */
    bool cut;      /* the time was over before all was seen */
};

/* Everything below top, which is not followed where it is a link. */
void changed_since(const char *top, int64_t since_ms, struct changed *out);

#endif
