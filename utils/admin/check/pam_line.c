/* SPDX-License-Identifier: ISC */
/* What the lines of a service tell, beside what comes of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/facts.h"
#include "admin/check/pam.h"
#include "base/text.h"
#include "config/sshdconf.h"

#define TRIES 3 /* that a person who is woken at night may need */

static struct check_at at_step(const struct pam_service *s, const struct bg_pam_step *step)
{
    return (struct check_at){.account = s->facts->pam.user,
                             .service = s->facts->pam.service,
                             .file = step->file,
                             .line = step->line};
}

static void where(const struct bg_pam_step *step, char *out, size_t cap)
{
    char module[160];

    (void)bg_text_ascii(module, sizeof module, step->module, strlen(step->module));
    (void)snprintf(out, cap, "%s, line %u, %s", step->file, step->line, module);
}

/* ---- before our turn */

static bool prompts(const struct bg_pam_step *step)
{
    static const char *const asking[] = {
        "pam_unix",   "pam_sss",         "pam_ldap",    "pam_ldapd",
        "pam_krb5",   "pam_winbind",     "pam_lsass",   "pam_google_authenticator",
        "pam_oath",   "pam_radius_auth", "pam_tacplus", "pam_duo",
        "pam_yubico", "pam_himmelblau",  "pam_radius",  "pam_tacacs"};
    bool known = false;

    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++)
        known = known || pam_is(step, asking[i]);
    for (size_t i = 0; known && i < step->argc; i++)
        if (strcmp(step->argv[i], "use_first_pass") == 0 || /* it asks only whom it knows */
            (strcmp(step->argv[i], "nullok") == 0 && pam_is(step, "pam_google_authenticator")))
            known = false;
    return known;
}

/* Microseconds of the line, else seconds of login.defs. */
static unsigned delay(const struct bg_pam_step *step)
{
    bool gone;
    char *text = facts_file("/etc/login.defs", &gone), *at = text, *line;
    unsigned long seconds = 0;

    while (text != NULL && (line = facts_line(&at)) != NULL)
        if (strncmp(line, "FAIL_DELAY", 10) == 0)
            seconds = strtoul(line + 10, NULL, 10);
    free(text);
    for (size_t i = 0; i < step->argc; i++)
        if (strncmp(step->argv[i], "delay=", 6) == 0)
            seconds = strtoul(step->argv[i] + 6, NULL, 10) / 1000000;
    return seconds > 86400 ? 86400 : (unsigned)seconds;
}

/* A delay is waited for after each failure: half of a login's time must be left for the person. */
static void find_delay(const struct pam_service *s, const struct bg_pam_step *step)
{
    unsigned patience = check_patience(s->facts->pam.service), wait = delay(step);
    struct check_at at = at_step(s, step);

    if (patience > 0 && wait * TRIES > patience / 2)
        check_find(s->check, CHECK_PAM_DELAY, &at,
                   BG_ARGS(s->facts->pam.service, BG_DIGITS(wait), BG_DIGITS(patience), step->file));
}

/* One line is told of once: what only asks is a finding where nothing worse was found. */
static void before_us(const struct pam_service *s, const struct bg_pam_verdict *auth, bool well)
{
    char text[300];

    for (size_t i = 0; auth->reached != BG_PAM_NO && i < auth->traced; i++) {
        const struct bg_pam_step *step = auth->trace[i].step;
        struct check_at at = at_step(s, step);
        if (step->module == NULL || step->kind != BG_PAM_CALL)
            continue;
        if (pam_is(step, "pam_breakglass"))
            return;
        if (well && prompts(step) && auth->trace[i].code != BG_PAM_MODULE_UNKNOWN) {
            where(step, text, sizeof text);
            check_find(s->check, CHECK_PAM_PROMPT, &at, BG_ARGS(s->facts->pam.service, text));
        }
        if (pam_is(step, "pam_faildelay"))
            find_delay(s, step);
    }
}

/* ---- twice, and what a session lacks */

static void find_twice(const struct pam_service *s)
{
    const struct bg_pam_list *l = bg_pam_stack_list(s->stack, BG_PAM_AUTH);
    unsigned n = 0;

    for (size_t i = 0; i < l->n; i++) {
        struct check_at at = at_step(s, &l->step[i]);
        if (l->step[i].kind == BG_PAM_CALL && pam_is(&l->step[i], "pam_breakglass") && ++n == 2)
            check_find(s->check, CHECK_PAM_TWICE, &at,
                       BG_ARGS(s->facts->pam.service, l->step[i].file, BG_DIGITS(l->step[i].line)));
    }
}

/* su keeps the number of the person who called it. */
static void find_loginuid(const struct pam_service *s)
{
    const struct bg_pam_list *l = bg_pam_stack_list(s->stack, BG_PAM_SESSION);
    const char *service = s->facts->pam.service;
    const struct check_at at = {.account = s->facts->pam.user, .service = service};

    if (strncmp(service, "su", 2) == 0 || !pam_has_ours(s->stack, BG_PAM_AUTH))
        return;
    for (size_t i = 0; i < l->n; i++)
        if (pam_is(&l->step[i], "pam_loginuid") && l->step[i].path != NULL)
            return;
    check_find(s->check, CHECK_PAM_LOGINUID, &at, BG_ARGS(service));
}

void pam_lines(const struct pam_service *s, const struct pam_verdicts *normal, bool well)
{
    before_us(s, &normal->of[0], well);
    find_twice(s);
    find_loginuid(s);
    pam_limits(s, &normal->of[2]);
}
