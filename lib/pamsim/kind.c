/* SPDX-License-Identifier: ISC */
#include "pamsim/kind.h"

#include <stdio.h>
#include <string.h>

static const char *const etc = "/etc/pam.d", *const usr = "/usr/lib/pam.d";

static void dirs(struct bg_pam_kind *k)
{
    memset(k, 0, sizeof *k);
    (void)snprintf(k->dir[0], BG_PAM_PATH, "%s", etc);
    (void)snprintf(k->dir[1], BG_PAM_PATH, "%s", usr);
}

void bg_pam_kind_debian(struct bg_pam_kind *k, bool old, const char *multiarch)
{
    dirs(k);
    k->old = old;
    k->debian = true;
    (void)snprintf(k->modules, sizeof k->modules, "%s/lib/%s/security/", old ? "" : "/usr", multiarch);
    (void)snprintf(k->isa, sizeof k->isa, "%s/lib/security", old ? "" : "/usr");
}

void bg_pam_kind_plain(struct bg_pam_kind *k, const char *libdir)
{
    dirs(k);
    (void)snprintf(k->modules, sizeof k->modules, "%s/security/", libdir);
    (void)snprintf(k->isa, sizeof k->isa, "../../%s/security", strrchr(libdir, '/') + 1);
}

/* Does the file have this string, from NUL to NUL? */
static bool holds(const char *file, size_t n, const char *s)
{
    return memmem(file, n, s, strlen(s) + 1) != NULL;
}

/* The string that ends in `end` and begins with a slash or a dot, below anything: where modules are. */
static bool ending(const char *file, size_t n, const char *end, char *out)
{
    size_t len = strlen(end) + 1;
    const char *at = file, *hit;

    while ((hit = memmem(at, n - (size_t)(at - file), end, len)) != NULL) {
        const char *from = hit;
        while (from > file && from[-1] > ' ' && from[-1] < 127 && hit - from < BG_PAM_PATH / 2)
            from--;
        at = hit + 1;
        if (from > file && from[-1] == '\0' && (*from == '/' || *from == '.')) {
            (void)snprintf(out, BG_PAM_PATH, "%s", from);
            return true;
        }
    }
    return false;
}

/* A compiler may have made instructions of that string: what Linux-PAM is built with unless told otherwise.
 */
static void usual_isa(struct bg_pam_kind *k)
{
    static const char end[] = "/security/";
    char lib[BG_PAM_PATH / 2];

    (void)snprintf(lib, sizeof lib, "%.*s", (int)(strlen(k->modules) - strlen(end)), k->modules);
    (void)snprintf(k->isa, sizeof k->isa, "../../%s/security",
                   strrchr(lib, '/') == NULL ? lib : strrchr(lib, '/') + 1);
}

/* The directory that is not one of the two that every libpam has. */
static void vendor(const char *file, size_t n, struct bg_pam_kind *k)
{
    static const char end[] = "/pam.d/%s";
    const char *at = file, *hit;

    while ((hit = memmem(at, n - (size_t)(at - file), end, sizeof end)) != NULL) {
        const char *from = hit;
        while (from > file && from[-1] > ' ' && from[-1] < 127 && hit - from < BG_PAM_PATH / 2)
            from--;
        at = hit + 1;
        (void)snprintf(k->dir[2], BG_PAM_PATH, "%.*s/pam.d", (int)(hit - from), from);
        if (*from == '/' && strcmp(k->dir[2], etc) != 0 && strcmp(k->dir[2], usr) != 0)
            return;
    }
    k->dir[2][0] = '\0';
}

enum bg_err bg_pam_kind_of(const void *file, size_t n, struct bg_pam_kind *k)
{
    struct bg_pam_kind got;

    dirs(&got);
    if (!holds(file, n, "/etc/pam.d/%s") || !ending(file, n, "/security/", got.modules))
        return BG_E_SYNTAX;
    got.old = !holds(file, n, "maximum level of inclusions reached");
    got.debian = holds(file, n, "@include");
    if (!ending(file, n, "/security", got.isa))
        usual_isa(&got);
    vendor(file, n, &got);
    *k = got;
    return BG_OK;
}
