/* SPDX-License-Identifier: ISC */
/*
 * What may come of a call when modules may answer one thing or another: every way through the stack, so that
 * what is not known of a module shows in the verdict, and only where it matters.
 */
#ifndef BG_PAMSIM_EXPLORE_H
#define BG_PAMSIM_EXPLORE_H

#include "pamsim/play.h"

enum bg_pam_sure {
    BG_PAM_UNSURE,
    BG_PAM_NO,
    BG_PAM_YES
};

struct bg_pam_answer {
    uint32_t codes;   /* a bit for each code that it may return: 1 << code; never 0 */
    unsigned seconds; /* that it may take at worst */
    bool repeats;     /* setcred and close_session: it answers as it did before, if it can */
    bool ours;        /* this is the module whose turn is looked for */
    const char *why;  /* why it answers so, in a few words; static, NULL when it goes without saying */
    char file[128];   /* "" or where that stands, if it is not the line itself: "/etc/security/access.conf" */
    unsigned at;      /* ... its line, 0 for the whole file */
};
#define BG_PAM_ANY_CODE 0x7fffffffU /* all but incomplete */

/* What the module of a line, whose file is there, answers to this call. */
typedef void bg_pam_judge(void *arg, const struct bg_pam_step *step, enum bg_pam_call call,
                          struct bg_pam_answer *a);

struct bg_pam_trace {
    const struct bg_pam_step *step;
    int code;         /* that it returns on this way */
    bool unsure;      /* it might have returned another that leads elsewhere */
    unsigned seconds; /* that it takes */
    const char *why;
};
#define BG_PAM_TRACE 160

struct bg_pam_verdict {
    enum bg_pam_sure succeeds;       /* PAM_SUCCESS is returned */
    enum bg_pam_sure reached;        /* our module has its turn */
    enum bg_pam_sure clean;          /* ... and nothing before it has failed for good */
    uint32_t codes;                  /* what the call may return, one of those that lead the same way */
    unsigned before, total;          /* seconds at worst: until our module's turn, and in all */
    bool cut;                        /* not every way could be looked at: all is unsure */
    const struct bg_pam_step *fault; /* the line that failed first on the way below; NULL for none */
    struct bg_pam_trace
        trace[BG_PAM_TRACE]; /* the worst way: one that fails if there is one, then the slowest */
    size_t traced;
};

/*
 * All ways of one call: of the stack's authenticate, acct_mgmt, open_session or one pass of chauthtok;
 * setcred and close_session after each way that the call before them may have taken. BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_pam_explore(const struct bg_pam_stack *s, enum bg_pam_call call,
                                         bg_pam_judge *judge, void *arg, struct bg_pam_verdict *v);

#endif
