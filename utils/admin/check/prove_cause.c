/* SPDX-License-Identifier: ISC */
/* The line of PAM where a way went wrong. Which module it was is often known; where it stands, its files
 * tell. */
#include <stdio.h>
#include <string.h>
#include "admin/check/check.h"
#include "admin/check/facts.h"
#include "admin/check/prove.h"

static void take(struct prove_where *out, const struct bg_pam_step *s)
{
    char name[48];

    bg_pam_module_name(s, name, sizeof name);
    (void)snprintf(out->module, sizeof out->module, "%s%s", name, name[0] == '\0' ? "" : ".so");
    (void)snprintf(out->file, sizeof out->file, "%s", s->file);
    out->line = s->line;
}

static bool is(const struct bg_pam_step *s, const char *module)
{
    char name[48];

    bg_pam_module_name(s, name, sizeof name);
    return name[0] != '\0' && strncmp(module, name, strlen(name)) == 0 &&
           strcmp(module + strlen(name), ".so") == 0;
}

/* The first line of that module. */
static bool find(const struct bg_pam_list *l, const char *module, struct prove_where *out)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->step[i].kind == BG_PAM_CALL && is(&l->step[i], module)) {
            take(out, &l->step[i]);
            return true;
        }
    return false;
}

/* Played as on such a night: the line that fails first; else the first before ours that asks another machine,
 * or of which nothing is known. True: one before ours fails for good. */
static bool play(const struct bg_pam_stack *s, struct check_facts *f, struct prove_where *out)
{
    static struct bg_pam_verdict v;
    struct bg_pam_world w = {&f->pam, BG_PAM_LDAP_DOWN};
    const struct bg_pam_step *suspect = NULL;

    if (bg_pam_explore(s, BG_PAM_AUTHENTICATE, bg_pam_model, &w, &v) != BG_OK)
        return false;
    for (size_t i = 0; i < v.traced && suspect == NULL; i++) {
        const struct bg_pam_step *one = v.trace[i].step;
        if (is(one, "pam_breakglass.so"))
            break;
        if (one == v.fault || bg_pam_model_remote(one) || !bg_pam_model_known(one))
            suspect = one;
    }
    if (suspect == NULL)
        suspect = v.fault;
    if (suspect != NULL)
        take(out, suspect);
    return v.reached == BG_PAM_YES && v.clean == BG_PAM_NO;
}

bool prove_cause(const struct account_row *row, enum prove_way w, const struct prove_said *said,
                 struct prove_where *out)
{
    const char *service = prove_way_is_ssh(w) ? "sshd" : prove_way_name(w);
    struct bg_pam_source source;
    struct bg_pam_kind kind;
    struct bg_pam_stack s;
    struct check_facts f;
    bool spoiled = false;

    *out = (struct prove_where){.line = 0};
    (void)snprintf(out->module, sizeof out->module, "%s", said->module);
    if (w == PROVE_NAMES)
        return false;
    check_facts(row, &f);
    check_facts_for(&f, service);
    check_libpam(&kind);
    facts_source(&source);
    if (bg_pam_stack_read(&kind, &source, service, &s) != BG_OK)
        return false;
    if (said->module[0] == '\0')
        spoiled = play(&s, &f, out);
    else
        (void)find(bg_pam_stack_list(&s, BG_PAM_AUTH), said->module, out);
    bg_pam_stack_free(&s);
    return spoiled;
}
