/* SPDX-License-Identifier: ISC */
/* Controls that each use of the last year is judged by. */
#include <string.h>
#include "admin/compliance/compliance.h"

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

/* Uses of the last year, of which fn has something to say. */
typedef void (*use_fn)(const struct facts *f, struct judged *j, const struct account_facts *a,
                       const struct bg_life_use *u);
static void each_use(const struct facts *f, struct judged *j, use_fn fn)
{
    unsigned n = 0;

    if (!judge_any_account(f, j))
        return;
    for (size_t i = 0; i < f->n; i++) {
        const struct account_facts *a = &f->account[i];
        if (!a->life_known || a->life.gap)
            judge_say(j, VERDICT_UNKNOWN, "not all uses of %s are known", a->name);
        for (size_t k = 0; a->life_known && k < a->life.uses; k++) {
            const struct bg_life_use *u = &a->life.use[k];
            if (f->now - u->granted_ms > COMPLIANCE_DAYS * DAY_MS)
                continue;
            n++;
            fn(f, j, a, u);
            judge_evidence(j, "use", u->id, a->name, u->granted_ms);
        }
    }
    if (n == 0)
        judge_say(j, VERDICT_NOT_DUE, "no use of the last year is on record");
}

/* --- rotation ----------------------------------------------------------------------------------- */

/* The first rotation that ended well after that. */
static const struct past_event *rotation_after(const struct facts *f, const char *account, int64_t ms)
{
    for (unsigned i = 0; i < f->past.n; i++) {
        const struct past_event *e = &f->past.event[i];
        if (e->type == BG_EV_ROTATE_DONE && e->success && e->at_ms >= ms && strcmp(e->account, account) == 0)
            return e;
    }
    return NULL;
}

static int64_t rotation_ms(const struct facts *f)
{
    unsigned hours = f->policy->due[BG_DUE_ROTATION];

    return (hours != 0 ? (int64_t)hours : 24) * HOUR_MS;
}

static void say_rotated(const struct facts *f, struct judged *j, const struct account_facts *a,
                        const struct bg_life_use *u)
{
    const struct past_event *e = rotation_after(f, a->name, u->granted_ms);
    int64_t took = (e != NULL ? e->at_ms : f->now) - u->granted_ms;

    if (e != NULL)
        judge_evidence(j, "event", e->id, a->name, e->at_ms);
    if (e == NULL && !u->rotated && took <= rotation_ms(f))
        judge_say(j, VERDICT_NOT_DUE, "what opens %s is still to be replaced after its newest use", a->name);
    else if (e == NULL && u->rotated)
        judge_say(j, VERDICT_UNKNOWN, "when what opened %s was replaced is not known", a->name);
    else if (e == NULL)
        judge_say(j, VERDICT_FAIL, "what opened %s is not replaced %lld h after use %s", a->name,
                  (long long)(took / HOUR_MS), u->id);
    else if (took > rotation_ms(f))
        judge_say(j, VERDICT_FAIL, "what opened %s was replaced %lld h after use %s", a->name,
                  (long long)(took / HOUR_MS), u->id);
    else
        judge_say(j, VERDICT_PASS, "what opened %s was replaced in time after each use", a->name);
}

void judge_rotated(const struct facts *f, struct judged *j)
{
    if (judge_past(f, j))
        each_use(f, j, say_rotated);
}

/* Of the newest rotation: what was read back since it began. A wrong card that somebody typed is no new one
 * that cannot be read (drill/facts.c). */
static void say_verified(const struct facts *f, struct judged *j, const struct account_facts *a)
{
    unsigned at = f->past.n, good = 0;
    const struct past_event *e = past_before(&f->past, BG_EV_ROTATE_DONE, a->name, &at), *began;

    if (e == NULL || !e->success)
        return;
    began = past_before(&f->past, BG_EV_ROTATE_STARTED, a->name, &at);
    for (unsigned i = at; i < f->past.n; i++) {
        const struct past_event *s = &f->past.event[i];
        if ((s->type == BG_EV_ROTATE_STEP || s->type == BG_EV_CREDENTIAL_INSPECTED) && s->success &&
            strcmp(s->account, a->name) == 0 && (began == NULL || s->at_ms >= began->at_ms)) {
            good++;
            judge_evidence(j, "event", s->id, a->name, s->at_ms);
        }
    }
    judge_evidence(j, "event", e->id, a->name, e->at_ms);
    judge_say(j, good > 0 ? VERDICT_PASS : VERDICT_FAIL,
              good > 0 ? "new credentials of %s were read back"
                       : "none of the new credentials of %s was read back",
              a->name);
}

void judge_verified(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j) || !judge_past(f, j))
        return;
    for (size_t i = 0; i < f->n; i++)
        say_verified(f, j, &f->account[i]);
    judge_else(j, VERDICT_NOT_DUE, "no rotation of the last year is on record");
}

static void say_rotator(const struct facts *f, struct judged *j, const struct account_facts *a,
                        const struct bg_life_use *u)
{
    const struct past_event *e = rotation_after(f, a->name, u->granted_ms);

    if (e == NULL)
        return;
    judge_evidence(j, "event", e->id, a->name, e->at_ms);
    if (e->by[0] == '\0' || u->claimed[0] == '\0')
        judge_say(j, VERDICT_UNKNOWN, "who used %s, or who replaced its credentials, is not on record",
                  a->name);
    else if (!bg_rule_rotator(&f->custody->people, u->claimed, e->by))
        judge_say(j, VERDICT_FAIL, "%s used %s and replaced what opens it", e->by, a->name);
    else
        judge_say(j, VERDICT_PASS, "%s, who replaced what opens %s, had not used it", e->by, a->name);
}

void judge_rotator(const struct facts *f, struct judged *j)
{
    if (!judge_past(f, j))
        return;
    each_use(f, j, say_rotator);
    judge_else(j, VERDICT_NOT_DUE, "nothing was replaced after a use yet");
}

/* --- what the use itself tells: judged by drill/verdict.c, as those of a drill are ----------------- */

static void say_year(const struct facts *f, struct judged *j, const struct account_facts *a)
{
    struct drill_control c[DRILL_CONTROLS];
    unsigned n = drill_controls(a->year, f->policy, c), uses = 0;

    for (unsigned i = 0; i < a->year->logins; i++)
        if (a->year->login[i].granted_ms != 0) {
            uses++;
            judge_evidence(j, "use", a->year->login[i].use, a->name, a->year->login[i].granted_ms);
        }
    for (unsigned i = 0; i < n && uses > 0; i++)
        if (strcmp(c[i].id, j->control->id) == 0)
            judge_say(j,
                      c[i].verdict == DRILL_PASS   ? VERDICT_PASS
                      : c[i].verdict == DRILL_FAIL ? VERDICT_FAIL
                                                   : VERDICT_UNKNOWN,
                      "%s: %s", a->name, c[i].why);
}

void judge_by_uses(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j) || !judge_past(f, j))
        return;
    for (size_t i = 0; i < f->n; i++) {
        if (f->account[i].year == NULL)
            judge_say(j, VERDICT_UNKNOWN, "the uses of %s could not be read", f->account[i].name);
        else
            say_year(f, j, &f->account[i]);
    }
    judge_else(j, VERDICT_NOT_DUE, "no use of the last year is on record");
}

/* --- end and review ------------------------------------------------------------------------------- */

static void say_ended(const struct facts *f, struct judged *j, const struct account_facts *a,
                      const struct bg_life_use *u)
{
    int64_t limit_ms =
        u->granted_ms + (f->policy->session_limit != 0 ? f->policy->session_limit : 480) * INT64_C(60000);
    int64_t end = u->ended_ms != 0 ? u->ended_ms : f->now;

    if (u->limit_ms > limit_ms)
        limit_ms = u->limit_ms;
    if (end > limit_ms)
        judge_say(j, VERDICT_FAIL, "use %s of %s %s longer than it may", u->id, a->name,
                  u->ended_ms != 0 ? "went on" : "goes on");
    else if (u->ended_ms == 0)
        judge_say(j, VERDICT_NOT_DUE, "use %s of %s goes on", u->id, a->name);
    else
        judge_say(j, VERDICT_PASS, "each use of %s ended in time", a->name);
}

void judge_ended(const struct facts *f, struct judged *j)
{
    each_use(f, j, say_ended);
}

static void say_reviewed(const struct facts *f, struct judged *j, const struct account_facts *a,
                         const struct bg_life_use *u)
{
    unsigned days = f->policy->due[BG_DUE_REVIEW] != 0 ? f->policy->due[BG_DUE_REVIEW] : 5;
    int64_t due = bg_life_review_due(u, days);

    if (u->verdict == BG_VERDICT_NONE)
        judge_say(j, f->now > due ? VERDICT_FAIL : VERDICT_NOT_DUE, "use %s of %s is not reviewed%s", u->id,
                  a->name, f->now > due ? " and should be" : " yet");
    else if (u->reviewed_ms > due)
        judge_say(j, VERDICT_FAIL, "use %s of %s was reviewed too late", u->id, a->name);
    else if (!bg_rule_reviewer(&f->custody->people, u->claimed, u->reviewer))
        judge_say(j, VERDICT_FAIL, "use %s of %s was reviewed by who made it, or by nobody who is named",
                  u->id, a->name);
    else
        judge_say(j, VERDICT_PASS, "each use of %s was reviewed in time by another person", a->name);
}

void judge_reviewed(const struct facts *f, struct judged *j)
{
    each_use(f, j, say_reviewed);
}

static void say_evidence(const struct facts *f, struct judged *j, const struct account_facts *a,
                         const struct bg_life_use *u)
{
    (void)f;
    if (u->verdict == BG_VERDICT_NONE)
        judge_say(j, VERDICT_NOT_DUE, "use %s of %s is not reviewed yet", u->id, a->name);
    else if (u->evidence[0] == '\0')
        judge_say(j, VERDICT_FAIL, "the review of use %s of %s has packed no evidence", u->id, a->name);
    else
        judge_say(j, VERDICT_PASS, "the review of each use of %s has the hash of its evidence", a->name);
}

void judge_evidence_packed(const struct facts *f, struct judged *j)
{
    each_use(f, j, say_evidence);
}

void judge_routine(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j))
        return;
    for (size_t i = 0; i < f->n; i++) {
        const struct account_facts *a = &f->account[i];
        unsigned n = a->life_known ? bg_life_real_uses(&a->life, f->now) : 0;
        if (!a->life_known || a->life.gap)
            judge_say(j, VERDICT_UNKNOWN, "not all uses of %s are known", a->name);
        else if (n > BG_LIFE_ROUTINE)
            judge_say(j, VERDICT_WARN, "%s was used %u times in %d days outside drills: find the cause",
                      a->name, n, BG_LIFE_ROUTINE_DAYS);
        else
            judge_say(j, VERDICT_PASS, "%s was used %u time%s in %d days outside drills", a->name, n,
                      n == 1 ? "" : "s", BG_LIFE_ROUTINE_DAYS);
    }
}
