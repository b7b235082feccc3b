/* SPDX-License-Identifier: ISC */
#include "admin/drill/drill.h"

#include <stdarg.h>
#include <string.h>
#include "config/envelope.h"
#include "delivery/bell.h"

#define DAY_MS INT64_C(86400000)
#define ACK_MS 60000 /* for the first word of a receiver */

const char *drill_verdict_name(enum drill_verdict v)
{
    return v == DRILL_PASS ? "pass" : v == DRILL_FAIL ? "fail" : "not shown";
}

static void judge(struct drill_control *c, enum drill_verdict v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void judge(struct drill_control *c, enum drill_verdict v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    c->verdict = v;
    (void)vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
}

struct look {
    const struct drill *d;
    const struct bg_policy *p;
    const struct drill_step *step;
    unsigned steps;
};

static const struct drill_step *step_of(const struct look *k, const char *name)
{
    for (unsigned i = 0; i < k->steps; i++)
        if (strcmp(k->step[i].name, name) == 0)
            return &k->step[i];
    return NULL;
}

/* As that step came out. */
static void as_step(const struct look *k, struct drill_control *c, const char *name)
{
    const struct drill_step *s = step_of(k, name);

    judge(c, s != NULL && s->state == DRILL_DONE ? DRILL_PASS : DRILL_FAIL, "%s", s == NULL ? "" : s->what);
}

static const struct drill_login *first_login(const struct drill *d)
{
    for (unsigned i = 0; i < d->logins; i++)
        if (d->login[i].granted_ms != 0)
            return &d->login[i];
    return NULL;
}

static void every_path(const struct look *k, struct drill_control *c)
{
    char missing[DRILL_WHY] = "";

    for (unsigned i = 0; i < k->steps; i++)
        if (strncmp(k->step[i].name, DRILL_LOGIN, strlen(DRILL_LOGIN)) == 0 && k->step[i].state != DRILL_DONE)
            (void)snprintf(missing + strlen(missing), sizeof missing - strlen(missing), " %s",
                           k->step[i].name + strlen(DRILL_LOGIN));
    if (missing[0] == '\0')
        judge(c, DRILL_PASS, "%s", k->d->paths);
    else
        judge(c, DRILL_FAIL, "nobody came in by:%s", missing);
}

static void task(const struct look *k, struct drill_control *c)
{
    as_step(k, c, "task");
}

/* Every sink has the alarm of the first use, and each that wakes people was answered. */
static void alarm_chain(const struct look *k, struct drill_control *c)
{
    const struct drill_login *l = first_login(k->d);
    const struct drill_step *s = step_of(k, "alarm");

    if (l == NULL || s == NULL) {
        judge(c, DRILL_FAIL, "there was no use");
        return;
    }
    if (s->state != DRILL_DONE) {
        judge(c, DRILL_FAIL, "%s", s->what);
        return;
    }
    for (unsigned i = 0; i < k->p->sinks.n; i++) {
        const struct bg_sink *one = &k->p->sinks.sink[i];
        if (bg_sink_wants(one, bg_event_kind(BG_EV_USE_GRANTED)->type) && !bg_bell_acked(one->name, &l->at)) {
            judge(c, DRILL_UNKNOWN, "whether %s took the alarm is not known; %s", one->name, s->what);
            return;
        }
    }
    judge(c, DRILL_PASS, "every sink took it; %s", s->what);
}

/* The window was there before each use, or it would not be marked. */
static void announced(const struct look *k, struct drill_control *c)
{
    for (unsigned i = 0; i < k->d->logins; i++)
        if (k->d->login[i].granted_ms != 0 && k->d->login[i].by_announcer) {
            judge(c, DRILL_FAIL, "%s announced it and used the account", k->d->by);
            return;
        }
    if (first_login(k->d) == NULL)
        judge(c, DRILL_FAIL, "there was no use");
    else
        judge(c, DRILL_PASS, "announced by %s, alarmed as FATAL all the same", k->d->by);
}

static void after_change(const struct look *k, struct drill_control *c)
{
    int64_t days = (k->d->opened_ms - k->d->changed_ms) / DAY_MS;

    if (k->d->changed_ms == 0)
        judge(c, DRILL_PASS, "no change of packages is on record before it");
    else if (days <= 7)
        judge(c, DRILL_PASS, "%lld days after packages that a login depends on had changed", (long long)days);
    else
        judge(c, DRILL_UNKNOWN,
              "packages changed %lld days before it; whether another drill came first is not looked at",
              (long long)days);
}

static void rotated(const struct look *k, struct drill_control *c)
{
    const struct drill_login *l = first_login(k->d);

    if (l == NULL || k->d->rotated_ms == 0)
        judge(c, DRILL_FAIL, "what was used was not replaced");
    else if (k->d->rotated_ms - l->granted_ms > DAY_MS)
        judge(c, DRILL_FAIL, "replaced more than 24 h after the first use");
    else
        judge(c, DRILL_PASS, "replaced %lld min after the first use",
              (long long)((k->d->rotated_ms - l->granted_ms) / 60000));
}

static void verified(const struct look *k, struct drill_control *c)
{
    as_step(k, c, "verify");
}

/* Was the envelope opened since the drill began, and before that use? */
static bool opened_before(const struct drill *d, const char *envelope, int64_t ms)
{
    for (unsigned i = 0; i < d->seals; i++)
        if (!d->seal[i].set && d->seal[i].at_ms <= ms && strcmp(d->seal[i].envelope, envelope) == 0)
            return true;
    return false;
}

/* What a login took, in which envelope it was, and whether that was opened on record. False: one was not. */
static bool openings(const struct drill *d, const struct drill_login *l, unsigned *n, char missing[64])
{
    static struct bg_envelopes list;
    char all[sizeof l->envelopes], *save = NULL;
    const struct bg_envelope *of;
    struct bg_ini_error e;

    memcpy(all, l->envelopes, sizeof all);
    for (char *w = strtok_r(all, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save), (*n)++)
        if (!opened_before(d, w, l->granted_ms)) {
            (void)snprintf(missing, 64, "%.63s", w);
            return false;
        }
    if (l->key[0] == '\0' || bg_envelopes_load(BG_ENVELOPES_DIR, d->account, &list, &e) != BG_OK)
        return true;
    if ((of = bg_envelope_of(&list, BG_HOLDS_KEY, l->key, "")) == NULL)
        of = bg_envelope_of(&list, BG_HOLDS_SSH_KEY, l->key, "");
    *n += of != NULL;
    if (of != NULL && !opened_before(d, of->id, l->granted_ms)) {
        (void)snprintf(missing, 64, "%.63s", of->id);
        return false;
    }
    return true;
}

static void seals_recorded(const struct look *k, struct drill_control *c)
{
    char missing[64] = "";
    unsigned n = 0;

    for (unsigned i = 0; i < k->d->logins; i++)
        if (k->d->login[i].granted_ms != 0 && !openings(k->d, &k->d->login[i], &n, missing)) {
            judge(c, DRILL_FAIL, "envelope %s was used, and its opening was not on record before", missing);
            return;
        }
    if (k->d->tampered > 0)
        judge(c, DRILL_FAIL, "an envelope was found tampered with");
    else if (n == 0)
        judge(c, DRILL_UNKNOWN, "what was used is in no envelope that is on record");
    else
        judge(c, DRILL_PASS, "each opening was on record before the use; no number twice");
}

static void said_why(const struct look *k, struct drill_control *c)
{
    bool hostile;

    for (unsigned i = 0; i < k->d->logins; i++) {
        const struct drill_login *l = &k->d->login[i];
        if (l->granted_ms == 0)
            continue;
        if (l->claimed[0] == '\0' || bg_text_letters(l->reason, &hostile) < k->p->reason_min ||
            (k->p->ticket_required && l->ticket[0] == '\0')) {
            judge(c, DRILL_FAIL, "use %s lacks a name, a reason or a ticket", l->use);
            return;
        }
        for (unsigned m = 0; m < i; m++)
            if (k->d->login[m].granted_ms != 0 && strcmp(k->d->login[m].reason, l->reason) == 0) {
                judge(c, DRILL_UNKNOWN, "two uses have the same reason, word for word");
                return;
            }
    }
    if (first_login(k->d) == NULL)
        judge(c, DRILL_FAIL, "there was no use");
    else
        judge(c, DRILL_PASS, "each use names its person and its reason");
}

static void heard(const struct look *k, struct drill_control *c)
{
    for (unsigned i = 0; i < k->d->logins; i++) {
        const struct drill_login *l = &k->d->login[i];
        if (l->granted_ms == 0)
            continue;
        if (l->heard_ms == 0 || l->heard_ms - l->granted_ms > ACK_MS || strstr(l->heard, ", page") == NULL ||
            strstr(l->heard, ", record") == NULL) {
            judge(c, DRILL_UNKNOWN, "of use %s it is on record that it was heard by: %s", l->use,
                  l->heard[0] != '\0' ? l->heard : "nobody");
            return;
        }
    }
    if (first_login(k->d) == NULL)
        judge(c, DRILL_FAIL, "there was no use");
    else
        judge(c, DRILL_PASS, "before the shell, by %s", first_login(k->d)->heard);
}

static const struct {
    const char *id, *rule;
    void (*look)(const struct look *k, struct drill_control *c);
} table[DRILL_CONTROLS] = {
    {"P-05", "every way in that policy names was used", every_path},
    {"P-06", "an administrator's task was done", task},
    {"P-07", "every sink had the alarm, and a person answered it within 15 minutes", alarm_chain},
    {"P-08", "announced by another person, and alarmed all the same", announced},
    {"P-09", "within 7 days after a change of what a login depends on", after_change},
    {"P-10", "what was used was replaced within 24 hours", rotated},
    {"P-11", "the new ones were read back", verified},
    {"P-17", "the opening of each envelope was on record before its use", seals_recorded},
    {"P-24", "every use has a name and a reason of its own", said_why},
    {"P-25", "the alarm was heard within 60 seconds, by a page and a record", heard},
};

unsigned drill_controls(const struct drill *d, const struct bg_policy *p,
                        struct drill_control out[DRILL_CONTROLS])
{
    struct drill_step step[DRILL_STEPS];
    struct look k = {.d = d, .p = p, .step = step, .steps = drill_steps(d, p, step)};

    for (unsigned i = 0; i < DRILL_CONTROLS; i++) {
        memset(&out[i], 0, sizeof out[i]);
        (void)snprintf(out[i].id, sizeof out[i].id, "%s", table[i].id);
        out[i].rule = table[i].rule;
        table[i].look(&k, &out[i]);
    }
    return DRILL_CONTROLS;
}

bool drill_passes(const struct drill *d, const struct bg_policy *p, char why[DRILL_WHY])
{
    struct drill_step step[DRILL_STEPS];
    struct drill_control c[DRILL_CONTROLS];
    unsigned n = drill_steps(d, p, step), m = drill_controls(d, p, c);
    size_t at = 0;

    why[0] = '\0';
    for (unsigned i = 0; i < n && at < DRILL_WHY; i++)
        if (step[i].state != DRILL_DONE)
            at += (size_t)snprintf(why + at, DRILL_WHY - at, "%s%s",
                                   at > 0 ? ", " : "not done: ", step[i].name);
    for (unsigned i = 0; i < m && at < DRILL_WHY; i++)
        if (c[i].verdict == DRILL_FAIL)
            at += (size_t)snprintf(why + at, DRILL_WHY - at, "%sfailed: %s", at > 0 ? ", " : "", c[i].id);
    return at == 0;
}
