/* SPDX-License-Identifier: ISC */
/* Which rule a module's refusal breaks. */
#include <string.h>
#include "admin/check/pam.h"

#define NONE CHECK_RULES

static const struct {
    const char *module;
    enum check_rule_name now, later; /* NONE: no rule of its own */
} of[] = {
    {"pam_faillock", CHECK_PAM_TALLY_NOW, CHECK_PAM_TALLY},
    {"pam_tally2", CHECK_PAM_TALLY_NOW, CHECK_PAM_TALLY},
    {"pam_tally", CHECK_PAM_TALLY_NOW, CHECK_PAM_TALLY},
    {"pam_abl", CHECK_PAM_TALLY_NOW, CHECK_PAM_TALLY},
    {"pam_access", CHECK_PAM_ACCESS, CHECK_PAM_NAMES},
    {"pam_time", CHECK_PAM_TIME_NOW, CHECK_PAM_TIME},
    {"pam_nologin", CHECK_PAM_NOLOGIN_NOW, CHECK_PAM_NOLOGIN},
    {"pam_securetty", CHECK_PAM_SECURETTY, NONE},
    {"pam_lastlog", CHECK_PAM_IDLE_NOW, CHECK_PAM_IDLE},
    {"pam_listfile", CHECK_PAM_LIST, NONE},
    {"pam_succeed_if", CHECK_PAM_LIST, NONE},
    {"pam_wheel", CHECK_PAM_LIST, NONE},
    {"pam_usertype", CHECK_PAM_LIST, NONE},
    {"pam_localuser", CHECK_PAM_LIST, NONE},
    {"pam_limits", CHECK_PAM_LIMITS, CHECK_PAM_CROWDED},
    {"pam_loginuid", CHECK_PAM_AUDITD_NOW, CHECK_PAM_AUDITD},
    {"pam_exec", CHECK_PAM_PROGRAM, NONE},
    {"pam_script", CHECK_PAM_PROGRAM, NONE},
    {"pam_python", CHECK_PAM_PROGRAM, NONE},
    {"pam_mount", CHECK_PAM_PROGRAM, NONE},
    {"pam_tty_audit", CHECK_PAM_PROGRAM, NONE},
    {"pam_systemd", CHECK_PAM_SESSION, CHECK_PAM_LOGIND},
    {"pam_elogind", CHECK_PAM_SESSION, CHECK_PAM_LOGIND},
    {"pam_keyinit", CHECK_PAM_SESSION, NONE},
    {"pam_mkhomedir", CHECK_PAM_SESSION, CHECK_PAM_DISK},
    {"pam_oddjob_mkhomedir", CHECK_PAM_SESSION, CHECK_PAM_DISK},
    {"pam_selinux", CHECK_PAM_MAC, NONE},
    {"pam_sepermit", CHECK_PAM_MAC, NONE},
    {"pam_namespace", CHECK_PAM_MAC, NONE},
    {"pam_apparmor", CHECK_PAM_MAC, NONE},
};

bool pam_is(const struct bg_pam_step *step, const char *module)
{
    char name[64] = "";

    if (step != NULL)
        bg_pam_module_name(step, name, sizeof name);
    return strcmp(name, module) == 0;
}

static enum check_rule_name rule(const struct bg_pam_step *step, bool now, enum check_rule_name otherwise)
{
    enum check_rule_name found = NONE;

    if (step == NULL || step->path == NULL)
        return otherwise; /* a module that is not there: its name tells nothing */
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (pam_is(step, of[i].module))
            found = now ? of[i].now : of[i].later;
    if (!now && found == NONE && bg_pam_model_remote(step))
        found = CHECK_PAM_DIRECTORY;
    return found == NONE ? otherwise : found;
}

enum check_rule_name pam_rule_now(const struct bg_pam_step *step, enum check_rule_name otherwise)
{
    return rule(step, true, otherwise);
}

enum check_rule_name pam_rule_later(const struct bg_pam_step *step, enum check_rule_name otherwise)
{
    return rule(step, false, otherwise);
}

bool pam_has_ours(const struct bg_pam_stack *s, enum bg_pam_type type)
{
    const struct bg_pam_list *l = bg_pam_stack_list(s, type);

    for (size_t i = 0; i < l->n; i++)
        if (pam_is(&l->step[i], "pam_breakglass"))
            return true;
    return false;
}
