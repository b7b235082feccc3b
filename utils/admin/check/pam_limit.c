/* SPDX-License-Identifier: ISC */
/* PAM-13: limits of limits.conf with which a login succeeds and comes to nothing. */
#include <stdio.h>
#include <string.h>
#include "admin/check/facts.h"
#include "admin/check/pam.h"
#include "base/needs.h"

#define NO_SUCH -1 /* the program that decides has no need of it */

/* In units of limits.conf, with what a login to root's rights and a command there was seen to fail, and with
 * what to work, by login, sshd, su, sudo and bash of Debian 12 and of Debian 13; where they differ, or files
 * that grow decide, the two are far apart. */
struct seen {
    long long shut, open;
};
#define NEVER                                                                                                \
    {                                                                                                        \
        -1, 0                                                                                                \
    }

static const struct {
    const char *item;
    struct seen local, of_sshd, by_sudo; /* the greatest of those that apply count */
    int what;                            /* RLIMIT_..., whose need is looked up */
    unsigned unit;                       /* of limits.conf, in those of getrlimit(2) */
    bool spares_root;
} bounds[BG_PAM_BOUNDS] = {
    [BG_PAM_NPROC] = {"nproc", {2, 3}, NEVER, NEVER, NO_SUCH, 1, true},
    [BG_PAM_NOFILE] = {"nofile", {3, 8}, {8, 14}, {12, 14}, RLIMIT_NOFILE, 1, false},
    [BG_PAM_FSIZE] = {"fsize", NEVER, {-1, 16}, NEVER, RLIMIT_FSIZE, 1024, false},
    [BG_PAM_AS] = {"as", {8192, 12288}, {16384, 20480}, {8192, 18432}, RLIMIT_AS, 1024, false},
    [BG_PAM_DATA] = {"data", {1280, 1792}, NEVER, NEVER, RLIMIT_DATA, 1024, false},
    [BG_PAM_STACK] = {"stack", {96, 112}, NEVER, {96, 320}, RLIMIT_STACK, 1024, false},
    [BG_PAM_CPU] = {"cpu", NEVER, NEVER, NEVER, RLIMIT_CPU, 60, false},
};

/* What the program that decides needs, where it may not give itself more. */
static long long needed(size_t i)
{
    for (size_t k = 0; k < BG_NEEDS && !bg_limits_rise(); k++)
        if (bg_needs[k].what == bounds[i].what)
            return (long long)bg_needs[k].least / bounds[i].unit;
    return 0;
}

static struct seen greater(struct seen a, struct seen b)
{
    return (struct seen){a.shut > b.shut ? a.shut : b.shut, a.open > b.open ? a.open : b.open};
}

static enum bg_pam_sure is_little(const struct bg_pam_facts *f, size_t i, long long n)
{
    struct seen s = bounds[i].local;

    if (strcmp(f->service, "sshd") == 0)
        s = greater(s, bounds[i].of_sshd);
    if (f->uid != 0)
        s = greater(s, bounds[i].by_sudo);
    return n <= s.shut ? BG_PAM_YES : n < s.open ? BG_PAM_UNSURE : BG_PAM_NO;
}

static void find(const struct pam_service *s, size_t i, const struct bg_pam_bounded *b, bool sure)
{
    const struct bg_pam_facts *f = &s->facts->pam;
    const struct check_at at = {.account = f->user, .service = f->service, .file = b->file, .line = b->line};
    char where[160];

    (void)snprintf(where, sizeof where, "%s, line %u", b->file, b->line);
    if (f->uid == 0 && !b->by_name)
        check_unknown(
            s->check, CHECK_PAM_BOUND, &at,
            "limits.conf gives everybody hardly any, and not every pam_limits has that count for root");
    else if (!sure)
        check_unknown(s->check, CHECK_PAM_BOUND, &at,
                      "limits.conf gives it little, which is enough for the programs of some releases and "
                      "not for those of others");
    else if (i == BG_PAM_NPROC)
        check_find(s->check, CHECK_PAM_NPROC, &at, BG_ARGS(f->service, f->user, b->file, BG_DIGITS(b->line)));
    else if (i == BG_PAM_CHROOT)
        check_find(s->check, CHECK_PAM_CHROOT, &at, BG_ARGS(f->service, f->user, where));
    else if (i == BG_PAM_NONEWPRIVS)
        check_find(s->check, CHECK_PAM_PRIVILEGES, &at, BG_ARGS(f->service, f->user, where));
    else
        check_find(s->check, CHECK_PAM_BOUND, &at, BG_ARGS(f->service, f->user, bounds[i].item, where));
}

static enum bg_pam_sure sure(bool yes)
{
    return yes ? BG_PAM_YES : BG_PAM_NO;
}

/* ours: our program is started after that. */
static enum bg_pam_sure is_ill(const struct bg_pam_facts *f, const struct bg_pam_step *step, size_t i,
                               const struct bg_pam_bounded *b, bool ours)
{
    if (i == BG_PAM_CHROOT) /* Debian's knows it */
        return sure(b->soft == 1 && step->path != NULL && facts_has(step->path, "chroot"));
    if (i == BG_PAM_NONEWPRIVS) /* sudo is a program that gives rights */
        return sure(f->uid != 0 && b->soft == 1);
    if (f->uid == 0 && bounds[i].spares_root)
        return BG_PAM_NO;
    if (ours && b->hard >= 0 && b->hard < needed(i))
        return BG_PAM_YES;
    return b->soft < 0 ? BG_PAM_NO : is_little(f, i, b->soft);
}

static bool comes_later(const struct bg_pam_verdict *session, size_t k)
{
    while (++k < session->traced)
        if (pam_is(session->trace[k].step, "pam_breakglass"))
            return true;
    return false;
}

void pam_limits(const struct pam_service *s, const struct bg_pam_verdict *session)
{
    const struct bg_pam_world w = {&s->facts->pam, BG_PAM_NORMAL};
    struct bg_pam_bounded is[BG_PAM_BOUNDS];
    enum bg_pam_sure ill;

    for (size_t k = 0; k < session->traced; k++) {
        if (session->trace[k].step->kind != BG_PAM_CALL)
            continue;
        bg_pam_model_bound(&w, session->trace[k].step, is);
        for (size_t i = 0; i < BG_PAM_BOUNDS; i++)
            if ((ill = is_ill(&s->facts->pam, session->trace[k].step, i, &is[i], comes_later(session, k))) !=
                BG_PAM_NO) {
                find(s, i, &is[i], ill == BG_PAM_YES);
                return;
            }
    }
}
