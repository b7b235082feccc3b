/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <unistd.h>
#include "base/clock.h"
#include "record/journal.h"
#include "record/messages.h"

#define AGAIN_MS 2000 /* between two tries */
#define ONCE_MS  3000 /* for one of them */

static enum bg_err settle(const struct bg_policy *policy, int64_t ms, bool last)
{
    struct bg_recorder rec;

    bg_recorder_init(&rec);
    rec.timeout_ms = policy->journal_timeout;
    return bg_journal_settle(&rec, ms, last);
}

void takeover_once(const struct bg_policy *policy)
{
    if (geteuid() == 0 && bg_journal_waiting(NULL) > 0)
        (void)!settle(policy, ONCE_MS, false);
}

int takeover_run(int64_t ms, bool last)
{
    static struct bg_policy policy;
    static struct bg_faults faults;
    int64_t deadline = bg_deadline(ms);
    unsigned waiting;
    enum bg_err r;

    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults); /* the defaults will do */
    while ((r = settle(&policy, bg_left_ms(deadline), last)) != BG_OK && r != BG_E_NOENT &&
           bg_left_ms(deadline) > 0)
        bg_sleep_ms(bg_left_ms(deadline) < AGAIN_MS ? bg_left_ms(deadline) : AGAIN_MS);
    if ((waiting = bg_journal_waiting(NULL)) == 0)
        return 0;
    alert_say(BG_M_JOURNAL_WAITS, BG_ARGS(BG_DIGITS(waiting), BG_FALLBACK_DIR));
    return 1;
}
