/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include "account/accounts.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "record/life.h"

#define AGAIN_MS 60000 /* a date that is days away is not looked at more often */

struct late {
    const struct bg_policy *policy;
    bool news;
};

static bool record(const struct bg_policy *policy, const char *account, const struct bg_life_use *u)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_recorder rec;
    enum bg_recorded where;
    char text[BG_MSG_MAX], due[BG_TIME_LEN];

    bg_time_of(bg_life_review_due(u, policy->due[BG_DUE_REVIEW]), due);
    (void)bg_msg_raw(text, sizeof text, BG_M_ALERT_REVIEW_LATE, BG_ARGS(account, due));
    e.type = BG_EV_REVIEW_OVERDUE;
    e.account = account;
    e.use = u->id;
    e.drill = u->drill;
    e.claimed = u->claimed;
    e.message = text;
    e.until = due;
    alert_recorder(policy, &rec);
    return bg_record(&rec, &e, &where, NULL) == BG_OK;
}

static void look(struct late *l, const char *account)
{
    static struct bg_life life;
    int64_t now = bg_wall_ms();

    if (bg_life_load(NULL, NULL, account, &life) != BG_OK)
        return;
    for (size_t i = 0; i < life.uses; i++)
        if (!life.use[i].overdue && bg_life_review_overdue(&life.use[i], l->policy->due[BG_DUE_REVIEW], now))
            l->news = record(l->policy, account, &life.use[i]) || l->news;
}

/* A bg_accounts_walk() of those whose life no state room has: it is made of the journal. What was recorded is
 * no news the second time. */
static void look_row(void *arg, unsigned line, const char *name, const struct bg_account *a,
                     const char *wrong)
{
    (void)line;
    (void)name;
    (void)wrong;
    if (a != NULL)
        look(arg, a->name);
}

bool late_reviews_record(const struct bg_policy *policy)
{
    static int64_t next;
    struct late l = {.policy = policy};
    static char kept[BG_LIFE_ACCOUNTS][64];
    char text[BG_ACCOUNTS_MAX];
    size_t len;

    if (bg_now_ms() < next)
        return false;
    next = bg_deadline(AGAIN_MS);
    /* also of what is no account any more, or has a line that is damaged */
    for (size_t n = bg_life_accounts(NULL, NULL, kept, BG_LIFE_ACCOUNTS); n > 0; n--)
        look(&l, kept[n - 1]);
    if (bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) == BG_OK)
        bg_accounts_walk(text, len, look_row, &l);
    return l.news;
}
