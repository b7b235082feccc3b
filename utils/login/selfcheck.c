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

/* Look once. The message for the person; NULL when all is well. */
static const struct bg_message *look(struct login *L, int64_t ms)
{
    struct bg_seen seen;
    enum bg_err r = L->alone ? BG_OK : bg_seen_check(&L->account, ms, &seen);

    if (r == BG_E_TIMEOUT)
        return BG_M_SEEN_SILENT;
    if (r != BG_E_MISMATCH)
        return NULL;
    if (!L->mistaken || seen.rights)
        L->seen = seen; /* the worst is told and recorded */
    L->mistaken = true;
    if (!cure(&L->account, &seen))
        return BG_M_SEEN_STAYS;
    return seen.rights ? BG_M_SEEN_RIGHTS : BG_M_SEEN_CURED;
}

static void record(struct login *L)
{
    (void)login_record_msg(L, BG_EV_ACCOUNT_MISTAKEN, false, BG_M_EV_SEEN, BG_ARGS(L->seen.how));
}

enum bg_err selfcheck_begin(struct login *L)
{
    const struct bg_message *id = look(L, ASK_MS);

    L->name_service_hangs = id == BG_M_SEEN_SILENT;
    return id == NULL ? BG_OK : login_say(L, BG_STYLE_ERROR, id, BG_ARGS(L->seen.how));
}

enum bg_err selfcheck_granting(struct login *L)
{
    bool known = L->mistaken;
    const struct bg_message *id = L->name_service_hangs ? NULL : look(L, AGAIN_MS);

    if (L->mistaken)
        record(L);
    return id == NULL || known ? BG_OK : login_say(L, BG_STYLE_ERROR, id, BG_ARGS(L->seen.how));
}

void selfcheck_opened(struct login *L)
{
    (void)look(L, AGAIN_MS);
    if (L->mistaken && L->seen.rights)
        record(L);
}
