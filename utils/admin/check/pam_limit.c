/* SPDX-License-Identifier: ISC */
/* PAM-13: limits of limits.conf with which a login succeeds and comes to nothing. */
#include <stdio.h>
#include <string.h>
#include "admin/check/facts.h"
#include "admin/check/pam.h"
#include "base/needs.h"

#define NO_SUCH -1 /* the program that decides has no need of it */

/* In units of limits.conf: what a login to root's rights and a command there cannot do without, seen with
 * Debian's login, sshd, sudo and bash. */
static const struct {
    const char *item;
    long long least, of_sshd, by_sudo; /* the greatest that fits counts */
    int what;                          /* RLIMIT_..., whose need is looked up */
    unsigned unit;                     /* of limits.conf, in those of getrlimit(2) */
    bool spares_root;
} bounds[BG_PAM_BOUNDS] = {
    [BG_PAM_NPROC] = {"nproc", 3, 0, 0, NO_SUCH, 1, true},
    [BG_PAM_NOFILE] = {"nofile", 16, 0, 0, RLIMIT_NOFILE, 1, false},
    [BG_PAM_FSIZE] = {"fsize", 0, 1, 0, RLIMIT_FSIZE, 1024, false},
    [BG_PAM_AS] = {"as", 12288, 20480, 0, RLIMIT_AS, 1024, false},
    [BG_PAM_DATA] = {"data", 1536, 0, 0, RLIMIT_DATA, 1024, false},
    [BG_PAM_STACK] = {"stack", 128, 0, 384, RLIMIT_STACK, 1024, false},
    [BG_PAM_CPU] = {"cpu", 0, 0, 0, RLIMIT_CPU, 60, false},
};

/* What the program that decides needs, where it may not give itself more. */
static long long needed(size_t i)
{
    for (size_t k = 0; k < BG_NEEDS && !bg_limits_rise(); k++)
        if (bg_needs[k].what == bounds[i].what)
            return (long long)bg_needs[k].least / bounds[i].unit;
    return 0;
}

static long long least(const struct bg_pam_facts *f, size_t i)
{
    long long n = bounds[i].least;

    if (strcmp(f->service, "sshd") == 0 && bounds[i].of_sshd > n)
        n = bounds[i].of_sshd;
    if (f->uid != 0 && bounds[i].by_sudo > n)
        n = bounds[i].by_sudo;
    return n;
}

static void find(const struct pam_service *s, size_t i, const struct bg_pam_bounded *b)
{
    const struct bg_pam_facts *f = &s->facts->pam;
    const struct check_at at = {.account = f->user, .service = f->service, .file = b->file, .line = b->line};
    char where[160];

    (void)snprintf(where, sizeof where, "%s, line %u", b->file, b->line);
    if (f->uid == 0 && !b->by_name)
        check_unknown(
            s->check, CHECK_PAM_BOUND, &at,
            "limits.conf gives everybody hardly any, and not every pam_limits has that count for root");
    else if (i == BG_PAM_NPROC)
        check_find(s->check, CHECK_PAM_NPROC, &at, BG_ARGS(f->service, f->user, b->file, BG_DIGITS(b->line)));
    else if (i == BG_PAM_CHROOT)
        check_find(s->check, CHECK_PAM_CHROOT, &at, BG_ARGS(f->service, f->user, where));
    else if (i == BG_PAM_NONEWPRIVS)
        check_find(s->check, CHECK_PAM_PRIVILEGES, &at, BG_ARGS(f->service, f->user, where));
    else
        check_find(s->check, CHECK_PAM_BOUND, &at, BG_ARGS(f->service, f->user, bounds[i].item, where));
}

/* ours: our program is started after that. */
static bool is_ill(const struct bg_pam_facts *f, const struct bg_pam_step *step, size_t i,
                   const struct bg_pam_bounded *b, bool ours)
{
    if (i == BG_PAM_CHROOT) /* Debian's knows it */
        return b->soft == 1 && step->path != NULL && facts_has(step->path, "chroot");
    if (i == BG_PAM_NONEWPRIVS) /* sudo is a program that gives rights */
        return f->uid != 0 && b->soft == 1;
    if (f->uid == 0 && bounds[i].spares_root)
        return false;
    return (b->soft >= 0 && b->soft < least(f, i)) || (ours && b->hard >= 0 && b->hard < needed(i));
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

    for (size_t k = 0; k < session->traced; k++) {
        if (session->trace[k].step->kind != BG_PAM_CALL)
            continue;
        bg_pam_model_bound(&w, session->trace[k].step, is);
        for (size_t i = 0; i < BG_PAM_BOUNDS; i++)
            if (is_ill(&s->facts->pam, session->trace[k].step, i, &is[i], comes_later(session, k))) {
                find(s, i, &is[i]);
                return;
            }
    }
}
