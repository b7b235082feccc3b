/* SPDX-License-Identifier: ISC */
#include "base/sysuser.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum bg_err bg_sysuser(const char *name, uid_t *uid, gid_t *gid)
{
    FILE *f = fopen(BG_SYSCONFDIR "/passwd", "re");
    struct passwd *pw;
    enum bg_err r = BG_E_NOENT;

    if (f == NULL)
        return r;
    while (r != BG_OK && (pw = fgetpwent(f)) != NULL)
        if (strcmp(pw->pw_name, name) == 0 && pw->pw_uid != 0) {
            *uid = pw->pw_uid;
            *gid = pw->pw_gid;
            r = BG_OK;
        }
    (void)fclose(f);
    return r;
}

enum bg_err bg_become_user(uid_t uid, gid_t gid)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;

    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return BG_E_REFUSED;
    if (getresuid(&r, &e, &s) != 0 || r != uid || e != uid || s != uid)
        return BG_E_REFUSED;
    if (getresgid(&rg, &eg, &sg) != 0 || rg != gid || eg != gid || sg != gid || getgroups(0, NULL) != 0)
        return BG_E_REFUSED;
    return uid == 0 || setuid(0) != 0 ? BG_OK : BG_E_REFUSED;
}
