#include <errno.h>
#include <string.h>
#include "account/accounts.h"
#include "module.h"

/* The members as NULL-ended pointers into a copy of the list. */
static char **members(struct bg_room *room, const char *list)
{
    size_t n = *list != '\0';
    char *copy, **mem;

    for (const char *p = list; *p != '\0'; p++)
        n += *p == ',';
    if ((mem = bg_room_pointers(room, n + 1)) == NULL || (copy = bg_room_text(room, list)) == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        mem[i] = copy;
        copy += strcspn(copy, ",");
        *copy++ = '\0';
    }
    mem[n] = NULL;
    return mem;
}

static enum nss_status answer(const struct bg_group *g, struct group *out, char *buf, size_t len, int *errnop)
{
    struct bg_room room = {buf, len};
    struct group o = {.gr_gid = g->gid};

    if ((o.gr_mem = members(&room, g->members)) == NULL ||
        (o.gr_name = bg_room_text(&room, g->name)) == NULL ||
        (o.gr_passwd = bg_room_text(&room, "x")) == NULL) {
        *errnop = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    *out = o;
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_breakglass_getgrnam_r(const char *name, struct group *out, char *buf, size_t len,
                                           int *errnop)
{
    char file[BG_ACCOUNTS_MAX];
    struct bg_group g;
    int saved = errno;
    enum bg_err r = bg_group_by_name(BG_GROUPS_PATH, name, file, &g);

    errno = saved;
    return r == BG_OK ? answer(&g, out, buf, len, errnop) : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_breakglass_getgrgid_r(gid_t gid, struct group *out, char *buf, size_t len, int *errnop)
{
    char file[BG_ACCOUNTS_MAX];
    struct bg_group g;
    int saved = errno;
    enum bg_err r = bg_group_by_gid(BG_GROUPS_PATH, gid, file, &g);

    errno = saved;
    return r == BG_OK ? answer(&g, out, buf, len, errnop) : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_breakglass_setgrent(int stay_open)
{
    (void)stay_open;
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_breakglass_getgrent_r(struct group *out, char *buf, size_t len, int *errnop)
{
    (void)out, (void)buf, (void)len, (void)errnop;
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_breakglass_endgrent(void)
{
    return NSS_STATUS_SUCCESS;
}
