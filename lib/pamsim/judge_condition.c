/* SPDX-License-Identifier: ISC */
/* pam_succeed_if: its conditions over what is known of the account. */
#include "pamsim/judge.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

static enum bg_pam_sure sure(bool known, bool yes)
{
    return !known ? BG_PAM_UNSURE : yes ? BG_PAM_YES : BG_PAM_NO;
}

static enum bg_pam_sure compare(int64_t left, const char *how, const char *right)
{
    char *end;
    int64_t n = strtoll(right, &end, 10);

    if (*right == '\0' || *end != '\0')
        return BG_PAM_NO;
    if (strcmp(how, "<") == 0 || strcasecmp(how, "lt") == 0)
        return sure(true, left < n);
    if (strcmp(how, "<=") == 0 || strcasecmp(how, "le") == 0)
        return sure(true, left <= n);
    if (strcmp(how, ">") == 0 || strcasecmp(how, "gt") == 0)
        return sure(true, left > n);
    if (strcmp(how, ">=") == 0 || strcasecmp(how, "ge") == 0)
        return sure(true, left >= n);
    if (strcmp(how, "=") == 0 || strcasecmp(how, "eq") == 0)
        return sure(true, left == n);
    if (strcmp(how, "!=") == 0 || strcasecmp(how, "ne") == 0)
        return sure(true, left != n);
    return BG_PAM_UNSURE;
}

/* One of the words of a list with colons. */
static bool listed(const char *word, const char *list)
{
    size_t n = strlen(word);

    for (const char *at = list; at != NULL; at = strchr(at, ':')) {
        at += *at == ':';
        if (strncmp(at, word, n) == 0 && (at[n] == ':' || at[n] == '\0'))
            return true;
        if (strchr(at, ':') == NULL)
            break;
    }
    return false;
}

static enum bg_pam_sure match(const char *left, const char *how, const char *right)
{
    if (left == NULL)
        return BG_PAM_UNSURE;
    if (strcmp(how, "=") == 0)
        return sure(true, strcmp(left, right) == 0);
    if (strcmp(how, "!=") == 0)
        return sure(true, strcmp(left, right) != 0);
    if (strcmp(how, "=~") == 0 || strcasecmp(how, "glob") == 0)
        return sure(true, fnmatch(right, left, 0) == 0);
    if (strcmp(how, "!~") == 0 || strcasecmp(how, "noglob") == 0)
        return sure(true, fnmatch(right, left, 0) != 0);
    if (strcasecmp(how, "in") == 0)
        return sure(true, listed(left, right));
    if (strcasecmp(how, "notin") == 0)
        return sure(true, !listed(left, right));
    return BG_PAM_UNSURE;
}

static enum bg_pam_sure in_group(const struct bg_pam_facts *f, const char *list)
{
    if (f->groups == NULL)
        return BG_PAM_UNSURE;
    for (size_t i = 0; f->groups[i] != NULL; i++)
        if (listed(f->groups[i], list))
            return BG_PAM_YES;
    return BG_PAM_NO;
}

static enum bg_pam_sure condition(const struct bg_pam_facts *f, const char *left, const char *how,
                                  const char *right)
{
    static const char *const homes[] = {"home", "dir", "homedir", NULL}, *const names[] = {"user", "login",
                                                                                           "name", NULL};

    if (strcasecmp(how, "ingroup") == 0)
        return in_group(f, right);
    if (strcasecmp(how, "notingroup") == 0)
        return bg_judge_not(in_group(f, right));
    if (strcasecmp(left, "uid") == 0 || strcasecmp(left, "gid") == 0)
        return !f->known_ids ? BG_PAM_UNSURE
                             : compare(strcasecmp(left, "uid") == 0 ? f->uid : f->gid, how, right);
    for (int i = 0; homes[i] != NULL; i++)
        if (strcasecmp(left, homes[i]) == 0)
            return match(f->home, how, right);
    for (int i = 0; names[i] != NULL; i++)
        if (strcasecmp(left, names[i]) == 0)
            return match(f->user, how, right);
    return match(strcasecmp(left, "shell") == 0     ? f->shell
                 : strcasecmp(left, "service") == 0 ? f->service
                 : strcasecmp(left, "tty") == 0     ? f->tty
                 : strcasecmp(left, "rhost") == 0   ? f->rhost
                                                    : NULL,
                 how, right);
}

static bool flag(const char *word)
{
    static const char *const flags[] = {"debug",         "use_uid", "quiet", "quiet_fail",
                                        "quiet_success", "audit",   NULL};

    return bg_among(flags, word);
}

/* Threes of words, all of which must hold. */
void bg_judge_succeed_if(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    const char *word[3] = {NULL, NULL, NULL};
    enum bg_pam_sure all = BG_PAM_YES, one;
    size_t n = 0, count = 0;

    for (size_t i = 0; i < v->step->argc && all != BG_PAM_NO; i++) {
        if (flag(v->step->argv[i]))
            continue;
        word[n++] = v->step->argv[i];
        if (n < 3)
            continue;
        one = bg_judge_has(v, "use_uid") ? BG_PAM_UNSURE : condition(v->f, word[0], word[1], word[2]);
        all = one == BG_PAM_YES ? all : one;
        n = 0;
        count++;
    }
    if (n > 0 && all != BG_PAM_NO)
        bg_judge_say(a, CODE(SERVICE_ERR), "an incomplete condition");
    else if (count == 0)
        bg_judge_say(a, OPEN, "no condition");
    else
        bg_judge_say(a,
                     bg_judge_by(all, OK, CODE(AUTH_ERR)) |
                         (all == BG_PAM_UNSURE ? CODE(USER_UNKNOWN) | CODE(SERVICE_ERR) : 0),
                     "by its conditions");
}
