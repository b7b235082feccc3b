/* SPDX-License-Identifier: ISC */
#include "admin/compliance/lint.h"

#include <string.h>
#include "admin/check/check.h"
#include "base/text.h"
#include "record/event.h"

bool lint_has_rule(const char *begins)
{
    for (int r = 0; r < CHECK_RULES; r++)
        if (strncmp(check_rule((enum check_rule_name)r)->said.id, begins, strlen(begins)) == 0)
            return true;
    return false;
}

static void take(struct lint *out, const struct check_finding *one)
{
    struct lint_finding *l;

    if (out->n == LINT_MAX) {
        out->more = true;
        return;
    }
    l = &out->finding[out->n++];
    l->severity = one->severity;
    bg_text_again(l->rule, sizeof l->rule, bg_json_str(one->says, "id"));
    bg_text_again(l->account, sizeof l->account, bg_json_str(one->says, "account"));
    bg_text_again(l->text, sizeof l->text, bg_json_str(one->says, "text"));
    bg_text_again(l->next, sizeof l->next, bg_json_str(one->says, "next"));
}

void lint_run(struct lint *out)
{
    struct check_findings found;

    memset(out, 0, sizeof *out);
    out->known = check_quietly(NULL, &found);
    for (size_t i = 0; i < found.n; i++)
        take(out, &found.of[i]);
    check_free(&found);
}
