/* SPDX-License-Identifier: ISC */
/* What is well now, and is not at another hour, with others logged in, or when a daemon does not answer. */
#include "admin/check/pam.h"

/* Each changes one fact. False: the stack knows no such case. */
typedef bool change(const struct pam_service *s, struct bg_pam_facts *f);

/* The first hour that some line of pam_time closes. */
static bool closed_hour(const struct pam_service *s, struct bg_pam_facts *f)
{
    const struct bg_pam_list *l = bg_pam_stack_list(s->stack, BG_PAM_ACCOUNT);
    const struct bg_pam_world w = {&s->facts->pam, BG_PAM_NORMAL};

    for (size_t i = 0; i < l->n; i++)
        if (pam_is(&l->step[i], "pam_time") && bg_pam_model_closed(&w, &l->step[i], &f->now))
            return true;
    return false;
}

static bool crowd(const struct pam_service *s, struct bg_pam_facts *f)
{
    (void)s;
    f->crowded = BG_PAM_YES;
    return true;
}

static bool no_auditd(const struct pam_service *s, struct bg_pam_facts *f)
{
    (void)s;
    f->auditd = BG_PAM_NO;
    return true;
}

static bool no_logind(const struct pam_service *s, struct bg_pam_facts *f)
{
    (void)s;
    f->logind = BG_PAM_NO;
    return true;
}

static const struct {
    change *set;
    enum check_rule_name rule;
} cases[] = {
    {closed_hour, CHECK_PAM_TIME},
    {crowd, CHECK_PAM_CROWDED},
    {no_auditd, CHECK_PAM_AUDITD},
    {no_logind, CHECK_PAM_LOGIND},
};

static void tell(const struct pam_service *s, enum check_rule_name rule, const struct bg_pam_facts *f,
                 int way, const struct bg_pam_verdict *v)
{
    struct check_at at = pam_place(s->facts, BG_PAM_NORMAL, v);
    char why[512];

    at.scenario = NULL;
    pam_evidence(v, f, BG_PAM_NORMAL, pam_calls[way], why, sizeof why);
    if (v->succeeds == BG_PAM_NO)
        check_find(s->check, rule, &at, BG_ARGS(f->service, f->user, why));
    else
        check_unknown(s->check, rule, &at, why);
}

void pam_cases(const struct pam_service *s, const struct pam_verdicts *normal)
{
    static struct pam_verdicts v;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bg_pam_facts f = s->facts->pam;
        if (!cases[i].set(s, &f) || !pam_explore(s, &f, BG_PAM_NORMAL, &v))
            continue;
        for (int k = 0; k < PAM_WAYS; k++)
            if (normal->of[k].succeeds == BG_PAM_YES && v.of[k].succeeds != BG_PAM_YES)
                tell(s, cases[i].rule, &f, k, &v.of[k]);
    }
}
