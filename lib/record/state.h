/*
 * What the journal says about an account: derived, never stored. Reading runs in a bounded child, so that a
 * disk that hangs costs at most 1 s per directory and BG_STATE_MS a call; it then counts as unreadable.
 */
#ifndef BG_RECORD_STATE_H
#define BG_RECORD_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/host.h"
#include "record/journal.h"

#define BG_STATE_MS 3000

/* How a source is classed for delays and for the last resort of policy. */
enum bg_source {
    BG_SOURCE_CONSOLE = 1,
    BG_SOURCE_LOCAL = 2,
    BG_SOURCE_NETWORK = 3
};
const char *bg_source_name(enum bg_source s); /* "console", "local", "network" */

/*
 * Failures of account from sources of that class in the last hour since its last granted use: the number, and
 * milliseconds since the newest (by wall clock, never negative). Reads at most the last 256 KiB of the
 * journal and the /run segment; an unreadable journal counts as no failures.
 */
void bg_state_failures(const char *dir, const char *fallback_dir, const char *account, enum bg_source s,
                       unsigned *count, int64_t *since_ms);

/* The delay in ms that count failures cost: 0, 1, 2, 4, 8 ... seconds, at most cap_s. */
int64_t bg_state_delay(unsigned count, unsigned cap_s);

/* States of an account, see breakglass(7). */
enum bg_account_state {
    BG_STATE_SEALED = 1,
    BG_STATE_IN_USE = 2,
    BG_STATE_AWAITING_REVIEW = 3
};

struct bg_use_state {
    bool granted; /* a use.granted with this id is on record */
    bool opened, closed;
    char boot_id[BG_BOOT_ID_LEN + 1], account[64]; /* of the granted event */
};
/* One use by its id. BG_E_NOENT when the journal does not know it. Looks at the /run segment too. */
BG_MUST_CHECK enum bg_err bg_state_use(const char *dir, const char *fallback_dir, const char *use,
                                       struct bg_use_state *out);
/* True when account has a use that was opened in this boot and not closed, whose host process still lives. */
bool bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                     char use[BG_ULID_LEN + 1]);
/*
 * State of an account with the use that makes it: in use as long as any use of this boot is granted, not
 * closed and held by a living process, whatever became of newer ones. use is that one, else the newest (may
 * be ""). dir NULL: both compiled-in directories; else that one alone.
 */
enum bg_account_state bg_state_account(const char *dir, const char *account, char use[BG_ULID_LEN + 1]);

#endif
