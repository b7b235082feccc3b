/* SPDX-License-Identifier: ISC */
/*
 * What libpam makes of a stack, given what each module answers: pam_authenticate(3) and the others, played
 * line by line. The rules are those of pam.conf(5) and of the library where that is silent.
 */
#ifndef BG_PAMSIM_PLAY_H
#define BG_PAMSIM_PLAY_H

#include "pamsim/stack.h"

enum bg_pam_call {
    BG_PAM_AUTHENTICATE,
    BG_PAM_SETCRED,
    BG_PAM_ACCT_MGMT,
    BG_PAM_OPEN_SESSION,
    BG_PAM_CLOSE_SESSION,
    BG_PAM_CHAUTHTOK, /* one of its two passes; the second is made when the first succeeds */
    BG_PAM_CALLS
};

/* Which lines a call walks. */
enum bg_pam_type bg_pam_call_type(enum bg_pam_call call);

/* Where a walk stands. All zero but for what bg_pam_begin() sets; equal walks have equal bytes. */
struct bg_pam_mark {
    int impression; /* 0 none yet, 1 good, -1 bad */
    int status;     /* what would be returned */
};
struct bg_pam_walk {
    size_t at;      /* the line that comes next; the list's n at the end */
    unsigned level; /* of the line before it */
    struct bg_pam_mark now;
    struct bg_pam_mark outside[BG_PAM_LEVELS]; /* when each substack was entered */
    unsigned misjumped;                        /* past the end of a stack, which cannot succeed */
};

void bg_pam_begin(struct bg_pam_walk *w);

/*
 * Take the answer of the line at w->at and go on to the next. `steering` is what decides which way to go: the
 * same answer, or, when a frozen chain is walked again (setcred, close_session), the one of the first time.
 */
void bg_pam_step(const struct bg_pam_stack *s, const struct bg_pam_list *l, struct bg_pam_walk *w, int answer,
                 int steering, bool again);

/* What the call returns, at the end of the list. */
int bg_pam_result(const struct bg_pam_walk *w);

/* ---- a whole conversation of an application, with one answer for each module */

/* What the module of a line answers; must not be BG_PAM_INCOMPLETE. A line without a module file is not
 * asked. */
typedef int bg_pam_ask(void *arg, const struct bg_pam_step *step, enum bg_pam_call call, bool second);

struct bg_pam_play {
    const struct bg_pam_stack *stack;
    bg_pam_ask *ask;
    void *arg;
    signed char frozen[2][BG_PAM_STEPS]; /* answers to authenticate and to open_session; -1 for none */
};

void bg_pam_play_begin(struct bg_pam_play *p, const struct bg_pam_stack *stack, bg_pam_ask *ask, void *arg);

/* The code that the application gets. Also BG_PAM_ABORT when the stack is refused. */
int bg_pam_play(struct bg_pam_play *p, enum bg_pam_call call);

#endif
