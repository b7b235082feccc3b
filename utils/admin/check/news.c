/* SPDX-License-Identifier: ISC */
/* --baseline: only what was not found before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/output.h"
#include "admin/messages.h"
#include "admin/plainfile.h"
#include "admin/ui.h"

#define LIMIT (16 << 20) /* bytes of an earlier run's output */

const char *check_says(const json_t *finding, const char *member)
{
    const char *s = json_string_value(json_object_get(finding, member));

    return s == NULL ? "" : s;
}

static bool is_finding(const json_t *f)
{
    static const char *const members[] = {"id",       "severity", "account", "pam_service",
                                          "scenario", "file",     "text"};
    bool good = json_is_object(f);

    for (size_t i = 0; good && i < sizeof members / sizeof *members; i++)
        good = json_is_string(json_object_get(f, members[i]));
    return good;
}

/* The findings of an earlier run, a new reference; NULL: *why. */
static json_t *load(const char *path, const char **why)
{
    json_t *root, *list, *f;
    size_t i, len;
    char *text = plainfile_newest(path, LIMIT, &len);

    *why = errno == EINVAL ? "it is no plain file" : "it cannot be opened";
    if (text == NULL)
        return NULL;
    *why = "it is no JSON object of that command"; /* nor is the rest of one that is too long */
    root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    list = json_object_get(root, "findings");
    if (strcmp(check_says(root, "command"), "check") != 0 || !json_is_array(list))
        list = NULL;
    json_array_foreach(list, i, f) if (list != NULL && !is_finding(f)) list = NULL;
    list = json_incref(list);
    json_decref(root);
    return list;
}

static bool is_same(const json_t *a, const json_t *b)
{
    static const char *const members[] = {"id", "severity", "account", "pam_service", "scenario", "file"};
    bool about = false; /* is there anything but the text that tells two of a rule apart? */

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(check_says(a, members[i]), check_says(b, members[i])) != 0)
            return false;
        about = about || (i >= 2 && *check_says(a, members[i]) != '\0');
    }
    return about || strcmp(check_says(a, "text"), check_says(b, "text")) == 0;
}

bool check_news(struct check *c, const char *path, size_t *known)
{
    const char *why;
    json_t *before = load(path, &why);

    *known = 0;
    if (before == NULL) {
        ui_finding(BG_M_CHECK_BASELINE, BG_ARGS(path, why));
        return false;
    }
    for (size_t i = 0, k; i < c->found.n;) {
        for (k = 0; k < json_array_size(before); k++)
            if (is_same(c->found.of[i].says, json_array_get(before, k)))
                break;
        if (k == json_array_size(before)) {
            i++;
            continue;
        }
        (void)json_array_remove(before, k); /* it speaks for one */
        check_drop(&c->found, i);
        ++*known;
    }
    json_decref(before);
    return true;
}
