/* SPDX-License-Identifier: ISC */
/* Modules that ask another machine, or the service that does so for them; and second factors. */
#include "pamsim/judge.h"

/* The uid below which the module does not ask: pam_ldap of nss-pam-ldapd, pam_krb5. */
static bool below_minimum(const struct bg_pam_view *v)
{
    return v->f->known_ids && v->f->uid < bg_judge_number(v, "minimum_uid", 0);
}

/* The directory does not know the account; or it does not answer, and whether it would have is not known. */
void bg_judge_directory(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    uint32_t unknown = bg_judge_has(v, "ignore_unknown_user") ? IGN : CODE(USER_UNKNOWN);
    uint32_t unavailable = bg_judge_has(v, "ignore_authinfo_unavail") ? IGN : CODE(AUTHINFO_UNAVAIL);

    if (v->call == BG_PAM_SETCRED)
        return;
    if (below_minimum(v)) {
        bg_judge_say(a, unknown | IGN, "below minimum_uid");
        return;
    }
    bg_judge_say(a, unknown, "the directory does not know the account");
    if (!bg_judge_down(v))
        return;
    a->codes = unavailable | unknown;
    a->why = "the directory does not answer";
    a->seconds = bg_judge_wait_of(v);
}

void bg_judge_krb5(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->call != BG_PAM_AUTHENTICATE) {
        bg_judge_say(a, OK | IGN, NULL);
        return;
    }
    if (below_minimum(v) || (bg_judge_has(v, "ignore_root") && bg_judge_root(v) == BG_PAM_YES)) {
        bg_judge_say(a, IGN | CODE(USER_UNKNOWN), "not asked for this uid");
        return;
    }
    bg_judge_say(a, CODE(USER_UNKNOWN) | CODE(AUTH_ERR), "there is no such principal");
    if (bg_judge_down(v)) {
        bg_judge_say(a, CODE(AUTHINFO_UNAVAIL), "no KDC answers");
        a->seconds = bg_judge_wait_of(v);
    }
}

void bg_judge_server(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    bool auth = v->call == BG_PAM_AUTHENTICATE;

    if (v->call == BG_PAM_SETCRED)
        return;
    bg_judge_say(
        a, auth ? CODE(AUTH_ERR) | CODE(USER_UNKNOWN) : OK | IGN | CODE(USER_UNKNOWN) | CODE(PERM_DENIED),
        NULL);
    if (!bg_judge_down(v))
        return;
    bg_judge_say(a,
                 CODE(AUTHINFO_UNAVAIL) |
                     (auth ? CODE(AUTH_ERR) : OK | IGN | CODE(SESSION_ERR) | CODE(PERM_DENIED)),
                 "no server answers");
    if (bg_judge_has(v, "localifdown"))
        a->codes |= IGN;
    a->seconds = (unsigned)bg_judge_number(v, "timeout", (long)bg_judge_wait_of(v));
    if (a->seconds > 3600)
        a->seconds = 3600;
}

/* A second factor that the person does not have. Nobody is enrolled under this name. */
void bg_judge_factor(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    if (v->call != BG_PAM_AUTHENTICATE)
        return;
    if (bg_judge_has(v, "nullok") || bg_judge_has(v, "nouserok"))
        bg_judge_say(a, OK | IGN, "the account has no such factor");
    else
        bg_judge_say(a,
                     CODE(AUTH_ERR) | CODE(USER_UNKNOWN) | CODE(AUTHINFO_UNAVAIL) | CODE(SERVICE_ERR) |
                         CODE(CRED_UNAVAIL),
                     "the account has no such factor");
    if (v->row->kind == BG_PAM_REMOTE && bg_judge_down(v))
        a->seconds = bg_judge_wait_of(v);
}
