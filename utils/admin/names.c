/* SPDX-License-Identifier: ISC */
/* Does this host's libc know the accounts as they are? Whoever logs in asks it. */
#include "account/seen.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"

#define ASK_MS 3000

bool names_look(const struct account_row *row)
{
    const struct bg_account a = {
        .name = row->name, .home = row->home, .shell = row->shell, .uid = row->uid, .gid = row->gid};
    struct bg_seen seen;
    enum bg_err r = bg_seen_check(&a, ASK_MS, &seen);

    if (r == BG_E_MISMATCH) {
        ui_finding(BG_M_CMD_SEEN, BG_ARGS(seen.how));
        (void)bg_seen_forget(ASK_MS); /* the question itself may have misled a cache */
    } else if (r != BG_OK) {
        ui_finding(BG_M_CMD_SEEN_NOT, BG_ARGS(row->name, bg_strerror(r)));
    }
    return r == BG_OK;
}
