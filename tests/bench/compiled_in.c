/* SPDX-License-Identifier: ISC */
/*
 * The least an NSS module can cost: one account that is compiled in, no file, no check. Installed by the
 * bench as libnss_compiledin.so.2 in a copy, for comparison.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>

enum nss_status _nss_compiledin_getpwnam_r(const char *name, struct passwd *p, char *buf, size_t len,
                                           int *err);
enum nss_status _nss_compiledin_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
                                               gid_t **groups, long limit, int *err);

enum nss_status _nss_compiledin_getpwnam_r(const char *name, struct passwd *p, char *buf, size_t len,
                                           int *err)
{
    static const char text[] = "bg1\0x\0Break-glass account\0/home/bg1\0/bin/bash";

    if (strcmp(name, "bg1") != 0)
        return NSS_STATUS_NOTFOUND;
    if (len < sizeof text) {
        *err = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    memcpy(buf, text, sizeof text);
    *p = (struct passwd){
        .pw_name = buf, .pw_passwd = buf + 4, .pw_gecos = buf + 6, .pw_dir = buf + 26, .pw_shell = buf + 36};
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_compiledin_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
                                               gid_t **groups, long limit, int *err)
{
    (void)group, (void)limit, (void)err;
    if (strcmp(user, "bg1") != 0)
        return NSS_STATUS_NOTFOUND;
    if (*start < *size)
        (*groups)[(*start)++] = 59010;
    return NSS_STATUS_SUCCESS;
}
