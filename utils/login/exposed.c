/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "login/login.h"
#include "share/shareseen.h"

#define RECORDED_MAX 5 /* of one dialogue */

/* Which card, as far as it could be read. */
static void record(struct login *L, const struct bg_shareseen *seen)
{
    char set[BG_SET_NAME], which[BG_SHARE_TEXT + sizeof set + 32];
    struct bg_event e = BG_EVENT_INIT;

    bg_shareset_name(&L->credential.shares, set);
    if (!seen->ours)
        (void)snprintf(which, sizeof which, "of which set is not known");
    else if (seen->card[0] == '\0')
        (void)snprintf(which, sizeof which, "a card of the set %s", set);
    else
        (void)snprintf(which, sizeof which, "card %s of the set %s", seen->card, set);
    e.type = BG_EV_SHARE_EXPOSED;
    (void)login_record_text(L, &e, BG_M_EV_EXPOSED, BG_ARGS(L->account.name, which));
}

enum bg_err login_exposed(struct login *L, const struct bg_answer *a, size_t least, bool *found)
{
    struct bg_shareseen seen;

    bg_shareseen(L->credential.has_shares ? &L->credential.shares : NULL, a->text, a->len, &seen);
    *found = seen.ours || seen.words >= least;
    if (!*found)
        return BG_OK;
    if (L->exposed++ < RECORDED_MAX)
        record(L, &seen);
    return login_say(L, BG_STYLE_ERROR, BG_M_EXPOSED, BG_NOARGS);
}
