/* SPDX-License-Identifier: ISC */
/* Verdicts for people, as text and as part of a page, and for programs. */
#include <string.h>
#include "admin/compliance/compliance.h"
#include "admin/html.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"

#define LINE_MAX_ (COMPLIANCE_WHY * 4)

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* The clauses of one framework; of all that have one. */
static void clauses(const struct control *c, enum framework w, char *out, size_t cap)
{
    size_t n = 0;

    out[0] = '\0';
    if (w != FRAMEWORKS) {
        (void)snprintf(out, cap, "%s", c->clause[w]);
        return;
    }
    for (enum framework f = 0; f < FRAMEWORKS && n < cap; f++)
        if (c->clause[f][0] != '\0')
            n += (size_t)snprintf(out + n, cap - n, "%s%s %s", n > 0 ? "; " : "", framework_text(f)->word,
                                  c->clause[f]);
}

/* "use 01M8... (bg1, 2026-11-27)" */
static void evidence_text(const struct evidence *e, char *out, size_t cap)
{
    char at[BG_TIME_LEN] = "";
    bool account = e->account[0] != '\0';

    if (e->at_ms != 0)
        bg_time_of(e->at_ms, at);
    (void)snprintf(out, cap, "%s %s%s%s%s%.16s%s", e->kind, e->id, account || *at != '\0' ? " (" : "",
                   e->account, account && *at != '\0' ? ", " : "", at, account || *at != '\0' ? ")" : "");
}

static void all_evidence(const struct judged *j, char *out, size_t cap)
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < j->n && n < cap; i++) {
        char one[256];
        evidence_text(&j->evidence[i], one, sizeof one);
        n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? "; " : "", one);
    }
    if (j->more > 0 && n < cap)
        (void)snprintf(out + n, cap - n, "; and %u more", j->more);
}

/* "3 FAIL, 10 UNKNOWN ...": the costliest first. */
static void sum_text(const struct verdict_count *sum, char *out, size_t cap)
{
    size_t n = 0;

    out[0] = '\0';
    for (int v = VERDICTS - 1; v > VERDICT_NONE && n < cap; v--)
        if (sum->of[v] > 0)
            n += (size_t)snprintf(out + n, cap - n, "%s%u %s", n > 0 ? ", " : "", sum->of[v],
                                  verdict_name((enum verdict)v));
}

/* --- text --------------------------------------------------------------------------------------- */

static void indented(const char *label, const char *text)
{
    char line[LINE_MAX_], safe[LINE_MAX_];

    if (text[0] == '\0' || ui_form() != UI_TEXT || ui_is_quiet())
        return;
    (void)bg_text_ascii(safe, sizeof safe, text, strlen(text));
    (void)snprintf(line, sizeof line, "%s%.*s", label, (int)(sizeof line - 64), safe);
    (void)printf("      ");
    ui_wrapped(stdout, 6, 6, line);
}

static void print_one(const struct judged *j, enum framework w)
{
    char text[LINE_MAX_];

    ui_text("%-5s %-8s ", j->control->id, verdict_name(j->verdict));
    if (ui_form() == UI_TEXT && !ui_is_quiet())
        ui_wrapped(stdout, 15, 6, j->control->rule);
    indented("", j->why);
    clauses(j->control, w, text, sizeof text);
    indented("clauses: ", text);
    all_evidence(j, text, sizeof text);
    indented("evidence: ", text);
}

void controls_print(const struct judged *list, unsigned n, enum framework w, const struct verdict_count *sum)
{
    char counts[128];

    ui_text("%s\n\n", framework_text(w)->title);
    for (unsigned i = 0; i < n; i++)
        print_one(&list[i], w);
    sum_text(sum, counts, sizeof counts);
    ui_text("\n%u control%s: %s\n", n, plural(n), counts);
}

/* --- JSON --------------------------------------------------------------------------------------- */

static json_t *cleaned(const char *s)
{
    char safe[4 * COMPLIANCE_WHY];

    (void)bg_text_clean(safe, sizeof safe, s, strlen(s));
    return json_string(safe);
}

static json_t *evidence_json(const struct evidence *e)
{
    char at[BG_TIME_LEN] = "";

    if (e->at_ms != 0)
        bg_time_of(e->at_ms, at);
    return json_pack("{s:s, s:o, s:o, s:s}", "kind", e->kind, "id", cleaned(e->id), "account",
                     cleaned(e->account), "time", at);
}

json_t *controls_json(const struct judged *list, unsigned n, enum framework w)
{
    json_t *all = json_array();

    for (unsigned i = 0; i < n; i++) {
        const struct judged *j = &list[i];
        json_t *evidence = json_array();
        char text[LINE_MAX_];
        for (unsigned k = 0; k < j->n; k++)
            (void)json_array_append_new(evidence, evidence_json(&j->evidence[k]));
        clauses(j->control, w, text, sizeof text);
        (void)json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I}", "control",
                                                   j->control->id, "rule", j->control->rule, "verdict",
                                                   verdict_name(j->verdict), "class", j->control->class,
                                                   "clauses", text, "why", cleaned(j->why), "based_on",
                                                   evidence, "based_on_left_out", (json_int_t)j->more));
    }
    return all;
}

/* --- a page ------------------------------------------------------------------------------------- */

/* The class of the page's style. */
static const char *mark(enum verdict v)
{
    return v == VERDICT_PASS ? "good" : v == VERDICT_FAIL ? "bad" : v == VERDICT_NOT_DUE ? "calm" : "warn";
}

static void html_one(FILE *f, const struct judged *j, enum framework w)
{
    char text[LINE_MAX_];

    (void)fputs("<tr>\n<th scope=\"row\">", f);
    html_text(f, j->control->id);
    (void)fputs("</th>\n<td>", f);
    html_element(f, "span", mark(j->verdict), verdict_name(j->verdict));
    (void)fputs("</td>\n<td>", f);
    html_element(f, "p", "rule", j->control->rule);
    html_element(f, "p", NULL, j->why);
    clauses(j->control, w, text, sizeof text);
    if (text[0] != '\0')
        html_element(f, "p", "small", text);
    all_evidence(j, text, sizeof text);
    if (text[0] != '\0')
        html_element(f, "p", "small", text);
    (void)fputs("</td>\n</tr>\n", f);
}

void controls_html(FILE *f, const struct judged *list, unsigned n, enum framework w,
                   const struct verdict_count *sum)
{
    static const char *const head[] = {"Control", "Verdict", "Rule, what was found, clauses, evidence", NULL};
    char counts[128], text[256];

    sum_text(sum, counts, sizeof counts);
    (void)snprintf(text, sizeof text, "%s. %u control%s: %s. UNKNOWN is never a pass.",
                   framework_text(w)->title, n, plural(n), counts);
    html_element(f, "p", NULL, text);
    html_table_begin_of(f, "Controls", head);
    for (unsigned i = 0; i < n; i++)
        html_one(f, &list[i], w);
    html_table_end(f);
}
