/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include "account/accounts.h"
#include "base/text.h"
#include "module.h"
#include "text.h"

/* The caller's buffer, filled from the front. Both functions return NULL when it is too small. */
struct room {
    char *at;
    size_t left;
};

static char *put(struct room *r, const char *s)
{
    size_t n = strlen(s) + 1;
    char *to = r->at;

    if (n > r->left)
        return NULL;
    memcpy(to, s, n);
    r->at += n;
    r->left -= n;
    return to;
}

/* n pointers, aligned. */
static char **pointers(struct room *r, size_t n)
{
    size_t skip = (alignof(char *) - (uintptr_t)r->at % alignof(char *)) % alignof(char *);
    char *to;

    if (r->left < skip || (r->left - skip) / sizeof(char *) < n)
        return NULL;
    to = r->at + skip;
    r->at = to + n * sizeof(char *);
    r->left -= skip + n * sizeof(char *);
    return (char **)(void *)to;
}

/* A question of glibc: by name, or by number when there is no name. */
struct question {
    const char *name;
    id_t number;
};

/* Find the answer in the file's text and put it into *out and the room: SUCCESS, NOTFOUND, TRYAGAIN. */
typedef enum nss_status find_fn(char *file, size_t len, const struct question *q, struct room *room,
                                void *out);

/* Every lookup. Nobody has an invalid name, and the numbers 0 (root) and -1 (nobody at all) are never ours.
 */
static enum nss_status look_up(const char *path, find_fn *find, struct question q, void *out,
                               struct room room, int *errnop)
{
    struct text file;
    int saved = errno;
    enum nss_status s = NSS_STATUS_NOTFOUND;

    if (q.name != NULL ? !bg_name_valid(q.name) : q.number == 0 || q.number == (id_t)-1)
        return s;
    if (text_begin(&file, path)) {
        s = find(file.at, file.len, &q, &room, out);
        text_end(&file);
    }
    errno = saved; /* before *errnop is set: it may be the same variable */
    if (s == NSS_STATUS_TRYAGAIN)
        *errnop = ERANGE;
    return s;
}

static enum nss_status find_passwd(char *file, size_t len, const struct question *q, struct room *room,
                                   void *out)
{
    struct bg_account a;
    struct passwd p;
    enum bg_match m = q->name != NULL ? bg_account_find(file, len, q->name, &a)
                                      : bg_account_find_uid(file, len, q->number, &a);

    if (m != BG_OURS)
        return NSS_STATUS_NOTFOUND;
    p = (struct passwd){.pw_uid = a.uid, .pw_gid = a.gid};
    if ((p.pw_name = put(room, a.name)) == NULL || (p.pw_passwd = put(room, "x")) == NULL ||
        (p.pw_gecos = put(room, a.gecos)) == NULL || (p.pw_dir = put(room, a.home)) == NULL ||
        (p.pw_shell = put(room, a.shell)) == NULL)
        return NSS_STATUS_TRYAGAIN;
    *(struct passwd *)out = p;
    return NSS_STATUS_SUCCESS;
}

/*
 * A hash that no password has, and no ageing: -1 is "not set" to pam_unix, sshd and chage alike (a last
 * change of 0 would mean "change it now"). The same for every caller, root or not: it holds nothing secret,
 * and UNAVAIL would send the question on to LDAP.
 */
static enum nss_status find_shadow(char *file, size_t len, const struct question *q, struct room *room,
                                   void *out)
{
    struct bg_account a;
    struct spwd s = {.sp_lstchg = -1,
                     .sp_min = -1,
                     .sp_max = -1,
                     .sp_warn = -1,
                     .sp_inact = -1,
                     .sp_expire = -1,
                     .sp_flag = ~0UL};

    if (bg_account_find(file, len, q->name, &a) != BG_OURS)
        return NSS_STATUS_NOTFOUND;
    if ((s.sp_namp = put(room, a.name)) == NULL || (s.sp_pwdp = put(room, "!*")) == NULL)
        return NSS_STATUS_TRYAGAIN;
    *(struct spwd *)out = s;
    return NSS_STATUS_SUCCESS;
}

/* The members as NULL-ended pointers into a copy of the list. */
static char **members(struct room *room, const char *list)
{
    size_t n = *list != '\0';
    char *copy, **mem;

    for (const char *p = list; *p != '\0'; p++)
        n += *p == ',';
    if ((mem = pointers(room, n + 1)) == NULL || (copy = put(room, list)) == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        mem[i] = copy;
        copy += strcspn(copy, ",");
        *copy++ = '\0';
    }
    mem[n] = NULL;
    return mem;
}

static enum nss_status find_group(char *file, size_t len, const struct question *q, struct room *room,
                                  void *out)
{
    struct bg_group g;
    struct group o;

    if (!bg_group_find(file, len, q->name, q->number, &g))
        return NSS_STATUS_NOTFOUND;
    o = (struct group){.gr_gid = g.gid};
    if ((o.gr_mem = members(room, g.members)) == NULL || (o.gr_name = put(room, g.name)) == NULL ||
        (o.gr_passwd = put(room, "x")) == NULL)
        return NSS_STATUS_TRYAGAIN;
    *(struct group *)out = o;
    return NSS_STATUS_SUCCESS;
}

#define LOOKUP(function, key, type, path, find, ...)                                                         \
    enum nss_status _nss_breakglass_##function(key, struct type *out, char *buf, size_t len, int *errnop)    \
    {                                                                                                        \
        return look_up(path, find, (struct question){__VA_ARGS__}, out, (struct room){buf, len}, errnop);    \
    }

/* clang-format off */
LOOKUP(getpwnam_r, const char *name, passwd, BG_ACCOUNTS_PATH, find_passwd, .name = name)
LOOKUP(getpwuid_r, uid_t uid,        passwd, BG_ACCOUNTS_PATH, find_passwd, .number = uid)
LOOKUP(getspnam_r, const char *name, spwd,   BG_ACCOUNTS_PATH, find_shadow, .name = name)
LOOKUP(getgrnam_r, const char *name, group,  BG_GROUPS_PATH,   find_group,  .name = name)
LOOKUP(getgrgid_r, gid_t gid,        group,  BG_GROUPS_PATH,   find_group,  .number = gid)
/* clang-format on */

/* Nothing is enumerated. */
#define WALK(db, type)                                                                                       \
    enum nss_status _nss_breakglass_set##db##ent(int stay_open)                                              \
    {                                                                                                        \
        (void)stay_open;                                                                                     \
        return NSS_STATUS_SUCCESS;                                                                           \
    }                                                                                                        \
    enum nss_status _nss_breakglass_get##db##ent_r(struct type *out, char *buf, size_t len, int *errnop)     \
    {                                                                                                        \
        (void)out, (void)buf, (void)len, (void)errnop;                                                       \
        return NSS_STATUS_NOTFOUND;                                                                          \
    }                                                                                                        \
    enum nss_status _nss_breakglass_end##db##ent(void)                                                       \
    {                                                                                                        \
        return NSS_STATUS_SUCCESS;                                                                           \
    }

WALK(pw, passwd)
WALK(sp, spwd)
WALK(gr, group)
