#include "admin/init/hostids.h"

#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWD BG_SYSCONFDIR "/passwd"
#define GROUP  BG_SYSCONFDIR "/group"

/* Ranges that others hand out by themselves: systemd.io/UIDS-GIDS. */
static const struct {
    uint32_t from, to;
    const char *why;
} ranges[] = {
    {0, 0, "it is root's"},
    {61184, 65519, "systemd gives it to services of its own (DynamicUser)"},
    {65534, 65535, "it is nobody's"},
    {524288, 1879048191, "systemd gives it to containers"},
    {UINT32_MAX, UINT32_MAX, "it means \"no uid\""},
};

static const char *range_taken(uint32_t id)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (id >= ranges[i].from && id <= ranges[i].to)
            return ranges[i].why;
    return NULL;
}

/* The subordinate ranges of /etc/subuid and /etc/subgid: NAME:START:COUNT */
static bool subordinate(const char *path, uint32_t id)
{
    char line[256];
    unsigned long start, count;
    bool hit = false;
    FILE *f = fopen(path, "re");

    if (f == NULL)
        return false;
    while (!hit && fgets(line, sizeof line, f) != NULL)
        hit = sscanf(line, "%*[^:]:%lu:%lu", &start, &count) == 2 && id >= start && id - start < count;
    (void)fclose(f);
    return hit;
}

/* name NULL: by uid */
static bool in_passwd(const char *name, uint32_t uid)
{
    struct passwd *p;
    bool hit = false;
    FILE *f = fopen(PASSWD, "re");

    if (f == NULL)
        return false;
    while (!hit && (p = fgetpwent(f)) != NULL)
        hit = name != NULL ? strcmp(p->pw_name, name) == 0 : p->pw_uid == uid;
    (void)fclose(f);
    return hit;
}

static bool in_group(const char *name, uint32_t gid)
{
    struct group *g;
    bool hit = false;
    FILE *f = fopen(GROUP, "re");

    if (f == NULL)
        return false;
    while (!hit && (g = fgetgrent(f)) != NULL)
        hit = name != NULL ? strcmp(g->gr_name, name) == 0 : g->gr_gid == gid;
    (void)fclose(f);
    return hit;
}

static bool process_has(uint32_t uid)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    struct stat st;
    bool hit = false;

    if (d == NULL)
        return false;
    while (!hit && (e = readdir(d)) != NULL)
        hit = e->d_name[0] >= '1' && e->d_name[0] <= '9' && fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
              st.st_uid == uid;
    (void)closedir(d);
    return hit;
}

const char *hostids_name_taken(const char *name)
{
    if (in_passwd(name, 0))
        return "a user of that name stands in " PASSWD;
    if (in_group(name, 0))
        return "a group of that name stands in " GROUP;
    return NULL;
}

const char *hostids_uid_taken(uint32_t uid)
{
    if (range_taken(uid) != NULL)
        return range_taken(uid);
    if (in_passwd(NULL, uid))
        return "it stands in " PASSWD;
    if (subordinate(BG_SYSCONFDIR "/subuid", uid))
        return "it lies in a range of " BG_SYSCONFDIR "/subuid";
    if (process_has(uid))
        return "a process runs with it";
    return NULL;
}

const char *hostids_gid_taken(uint32_t gid)
{
    if (range_taken(gid) != NULL)
        return range_taken(gid);
    if (in_group(NULL, gid))
        return "it stands in " GROUP;
    if (subordinate(BG_SYSCONFDIR "/subgid", gid))
        return "it lies in a range of " BG_SYSCONFDIR "/subgid";
    return NULL;
}
