/* SPDX-License-Identifier: ISC */
/* ACC-03, -04, -05: the day on which the account's entry of /etc/shadow stops it. Our own entry never does.
 */
#include <stdio.h>
#include <time.h>
#include "admin/check/acc.h"

#define SHADOW "/etc/shadow"
#define NEVER  36500 /* days ahead: what is set is not meant to happen */
#define DAY    86400

static void date(long day, char out[32])
{
    time_t t = (time_t)day * DAY;
    struct tm tm;

    if (day > 3000000 || gmtime_r(&t, &tm) == NULL || strftime(out, 32, "%Y-%m-%d", &tm) == 0)
        (void)snprintf(out, 32, "day %ld", day);
}

static void not_expired(struct bg_pam_facts *p)
{
    p->shadow = BG_PAM_YES;
    p->expired = BG_PAM_NO;
    p->days_left = 0;
}

static void is_expired(struct bg_pam_facts *p)
{
    p->shadow = BG_PAM_YES;
    p->expired = BG_PAM_YES;
}

/* What one field does, as rules: it has happened, it will, or no usual service minds. */
struct rules {
    enum check_rule_name now, later, minor;
};

struct look {
    struct check *c;
    const struct check_account *a;
    unsigned line;
    const char *service; /* that minds; NULL: none */
    long today;
};

static void tell(const struct look *l, const struct rules *r, long day)
{
    struct check_at at = {.account = l->a->row->name, .service = l->service, .file = SHADOW, .line = l->line};
    char when[32];

    date(day, when);
    if (l->service == NULL)
        check_find(l->c, r->minor, &at, BG_ARGS(at.account, when));
    else
        check_find(l->c, day <= l->today ? r->now : r->later, &at, BG_ARGS(at.account, when, l->service));
}

static void password_age(const struct look *l, const struct acc_shadow *s)
{
    static const struct rules aged = {CHECK_ACC_AGED, CHECK_ACC_AGES, CHECK_ACC_AGE_SET};
    struct check_at at = {.account = l->a->row->name, .service = l->service, .file = SHADOW, .line = l->line};

    if (s->changed == 0)
        check_find(l->c, l->service != NULL ? CHECK_ACC_MUST_CHANGE : CHECK_ACC_MUST_CHANGE_SET, &at,
                   BG_ARGS(at.account, l->service == NULL ? "" : l->service));
    else if (s->changed > l->today)
        check_find(l->c, CHECK_ACC_CHANGED_AHEAD, &at, BG_ARGS(at.account));
    if (s->changed > 0 && s->max >= 0 && s->changed + s->max < l->today + NEVER)
        tell(l, &aged, s->changed + s->max);
    else if (s->inactive >= 0)
        check_find(l->c, CHECK_ACC_INACTIVE_SET, &at, BG_ARGS(at.account, BG_DIGITS(s->inactive)));
}

void acc_look_expiry(struct check *c, const struct check_account *a)
{
    static const struct rules expiry = {CHECK_ACC_EXPIRED, CHECK_ACC_EXPIRES, CHECK_ACC_EXPIRY_SET};
    struct look l = {.c = c, .a = a, .today = (long)(time(NULL) / DAY)};
    struct acc_shadow s;

    if (!acc_shadow(a->row->name, &s))
        return;
    l.line = s.line;
    if (!s.sound) {
        check_unknown(c, CHECK_ACC_EXPIRED,
                      &(struct check_at){.account = a->row->name, .file = SHADOW, .line = s.line},
                      "its line of " SHADOW " has not nine fields, or a day that is no number");
        return;
    }
    if (s.expires < 0 && s.changed != 0 && s.changed <= l.today && s.max < 0 && s.inactive < 0)
        return;
    l.service = acc_matters(c, a, not_expired, is_expired);
    if (s.expires >= 0)
        tell(&l, &expiry, s.expires);
    password_age(&l, &s);
}
