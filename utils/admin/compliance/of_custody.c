/* SPDX-License-Identifier: ISC */
/* Controls that follow from what people have put on file: envelopes, safes, people. */
#include <stdlib.h>
#include <string.h>
#include "admin/compliance/compliance.h"

#define DAY_MS  INT64_C(86400000)
#define SEAL_MS INT64_C(14400000) /* 4 hours, from new credentials to the seal */

/* Envelopes of all accounts that are not destroyed: each into fn; how many. */
typedef void (*envelope_fn)(const struct facts *f, struct judged *j, const struct account_facts *a,
                            const struct bg_envelope *e);
static unsigned each_envelope(const struct facts *f, struct judged *j, envelope_fn fn)
{
    unsigned n = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct bg_envelopes *list = f->account[i].envelopes;
        if (list == NULL)
            judge_say(j, VERDICT_UNKNOWN, "the envelopes of %s cannot be read", f->account[i].name);
        for (unsigned k = 0; list != NULL && k < list->n; k++)
            if (list->envelope[k].status != BG_ENVELOPE_DESTROYED) {
                n++;
                if (fn != NULL)
                    fn(f, j, &f->account[i], &list->envelope[k]);
            }
    }
    return n;
}

/* False: none is on file, and that was said. */
static bool any_envelope(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j))
        return false;
    if (each_envelope(f, j, NULL) > 0)
        return true;
    judge_say(j, VERDICT_UNKNOWN, "no envelope is on file");
    return false;
}

/* --- sealing ------------------------------------------------------------------------------------ */

static void say_sealed(const struct facts *f, struct judged *j, const struct account_facts *a,
                       const struct bg_envelope *e)
{
    bool placed = e->safe[0] != '\0' || e->site[0] != '\0' || e->custodian[0] != '\0';

    (void)f;
    judge_evidence(j, "file", e->id, a->name, bg_time_or_never(e->sealed));
    if (e->status != BG_ENVELOPE_SEALED)
        judge_say(j, VERDICT_WARN, "envelope %s of %s is open", e->id, a->name);
    else if (e->sealed_by[0] == '\0' || e->seen_by[0] == '\0' ||
             bg_people_same(&f->custody->people, e->sealed_by, e->seen_by))
        judge_say(j, VERDICT_FAIL, "envelope %s of %s has not two people who sealed it", e->id, a->name);
    else if (e->seal[0] == '\0' || !placed)
        judge_say(j, VERDICT_FAIL, "the seal or the place of envelope %s of %s is not on file", e->id,
                  a->name);
    else
        judge_say(j, VERDICT_PASS, "envelope %s of %s has seal %s and two people", e->id, a->name, e->seal);
}

/* The first envelope that was sealed after the newest rotation; 0: none was. */
static int64_t sealed_since(const struct facts *f, const char *account, int64_t ms)
{
    int64_t first = 0;

    for (unsigned i = 0; i < f->past.n; i++) {
        const struct past_event *e = &f->past.event[i];
        if (e->type == BG_EV_ENVELOPE_SEALED && e->success && e->at_ms >= ms && first == 0 &&
            strcmp(e->account, account) == 0)
            first = e->at_ms;
    }
    return first;
}

static void say_in_time(const struct facts *f, struct judged *j, const struct account_facts *a)
{
    unsigned at = f->past.n;
    const struct past_event *e = past_before(&f->past, BG_EV_ROTATE_DONE, a->name, &at), *began;
    int64_t sealed;

    if (e == NULL || !e->success)
        return;
    began = past_before(&f->past, BG_EV_ROTATE_STARTED, a->name,
                        &at); /* new cards may be sealed before its end */
    sealed = sealed_since(f, a->name, began != NULL ? began->at_ms : e->at_ms);
    judge_evidence(j, "event", e->id, a->name, e->at_ms);
    if (sealed == 0 && f->now - e->at_ms <= SEAL_MS)
        judge_say(j, VERDICT_NOT_DUE, "the new credentials of %s are to be sealed", a->name);
    else if (sealed == 0 || sealed - e->at_ms > SEAL_MS)
        judge_say(j, VERDICT_FAIL, "nothing was sealed within 4 hours after the rotation of %s", a->name);
}

void judge_sealed(const struct facts *f, struct judged *j)
{
    if (!any_envelope(f, j))
        return;
    (void)each_envelope(f, j, say_sealed);
    if (judge_past(f, j))
        for (size_t i = 0; i < f->n; i++)
            say_in_time(f, j, &f->account[i]);
}

static bool has_seal(const struct bg_envelope *e, const char *seal)
{
    const char *list = e->old_seals;
    char one[BG_SEAL_MAX];

    if (bg_seal_same(e->seal, seal))
        return true;
    while (bg_comma_next(&list, one, sizeof one))
        if (bg_seal_same(one, seal))
            return true;
    return false;
}

/* Another envelope, of any account, that has or had the seal. */
static void say_seal(const struct facts *f, struct judged *j, const struct account_facts *a,
                     const struct bg_envelope *e)
{
    for (size_t i = 0; i < f->n && e->seal[0] != '\0'; i++)
        for (unsigned k = 0; f->account[i].envelopes != NULL && k < f->account[i].envelopes->n; k++) {
            const struct bg_envelope *other = &f->account[i].envelopes->envelope[k];
            if (other != e && has_seal(other, e->seal)) {
                judge_say(j, VERDICT_FAIL, "seal %s is on two envelopes", e->seal);
                judge_evidence(j, "file", other->id, f->account[i].name, 0);
            }
        }
    if (e->tampered[0] != '\0') {
        judge_say(j, VERDICT_FAIL, "somebody was at envelope %s of %s", e->id, a->name);
        judge_evidence(j, "file", e->id, a->name, bg_time_or_never(e->tampered));
    }
}

static void say_unopened(void *arg, const char *account, const char *use, const char *envelope,
                         int64_t granted_ms)
{
    judge_say(arg, VERDICT_FAIL, "a use of %s took envelope %s, whose opening is not on record", account,
              envelope);
    judge_evidence(arg, "use", use, account, granted_ms);
}

void judge_seals(const struct facts *f, struct judged *j)
{
    if (!any_envelope(f, j))
        return;
    judge_say(j, VERDICT_PASS, "no seal stands twice, and no opening is missing");
    (void)each_envelope(f, j, say_seal);
    if (f->policy->opening_within == 0)
        judge_say(j, VERDICT_UNKNOWN, "breakglass.conf asks for no openings (opening-within = 0)");
    for (size_t i = 0; i < f->n; i++)
        custody_unopened(f->custody, i, say_unopened, j);
    for (unsigned i = 0; i < f->past.n; i++)
        if (f->past.event[i].type == BG_EV_ENVELOPE_TAMPERED) {
            judge_say(j, VERDICT_FAIL, "an envelope of %s was found tampered with", f->past.event[i].account);
            judge_evidence(j, "event", f->past.event[i].id, f->past.event[i].account, f->past.event[i].at_ms);
        }
    (void)judge_past(f, j);
}

void judge_inspected(const struct facts *f, struct judged *j)
{
    if (any_envelope(f, j) && !judge_dates(f, j, "inspection "))
        judge_say(j, VERDICT_FAIL, "no envelope is sealed, or breakglass.conf asks for no inspection");
}

/* --- places ------------------------------------------------------------------------------------- */

static void say_sites(const struct facts *f, struct judged *j)
{
    const char *first = NULL;
    bool two = false, told = true;

    for (size_t i = 0; i < f->n; i++)
        for (unsigned k = 0; f->account[i].envelopes != NULL && k < f->account[i].envelopes->n; k++) {
            const struct bg_envelope *e = &f->account[i].envelopes->envelope[k];
            const char *site = bg_envelope_site(e, &f->custody->safes);
            if (e->status == BG_ENVELOPE_DESTROYED)
                continue;
            told = told && *site != '\0';
            two = two || (first != NULL && *site != '\0' && strcmp(first, site) != 0);
            first = first == NULL && *site != '\0' ? site : first;
        }
    if (two)
        judge_say(j, VERDICT_PASS, "envelopes are at two sites or more");
    else if (told)
        judge_say(j, VERDICT_FAIL, "all envelopes are at one site");
    else
        judge_say(j, VERDICT_UNKNOWN, "the site of an envelope is not on file");
    judge_evidence(j, "file", BG_ENVELOPES_DIR, "", 0);
}

void judge_sites(const struct facts *f, struct judged *j)
{
    struct bg_breaches *all;

    if (!any_envelope(f, j))
        return;
    say_sites(f, j);
    if ((all = calloc(1, sizeof *all)) == NULL) {
        judge_say(j, VERDICT_UNKNOWN, "there was no memory for it");
        return;
    }
    for (size_t i = 0; i < f->n; i++)
        if (f->account[i].credential != NULL && f->account[i].envelopes != NULL)
            bg_rule_shares(&f->custody->account[i], all);
    for (unsigned i = 0; i < all->n; i++)
        judge_say(j, VERDICT_FAIL, "%s", all->breach[i].text);
    free(all);
}

/* --- people ------------------------------------------------------------------------------------- */

static bool any_people(const struct facts *f, struct judged *j)
{
    if (f->custody->people.n > 0)
        return true;
    judge_say(j, VERDICT_UNKNOWN, "there is no list of people, or it cannot be read");
    return false;
}

void judge_people(const struct facts *f, struct judged *j)
{
    const struct bg_people *p = &f->custody->people;

    if (!any_people(f, j))
        return;
    if (!judge_dates(f, j, "people"))
        judge_say(j, VERDICT_FAIL, "breakglass.conf asks nobody to read the list (people-days = 0)");
    (void)judge_dates(f, j, "left ");
    for (unsigned i = 0; i < p->n; i++)
        if (p->person[i].left[0] == '\0' && p->person[i].phone[0] == '\0' && p->person[i].mail[0] == '\0') {
            judge_say(j, VERDICT_FAIL, "%s has neither phone nor mail on the list",
                      bg_person_name(&p->person[i]));
            judge_evidence(j, "file", BG_PEOPLE_PATH, "", 0);
        }
}

void judge_trained(const struct facts *f, struct judged *j)
{
    const struct bg_people *p = &f->custody->people;

    if (!any_people(f, j))
        return;
    for (unsigned i = 0; i < p->n; i++) {
        const struct bg_person *one = &p->person[i];
        int64_t trained = bg_day_end(one->trained);
        if (!bg_person_has(one, BG_ROLE_USE))
            continue;
        if (trained == 0)
            judge_say(j, VERDICT_UNKNOWN, "it is not on file that %s was trained", bg_person_name(one));
        else if (f->now - trained > 366 * DAY_MS)
            judge_say(j, VERDICT_FAIL, "%s was trained on %s, more than a year ago", bg_person_name(one),
                      one->trained);
        else
            judge_say(j, VERDICT_PASS, "%s was trained on %s", bg_person_name(one), one->trained);
        judge_evidence(j, "file", one->id, "", trained);
    }
    judge_else(j, VERDICT_UNKNOWN, "nobody on the list may use an account");
}
