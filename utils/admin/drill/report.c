/* SPDX-License-Identifier: ISC */
/* breakglass drill report: one page that two people sign, as HTML for paper or as text. */
#include <stdlib.h>
#include <string.h>
#include "admin/drill/drill.h"
#include "admin/html.h"
#include "admin/output.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/host.h"

#define LOGINS_SHOWN 6 /* the page is one */
#define CELL         600

static struct {
    const char *output;
    bool html, text;
} wish;

const struct command_option drill_report_options[] = {
    {"output", "FILE", "write it there instead of the screen", .text = &wish.output},
    {"html", NULL, "as HTML, for paper; the default of a FILE.html", .flag = &wish.html},
    {"text", NULL, "as text; the default of anything else", .flag = &wish.text},
    {0},
};

/* --- both forms ------------------------------------------------------------------------------------- */

struct page {
    FILE *f;
    bool html;
    unsigned columns; /* of the table that is open */
};

static void heading(struct page *g, const char *text)
{
    if (g->html)
        html_element(g->f, "h2", NULL, text);
    else
        (void)fprintf(g->f, "\n%s\n", text);
}

static void paragraph(struct page *g, const char *text)
{
    if (g->html)
        html_element(g->f, "p", NULL, text);
    else
        ui_wrapped(g->f, 0, 0, text);
}

static void table(struct page *g, const char *const *head)
{
    if (!g->html)
        return;
    html_table_begin(g->f);
    html_row(g->f, "th", NULL, head);
}

/* As text: the first cells on a line, the last one below them. */
static void row(struct page *g, const char *class, const char *const *cell)
{
    char line[4 * CELL] = "";
    size_t n = 0;

    if (g->html) {
        html_row(g->f, "td", class, cell);
        return;
    }
    for (size_t i = 0; cell[i] != NULL && n < sizeof line; i++)
        if (cell[i][0] != '\0')
            n += (size_t)snprintf(line + n, sizeof line - n, "%s%s",
                                  n == 0   ? ""
                                  : i == 1 ? "  "
                                           : "; ",
                                  cell[i]);
    (void)fputs("  ", g->f);
    ui_wrapped(g->f, 2, 8, line);
}

static void table_end(struct page *g)
{
    if (g->html)
        html_table_end(g->f);
}

/* --- what stands there -------------------------------------------------------------------------------- */

static void put_head(struct page *g, const struct drill *d, const struct bg_policy *p)
{
    char at[BG_TIME_LEN], until[BG_TIME_LEN], closed[BG_TIME_LEN] = "", host[256], text[3 * DRILL_WHY],
                                              why[DRILL_WHY];
    bool passes = drill_passes(d, p, why);

    bg_time_of(d->opened_ms, at);
    bg_time_of(d->until_ms, until);
    if (d->closed_ms != 0)
        bg_time_of(d->closed_ms, closed);
    bg_host_name(host, sizeof host);
    (void)snprintf(text, sizeof text,
                   "Emergency account %s on %s. Drill %s, announced by %s at %s, window until %s.%s%s",
                   d->account, host, d->id, d->by, at, until, d->purpose[0] != '\0' ? " Purpose: " : "",
                   d->purpose);
    paragraph(g, text);
    if (d->closed_ms != 0)
        (void)snprintf(text, sizeof text, "Result: %s, closed at %s%s%s.%s%s",
                       d->passed ? "PASSED" : "NOT PASSED", closed, d->closed_by[0] != '\0' ? " by " : "",
                       d->closed_by, d->closed_why[0] != '\0' ? " " : "", d->closed_why);
    else
        (void)snprintf(text, sizeof text, "Result so far: %s.%s%s",
                       passes ? "every step is done" : "NOT PASSED", passes ? "" : " ", why);
    if (g->html)
        html_element(g->f, "p", passes || d->passed ? "good" : "bad", text);
    else
        paragraph(g, text);
}

static void put_logins(struct page *g, const struct drill *d)
{
    static const char *const head[] = {"Way in", "Who", "With", "Seconds", "Review", "Use", NULL};
    char with[CELL], seconds[32], more[64];
    unsigned n = 0;

    heading(g, "What was tried, by whom");
    table(g, head);
    for (unsigned i = 0; i < d->logins; i++) {
        const struct drill_login *l = &d->login[i];
        int64_t end = l->opened_ms != 0 ? l->opened_ms : l->granted_ms;
        const char *path = drill_path_of(l);
        if (n++ >= LOGINS_SHOWN)
            continue;
        (void)snprintf(with, sizeof with, "%s%s%s", l->factor,
                       l->cards[0] != '\0' || l->key[0] != '\0' ? " " : "",
                       l->key[0] != '\0' ? l->key : l->cards);
        (void)snprintf(seconds, sizeof seconds, l->started_ms != 0 && end != 0 ? "%lld s" : "not known",
                       (long long)((end - l->started_ms + 500) / 1000));
        row(g, NULL,
            (const char *const[]){path[0] != '\0' ? path : l->service,
                                  l->granted_ms != 0 ? l->claimed : "(did not get in)", with, seconds,
                                  l->verdict, l->use, NULL});
    }
    table_end(g);
    if (n == 0)
        paragraph(g, "Nobody used the account.");
    if (n > LOGINS_SHOWN) {
        (void)snprintf(more, sizeof more, "And %u more that \"breakglass drill show --json\" has.",
                       n - LOGINS_SHOWN);
        paragraph(g, more);
    }
}

static const char *state_word(enum drill_state s)
{
    return s == DRILL_DONE ? "done" : "NOT DONE";
}

static void put_steps(struct page *g, const struct drill *d, const struct bg_policy *p)
{
    static const char *const head[] = {"Step", "", "How it came out", NULL};
    struct drill_step step[DRILL_STEPS];
    unsigned n = drill_steps(d, p, step);
    char what[CELL];

    heading(g, "Steps");
    table(g, head);
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(what, sizeof what, "%s%s", step[i].state == DRILL_LEFT_OUT ? "left out: " : "",
                       step[i].what);
        row(g, NULL, (const char *const[]){step[i].title, state_word(step[i].state), what, NULL});
    }
    table_end(g);
}

static void put_controls(struct page *g, const struct drill *d, const struct bg_policy *p)
{
    static const char *const head[] = {"Control", "Rule", "Evidence", "Verdict", NULL};
    struct drill_control c[DRILL_CONTROLS];
    unsigned n = drill_controls(d, p, c);

    heading(g, "Verdict on each control");
    table(g, head);
    for (unsigned i = 0; i < n; i++)
        row(g, c[i].verdict == DRILL_PASS ? "good" : "bad",
            (const char *const[]){c[i].id, c[i].rule, c[i].why, drill_verdict_name(c[i].verdict), NULL});
    table_end(g);
}

/* Names are there where somebody has said who signs. */
static void put_signatures(struct page *g, const struct drill *d)
{
    static const char *const who[] = {"Name, date, signature:", "Name, date, signature:"};
    const struct drill_mark *m = drill_mark_of(d, "sign");
    const char *name[] = {m != NULL && m->done ? m->by : "", m != NULL && m->done ? m->seen_by : ""};

    heading(g, "Signed by two people");
    if (g->html)
        html_table_begin(g->f);
    for (int i = 0; i < 2; i++) {
        if (!g->html) {
            (void)fprintf(g->f, "\n  %s %s ______________________________\n", who[i], name[i]);
            continue;
        }
        (void)fputs("<tr>\n", g->f);
        html_element(g->f, "td", "sign", who[i]);
        html_element(g->f, "td", "sign", name[i]);
        html_element(g->f, "td", "sign", "");
        (void)fputs("</tr>\n", g->f);
    }
    if (g->html)
        html_table_end(g->f);
}

static void put_page(struct page *g, const struct drill *d, const struct bg_policy *p)
{
    static const char title[] = "Drill of an emergency account";

    if (g->html)
        html_begin(g->f, title);
    else
        (void)fprintf(g->f, "%s\n\n", title);
    put_head(g, d, p);
    put_logins(g, d);
    put_steps(g, d, p);
    put_controls(g, d, p);
    put_signatures(g, d);
    if (g->html)
        html_end(g->f);
}

/* --- the command ------------------------------------------------------------------------------ */

enum admin_exit drill_report(char *const words[], json_t *root)
{
    static struct bg_policy policy;
    static struct drill d;
    struct page g = {.html = wish.html || (!wish.text && output_is_html(wish.output))};
    enum admin_exit x = drill_load(words[0], &d, &policy, root);
    char *text = NULL;
    size_t n = 0;

    if (x != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "output", json_string(wish.output == NULL ? "" : wish.output));
    if ((g.f = open_memstream(&text, &n)) == NULL)
        return ADMIN_CANNOT;
    put_page(&g, &d, &policy);
    x = fclose(g.f) == 0 ? output_deliver(wish.output, text, n) : ADMIN_CANNOT;
    if (x == ADMIN_GOOD && wish.output != NULL)
        ui_text("Written to %s: print it, and have two people sign it.\n", wish.output);
    free(text);
    return x;
}
