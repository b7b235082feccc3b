#include "base/sysuser.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

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
