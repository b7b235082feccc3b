/* How many dialogues one user of this host may have open at a time. */
#include "login/login.h"

#include <stdio.h>
#include "base/clock.h"
#include "base/safefile.h"

enum bg_err callers_take(const char *dir, int64_t uid, int *slot)
{
    char path[256];
    enum bg_err r;

    *slot = -1;
    if (uid == 0 || bg_dir_make(dir, 0700) != BG_OK)
        return BG_OK;
    for (unsigned i = 0; i < CALLER_DIALOGUES; i++) {
        (void)snprintf(path, sizeof path, "%.200s/%lld.%u", dir, (long long)uid, i);
        r = bg_lock(AT_FDCWD, path, bg_deadline(0), slot);
        if (r != BG_E_BUSY) /* one that cannot be made or locked bounds nothing, and shuts nobody out */
            return BG_OK;
    }
    return BG_E_BUSY;
}
