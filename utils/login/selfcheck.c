/* SPDX-License-Identifier: ISC */
/* What libc says of the account, beside what the accounts file says: a cache may have taken it for another.
 */
#include "login/login.h"

#define ASK_MS    1000 /* a name service that hangs is none of a login's business for longer */
#define AGAIN_MS  500
#define FORGET_MS 1000

/*
 * Have caches forget. By an answer that costs rights it is asked again; that question may put the account's
 * name on root's number once more where a cache takes one for the other, so that is forgotten too.
 */
static bool cure(const struct bg_account *a, const struct bg_seen *seen)
{
    bool forgotten = bg_seen_forget(FORGET_MS);
    struct bg_seen now = {.rights = false};
    enum bg_err r;

    if (!seen->rights)
        return forgotten;
    if ((r = bg_seen_check(a, ASK_MS, &now)) == BG_E_MISMATCH)
        (void)bg_seen_forget(FORGET_MS);
    return r == BG_OK || (r == BG_E_MISMATCH && !now.rights);
}

/* Look once: BG_E_MISMATCH, and the worst of all looks is kept for the person and the record. */
static enum bg_err look(struct login *L, int64_t ms, struct bg_seen *seen)
{
    enum bg_err r = L->alone ? BG_OK : bg_seen_check(&L->account, ms, seen);

    if (r != BG_E_MISMATCH)
        return r;
    if (!L->mistaken || seen->rights)
        L->seen = *seen;
    L->mistaken = true;
    return r;
}

/* Look and put right. The message for the person; NULL when all is well. */
static const struct bg_message *put_right(struct login *L)
{
    struct bg_seen seen;

    if (look(L, AGAIN_MS, &seen) == BG_E_MISMATCH && !cure(&L->account, &seen))
        return BG_M_SEEN_STAYS;
    if (!L->mistaken)
        return NULL;
    return L->seen.rights ? BG_M_SEEN_RIGHTS : BG_M_SEEN_CURED;
}

static void record(struct login *L)
{
    (void)login_record_msg(L, BG_EV_ACCOUNT_MISTAKEN, false, BG_M_EV_SEEN, BG_ARGS(L->seen.how));
}

/* Anybody comes this far, and to forget costs the users of a directory that is down their logins: only said.
 */
enum bg_err selfcheck_begin(struct login *L)
{
    struct bg_seen seen;
    enum bg_err r = look(L, ASK_MS, &seen);

    L->name_service_hangs = r == BG_E_TIMEOUT;
    if (r == BG_E_TIMEOUT)
        return login_say(L, BG_STYLE_ERROR, BG_M_SEEN_SILENT, BG_NOARGS);
    return r != BG_E_MISMATCH ? BG_OK : login_say(L, BG_STYLE_ERROR, BG_M_SEEN_WRONG, BG_ARGS(seen.how));
}

enum bg_err selfcheck_granting(struct login *L)
{
    const struct bg_message *id = L->name_service_hangs ? NULL : put_right(L);

    if (id == NULL)
        return BG_OK;
    record(L);
    return login_say(L, BG_STYLE_ERROR, id, BG_ARGS(L->seen.how));
}

void selfcheck_opened(struct login *L)
{
    (void)put_right(L);
    if (L->mistaken && L->seen.rights)
        record(L);
}
