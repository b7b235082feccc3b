/* SPDX-License-Identifier: ISC */
/* What "breakglass check" finds, for those who judge by it: run once, and nothing of it is shown. */
#ifndef BG_ADMIN_COMPLIANCE_LINT_H
#define BG_ADMIN_COMPLIANCE_LINT_H

#include <stdbool.h>
#include "admin/check/finding.h"

#define LINT_MAX 256

struct lint_finding {
    enum check_severity severity;
    char rule[12];    /* "PAM-04" */
    char account[64]; /* "": of the whole host */
    char text[320];   /* a sentence; hostile */
    char next[240];   /* what to do; "": nothing */
};
struct lint {
    bool known; /* it could be run to its end */
    unsigned n;
    bool more;                             /* of them there were more */
    struct lint_finding finding[LINT_MAX]; /* the worst first */
};

void lint_run(struct lint *out);

/* Has check any rule whose id begins so? What nobody looks at is never right. */
bool lint_has_rule(const char *begins);

#endif
