/* SPDX-License-Identifier: ISC */
/* breakglass compliance: the command. */
#include <stdlib.h>
#include "admin/compliance/compliance.h"
#include "admin/html.h"
#include "admin/messages.h"
#include "admin/output.h"
#include "admin/ui.h"
#include "base/host.h"

static struct {
    enum framework framework;
    const char *output;
    bool html, oscal;
} wish = {FRAMEWORKS, NULL, false, false};

static bool parse_framework(const char *value)
{
    return framework_parse(value, &wish.framework);
}

static const struct command_option options[] = {
    {"framework", "NAME", "the controls that it asks for, by its clauses; otherwise all",
     .parse = parse_framework, .expected = "entra, ism, pci, nist, iso, dora or hipaa"},
    {"html", NULL, "as a page; the default of a FILE.html", .flag = &wish.html},
    {"oscal", NULL, "as assessment results in JSON of OSCAL 1.1", .flag = &wish.oscal},
    {"output", "FILE", "write it there instead of the screen", .text = &wish.output},
    {0},
};

static void put_page(FILE *f, const struct judged *list, unsigned n, const struct verdict_count *sum,
                     int64_t now)
{
    char host[256], title[320], at[BG_TIME_LEN], text[128];

    bg_host_name(host, sizeof host);
    (void)snprintf(title, sizeof title, "Controls of the emergency accounts of %s", host);
    bg_time_of(now, at);
    (void)snprintf(text, sizeof text, "As of %s.", at);
    html_screen_begin(f, title, text);
    html_section_begin(f, "Controls");
    controls_html(f, list, n, wish.framework, sum);
    html_section_end(f);
    html_screen_end(f);
}

static enum admin_exit as_page(const struct judged *list, unsigned n, const struct verdict_count *sum,
                               int64_t now)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    enum admin_exit x = ADMIN_CANNOT;

    if (f == NULL)
        return ADMIN_CANNOT;
    put_page(f, list, n, sum, now);
    if (fclose(f) == 0)
        x = output_deliver(wish.output, text, size);
    free(text);
    return x;
}

static enum admin_exit as_oscal(const struct judged *list, unsigned n, int64_t now)
{
    json_t *o = controls_oscal(list, n, wish.framework, now);
    char *text = o == NULL ? NULL : json_dumps(o, JSON_INDENT(2)), *whole = NULL;
    size_t size = 0;
    FILE *f = text == NULL ? NULL : open_memstream(&whole, &size);
    enum admin_exit x = ADMIN_CANNOT;

    if (f != NULL) {
        (void)fprintf(f, "%s\n", text);
        if (fclose(f) == 0)
            x = output_deliver(wish.output, whole, size);
    } else {
        ui_finding(BG_M_COMPLIANCE_MEMORY, BG_NOARGS);
    }
    free(whole);
    free(text);
    json_decref(o);
    return x;
}

static json_t *sum_json(const struct verdict_count *sum)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "pass", (json_int_t)sum->of[VERDICT_PASS], "warn",
                     (json_int_t)sum->of[VERDICT_WARN], "fail", (json_int_t)sum->of[VERDICT_FAIL], "unknown",
                     (json_int_t)sum->of[VERDICT_UNKNOWN], "not_due", (json_int_t)sum->of[VERDICT_NOT_DUE]);
}

static enum admin_exit tell(const struct facts *f, struct judged *list, json_t *root)
{
    struct verdict_count sum;
    unsigned n = controls_judge(f, wish.framework, list, &sum);
    enum admin_exit x = ADMIN_GOOD;

    (void)json_object_set_new(root, "framework", json_string(framework_text(wish.framework)->word));
    (void)json_object_set_new(root, "controls", controls_json(list, n, wish.framework));
    (void)json_object_set_new(root, "verdicts", sum_json(&sum));
    (void)json_object_set_new(root, "output", json_string(wish.output == NULL ? "" : wish.output));
    if (wish.oscal)
        x = as_oscal(list, n, f->now);
    else if (wish.html || output_is_html(wish.output))
        x = as_page(list, n, &sum, f->now);
    else
        controls_print(list, n, wish.framework, &sum);
    return x != ADMIN_GOOD ? x : sum.of[VERDICT_FAIL] > 0 ? ADMIN_FINDING : ADMIN_GOOD;
}

static enum admin_exit compliance(char *const words[], json_t *root)
{
    struct facts *f;
    struct judged *list;
    enum admin_exit x = ADMIN_CANNOT;

    (void)words;
    if ((wish.html && wish.oscal) ||
        ((wish.html || wish.oscal) && ui_form() == UI_OBJECT && wish.output == NULL) ||
        (wish.output != NULL && !wish.html && !wish.oscal && !output_is_html(wish.output))) {
        ui_finding(BG_M_COMPLIANCE_FORM, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if ((f = facts_gather()) == NULL)
        return ADMIN_CANNOT;
    if ((list = calloc(controls_n, sizeof *list)) != NULL)
        x = tell(f, list, root);
    else
        ui_finding(BG_M_COMPLIANCE_MEMORY, BG_NOARGS);
    free(list);
    facts_free(f);
    return x;
}

const struct command compliance_commands[] = {
    {.name = "compliance",
     .operands = "",
     .help = "a verdict on each control; a page on all accounts",
     .about =
         "Judge each control of the process around the accounts by what this host knows: PASS, WARN, FAIL, "
         "UNKNOWN or NOT-DUE. What cannot be told is UNKNOWN, never PASS. Ends with 1 if one is FAIL.",
     .example = "breakglass compliance --framework nist --oscal --output results.json",
     .needs = COMMAND_ROOT | COMMAND_PAIR,
     .options = options,
     .run = compliance},
    {0},
};
