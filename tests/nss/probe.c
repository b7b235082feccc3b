/* SPDX-License-Identifier: ISC */
/*
 * libnss_bgprobe.so.2 takes the place of LDAP: it writes every question to /bgtest/asked, and knows one
 * user of its own and some groups, also for a user of /etc/passwd.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum nss_status _nss_bgprobe_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t len,
                                        int *errnop);
enum nss_status _nss_bgprobe_getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_bgprobe_getspnam_r(const char *name, struct spwd *out, char *buf, size_t len,
                                        int *errnop);
enum nss_status _nss_bgprobe_getgrnam_r(const char *name, struct group *out, char *buf, size_t len,
                                        int *errnop);
enum nss_status _nss_bgprobe_getgrgid_r(gid_t gid, struct group *out, char *buf, size_t len, int *errnop);
enum nss_status _nss_bgprobe_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
                                            gid_t **groups, long limit, int *errnop);

static void asked(const char *what, const char *whom)
{
    char line[300];
    int n = snprintf(line, sizeof line, "%s %s\n", what, whom);
    int fd = open("/bgtest/asked", O_WRONLY | O_APPEND | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, line, (size_t)n) != n)
            abort();
        (void)close(fd);
    }
}

static void asked_id(const char *what, unsigned id)
{
    char text[20];

    (void)snprintf(text, sizeof text, "%u", id);
    asked(what, text);
}

static enum nss_status user(struct passwd *out)
{
    static char name[] = "bgprobeuser", x[] = "x", home[] = "/", shell[] = "/bin/sh";

    *out = (struct passwd){.pw_name = name,
                           .pw_passwd = x,
                           .pw_uid = 31000,
                           .pw_gid = 30000,
                           .pw_gecos = x,
                           .pw_dir = home,
                           .pw_shell = shell};
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_bgprobe_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t len,
                                        int *errnop)
{
    (void)buf, (void)len, (void)errnop;
    asked("passwd", name);
    return strcmp(name, "bgprobeuser") == 0 ? user(out) : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_bgprobe_getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t len, int *errnop)
{
    (void)buf, (void)len, (void)errnop;
    asked_id("passwd", uid);
    return uid == 31000 ? user(out) : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_bgprobe_getspnam_r(const char *name, struct spwd *out, char *buf, size_t len,
                                        int *errnop)
{
    (void)out, (void)buf, (void)len, (void)errnop;
    asked("shadow", name);
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_bgprobe_getgrnam_r(const char *name, struct group *out, char *buf, size_t len,
                                        int *errnop)
{
    (void)out, (void)buf, (void)len, (void)errnop;
    asked("group", name);
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_bgprobe_getgrgid_r(gid_t gid, struct group *out, char *buf, size_t len, int *errnop)
{
    (void)out, (void)buf, (void)len, (void)errnop;
    asked_id("group", gid);
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_bgprobe_initgroups_dyn(const char *name, gid_t group, long *start, long *size,
                                            gid_t **groups, long limit, int *errnop)
{
    static const gid_t give[] = {30000, 30099};

    (void)errnop, (void)limit;
    asked("initgroups", name);
    if (strncmp(name, "bgprobe", 7) != 0)
        return NSS_STATUS_NOTFOUND;
    for (size_t i = 0; i < 2; i++) {
        if (give[i] == group)
            continue;
        if (*start == *size) {
            *size += 8;
            if ((*groups = realloc(*groups, (size_t)*size * sizeof **groups)) == NULL)
                abort();
        }
        (*groups)[(*start)++] = give[i];
    }
    return NSS_STATUS_SUCCESS;
}
