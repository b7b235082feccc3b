#include <errno.h>
#include "account/accounts.h"
#include "module.h"

static enum nss_status answer(const struct bg_account *a, struct passwd *out, char *buf, size_t len,
                              int *errnop)
{
    struct bg_room room = {buf, len};
    struct passwd p = {.pw_uid = a->uid, .pw_gid = a->gid};

    if ((p.pw_name = bg_room_text(&room, a->name)) == NULL ||
        (p.pw_passwd = bg_room_text(&room, "x")) == NULL ||
        (p.pw_gecos = bg_room_text(&room, a->gecos)) == NULL ||
        (p.pw_dir = bg_room_text(&room, a->home)) == NULL ||
        (p.pw_shell = bg_room_text(&room, a->shell)) == NULL) {
        *errnop = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    *out = p;
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_breakglass_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t len,
                                           int *errnop)
{
    char file[BG_ACCOUNTS_MAX];
    struct bg_account a;
    int saved = errno;
    enum bg_match m = bg_account_by_name(BG_ACCOUNTS_PATH, name, file, &a);

    errno = saved; /* before *errnop is set: it may be the same variable */
    return m == BG_OURS ? answer(&a, out, buf, len, errnop) : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_breakglass_getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t len, int *errnop)
{
    char file[BG_ACCOUNTS_MAX];
    struct bg_account a;
    int saved = errno;
    enum bg_err r = bg_account_by_uid(BG_ACCOUNTS_PATH, uid, file, &a);

    errno = saved;
    return r == BG_OK ? answer(&a, out, buf, len, errnop) : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_breakglass_setpwent(int stay_open)
{
    (void)stay_open;
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_breakglass_getpwent_r(struct passwd *out, char *buf, size_t len, int *errnop)
{
    (void)out, (void)buf, (void)len, (void)errnop;
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_breakglass_endpwent(void)
{
    return NSS_STATUS_SUCCESS;
}
