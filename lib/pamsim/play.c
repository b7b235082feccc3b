/* SPDX-License-Identifier: ISC */
#include "pamsim/play.h"

#include <string.h>

#define FORCED BG_PAM_PERM_DENIED /* of a line that must fail, and of a stack in which nothing counted */

enum bg_pam_type bg_pam_call_type(enum bg_pam_call call)
{
    static const enum bg_pam_type type[BG_PAM_CALLS] = {
        [BG_PAM_AUTHENTICATE] = BG_PAM_AUTH,     [BG_PAM_SETCRED] = BG_PAM_AUTH,
        [BG_PAM_ACCT_MGMT] = BG_PAM_ACCOUNT,     [BG_PAM_OPEN_SESSION] = BG_PAM_SESSION,
        [BG_PAM_CLOSE_SESSION] = BG_PAM_SESSION, [BG_PAM_CHAUTHTOK] = BG_PAM_PASSWORD};

    return type[call];
}

void bg_pam_begin(struct bg_pam_walk *w)
{
    memset(w, 0, sizeof *w);
    w->now.status = FORCED;
    w->outside[0] = w->now;
}

/* A good answer counts as long as nothing else has; in a frozen chain IGNORE is none unless it was one
 * before. */
static void praise(struct bg_pam_walk *w, int answer, int steering)
{
    bool open = w->now.impression == 0 || (w->now.impression > 0 && w->now.status == BG_PAM_SUCCESS);

    if (open && (answer != BG_PAM_IGNORE || steering == answer))
        w->now = (struct bg_pam_mark){1, answer};
}

/* The first bad answer stays. */
static void blame(struct bg_pam_walk *w, int answer)
{
    if (w->now.impression >= 0)
        w->now = (struct bg_pam_mark){-1, answer == BG_PAM_IGNORE ? FORCED : answer};
}

static bool inside(const struct bg_pam_list *l, size_t at, unsigned level)
{
    return at < l->n && l->step[at].level >= level;
}

static void misjump(struct bg_pam_walk *w)
{
    w->misjumped = 1;
    w->now = (struct bg_pam_mark){-1, FORCED};
}

/* Over `many` lines of this stack; a substack with all that is in it counts as one. */
static void jump(const struct bg_pam_list *l, struct bg_pam_walk *w, int many)
{
    unsigned level = w->level;

    while (many > 0 && inside(l, w->at, level)) {
        w->at++;
        while (inside(l, w->at, level + 1))
            w->at++;
        many--;
    }
    if (many > 0)
        misjump(w);
}

/* The stack is decided, a substack too: on to the line after it. */
static void leave(const struct bg_pam_list *l, struct bg_pam_walk *w)
{
    while (inside(l, w->at, w->level))
        w->at++;
}

static void enter(struct bg_pam_walk *w, unsigned level)
{
    if (w->level < level)
        w->outside[level] = w->now;
    for (unsigned i = level + 1; i <= w->level;
         i++) /* those are left for good: equal walks shall look equal */
        w->outside[i] = (struct bg_pam_mark){0, 0};
    w->level = level;
}

void bg_pam_step(const struct bg_pam_stack *s, const struct bg_pam_list *l, struct bg_pam_walk *w, int answer,
                 int steering, bool again)
{
    const struct bg_pam_step *h = &l->step[w->at];
    bool known = steering >= 0 && steering < BG_PAM_CODES;
    int what = known ? h->action[steering] : BG_PAM_DO_BAD;

    enter(w, h->level);
    w->at++;
    if (h->kind == BG_PAM_SUBSTACK)
        return;
    if (!known)
        answer = FORCED;
    if (what > 0) {
        if (again && !s->kind.debian)
            praise(w, answer, steering);
        jump(l, w, what);
    } else if (what == BG_PAM_DO_RESET) {
        w->now = w->outside[h->level];
    } else if (what == BG_PAM_DO_OK || what == BG_PAM_DO_DONE) {
        praise(w, answer, steering);
        if (what == BG_PAM_DO_DONE && w->now.impression > 0)
            leave(l, w);
    } else if (what == BG_PAM_DO_BAD || what == BG_PAM_DO_DIE) {
        blame(w, answer);
        if (what == BG_PAM_DO_DIE)
            leave(l, w);
    } else if (what != BG_PAM_DO_IGNORE) {
        misjump(w); /* backwards, as the old reader cuts a number */
    }
}

int bg_pam_result(const struct bg_pam_walk *w)
{
    return w->now.status == BG_PAM_SUCCESS && w->now.impression <= 0 ? FORCED : w->now.status;
}

void bg_pam_play_begin(struct bg_pam_play *p, const struct bg_pam_stack *stack, bg_pam_ask *ask, void *arg)
{
    p->stack = stack;
    p->ask = ask;
    p->arg = arg;
    memset(p->frozen, -1, sizeof p->frozen);
}

static int answer_of(struct bg_pam_play *p, const struct bg_pam_step *h, enum bg_pam_call call, bool second)
{
    if (h->kind == BG_PAM_MUST_FAIL)
        return FORCED;
    return h->path == NULL ? BG_PAM_MODULE_UNKNOWN : p->ask(p->arg, h, call, second);
}

static int walk(struct bg_pam_play *p, const struct bg_pam_list *l, enum bg_pam_call call, bool second)
{
    bool again = call == BG_PAM_SETCRED || call == BG_PAM_CLOSE_SESSION;
    bool freezes = call == BG_PAM_AUTHENTICATE || call == BG_PAM_OPEN_SESSION;
    signed char *frozen = p->frozen[bg_pam_call_type(call) == BG_PAM_AUTH ? 0 : 1];
    struct bg_pam_walk w;

    if (l->n == 0)
        return FORCED;
    for (bg_pam_begin(&w); w.at < l->n;) {
        size_t at = w.at;
        int answer = 0, steering;
        if (l->step[at].kind != BG_PAM_SUBSTACK)
            answer = answer_of(p, &l->step[at], call, second);
        steering = again && frozen[at] >= 0 ? frozen[at] : answer;
        if (freezes)
            frozen[at] = (signed char)(answer >= 0 && answer < BG_PAM_CODES ? answer : BG_PAM_CODES);
        bg_pam_step(p->stack, l, &w, answer, steering, again);
    }
    return bg_pam_result(&w);
}

int bg_pam_play(struct bg_pam_play *p, enum bg_pam_call call)
{
    const struct bg_pam_list *l = bg_pam_stack_list(p->stack, bg_pam_call_type(call));
    int got;

    if (p->stack->refused)
        return BG_PAM_ABORT;
    got = walk(p, l, call, false);
    if (call == BG_PAM_CHAUTHTOK && got == BG_PAM_SUCCESS)
        got = walk(p, l, call, true);
    return got;
}
