/* SPDX-License-Identifier: ISC */
/* breakglass report: the command. */
#include "admin/page/page.h"

#include <stdlib.h>
#include "admin/html.h"
#include "admin/messages.h"
#include "admin/output.h"
#include "admin/ui.h"
#include "base/host.h"

static const char *output;
static bool html;

static const struct command_option options[] = {
    {"html", NULL, "as HTML, the form that it has", .flag = &html},
    {"output", "FILE", "write it there instead of the screen", .text = &output},
    {0},
};

static void put_controls(FILE *f, const struct judged *list, unsigned n, const struct verdict_count *sum)
{
    html_section_begin(f, "Controls");
    controls_html(f, list, n, FRAMEWORKS, sum);
    html_section_end(f);
}

static void put_page(FILE *f, const struct facts *k, const struct judged *list, unsigned n,
                     const struct verdict_count *sum)
{
    char host[256], title[320], at[32], lead[160];

    bg_host_name(host, sizeof host);
    page_time(k->now, at);
    (void)snprintf(title, sizeof title, "Emergency accounts of %s", host);
    (void)snprintf(
        lead, sizeof lead,
        "As this host knew it at %s. It names people and their reasons: show it to those who may know them.",
        at);
    html_screen_begin(f, title, lead);
    page_accounts(f, k);
    page_due(f, k);
    page_drills(f, k);
    page_uses(f, k);
    page_findings(f, k);
    page_alarm(f, k);
    put_controls(f, list, n, sum);
    html_screen_end(f);
}

static enum admin_exit tell(const struct facts *k, struct judged *list, json_t *root)
{
    struct verdict_count sum;
    unsigned n = controls_judge(k, FRAMEWORKS, list, &sum);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    enum admin_exit x = ADMIN_CANNOT;

    (void)json_object_set_new(root, "controls", controls_json(list, n, FRAMEWORKS));
    (void)json_object_set_new(root, "output", json_string(output == NULL ? "" : output));
    if (f != NULL) {
        put_page(f, k, list, n, &sum);
        if (fclose(f) == 0)
            x = output_deliver(output, text, size);
    }
    free(text);
    return x != ADMIN_GOOD ? x : sum.of[VERDICT_FAIL] > 0 ? ADMIN_FINDING : ADMIN_GOOD;
}

static enum admin_exit report(char *const words[], json_t *root)
{
    struct facts *k = facts_gather();
    struct judged *list = k == NULL ? NULL : calloc(controls_n, sizeof *list);
    enum admin_exit x = ADMIN_CANNOT;

    (void)words;
    if (list != NULL)
        x = tell(k, list, root);
    else if (k != NULL)
        ui_finding(BG_M_COMPLIANCE_MEMORY, BG_NOARGS);
    free(list);
    facts_free(k);
    return x;
}

const struct command page_commands[] = {
    {.name = "report",
     .operands = "",
     .help = "a page on the accounts for those who must believe it",
     .about =
         "Make one page of HTML, whole in itself: the state of each account, what is due, the last drill, "
         "uses and "
         "their reviews, findings of check, alarm paths, and all controls. Ends with 1 if a control is FAIL.",
     .example = "breakglass report --html --output /root/breakglass.html",
     .needs = COMMAND_ROOT,
     .options = options,
     .run = report},
    {0},
};
