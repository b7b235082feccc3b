/* SPDX-License-Identifier: ISC */
#include "pamsim/limits.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "pamsim/conf.h"

/* In pam_limits' order: what stands before is not replaced by what stands behind. */
enum source {
    BY_USER,
    BY_GROUP,
    BY_ALLGROUP,
    BY_ALL,
    BY_DEFAULT,
    BY_NONE
};

enum range {
    NO_RANGE,
    FROM,    /* 1000: */
    FROM_TO, /* 1000:2000 */
    ONE,     /* :1000 */
    BAD
};

void bg_pam_limits_begin(struct bg_pam_limits *l, const struct bg_pam_facts *facts)
{
    const struct bg_pam_limit none = {.value = -1, .source = BY_NONE};

    *l = (struct bg_pam_limits){.facts = facts, .logins = none};
    for (int i = 0; i < BG_PAM_BOUNDS; i++)
        l->soft[i] = l->hard[i] = none;
}

bool bg_pam_limits_by_name(const struct bg_pam_limit *l)
{
    return l->source == BY_USER;
}

/* ---- of whom a line speaks */

static bool id(const char *text, char until, unsigned long *n)
{
    char *end;

    errno = 0;
    *n = (unsigned int)strtoul(text, &end, 10);
    return errno == 0 && end != text && *end == until;
}

static enum range range_of(const char *domain, unsigned long *min, unsigned long *max)
{
    const char *from = domain, *colon = strchr(domain, ':');

    if (colon == NULL)
        return NO_RANGE;
    from += *from == '@' || *from == '%';
    if (*from != ':' && !id(from, ':', min))
        return BAD;
    if (colon[1] == '\0')
        return *from == ':' ? BAD : FROM;
    if (!id(colon + 1, '\0', max))
        return BAD;
    if (*from == ':')
        *min = *max;
    return *from == ':' ? ONE : FROM_TO;
}

static bool in_group(struct bg_pam_limits *l, const char *name)
{
    const char *const *g = l->facts->groups;

    l->unsure = l->unsure || g == NULL;
    return g != NULL && bg_among(g, name);
}

static bool in_group_id(struct bg_pam_limits *l, unsigned long gid)
{
    const struct bg_pam_facts *f = l->facts;

    if (f->known_ids && (unsigned long)f->gid == gid)
        return true;
    l->unsure = l->unsure || f->groups == NULL || f->group_ids == NULL;
    for (size_t i = 0; f->groups != NULL && f->group_ids != NULL && f->groups[i] != NULL; i++)
        if ((unsigned long)f->group_ids[i] == gid)
            return true;
    return false;
}

static bool within(struct bg_pam_limits *l, enum range r, unsigned long min, unsigned long max, int64_t mine)
{
    l->unsure = l->unsure || !l->facts->known_ids;
    return (unsigned long)mine >= min && (r == FROM || (unsigned long)mine <= max);
}

/* BY_NONE: not of the account. */
static enum source speaks(struct bg_pam_limits *l, const char *domain, bool freeing)
{
    unsigned long min = 0, max = 0;
    enum range r = range_of(domain, &min, &max);
    const struct bg_pam_facts *f = l->facts;
    bool fits;

    if (r == BAD)
        return BY_NONE;
    l->unsure = l->unsure || f->user == NULL;
    if (f->user != NULL && strcmp(domain, f->user) == 0)
        return BY_USER;
    if (*domain == '@') {
        fits = r == NO_RANGE ? in_group(l, domain + 1)
               : r == ONE    ? in_group_id(l, max)
                             : within(l, r, min, max, f->gid);
        return fits ? BY_GROUP : BY_NONE;
    }
    if (*domain == '%' && !freeing) {
        if (strcmp(domain, "%") == 0)
            return BY_ALL;
        fits = (r == NO_RANGE && in_group(l, domain + 1)) || (r == ONE && in_group_id(l, max));
        return fits ? BY_ALLGROUP : BY_NONE;
    }
    if (r == NO_RANGE)
        return strcmp(domain, "*") == 0 && !freeing ? BY_DEFAULT : BY_NONE;
    return within(l, r, min, max, f->uid) ? BY_USER : BY_NONE;
}

/* ---- what it says */

static bool endless(const char *v)
{
    return strcmp(v, "-1") == 0 || strcmp(v, "-") == 0 || strcmp(v, "unlimited") == 0 ||
           strcmp(v, "infinity") == 0;
}

/* As strtol(3) or strtoull(3) takes the beginning of it. */
static bool value_of(const char *text, bool logins, long long *n)
{
    unsigned long long u;
    char *end;

    if (endless(text)) {
        *n = -1;
        return true;
    }
    if (logins) {
        long v = strtol(text, &end, 10);
        *n = v > INT_MAX ? INT_MAX : v < INT_MIN ? INT_MIN : v;
    } else {
        u = strtoull(text, &end, 10);
        *n = u > (unsigned long long)LLONG_MAX ? -1 : (long long)u;
    }
    return end != text;
}

static void put(struct bg_pam_limit *to, const struct bg_pam_limit *new)
{
    if (to->source >= new->source)
        *to = *new;
}

/* BG_PAM_BOUNDS: none of them. */
static enum bg_pam_bound bound_of(const char *item)
{
    static const char *const items[BG_PAM_BOUNDS] = {
        [BG_PAM_NPROC] = "nproc",   [BG_PAM_NOFILE] = "nofile",
        [BG_PAM_FSIZE] = "fsize",   [BG_PAM_AS] = "as",
        [BG_PAM_DATA] = "data",     [BG_PAM_STACK] = "stack",
        [BG_PAM_CPU] = "cpu",       [BG_PAM_NONEWPRIVS] = "nonewprivs",
        [BG_PAM_CHROOT] = "chroot",
    };
    int i = 0;

    while (i < BG_PAM_BOUNDS && strcmp(items[i], item) != 0)
        i++;
    return (enum bg_pam_bound)i;
}

static void take(struct bg_pam_limits *l, const char *type, const char *item, const char *value,
                 struct bg_pam_limit new)
{
    bool logins = strcmp(item, "maxlogins") == 0, of_all = strcmp(item, "maxsyslogins") == 0;
    bool soft = strcmp(type, "hard") != 0, hard = strcmp(type, "soft") != 0;
    enum bg_pam_bound bound = bound_of(item);

    if (!logins && !of_all && bound == BG_PAM_BOUNDS)
        return;
    if (logins || of_all)
        l->of_all = of_all; /* of the last line that fits, whichever number counts */
    else if (soft && hard && strcmp(type, "-") != 0)
        return;
    if (bound == BG_PAM_CHROOT)
        new.value = 1;
    else if (!value_of(value, logins || of_all, &new.value))
        return;
    new.by_crowd = new.source == BY_ALL || new.source == BY_ALLGROUP;
    if (new.by_crowd && !logins)
        return;
    if (logins || of_all)
        put(&l->logins, &new);
    if (bound == BG_PAM_NONEWPRIVS || bound == BG_PAM_CHROOT) /* the last line that fits, whatever its type */
        l->soft[bound] = l->hard[bound] = new;
    if (bound < BG_PAM_NONEWPRIVS && soft)
        put(&l->soft[bound], &new);
    if (bound < BG_PAM_NONEWPRIVS && hard)
        put(&l->hard[bound], &new);
}

/* ---- lines */

static void lower(char *s)
{
    for (; *s != '\0'; s++)
        *s = (char)tolower((unsigned char)*s);
}

bool bg_pam_limits_file(struct bg_pam_limits *l, const char *path, char *text)
{
    char *at = text, *line, *word[5], *rest;
    unsigned number = 0;
    bool whole;

    while ((line = bg_pam_conf_line(&at, &whole)) != NULL && !l->freed) {
        struct bg_pam_limit new = {.line = ++number};
        size_t n = 0;
        (void)snprintf(new.file, sizeof new.file, "%.127s", path);
        line[strcspn(line, "#")] = '\0';
        for (char *w = strtok_r(line, " \t\r\v\f", &rest); w != NULL && n < 5;
             w = strtok_r(NULL, " \t\r\v\f", &rest))
            word[n++] = w;
        for (size_t i = 1; i < n; i++)
            lower(word[i]);
        if (n == 2 && word[1][0] == '-')
            l->freed = speaks(l, word[0], true) != BY_NONE;
        else if (n >= 4 && (new.source = (int)speaks(l, word[0], false)) != BY_NONE)
            take(l, word[1], word[2], word[3], new);
    }
    return l->freed;
}
