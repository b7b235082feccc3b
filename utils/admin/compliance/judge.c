/* SPDX-License-Identifier: ISC */
/* How a verdict is put together of what holds and what does not. */
#include "admin/compliance/compliance.h"

#include <stdarg.h>
#include <string.h>

void judge_say(struct judged *j, enum verdict v, const char *fmt, ...)
{
    char text[COMPLIANCE_WHY];
    size_t at;
    va_list ap;

    if (v < j->verdict)
        return;
    if (v > j->verdict)
        j->why[0] = '\0';
    j->verdict = v;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    at = strlen(j->why);
    if (strstr(j->why, text) != NULL)
        return;
    if (at + strlen(text) + 3 < sizeof j->why)
        (void)snprintf(j->why + at, sizeof j->why - at, "%s%s", at > 0 ? "; " : "", text);
    else if (at + 5 < sizeof j->why && at > 0 && j->why[at - 1] != '.')
        (void)snprintf(j->why + at, sizeof j->why - at, "; ...");
}

void judge_else(struct judged *j, enum verdict v, const char *text)
{
    if (j->verdict == VERDICT_NONE)
        judge_say(j, v, "%s", text);
}

void judge_evidence(struct judged *j, const char *kind, const char *id, const char *account, int64_t at_ms)
{
    struct evidence *e;

    if (j->n == EVIDENCE_MAX) {
        j->more++;
        return;
    }
    e = &j->evidence[j->n++];
    e->kind = kind;
    bg_text_again(e->id, sizeof e->id, id);
    bg_text_again(e->account, sizeof e->account, account);
    e->at_ms = at_ms;
}

const struct due_item *judge_date(const struct facts *f, const char *id)
{
    for (size_t i = 0; i < f->due.n; i++)
        if (strcmp(f->due.item[i].id, id) == 0)
            return &f->due.item[i];
    return NULL;
}

static void say_date(const struct facts *f, struct judged *j, const struct due_item *i)
{
    char day[BG_TIME_LEN], last[BG_TIME_LEN] = "";

    bg_time_of(i->due_ms, day);
    bg_time_of(i->last_ms, last);
    if (i->due_ms <= f->now)
        judge_say(j, VERDICT_FAIL, "%s was due on %.10s", i->id, day);
    else if (i->last_ms == 0)
        judge_say(j, VERDICT_NOT_DUE, "%s is due on %.10s for the first time", i->id, day);
    else
        judge_say(j, VERDICT_PASS, "%s was done on %.10s, and is due on %.10s", i->id, last, day);
    judge_evidence(j, "date", i->id, i->account, i->last_ms != 0 ? i->last_ms : i->due_ms);
}

bool judge_dates(const struct facts *f, struct judged *j, const char *begins)
{
    bool any = false;

    if (!f->due_known) {
        judge_say(j, VERDICT_UNKNOWN, "there was no memory for the list of dates");
        return true;
    }
    for (size_t i = 0; i < f->due.n; i++)
        if (strncmp(f->due.item[i].id, begins, strlen(begins)) == 0) {
            say_date(f, j, &f->due.item[i]);
            any = true;
        }
    if (f->due.more)
        judge_say(j, VERDICT_UNKNOWN, "there are more dates than fit into memory");
    return any;
}

bool facts_counts(const struct account_facts *a)
{
    const struct bg_credential *c = a->credential;

    return c != NULL && (c->has_shares || c->has_password || c->key_count > 0 || c->ssh_count > 0);
}

bool judge_any_account(const struct facts *f, struct judged *j)
{
    bool any = false;

    for (size_t i = 0; i < f->n; i++) {
        if (f->account[i].credential == NULL)
            judge_say(j, VERDICT_UNKNOWN, "the credentials of %s cannot be read", f->account[i].name);
        any = any || facts_counts(&f->account[i]);
    }
    if (!any)
        judge_say(j, VERDICT_UNKNOWN, "there is no account that anything opens");
    return any;
}

bool judge_past(const struct facts *f, struct judged *j)
{
    if (!f->past.known)
        judge_say(j, VERDICT_UNKNOWN, "the journal could not be read whole: %s", f->past.why);
    return f->past.known;
}
