/* SPDX-License-Identifier: ISC */
/* Controls whose evidence is on paper, as far as breakglass.conf says what that is ([papers]). */
#include <stdlib.h>
#include <string.h>
#include "admin/compliance/compliance.h"
#include "admin/run.h"

#define SHA256SUM    "/usr/bin/sha256sum" /* a child, so that a file system that hangs has its bound */
#define SUM_MS       3000
#define CODE_LEN     8
#define OUTPUT_LIMIT 4096

/* The code of a file as it is now. False: it cannot be told. */
static bool code_of(const char *path, char code[CODE_LEN + 1])
{
    const char *const argv[] = {SHA256SUM, "--", path, NULL};
    struct run_result res = {0};
    bool good = run_program(argv, NULL, 0, OUTPUT_LIMIT, SUM_MS, &res) == BG_OK && res.exit_status == 0;

    good = good && strspn(res.out, "0123456789abcdef") == 64; /* a name with odd letters has a \ before it */
    if (good)
        (void)snprintf(code, CODE_LEN + 1, "%s", res.out);
    free(res.out);
    return good;
}

void judge_paper(const struct facts *f, struct judged *j)
{
    const struct bg_policy *p = f->policy;
    char code[CODE_LEN + 1];

    if (p->runbook[0] == '\0') {
        judge_say(j, VERDICT_UNKNOWN, "breakglass.conf does not say which text is printed (runbook)");
        return;
    }
    judge_evidence(j, "file", p->runbook, "", 0);
    if (!code_of(p->runbook, code))
        judge_say(j, VERDICT_UNKNOWN, "%s cannot be read", p->runbook);
    else if (p->runbook_printed[0] == '\0')
        judge_say(j, VERDICT_UNKNOWN,
                  "%s has the code %s; breakglass.conf does not say which the print has (runbook-printed)",
                  p->runbook, code);
    else if (strcmp(p->runbook_printed, code) != 0)
        judge_say(j, VERDICT_FAIL, "%s has the code %s, and the print has %s", p->runbook, code,
                  p->runbook_printed);
    else
        judge_say(j, VERDICT_PASS, "%s and its print have the code %s", p->runbook, code);
}

void judge_exception(const struct facts *f, struct judged *j)
{
    const struct bg_policy *p = f->policy;

    if (p->exception[0] == '\0') {
        judge_say(j, VERDICT_UNKNOWN, "breakglass.conf names no document (exception)");
        return;
    }
    judge_evidence(j, "option", "exception", "", 0);
    if (p->exception_until[0] == '\0')
        judge_say(j, VERDICT_FAIL, "%s has no end (exception-until)", p->exception);
    else if (f->now > bg_day_end(p->exception_until))
        judge_say(j, VERDICT_FAIL, "%s held until %s", p->exception, p->exception_until);
    else
        judge_say(j, VERDICT_PASS, "%s holds until %s", p->exception, p->exception_until);
}
