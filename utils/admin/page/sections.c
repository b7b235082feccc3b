/* SPDX-License-Identifier: ISC */
/* The sections of the page below the accounts. */
#include <stdlib.h>
#include <string.h>
#include "admin/html.h"
#include "admin/page/page.h"
#include "delivery/cursor.h"

#define DATES_SHOWN    40
#define USES_SHOWN     30
#define FINDINGS_SHOWN 100

static void cell(FILE *f, const char *class, const char *text)
{
    (void)fputs("<td>", f);
    if (class != NULL)
        html_element(f, "span", class, text);
    else
        html_text(f, text);
    (void)fputs("</td>\n", f);
}

static void row_head(FILE *f, const char *text)
{
    (void)fputs("<tr>\n<th scope=\"row\">", f);
    html_text(f, text);
    (void)fputs("</th>\n", f);
}

static void and_more(FILE *f, size_t n, size_t shown, const char *command)
{
    char text[128];

    if (n <= shown)
        return;
    (void)snprintf(text, sizeof text, "And %zu more, which %s shows.", n - shown, command);
    html_element(f, "p", "small", text);
}

/* --- what is due -------------------------------------------------------------------------------- */

static void put_date(FILE *f, const struct facts *k, const struct due_item *i)
{
    bool overdue = i->due_ms <= k->now;
    char day[BG_TIME_LEN], left[32], text[64];

    bg_time_of(i->due_ms, day);
    due_when(i->due_ms - k->now, left);
    (void)snprintf(text, sizeof text, "%.10s", day);
    (void)fputs("<tr>\n<th scope=\"row\">", f);
    html_text(f, text);
    (void)fputs("<br>\n", f);
    html_element(f, "span", overdue ? "bad" : "calm", left);
    (void)fputs("</th>\n<td>", f);
    html_element(f, "p", "rule", i->id);
    html_element(f, "p", NULL, i->why);
    (void)fputs("<p>", f);
    html_element(f, "code", NULL, i->next);
    (void)fputs("</p>\n</td>\n</tr>\n", f);
}

void page_due(FILE *f, const struct facts *k)
{
    static const char *const head[] = {"When", "What, and the command that comes next", NULL};

    html_section_begin(f, "What is due");
    if (!k->due_known)
        html_element(f, "p", "warn", "It could not be found out.");
    else if (k->due.n == 0)
        html_element(f, "p", NULL, "Nothing.");
    else
        html_table_begin_of(f, "What is due", head);
    for (size_t i = 0; k->due_known && i < k->due.n && i < DATES_SHOWN; i++)
        put_date(f, k, &k->due.item[i]);
    if (k->due_known && k->due.n > 0)
        html_table_end(f);
    and_more(f, k->due.n, DATES_SHOWN, "breakglass due");
    html_section_end(f);
}

/* --- the last drill ------------------------------------------------------------------------------- */

static void add_bar(struct html_bar *bar, unsigned *n, const char *label, int64_t ms, bool late)
{
    struct html_bar *b = &bar[(*n)++];

    (void)snprintf(b->label, sizeof b->label, "%.47s", label);
    page_span(ms, b->value);
    b->length = ms;
    b->marked = late;
}

/* From the first question to the shell, of each login of the drill. */
static unsigned login_bars(const struct drill *d, struct html_bar bar[DRILL_LOGINS])
{
    unsigned n = 0;

    for (unsigned i = 0; i < d->logins; i++) {
        const struct drill_login *l = &d->login[i];
        int64_t end = l->opened_ms != 0 ? l->opened_ms : l->granted_ms;
        const char *path = drill_path_of(l);
        char label[48];
        if (l->granted_ms == 0 || l->started_ms == 0 || end < l->started_ms)
            continue;
        (void)snprintf(label, sizeof label, "%.12s, by %.16s", path[0] != '\0' ? path : l->service,
                       l->factor);
        add_bar(bar, &n, label, end - l->started_ms, false);
    }
    return n;
}

static int64_t first_use(const struct drill *d)
{
    for (unsigned i = 0; i < d->logins; i++)
        if (d->login[i].granted_ms != 0)
            return d->login[i].granted_ms;
    return 0;
}

/* How long after the first use the alarm was heard and answered, at the latest. */
static unsigned alarm_bars(const struct drill *d, struct html_bar bar[DRILL_LOGINS])
{
    int64_t first = first_use(d);
    unsigned n = 0;

    for (unsigned i = 0; i < d->logins && n == 0; i++)
        if (d->login[i].granted_ms == first && d->login[i].heard_ms >= first && first != 0)
            add_bar(bar, &n, "alarm taken outside the host", d->login[i].heard_ms - first,
                    d->login[i].heard_ms - first > 60000);
    for (unsigned i = 0; i < d->acks && n < DRILL_LOGINS; i++) {
        char label[48];
        (void)snprintf(label, sizeof label, "answered by way of %.18s", d->ack[i].sink);
        if (first != 0 && d->ack[i].at_ms >= first)
            add_bar(bar, &n, label, d->ack[i].at_ms - first, d->ack[i].at_ms - first > DRILL_ACK_MS);
    }
    return n;
}

static void put_plot(FILE *f, const struct drill *d, const char *what, const char *title,
                     unsigned (*bars)(const struct drill *d, struct html_bar bar[DRILL_LOGINS]))
{
    struct html_bar bar[DRILL_LOGINS];
    char id[64];
    unsigned n = bars(d, bar);

    if (n == 0)
        return;
    (void)snprintf(id, sizeof id, "%s-%s", what, d->account);
    html_element(f, "p", "small", title);
    html_plot(f, id, title, bar, n);
}

static void put_drill(FILE *f, const struct drill *d)
{
    char opened[32], closed[32], text[3 * DRILL_WHY], took[32];

    page_time(d->opened_ms, opened);
    page_time(d->closed_ms, closed);
    html_element(f, "h3", NULL, d->account);
    (void)fputs("<p>", f);
    html_element(f, "span", d->passed ? "good" : "bad", d->passed ? "PASSED" : "NOT PASSED");
    (void)fputs("</p>\n", f);
    (void)snprintf(text, sizeof text, "Drill %s, announced by %s at %s, ended at %s.%s%s", d->id, d->by,
                   opened, closed, d->closed_why[0] != '\0' ? " " : "", d->closed_why);
    html_element(f, "p", NULL, text);
    if (d->rotated_ms != 0 && first_use(d) != 0 && d->rotated_ms >= first_use(d)) {
        page_span(d->rotated_ms - first_use(d), took);
        (void)snprintf(text, sizeof text, "What was used was replaced %s after the first use.", took);
        html_element(f, "p", NULL, text);
    }
    put_plot(f, d, "logins", "From the first question to the shell", login_bars);
    put_plot(f, d, "alarm", "After the first use", alarm_bars);
}

void page_drills(FILE *f, const struct facts *k)
{
    bool any = false;

    html_section_begin(f, "Last drill");
    for (size_t i = 0; i < k->n; i++)
        if (k->account[i].drill != NULL) {
            put_drill(f, k->account[i].drill);
            any = true;
        }
    if (!any)
        html_element(f, "p", k->past.known ? NULL : "warn",
                     k->past.known ? "No drill has ended yet." : "The journal cannot be read.");
    html_section_end(f);
}

/* --- uses --------------------------------------------------------------------------------------- */

static const struct bg_life_use *life_of(const struct account_facts *a, const char *use)
{
    for (size_t i = 0; a->life_known && i < a->life.uses; i++)
        if (strcmp(a->life.use[i].id, use) == 0)
            return &a->life.use[i];
    return NULL;
}

static void put_review(FILE *f, const struct facts *k, const struct account_facts *a,
                       const struct drill_login *l)
{
    const struct bg_life_use *u = life_of(a, l->use);
    char text[160];

    if (l->verdict[0] != '\0') {
        (void)snprintf(text, sizeof text, "%s, by %s", l->verdict,
                       l->reviewer[0] != '\0' ? l->reviewer : "somebody");
        cell(f, strcmp(l->verdict, "misuse") == 0 ? "bad wrap" : "good wrap", text);
    } else if (u != NULL && bg_life_review_overdue(u, k->policy->due[BG_DUE_REVIEW], k->now)) {
        cell(f, "bad", "overdue");
    } else {
        cell(f, "warn", "not reviewed yet");
    }
}

static void put_use(FILE *f, const struct facts *k, const struct account_facts *a,
                    const struct drill_login *l)
{
    const struct bg_life_use *u = life_of(a, l->use);
    char at[32], text[512];

    page_time(l->granted_ms, at);
    row_head(f, at);
    (void)fputs("<td>", f);
    (void)snprintf(text, sizeof text, "%s, by %s%s", a->name, l->claimed[0] != '\0' ? l->claimed : "somebody",
                   u != NULL && u->drill[0] != '\0' ? " (drill)" : "");
    html_element(f, "p", "rule", text);
    html_element(f, "p", NULL, l->reason[0] != '\0' ? l->reason : "No reason is on record.");
    (void)snprintf(text, sizeof text, "%s%s%s, %s", l->factor, l->ticket[0] != '\0' ? ", ticket " : "",
                   l->ticket, l->use);
    html_element(f, "p", "small", text);
    (void)fputs("</td>\n", f);
    put_review(f, k, a, l);
    (void)fputs("</tr>\n", f);
}

void page_uses(FILE *f, const struct facts *k)
{
    static const char *const head[] = {"When", "Who and why", "Review", NULL};
    unsigned n = 0;

    html_section_begin(f, "Uses of the last year, and their reviews");
    for (size_t i = 0; i < k->n; i++)
        for (unsigned u = k->account[i].year == NULL ? 0 : k->account[i].year->logins; u-- > 0;) {
            const struct drill_login *l = &k->account[i].year->login[u];
            if (l->granted_ms == 0)
                continue;
            if (n++ == 0)
                html_table_begin_of(f, "Uses", head);
            if (n <= USES_SHOWN)
                put_use(f, k, &k->account[i], l);
        }
    if (n > 0)
        html_table_end(f);
    else
        html_element(f, "p", k->past.known ? NULL : "warn",
                     k->past.known ? "There was none." : "The journal cannot be read.");
    and_more(f, n, USES_SHOWN, "breakglass journal show");
    html_section_end(f);
}

/* --- check -------------------------------------------------------------------------------------- */

static const char *severity_class(enum check_severity s)
{
    return s == CHECK_BLOCK || s == CHECK_RISK ? "bad" : "warn";
}

static void put_finding(FILE *f, const struct lint_finding *l)
{
    row_head(f, l->rule);
    cell(f, severity_class(l->severity), check_severity_word(l->severity));
    (void)fputs("<td>", f);
    html_element(f, "p", NULL, l->text);
    if (l->next[0] != '\0')
        html_element(f, "p", "small", l->next);
    (void)fputs("</td>\n</tr>\n", f);
}

void page_findings(FILE *f, const struct facts *k)
{
    static const char *const head[] = {"Rule", "Kind", "What was found, and what to do", NULL};

    html_section_begin(f, "Findings of check");
    if (!k->lint.known)
        html_element(f, "p", "warn", "check could not be run.");
    else if (k->lint.n == 0)
        html_element(f, "p", NULL, "None.");
    if (k->lint.n > 0)
        html_table_begin_of(f, "Findings", head);
    for (unsigned i = 0; i < k->lint.n; i++)
        put_finding(f, &k->lint.finding[i]);
    if (k->lint.n > 0)
        html_table_end(f);
    if (k->lint.more)
        html_element(f, "p", "small", "There are more, which breakglass check shows.");
    html_section_end(f);
}

/* --- the alarm ---------------------------------------------------------------------------------- */

/* Who answered a test of that sink last. */
static void put_answer(FILE *f, const struct facts *k, const char *sink)
{
    char at[32], text[224];

    for (unsigned i = k->past.n; i-- > 0;) {
        const struct past_event *e = &k->past.event[i];
        if (e->type != BG_EV_ALERT_CONFIRMED || strcmp(e->detail, sink) != 0)
            continue;
        page_time(e->at_ms, at);
        (void)snprintf(text, sizeof text, "A person answered at %s%s%s.", at, e->by[0] != '\0' ? ": " : "",
                       e->by);
        html_element(f, "p", "small", text);
        return;
    }
}

static void put_sink(FILE *f, const struct facts *k, const struct bg_sink *s)
{
    struct bg_cursor *c = calloc(1, sizeof *c);
    char text[256], at[32];

    if (c != NULL)
        (void)!bg_cursor_load(NULL, s->name, false, c);
    row_head(f, s->name);
    (void)snprintf(text, sizeof text, "%s, %s, %s", bg_sink_type_name(s),
                   bg_sink_class_name(bg_sink_class(s)),
                   bg_sink_is_outside(s) ? "outside this host" : "on this host");
    cell(f, NULL, text);
    (void)fputs("<td>", f);
    page_time(c == NULL ? 0 : c->acked, at);
    html_element(f, "p", c != NULL && c->acked > 0 ? "good" : "bad", at);
    put_answer(f, k, s->name);
    if (c != NULL && c->error_at > c->acked) {
        page_time(c->error_at, at);
        (void)snprintf(text, sizeof text, "Failed at %s: %s", at, c->error);
        html_element(f, "p", "small", text);
    }
    (void)fputs("</td>\n</tr>\n", f);
    free(c);
}

void page_alarm(FILE *f, const struct facts *k)
{
    static const char *const head[] = {"Sink", "Kind", "Last acknowledgement", NULL};
    const struct bg_sinks *s = &k->policy->sinks;

    html_section_begin(f, "Alarm paths");
    if (s->n == 0)
        html_element(f, "p", "bad", "There is none: no alarm leaves this host.");
    else if (!BG_WITH_ALERT)
        html_element(f, "p", "bad wrap", "This build delivers nothing: no alarm leaves this host.");
    if (s->n > 0)
        html_table_begin_of(f, "Sinks", head);
    for (unsigned i = 0; i < s->n; i++)
        put_sink(f, k, &s->sink[i]);
    if (s->n > 0)
        html_table_end(f);
    html_section_end(f);
}
