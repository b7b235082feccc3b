/* SPDX-License-Identifier: ISC */
/* Does a fact decide anything? The stacks are played as if it were good, and as if it were bad. */
#include "admin/check/facts.h"
#include "admin/check/acc.h"

static enum bg_pam_sure succeeds(const struct bg_pam_stack *s, const struct check_facts *f,
                                 enum bg_pam_call call)
{
    static struct bg_pam_verdict v;
    struct bg_pam_world w = {&f->pam, BG_PAM_NORMAL};

    return bg_pam_explore(s, call, bg_pam_model, &w, &v) == BG_OK ? v.succeeds : BG_PAM_UNSURE;
}

static bool decides(const struct bg_pam_stack *s, const struct check_account *a, const char *service,
                    acc_suppose *good, acc_suppose *bad)
{
    static const enum bg_pam_call calls[] = {BG_PAM_AUTHENTICATE, BG_PAM_ACCT_MGMT, BG_PAM_OPEN_SESSION};
    struct check_facts with = *a->facts, without = *a->facts;

    check_facts_for(&with, service);
    check_facts_for(&without, service);
    good(&with.pam);
    bad(&without.pam);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (succeeds(s, &with, calls[i]) == BG_PAM_YES && succeeds(s, &without, calls[i]) == BG_PAM_NO)
            return true;
    return false;
}

const char *acc_matters(const struct check *c, const struct check_account *a, acc_suppose *good,
                        acc_suppose *bad)
{
    static const char *const usual[] = {"login", "sshd", "su", "su-l"};
    struct bg_pam_source source;
    struct bg_pam_stack s;
    const char *found = NULL;

    facts_source(&source);
    for (size_t i = 0; found == NULL && i < sizeof usual / sizeof *usual; i++) {
        if (bg_pam_stack_read(&c->libpam, &source, usual[i], &s) != BG_OK)
            continue;
        if (s.found && !s.refused && decides(&s, a, usual[i], good, bad))
            found = usual[i];
        bg_pam_stack_free(&s);
    }
    return found;
}
