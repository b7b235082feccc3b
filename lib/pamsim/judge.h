/* SPDX-License-Identifier: ISC */
/*
 * How one module's answer is found: from the line's arguments, the facts and the scenario. Inside model.h: a
 * judge sets codes and why, seconds where it may wait; codes of 0 mean any.
 */
#ifndef BG_PAMSIM_JUDGE_H
#define BG_PAMSIM_JUDGE_H

#include "pamsim/model.h"

#define CODE(c) (1U << BG_PAM_##c)
#define OK      CODE(SUCCESS)
#define IGN     CODE(IGNORE)
#define OPEN    BG_PAM_ANY_CODE

struct bg_pam_row;
struct bg_pam_view {
    const struct bg_pam_facts *f;
    enum bg_pam_scenario scenario;
    const struct bg_pam_step *step;
    enum bg_pam_call call;
    const struct bg_pam_row *row;
};

typedef void bg_judge(const struct bg_pam_view *v, struct bg_pam_answer *a);

enum bg_pam_model_kind {
    BG_PAM_LOCAL,
    BG_PAM_REMOTE,
    BG_PAM_TALLY
};

struct bg_pam_row {
    const char *name;
    unsigned has;                                    /* which functions the module has */
    uint32_t auth, cred, account, session, password; /* without a judge, or before it */
    bg_judge *judge;
    enum bg_pam_model_kind kind;
    unsigned auth_seconds, account_seconds, session_seconds; /* of a remote one when nobody answers */
};

/* What follows "name=" among the arguments, "" for the bare word; NULL when it is not there. The last one
 * counts. */
const char *bg_judge_option(const struct bg_pam_view *v, const char *name);
bool bg_judge_has(const struct bg_pam_view *v, const char *name);
long bg_judge_number(const struct bg_pam_view *v, const char *name, long otherwise);

/* One set of codes or the other, both when the fact is not known. */
uint32_t bg_judge_by(enum bg_pam_sure fact, uint32_t yes, uint32_t no);
enum bg_pam_sure bg_judge_not(enum bg_pam_sure s);
enum bg_pam_sure bg_judge_root(const struct bg_pam_view *v);
void bg_judge_say(struct bg_pam_answer *a, uint32_t codes, const char *why);

/* A terminal's name as most modules compare it: without its /dev/. */
const char *bg_judge_tty(const char *name);
/* The one where the person sits, in that form; where it is not known, a console, or for su and sudo that of a
 * shell. */
const char *bg_judge_terminal(const struct bg_pam_view *v);

/* Nobody out there answers; and how long the module of this row waits for it. */
bool bg_judge_down(const struct bg_pam_view *v);
unsigned bg_judge_wait_of(const struct bg_pam_view *v);

bg_judge bg_judge_ours, bg_judge_unix, bg_judge_nologin, bg_judge_securetty, bg_judge_lastlog,
    bg_judge_localuser, bg_judge_shells, bg_judge_access, bg_judge_time, bg_judge_limits, bg_judge_loginuid,
    bg_judge_faillock, bg_judge_tally2, bg_judge_wheel, bg_judge_rootok, bg_judge_usertype, bg_judge_exec,
    bg_judge_mkhomedir, bg_judge_namespace, bg_judge_sepermit, bg_judge_tty_audit, bg_judge_systemd,
    bg_judge_succeed_if, bg_judge_listfile, bg_judge_directory, bg_judge_krb5, bg_judge_server,
    bg_judge_factor;

/* A minute at which pam_time of this line refuses the account for sure; false: there is none, or it cannot be
 * told. */
bool bg_judge_closed_hour(const struct bg_pam_view *v, long long *when);

/* What bg_pam_model_bound() promises, of a line of pam_limits. */
void bg_judge_bounds(const struct bg_pam_view *v, struct bg_pam_bounded out[BG_PAM_BOUNDS]);

#endif
