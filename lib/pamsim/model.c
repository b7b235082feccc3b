/* SPDX-License-Identifier: ISC */
#include "pamsim/model.h"

#include <string.h>
#include "pamsim/judge.h"

#define A 1U /* which functions the module has */
#define C 2U
#define S 4U
#define P 8U

const char *bg_pam_scenario_word(enum bg_pam_scenario s)
{
    static const char *const words[BG_PAM_SCENARIOS] = {"normal",  "ldap-down", "dns-down",  "locked",
                                                        "nologin", "disk-full", "idle-100d", "clock+1y"};

    return words[s];
}

/* ---- the table */

#define ALL       (A | C | S | P)
#define STEADY(c) .auth = c, .cred = c, .account = c, .session = c, .password = c

static const struct bg_pam_row rows[] = {
    {"pam_breakglass", ALL, .cred = OK, .judge = bg_judge_ours},
    {"pam_permit", ALL, STEADY(OK)},
    {"pam_deny", ALL, .auth = CODE(AUTH_ERR), .cred = CODE(CRED_ERR), .account = CODE(AUTH_ERR),
     .session = CODE(SESSION_ERR), .password = CODE(AUTHTOK_ERR)},
    {"pam_warn", ALL, STEADY(IGN)},
    {"pam_echo", ALL, STEADY(IGN | OK)},
    {"pam_debug", ALL, STEADY(OPEN)},
    {"pam_env", ALL, .auth = IGN, .cred = OK | IGN, .account = CODE(SERVICE_ERR), .session = OK | IGN,
     .password = CODE(SERVICE_ERR)},
    {"pam_unix", ALL, .cred = OK, .session = OK, .judge = bg_judge_unix},
    {"pam_faillock", A | C, .auth = OK, .cred = OK, .account = OK, .judge = bg_judge_faillock,
     .kind = BG_PAM_TALLY},
    {"pam_tally2", A | C, .auth = OK, .cred = OK, .account = OK, .judge = bg_judge_tally2,
     .kind = BG_PAM_TALLY},
    {"pam_tally", A | C, .auth = OK, .cred = OK, .account = OK, .judge = bg_judge_tally2,
     .kind = BG_PAM_TALLY},
    {"pam_abl", A, .auth = OK, .cred = OK, .judge = bg_judge_tally2, .kind = BG_PAM_TALLY},
    {"pam_access", ALL, .cred = IGN, .judge = bg_judge_access},
    {"pam_nologin", A | C, .cred = IGN, .judge = bg_judge_nologin},
    {"pam_securetty", A | C, .cred = OK, .judge = bg_judge_securetty},
    {"pam_lastlog", A | C | S, .cred = OK, .judge = bg_judge_lastlog},
    {"pam_lastlog2", A | S, .auth = OK | IGN, .cred = OK, .session = OK | IGN | CODE(SYSTEM_ERR)},
    {"pam_listfile", ALL, STEADY(OK | CODE(AUTH_ERR) | CODE(SERVICE_ERR) | IGN), .judge = bg_judge_listfile},
    {"pam_succeed_if", ALL, .cred = IGN, .judge = bg_judge_succeed_if},
    {"pam_wheel", A | C, .cred = OK, .judge = bg_judge_wheel},
    {"pam_localuser", ALL, .cred = OK, .judge = bg_judge_localuser},
    {"pam_limits", S, .session = OK, .judge = bg_judge_limits},
    {"pam_time", C, .judge = bg_judge_time},
    {"pam_shells", A | C, .cred = OK, .judge = bg_judge_shells},
    {"pam_loginuid", C | S, .account = OK | IGN, .session = OK | IGN, .judge = bg_judge_loginuid},
    {"pam_systemd", S, .session = OK, .judge = bg_judge_systemd},
    {"pam_elogind", S, .session = OK, .judge = bg_judge_systemd},
    {"pam_systemd_home", ALL, .auth = IGN | CODE(USER_UNKNOWN), .cred = OK | IGN,
     .account = IGN | CODE(USER_UNKNOWN), .session = IGN | OK, .password = IGN | CODE(USER_UNKNOWN)},
    {"pam_exec", ALL, .judge = bg_judge_exec},
    {"pam_script", ALL, .judge = bg_judge_exec},
    {"pam_python", ALL, .judge = bg_judge_exec},
    {"pam_mount", A | S | P, .judge = bg_judge_exec},
    {"pam_motd", S, .session = IGN | OK},
    {"pam_mail", A | S, .auth = IGN | OK, .cred = IGN | OK, .session = IGN | OK},
    {"pam_keyinit", A | S, .auth = IGN | OK, .cred = OK, .session = OK | IGN},
    {"pam_selinux", A | S, .auth = CODE(AUTH_ERR), .cred = OK, .session = OK},
    {"pam_sepermit", A | C, .cred = IGN, .judge = bg_judge_sepermit},
    {"pam_umask", S, .session = OK},
    {"pam_faildelay", A, .auth = IGN | OK, .cred = IGN},
    {"pam_issue", A, .auth = IGN, .cred = IGN},
    {"pam_group", A, .auth = OK, .cred = OK | CODE(CRED_ERR)},
    {"pam_cap", A, .auth = OK | IGN | CODE(AUTH_ERR), .cred = OK | IGN},
    {"pam_mkhomedir", S, .session = OK, .judge = bg_judge_mkhomedir},
    {"pam_oddjob_mkhomedir", ALL, .auth = OK | IGN, .cred = OK, .account = OK | IGN, .session = OK,
     .password = OK, .judge = bg_judge_mkhomedir},
    {"pam_usertype", ALL, .cred = IGN, .judge = bg_judge_usertype},
    {"pam_namespace", S, .session = OK, .judge = bg_judge_namespace},
    {"pam_rootok", A | C | P, .cred = OK, .judge = bg_judge_rootok},
    {"pam_tty_audit", S, .session = OK, .judge = bg_judge_tty_audit},
    {"pam_ftp", A, .auth = CODE(USER_UNKNOWN) | CODE(AUTH_ERR), .cred = IGN},
    {"pam_gnome_keyring", A | S | P, .auth = IGN | OK | CODE(SERVICE_ERR), .cred = IGN | OK,
     .session = IGN | OK, .password = IGN | OK},
    {"pam_kwallet5", A | S, .auth = IGN | OK, .cred = OK, .session = IGN | OK},
    {"pam_kwallet", A | S, .auth = IGN | OK, .cred = OK, .session = IGN | OK},
    {"pam_xauth", S, .session = OK | CODE(SESSION_ERR)},
    {"pam_setquota", S, .session = OK | IGN | CODE(PERM_DENIED)},
    {"pam_rhosts", A, .auth = CODE(AUTH_ERR), .cred = OK},
    {"pam_timestamp", A | S, .auth = CODE(AUTH_ERR), .cred = OK, .session = OK | CODE(SESSION_ERR)},
    {"pam_pwhistory", P, .password = OK | IGN | CODE(SYSTEM_ERR) | CODE(MAXTRIES)},
    {"pam_pwquality", P, .password = OK | CODE(AUTHTOK_ERR)},
    {"pam_cracklib", P, .password = OK | CODE(AUTHTOK_ERR)},
    {"pam_passwdqc", P, .password = OK | CODE(AUTHTOK_ERR)},
    {"pam_ecryptfs", A | S | P, .auth = OK | IGN, .cred = OK, .session = OK | IGN | CODE(SESSION_ERR),
     .password = OK | IGN},
    {"pam_apparmor", S, .session = OK | IGN | CODE(SESSION_ERR)},
    {"pam_lsass", ALL, .cred = OK, .judge = bg_judge_directory, .kind = BG_PAM_REMOTE, .auth_seconds = 30,
     .account_seconds = 30, .session_seconds = 30},
    {"pam_sss", ALL, .cred = OK, .judge = bg_judge_directory, .kind = BG_PAM_REMOTE, .auth_seconds = 6,
     .account_seconds = 6, .session_seconds = 6},
    {"pam_sss_gss", A, .auth = CODE(USER_UNKNOWN) | CODE(AUTHINFO_UNAVAIL) | IGN, .cred = OK,
     .kind = BG_PAM_REMOTE},
    {"pam_ldap", ALL, .cred = OK, .judge = bg_judge_directory, .kind = BG_PAM_REMOTE, .auth_seconds = 20,
     .account_seconds = 20, .session_seconds = 10},
    {"pam_ldapd", ALL, .cred = OK, .judge = bg_judge_directory, .kind = BG_PAM_REMOTE, .auth_seconds = 20,
     .account_seconds = 20, .session_seconds = 10},
    {"pam_winbind", ALL, .cred = OK, .judge = bg_judge_directory, .kind = BG_PAM_REMOTE, .auth_seconds = 60,
     .account_seconds = 60, .session_seconds = 10},
    {"pam_himmelblau", ALL, .cred = OK, .judge = bg_judge_directory, .kind = BG_PAM_REMOTE,
     .auth_seconds = 30, .account_seconds = 30, .session_seconds = 10},
    {"pam_krb5", ALL, .cred = OK | IGN | CODE(CRED_ERR), .judge = bg_judge_krb5, .kind = BG_PAM_REMOTE,
     .auth_seconds = 30},
    {"pam_radius_auth", ALL, .cred = OK, .judge = bg_judge_server, .kind = BG_PAM_REMOTE, .auth_seconds = 9,
     .session_seconds = 9},
    {"pam_radius", ALL, .cred = OK, .judge = bg_judge_server, .kind = BG_PAM_REMOTE, .auth_seconds = 9,
     .session_seconds = 9},
    {"pam_tacplus", ALL, .cred = OK, .judge = bg_judge_server, .kind = BG_PAM_REMOTE, .auth_seconds = 10,
     .account_seconds = 10, .session_seconds = 10},
    {"pam_tacacs", ALL, .cred = OK, .judge = bg_judge_server, .kind = BG_PAM_REMOTE, .auth_seconds = 10,
     .account_seconds = 10, .session_seconds = 10},
    {"pam_duo", A | C, .cred = OK, .account = OK, .judge = bg_judge_factor, .kind = BG_PAM_REMOTE,
     .auth_seconds = 60},
    {"pam_yubico", A | C, .cred = OK, .account = OK, .judge = bg_judge_factor, .kind = BG_PAM_REMOTE,
     .auth_seconds = 30},
    {"pam_u2f", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_google_authenticator", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_oath", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_fprintd", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_p11", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_pkcs11", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_ussh", A, .cred = OK, .judge = bg_judge_factor},
    {"pam_ssh_agent_auth", A, .cred = OK, .judge = bg_judge_factor},
};

static const struct bg_pam_row *row_of(const struct bg_pam_step *step)
{
    char name[64];

    bg_pam_module_name(step, name, sizeof name);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static uint32_t steady(const struct bg_pam_row *r, enum bg_pam_call call)
{
    switch (call) {
    case BG_PAM_AUTHENTICATE:
        return r->auth;
    case BG_PAM_SETCRED:
        return r->cred;
    case BG_PAM_ACCT_MGMT:
        return r->account;
    case BG_PAM_CHAUTHTOK:
        return r->password;
    default:
        return r->session;
    }
}

static bool has_function(const struct bg_pam_row *r, enum bg_pam_call call)
{
    static const unsigned bit[BG_PAM_TYPES] = {
        [BG_PAM_AUTH] = A, [BG_PAM_SESSION] = S, [BG_PAM_ACCOUNT] = C, [BG_PAM_PASSWORD] = P};

    return (r->has & bit[bg_pam_call_type(call)]) != 0;
}

void bg_pam_model(void *world, const struct bg_pam_step *step, enum bg_pam_call call, struct bg_pam_answer *a)
{
    const struct bg_pam_world *w = world;
    struct bg_pam_view v = {
        .f = w->facts, .scenario = w->scenario, .step = step, .call = call, .row = row_of(step)};

    *a = (struct bg_pam_answer){.codes = OPEN};
    if (v.row == NULL) {
        a->why = "what this module does is not known";
        return;
    }
    if (!has_function(v.row, call)) {
        bg_judge_say(a, CODE(MODULE_UNKNOWN), "the module is not made for this");
        return;
    }
    a->codes = steady(v.row, call);
    a->repeats = true;
    if (v.row->judge != NULL && !(call == BG_PAM_SETCRED && v.row->judge != bg_judge_ours))
        v.row->judge(&v, a);
    if (a->codes == 0)
        a->codes = OPEN;
}

static struct bg_pam_view view_of(const struct bg_pam_world *w, const struct bg_pam_step *step)
{
    return (struct bg_pam_view){.f = w->facts, .scenario = w->scenario, .step = step, .row = row_of(step)};
}

bool bg_pam_model_closed(const struct bg_pam_world *w, const struct bg_pam_step *step, long long *when)
{
    struct bg_pam_view v = view_of(w, step);

    return v.row != NULL && v.row->judge == bg_judge_time && bg_judge_closed_hour(&v, when);
}

void bg_pam_model_bound(const struct bg_pam_world *w, const struct bg_pam_step *step,
                        struct bg_pam_bounded out[BG_PAM_BOUNDS])
{
    struct bg_pam_view v = view_of(w, step);

    for (int i = 0; i < BG_PAM_BOUNDS; i++)
        out[i] = (struct bg_pam_bounded){.soft = -1, .hard = -1};
    if (v.row != NULL && v.row->judge == bg_judge_limits)
        bg_judge_bounds(&v, out);
}

bool bg_pam_model_known(const struct bg_pam_step *step)
{
    return row_of(step) != NULL;
}

bool bg_pam_model_remote(const struct bg_pam_step *step)
{
    const struct bg_pam_row *r = row_of(step);

    return r != NULL && r->kind == BG_PAM_REMOTE;
}

bool bg_pam_model_tally(const struct bg_pam_step *step)
{
    const struct bg_pam_row *r = row_of(step);

    return r != NULL && r->kind == BG_PAM_TALLY;
}
