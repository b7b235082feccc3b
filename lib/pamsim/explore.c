/* SPDX-License-Identifier: ISC */
/*
 * Jumps lead forward only, so lines are taken in their order; ways that stand alike at the same line are one
 * from there on. That keeps the number of ways small whatever is unknown.
 */
#include "pamsim/explore.h"

#include <stdlib.h>
#include <string.h>

#define NODES  8192
#define FORKS  8   /* ways that one line may lead to */
#define FROZEN 256 /* ways of authenticate that setcred is played after */
#define NONE   (-1)

struct node {
    struct bg_pam_walk walk;
    bool reached, clean;
    int parent, next; /* the node it came from; the next one at the same line */
    int code;         /* that its parent's line answered */
    bool unsure;
    unsigned seconds, before; /* in all; until our module's turn */
};

struct explorer {
    const struct bg_pam_stack *stack;
    const struct bg_pam_list *list;
    enum bg_pam_call call;
    bg_pam_judge *judge;
    void *arg;
    const signed char *frozen; /* the answers of the call before, or NULL */
    struct node *node;
    int n, at[BG_PAM_STEPS + 1]; /* the first node at each line */
    bool apart; /* ways that stand alike stay two: what each has answered is asked for later */
    bool cut;
};

static void ask(const struct explorer *x, const struct bg_pam_step *h, struct bg_pam_answer *a)
{
    *a = (struct bg_pam_answer){.codes = 1U << BG_PAM_PERM_DENIED};
    if (h->kind == BG_PAM_SUBSTACK)
        a->codes = 1U << BG_PAM_SUCCESS; /* not looked at */
    else if (h->kind == BG_PAM_MUST_FAIL)
        a->why = h->fault;
    else if (h->path == NULL) {
        a->codes = 1U << BG_PAM_MODULE_UNKNOWN;
        a->why = "there is no such module";
    } else {
        x->judge(x->arg, h, x->call, a);
        if (a->codes == 0)
            a->codes = BG_PAM_ANY_CODE;
    }
}

/* Codes that a line treats alike and that look alike when they are returned. */
static bool alike(const struct bg_pam_step *h, int a, int b)
{
    static const uint32_t apart = 1U << BG_PAM_SUCCESS | 1U << BG_PAM_IGNORE | 1U << BG_PAM_NEW_AUTHTOK_REQD;

    return h->action[a] == h->action[b] && (a == b || ((apart >> a | apart >> b) & 1) == 0);
}

/* One code of each kind, the usual ones first. */
static int forks(const struct bg_pam_step *h, uint32_t codes, int fork[FORKS], bool *cut)
{
    static const int usual[] = {BG_PAM_SUCCESS, BG_PAM_AUTH_ERR, BG_PAM_USER_UNKNOWN,
                                BG_PAM_AUTHINFO_UNAVAIL};
    int n = 0;

    for (int i = -4; i < BG_PAM_INCOMPLETE; i++) {
        int code = i < 0 ? usual[i + 4] : i, k = 0;
        if ((codes >> code & 1) == 0)
            continue;
        while (k < n && !alike(h, fork[k], code))
            k++;
        if (k == n && n < FORKS)
            fork[n++] = code;
        else if (k == n)
            *cut = true;
    }
    return n;
}

/* Ways that stand alike become one, which keeps the longer time. */
static void arrive(struct explorer *x, const struct node *new)
{
    size_t at = new->walk.at;
    int i = x->apart ? NONE : x->at[at];

    for (; i != NONE; i = x->node[i].next) {
        struct node *old = &x->node[i];
        if (old->reached != new->reached || old->clean != new->clean ||
            memcmp(&old->walk, &new->walk, sizeof old->walk) != 0)
            continue;
        if (new->seconds > old->seconds || new->before > old->before) {
            int next = old->next;
            unsigned before = old->before > new->before ? old->before : new->before;
            unsigned seconds = old->seconds > new->seconds ? old->seconds : new->seconds;
            *old = *new;
            old->next = next;
            old->before = before;
            old->seconds = seconds;
        }
        return;
    }
    if (x->n == NODES) {
        x->cut = true;
        return;
    }
    x->node[x->n] = *new;
    x->node[x->n].next = x->at[at];
    x->at[at] = x->n++;
}

static void advance(struct explorer *x, int from, const struct bg_pam_answer *a)
{
    size_t at = x->node[from].walk.at;
    const struct bg_pam_step *h = &x->list->step[at];
    int before = x->frozen == NULL ? NONE : x->frozen[at], fork[FORKS], n;
    bool again = a->repeats && before >= 0 && (a->codes >> before & 1) != 0;

    n = forks(h, again ? 1U << before : a->codes, fork, &x->cut);
    for (int i = 0; i < n; i++) {
        struct node new = x->node[from];
        int steering = before >= 0 ? before : fork[i];
        new.parent = from;
        new.code = fork[i];
        new.unsure = n > 1;
        new.seconds += a->seconds;
        if (a->ours && !new.reached) {
            new.reached = true;
            new.clean = new.walk.now.impression >= 0;
            new.before = x->node[from].seconds;
        }
        bg_pam_step(x->stack, x->list, &new.walk, fork[i], steering, x->frozen != NULL);
        arrive(x, &new);
    }
}

static void run(struct explorer *x)
{
    struct node first = {.parent = NONE, .next = NONE};
    struct bg_pam_answer a;

    x->n = 0;
    for (size_t i = 0; i <= x->list->n; i++)
        x->at[i] = NONE;
    memset(&first, 0, sizeof first);
    first.parent = first.next = NONE;
    bg_pam_begin(&first.walk);
    arrive(x, &first);
    for (size_t at = 0; at < x->list->n; at++) {
        const struct bg_pam_step *h = &x->list->step[at];
        if (x->at[at] == NONE)
            continue;
        ask(x, h, &a);
        x->cut = x->cut || h->chance;
        for (int i = x->at[at]; i != NONE; i = x->node[i].next)
            advance(x, i, &a);
    }
}

/* ---- what came of it */

static int result(const struct node *n)
{
    return bg_pam_result(&n->walk);
}

/* Which of two ways is the one to show. */
static bool worse(const struct node *a, const struct node *b)
{
    if ((result(a) != BG_PAM_SUCCESS) != (result(b) != BG_PAM_SUCCESS))
        return result(a) != BG_PAM_SUCCESS;
    if (a->reached != b->reached)
        return !a->reached;
    return a->seconds > b->seconds;
}

/* The way to a node, from its beginning, and the line that spoiled it. */
static void trace(const struct explorer *x, int last, struct bg_pam_verdict *v)
{
    bool fails = result(&x->node[last]) != BG_PAM_SUCCESS; /* without a failure: new_authtok_reqd=ok */
    int way[BG_PAM_STEPS + 1], n = 0;
    struct bg_pam_answer a;

    for (int i = last; x->node[i].parent != NONE; i = x->node[i].parent)
        way[n++] = i;
    v->traced = 0;
    v->fault = NULL;
    while (n-- > 0) {
        const struct node *to = &x->node[way[n]], *from = &x->node[to->parent];
        const struct bg_pam_step *h = &x->list->step[from->walk.at];
        if (v->fault == NULL && (to->walk.now.impression < 0 || (fails && to->walk.now.impression > 0 &&
                                                                 to->walk.now.status != BG_PAM_SUCCESS)))
            v->fault = h;
        if (v->traced == BG_PAM_TRACE)
            continue;
        ask(x, h, &a);
        v->trace[v->traced++] = (struct bg_pam_trace){h, to->code, to->unsure, a.seconds, a.why};
    }
}

struct count {
    unsigned ways, good, reached, clean;
};

static enum bg_pam_sure sure(unsigned n, unsigned of)
{
    return n == of ? BG_PAM_YES : n == 0 ? BG_PAM_NO : BG_PAM_UNSURE;
}

static void judge_ends(const struct explorer *x, struct bg_pam_verdict *v, struct count *c)
{
    int worst = NONE;

    for (int i = x->at[x->list->n]; i != NONE; i = x->node[i].next) {
        const struct node *end = &x->node[i];
        int code = result(end);
        v->codes |= code >= 0 && code < BG_PAM_CODES ? 1U << code : 1U << BG_PAM_ABORT;
        c->ways++;
        c->good += code == BG_PAM_SUCCESS;
        c->reached += end->reached;
        c->clean += end->clean;
        v->before = end->reached && end->before > v->before ? end->before : v->before;
        v->total = end->seconds > v->total ? end->seconds : v->total;
        if (worst == NONE || worse(end, &x->node[worst]))
            worst = i;
    }
    if (worst != NONE && (v->traced == 0 || result(&x->node[worst]) != BG_PAM_SUCCESS))
        trace(x, worst, v);
}

/* The answers that were given on the way to this end. */
static void freeze(const struct explorer *x, int end, signed char frozen[BG_PAM_STEPS])
{
    memset(frozen, -1, BG_PAM_STEPS);
    for (int i = end; x->node[i].parent != NONE; i = x->node[i].parent)
        frozen[x->node[x->node[i].parent].walk.at] = (signed char)x->node[i].code;
}

/* The call that goes the way of another one, after each way of that. */
static enum bg_err run_again(struct explorer *x, enum bg_pam_call call, struct bg_pam_verdict *v,
                             struct count *c)
{
    signed char frozen[BG_PAM_STEPS];
    struct explorer second = *x;
    int tried = 0, spent = 0;

    if ((second.node = calloc(NODES, sizeof *second.node)) == NULL)
        return BG_E_NOMEM;
    x->apart = true;
    run(x);
    second.call = call;
    second.frozen = frozen;
    for (int i = x->at[x->list->n]; i != NONE && tried < FROZEN && spent < 4 * NODES;
         i = x->node[i].next, tried++) {
        freeze(x, i, frozen);
        run(&second);
        judge_ends(&second, v, c);
        spent += second.n;
    }
    x->cut = x->cut || second.cut || tried == FROZEN || spent >= 4 * NODES;
    free(second.node);
    return BG_OK;
}

enum bg_err bg_pam_explore(const struct bg_pam_stack *s, enum bg_pam_call call, bg_pam_judge *judge,
                           void *arg, struct bg_pam_verdict *v)
{
    bool again = call == BG_PAM_SETCRED || call == BG_PAM_CLOSE_SESSION;
    struct explorer x = {
        .stack = s, .list = bg_pam_stack_list(s, bg_pam_call_type(call)), .judge = judge, .arg = arg};
    struct count c = {0};
    enum bg_err r = BG_OK;

    memset(v, 0, sizeof *v);
    if (s->refused || x.list->n == 0) {
        v->codes = 1U << (s->refused ? BG_PAM_ABORT : BG_PAM_PERM_DENIED);
        v->cut = s->stuck;
        v->succeeds = v->reached = v->clean = s->stuck ? BG_PAM_UNSURE : BG_PAM_NO;
        return BG_OK;
    }
    x.call = call == BG_PAM_SETCRED         ? BG_PAM_AUTHENTICATE
             : call == BG_PAM_CLOSE_SESSION ? BG_PAM_OPEN_SESSION
                                            : call;
    if ((x.node = calloc(NODES, sizeof *x.node)) == NULL)
        return BG_E_NOMEM;
    if (again) {
        r = run_again(&x, call, v, &c);
    } else {
        run(&x);
        judge_ends(&x, v, &c);
    }
    free(x.node);
    if (r != BG_OK)
        return r;
    v->cut = x.cut || s->stuck || c.ways == 0;
    if (v->cut)
        v->codes = BG_PAM_ANY_CODE;
    if (!v->cut) {
        v->succeeds = sure(c.good, c.ways);
        v->reached = sure(c.reached, c.ways);
        v->clean = sure(c.clean, c.ways);
    }
    return BG_OK;
}
