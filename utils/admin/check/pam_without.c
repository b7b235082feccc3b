/* SPDX-License-Identifier: ISC */
/*
 * PAM-18: does a service let the account in without asking us? Each service is played as if our module were
 * not there and the person had nothing to show.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/check/facts.h"
#include "admin/check/pam.h"
#include "base/text.h"

#define SERVICES 256

struct services {
    char name[SERVICES][80];
    size_t n;
    char included[SERVICES][160]; /* files that others include: those are no services */
    size_t includes;
};

/* Programs that log somebody in without asking, but never somebody whom the person names. */
static bool asks_nobody(const char *name)
{
    static const char *const ends[] = {"-autologin", "-greeter", "-launch-environment", NULL};
    size_t n = strlen(name);

    for (size_t i = 0; ends[i] != NULL; i++)
        if (n >= strlen(ends[i]) && strcmp(name + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

static void take(struct services *s, const char *name)
{
    if (strchr(name, '~') != NULL || strstr(name, ".dpkg-") != NULL || strstr(name, ".rpm") != NULL ||
        strstr(name, ".ucf-") != NULL || strstr(name, ".pam-") != NULL || strlen(name) >= sizeof s->name[0] ||
        asks_nobody(name))
        return;
    for (size_t i = 0; i < s->n; i++)
        if (strcasecmp(s->name[i], name) == 0)
            return;
    if (s->n < SERVICES)
        (void)snprintf(s->name[s->n++], sizeof s->name[0], "%s", name);
}

static void list(const struct bg_pam_kind *k, const struct bg_pam_source *source, struct services *s)
{
    for (int i = 0; i < BG_PAM_DIRS && k->dir[i][0] != '\0'; i++) {
        char *names = NULL;
        if (source->list(source->arg, k->dir[i], "", &names) != BG_OK)
            continue;
        for (const char *n = names; *n != '\0'; n += strlen(n) + 1)
            take(s, n);
        free(names);
    }
}

static void note_includes(struct services *s, const struct bg_pam_stack *stack, const char *service)
{
    for (unsigned t = 0; t < BG_PAM_TYPES; t++)
        for (size_t i = 0; i < stack->conf[t].n; i++) {
            const char *file = stack->conf[t].step[i].file, *name = strrchr(file, '/');
            bool known = name == NULL || strcasecmp(name + 1, service) == 0;
            for (size_t k = 0; !known && k < s->includes; k++)
                known = strcmp(s->included[k], name + 1) == 0;
            if (!known && s->includes < SERVICES)
                (void)snprintf(s->included[s->includes++], sizeof s->included[0], "%.159s", name + 1);
        }
}

static bool is_included(const struct services *s, const char *name)
{
    for (size_t i = 0; i < s->includes; i++)
        if (strcmp(s->included[i], name) == 0)
            return true;
    return false;
}

/* Who is root already needs nothing, and no line of PAM would help. */
static void judge(void *world, const struct bg_pam_step *step, enum bg_pam_call call, struct bg_pam_answer *a)
{
    bg_pam_model(world, step, call, a);
    if (call == BG_PAM_AUTHENTICATE && pam_is(step, "pam_rootok"))
        a->codes = 1U << BG_PAM_AUTH_ERR;
}

static void look(struct check *c, const struct check_facts *facts, const struct bg_pam_stack *stack)
{
    struct bg_pam_facts f = facts->pam;
    struct bg_pam_world w = {&f, BG_PAM_NORMAL};
    static struct bg_pam_verdict v;
    struct check_at at;
    char why[512];

    f.ours = BG_PAM_NO;
    if (bg_pam_explore(stack, BG_PAM_AUTHENTICATE, judge, &w, &v) != BG_OK || v.succeeds == BG_PAM_NO)
        return;
    at = pam_place(facts, BG_PAM_NORMAL, &v);
    at.scenario = NULL;
    pam_evidence(&v, &f, BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, why, sizeof why);
    if (v.succeeds == BG_PAM_YES)
        check_find(c, CHECK_PAM_WITHOUT, &at, BG_ARGS(f.service, f.user, why));
    else
        check_unknown(c, CHECK_PAM_WITHOUT, &at, why);
}

void pam_without(struct check *c, const struct check_account *a)
{
    static struct services s;
    struct bg_pam_source source;
    struct bg_pam_stack stack;

    s.n = s.includes = 0;
    facts_source(&source);
    if (c->service != NULL)
        take(&s, c->service);
    else
        list(&c->libpam, &source, &s);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < s.n; i++) {
            struct check_facts f = *a->facts;
            if (bg_pam_stack_read(&c->libpam, &source, s.name[i], &stack) != BG_OK)
                continue;
            check_facts_for(&f, s.name[i]);
            if (pass == 0)
                note_includes(&s, &stack, s.name[i]);
            else if (!is_included(&s, s.name[i]) && !stack.refused)
                look(c, &f, &stack);
            bg_pam_stack_free(&stack);
        }
}
