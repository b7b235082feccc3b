/* SPDX-License-Identifier: ISC */
/* --sarif: Static Analysis Results Interchange Format 2.1.0, for programs that gather findings of many tools.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/output.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* 3.27.10: a result that is no failure has no level; 3.27.9: "open" is one that could not be decided. */
static const char *const levels[] = {
    [CHECK_BLOCK] = "error", [CHECK_RISK] = "warning", [CHECK_WARN] = "note", [CHECK_UNKNOWN] = "none"};

/* Where the rule of a finding is in rules, to which it is added when it is not; a rule has one entry. */
static size_t rule_index(json_t *rules, const struct check_finding *f)
{
    const struct check_rule *r = check_rule(f->rule);
    const char *id = r->said.id, *level = levels[r->severity];
    json_t *rule;
    size_t i;

    json_array_foreach(rules, i, rule) if (strcmp(check_says(rule, "id"), id) == 0) return i;
    (void)json_array_append_new(rules, json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", id,
                                                 "shortDescription", "text", r->title, "help", "text", r->why,
                                                 "defaultConfiguration", "level", level));
    return i;
}

/* A file URI (RFC 8089): what is not unreserved in RFC 3986 is percent-encoded. */
static void uri_of(const char *path, char *out, size_t cap)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    size_t n = (size_t)snprintf(out, cap, "file://");

    for (; *path != '\0' && n + 4 < cap; path++)
        n += (size_t)snprintf(out + n, cap - n, strchr(plain, *path) != NULL ? "%c" : "%%%02X",
                              (unsigned char)*path);
}

static json_t *physical(const json_t *f)
{
    json_int_t line = json_integer_value(json_object_get(f, "line"));
    char uri[4096];
    json_t *o;

    uri_of(check_says(f, "file"), uri, sizeof uri);
    o = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri);
    if (line > 0)
        (void)json_object_set_new(o, "region", json_pack("{s:I}", "startLine", line));
    return o;
}

/* What a finding is about: a file's line, and the account, service and scenario by name. */
static json_t *location(const json_t *f)
{
    static const char *const kinds[] = {"account", "pam_service", "scenario"};
    json_t *o = json_object(), *logical = json_array();

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (*check_says(f, kinds[i]) != '\0')
            (void)json_array_append_new(
                logical, json_pack("{s:s, s:s}", "name", check_says(f, kinds[i]), "kind", kinds[i]));
    if (*check_says(f, "file") == '/')
        (void)json_object_set_new(o, "physicalLocation", physical(f));
    if (json_array_size(logical) > 0)
        (void)json_object_set(o, "logicalLocations", logical);
    json_decref(logical);
    return o;
}

static json_t *result(const struct check_finding *f, json_t *rules)
{
    const char *next = check_says(f->says, "next");
    char text[2 * BG_MSG_MAX + 2];
    json_t *o, *where = location(f->says);

    (void)snprintf(text, sizeof text, "%s%s%s", check_says(f->says, "text"), *next == '\0' ? "" : " ", next);
    o = json_pack("{s:s, s:I, s:s, s:s, s:{s:s}, s:{s:s}}", "ruleId", check_rule(f->rule)->said.id,
                  "ruleIndex", (json_int_t)rule_index(rules, f), "kind",
                  f->severity == CHECK_UNKNOWN ? "open" : "fail", "level", levels[f->severity], "message",
                  "text", text, "properties", "severity", check_severity_word(f->severity));
    if (json_object_size(where) > 0)
        (void)json_object_set_new(o, "locations", json_pack("[O]", where));
    json_decref(where);
    return o;
}

void check_sarif(struct check *c, enum admin_exit x)
{
    json_t *rules = json_array(), *results = json_array(), *log;
    const struct check_findings *all = check_found(c);

    for (size_t i = 0; i < all->n; i++)
        (void)json_array_append_new(results, result(&all->of[i], rules));
    log = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:[{s:b, s:i}], s:o}]}", "$schema", SCHEMA,
                    "version", "2.1.0", "runs", "tool", "driver", "name", "breakglass", "version",
                    PACKAGE_VERSION, "rules", rules, "invocations", "executionSuccessful", x < ADMIN_USAGE,
                    "exitCode", (int)x, "results", results);
    (void)json_dumpf(log, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(log);
}
