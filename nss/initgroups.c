/* SPDX-License-Identifier: ISC */
/*
 * The groups of our accounts and of root, and then the answer that ends glibc's walk.
 *
 * On a "group:" line glibc asks the next service after SUCCESS, whatever the line says, so a login would
 * still wait for LDAP. It obeys "[TRYAGAIN=return]" and keeps the groups added before. An "initgroups:" line
 * would end the walk too, but then LDAP's own users lose groups.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "account/accounts.h"
#include "module.h"
#include "text.h"

/* The array as glibc hands it to us. */
struct list {
    long *start, *size;
    gid_t **groups;
    long limit;
};

/* Ours, or root on a host that has an emergency account: su, sudo and units wait for root's groups too. */
static bool answered_here(const char *user, struct text *file)
{
    struct bg_account a;
    bool ours;

    if (!text_begin(file, BG_ACCOUNTS_PATH))
        return false;
    ours = strcmp(user, "root") == 0 ? bg_accounts_any(file->at, file->len)
                                     : bg_account_find(file->at, file->len, user, &a) == BG_OURS;
    text_end(file);
    return ours;
}

static bool has(const struct list *l, gid_t gid)
{
    for (long i = 0; i < *l->start; i++)
        if ((*l->groups)[i] == gid)
            return true;
    return false;
}

static bool full(const struct list *l)
{
    return l->limit > 0 && *l->start >= l->limit;
}

static enum bg_err add(struct list *l, gid_t gid)
{
    if (*l->start >= *l->size) {
        long size = *l->size < 8 ? 16 : *l->size * 2;
        gid_t *more;
        if (l->limit > 0 && size > l->limit)
            size = l->limit;
        if ((more = realloc(*l->groups, (size_t)size * sizeof *more)) == NULL)
            return BG_E_NOMEM;
        *l->groups = more;
        *l->size = size;
    }
    (*l->groups)[(*l->start)++] = gid;
    return BG_OK;
}

static enum bg_err add_groups(struct list *l, const char *user, gid_t primary, struct text *file)
{
    struct bg_group g;
    size_t at = 0;
    enum bg_err r = BG_OK;

    if (!text_begin(file, BG_GROUPS_PATH))
        return BG_OK;
    while (r == BG_OK && !full(l) && bg_group_next(file->at, file->len, &at, &g))
        if (g.gid != primary && bg_group_has(&g, user) && !has(l, g.gid))
            r = add(l, g.gid);
    text_end(file);
    return r;
}

enum nss_status _nss_breakglass_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
                                               gid_t **groups, long limit, int *errnop)
{
    struct text file;
    struct list l = {start, size, groups, limit};
    int saved = errno;
    bool ours = answered_here(user, &file);
    enum bg_err r = ours ? add_groups(&l, user, group, &file) : BG_OK;

    errno = saved;
    if (!ours)
        return NSS_STATUS_NOTFOUND;
    *errnop = r == BG_OK ? EAGAIN : ENOMEM;
    return NSS_STATUS_TRYAGAIN;
}
