/* SPDX-License-Identifier: ISC */
/* How many dialogues one user of this host may have open at a time. */
#include "login/login.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/safefile.h"

/* A boot without tmpfiles: the directory above is not there yet either. */
static enum bg_err make_dirs(const char *dir)
{
    char up[256];
    const char *slash = strrchr(dir, '/');

    if (slash != NULL && (size_t)snprintf(up, sizeof up, "%.*s", (int)(slash - dir), dir) < sizeof up)
        (void)!bg_dir_make(up, 0755); /* what it is matters less than whether dir can be made in it */
    return bg_dir_make(dir, 0700);
}

enum bg_err callers_take(const char *dir, int64_t uid, int *slot)
{
    char path[256];
    enum bg_err r;

    *slot = -1;
    if (uid == 0 || make_dirs(dir) != BG_OK)
        return BG_OK;
    for (unsigned i = 0; i < CALLER_DIALOGUES; i++) {
        (void)snprintf(path, sizeof path, "%.200s/%lld.%u", dir, (long long)uid, i);
        r = bg_lock(AT_FDCWD, path, bg_deadline(0), slot);
        if (r != BG_E_BUSY) /* one that cannot be made or locked bounds nothing, and shuts nobody out */
            return BG_OK;
    }
    return BG_E_BUSY;
}
