/* SPDX-License-Identifier: ISC */
/* Controls that a drill is evidence of. What a drill showed is judged by drill/verdict.c. */
#include <string.h>
#include "admin/compliance/compliance.h"

#define DAY_MS     INT64_C(86400000)
#define DRILL_DAYS 90 /* where breakglass.conf asks for none */

static int64_t drill_days(const struct facts *f)
{
    return f->policy->due[BG_DUE_DRILL] != 0 ? (int64_t)f->policy->due[BG_DUE_DRILL] : DRILL_DAYS;
}

static enum verdict as_verdict(enum drill_verdict v)
{
    return v == DRILL_PASS ? VERDICT_PASS : v == DRILL_FAIL ? VERDICT_FAIL : VERDICT_UNKNOWN;
}

/* What it says of that control. */
static void say_drill(const struct facts *f, struct judged *j, const struct drill *d, const char *what)
{
    struct drill_control c[DRILL_CONTROLS];
    unsigned n = drill_controls(d, f->policy, c);

    for (unsigned i = 0; i < n; i++)
        if (strcmp(c[i].id, j->control->id) == 0)
            judge_say(j, as_verdict(c[i].verdict), "%s of %s: %s", what, d->account, c[i].why);
}

/* There is none: is it time? */
static void say_none(const struct facts *f, struct judged *j, const char *account)
{
    char id[BG_DATE_ITEM], day[BG_TIME_LEN];
    const struct due_item *i;

    (void)snprintf(id, sizeof id, "drill %s", account);
    if ((i = judge_date(f, id)) == NULL || i->due_ms <= f->now) {
        judge_say(j, VERDICT_FAIL, "there was no drill of %s", account);
        return;
    }
    bg_time_of(i->due_ms, day);
    judge_say(j, VERDICT_NOT_DUE, "the first drill of %s is due on %.10s", account, day);
    judge_evidence(j, "date", id, account, i->due_ms);
}

/* The newest drill of each account. fn: what it shows. */
static void each_drill(const struct facts *f, struct judged *j,
                       void (*fn)(const struct facts *f, struct judged *j, const struct account_facts *a))
{
    if (!judge_any_account(f, j) || !judge_past(f, j))
        return;
    for (size_t i = 0; i < f->n; i++) {
        const struct account_facts *a = &f->account[i];
        if (!facts_counts(a))
            continue;
        if (a->drill == NULL) {
            say_none(f, j, a->name);
            continue;
        }
        if (f->now - a->drill->closed_ms > drill_days(f) * DAY_MS)
            judge_say(j, VERDICT_FAIL, "the last drill of %s ended more than %lld days ago", a->name,
                      (long long)drill_days(f));
        fn(f, j, a);
        judge_evidence(j, "drill", a->drill->id, a->name, a->drill->closed_ms);
    }
}

static void show_drill(const struct facts *f, struct judged *j, const struct account_facts *a)
{
    say_drill(f, j, a->drill, "the last drill");
}

void judge_by_drill(const struct facts *f, struct judged *j)
{
    each_drill(f, j, show_drill);
}

static void show_passed(const struct facts *f, struct judged *j, const struct account_facts *a)
{
    say_drill(f, j, a->drill, "the last drill");
    if (!a->drill->passed)
        judge_say(j, VERDICT_FAIL, "the last drill of %s was not passed", a->name);
    else if (a->life_known && a->life.drilled_ms == 0)
        judge_say(j, VERDICT_UNKNOWN, "the life of %s knows of no drill", a->name);
}

void judge_drilled(const struct facts *f, struct judged *j)
{
    each_drill(f, j, show_passed);
}

/* The newest change of packages, against the drills before and after it. */
void judge_after_change(const struct facts *f, struct judged *j)
{
    unsigned at = f->past.n;
    const struct past_event *e;

    if (!judge_any_account(f, j) || !judge_past(f, j))
        return;
    if ((e = past_before(&f->past, BG_EV_HOST_CHANGED, NULL, &at)) == NULL) {
        judge_say(j, VERDICT_NOT_DUE, "no change of what a login depends on is on record");
        return;
    }
    judge_evidence(j, "event", e->id, "", e->at_ms);
    for (size_t i = 0; i < f->n; i++) {
        const struct account_facts *a = &f->account[i];
        bool after = a->drill != NULL && a->drill->opened_ms >= e->at_ms;
        if (!facts_counts(a))
            continue;
        if (after)
            judge_evidence(j, "drill", a->drill->id, a->name, a->drill->opened_ms);
        if (after && a->drill->opened_ms - e->at_ms <= 7 * DAY_MS)
            judge_say(j, VERDICT_PASS, "a drill of %s followed the change within 7 days", a->name);
        else if (after)
            judge_say(j, VERDICT_UNKNOWN,
                      "whether an earlier drill of %s followed the change is not looked at", a->name);
        else if (f->now - e->at_ms > 7 * DAY_MS)
            judge_say(j, VERDICT_FAIL, "no drill of %s followed the change within 7 days", a->name);
        else
            judge_say(j, VERDICT_NOT_DUE, "a drill of %s is due within 7 days after the change", a->name);
    }
}
