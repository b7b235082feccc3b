/* SPDX-License-Identifier: ISC */
/* Rules PAM-..: what its files share. */
#ifndef BG_ADMIN_CHECK_PAM_H
#define BG_ADMIN_CHECK_PAM_H

#include "admin/check/check.h"

#define PAM_WAYS 3 /* auth, account, session */
struct pam_verdicts {
    struct bg_pam_verdict of[PAM_WAYS];
};
extern const enum bg_pam_call pam_calls[PAM_WAYS];

/* A service that is being looked at for an account. */
struct pam_service {
    struct check *check;
    const struct check_facts *facts; /* those of the service too */
    const struct bg_pam_stack *stack;
};

/* All ways of it, when the facts are these. False: no memory. */
bool pam_explore(const struct pam_service *s, const struct bg_pam_facts *facts, enum bg_pam_scenario scenario,
                 struct pam_verdicts *v);

/* The line that spoils a verdict, else the last one; NULL when there are none. */
const struct bg_pam_trace *pam_spoiler(const struct bg_pam_verdict *v);

/*
 * "/etc/pam.d/sshd, line 3, pam_access.so (access.conf refuses it: /etc/security/access.conf, line 7)": of
 * the spoiler, in those facts.
 */
void pam_evidence(const struct bg_pam_verdict *v, const struct bg_pam_facts *facts,
                  enum bg_pam_scenario scenario, enum bg_pam_call call, char *out, size_t cap);

/* Where a finding is. */
struct check_at pam_place(const struct check_facts *f, enum bg_pam_scenario s,
                          const struct bg_pam_verdict *v);

/*
 * pam_rule.c: the rule that is broken when the module of this line refuses now, or will in a case that is to
 * be expected; `otherwise` when no rule speaks of it. step may be NULL.
 */
enum check_rule_name pam_rule_now(const struct bg_pam_step *step, enum check_rule_name otherwise);
enum check_rule_name pam_rule_later(const struct bg_pam_step *step, enum check_rule_name otherwise);
bool pam_is(const struct bg_pam_step *step, const char *module);
/* A line of our module on that way. */
bool pam_has_ours(const struct bg_pam_stack *s, enum bg_pam_type type);

/* pam_case.c: cases that are not scenarios: a closed hour, logins used up, a daemon that does not answer. */
void pam_cases(const struct pam_service *s, const struct pam_verdicts *normal);

/* pam_line.c: what the lines themselves tell. well: nothing was found of the service so far. */
void pam_lines(const struct pam_service *s, const struct pam_verdicts *normal, bool well);

/* pam_limit.c: limits with which a session that is opened comes to nothing. */
void pam_limits(const struct pam_service *s, const struct bg_pam_verdict *session);

/* pam_without.c: services that let the account in without being asked by us. */
void pam_without(struct check *c, const struct check_account *a);

/* pam_files.c: the module's file, and files that were generated, shadowed or left. */
void pam_files(struct check *c);

#endif
