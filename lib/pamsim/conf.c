/* SPDX-License-Identifier: ISC */
#include "pamsim/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The vendor's: where Linux-PAM is built for it, else there are none. */
static const char *const homes[] = {"/etc/security", "/usr/etc/security", "/usr/lib/security",
                                    "/usr/share/security"};
#define HOMES (sizeof homes / sizeof *homes)

static enum bg_err one_file(const struct bg_pam_source *s, const char *path, bg_pam_conf_one *one, void *arg,
                            bool *done)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r = s->read(s->arg, path, &text, &len);

    if (r != BG_OK)
        return r;
    *done = one(arg, path, text, len);
    free(text);
    return BG_OK;
}

static enum bg_err first_home(const struct bg_pam_source *s, const char *name, bg_pam_conf_one *one,
                              void *arg, bool *done)
{
    enum bg_err r = BG_E_NOENT;
    char path[256];

    for (size_t i = 0; i < HOMES && r == BG_E_NOENT; i++) {
        (void)snprintf(path, sizeof path, "%s/%s.conf", homes[i], name);
        r = one_file(s, path, one, arg, done);
    }
    return r == BG_E_NOENT ? BG_OK : r;
}

static enum bg_err files_of(const struct bg_pam_source *s, const char *dir, bg_pam_conf_one *one, void *arg,
                            bool *done)
{
    char *names = NULL, path[600];
    enum bg_err r = s->list(s->arg, dir, ".conf", &names);

    if (r != BG_OK)
        return r;
    for (const char *n = names; *n != '\0' && r == BG_OK && !*done; n += strlen(n) + 1) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, n);
        r = one_file(s, path, one, arg, done);
    }
    free(names);
    return r == BG_E_NOENT ? BG_E_IO : r;
}

enum bg_err bg_pam_conf_read(const struct bg_pam_source *s, const struct bg_pam_conf *c, bg_pam_conf_one *one,
                             void *arg)
{
    bool done = false;
    enum bg_err r;
    char dir[256];

    if (c->named != NULL && c->named[0] != '\0')
        return one_file(s, c->named, one, arg, &done);
    if ((r = first_home(s, c->name, one, arg, &done)) != BG_OK || done || c->main_alone)
        return r;
    if (s->list == NULL)
        return BG_E_IO;
    for (size_t i = 0; i < HOMES && !done; i++) {
        (void)snprintf(dir, sizeof dir, "%s/%s.d", homes[i], c->name);
        if ((r = files_of(s, dir, one, arg, &done)) != BG_OK && r != BG_E_NOENT)
            return r;
    }
    return BG_OK;
}

char *bg_pam_conf_line(char **at, bool *whole)
{
    char *line = *at, *end;

    if (line == NULL || *line == '\0')
        return NULL;
    end = strchr(line, '\n');
    *whole = end != NULL;
    *at = end == NULL ? NULL : end + 1;
    if (end != NULL)
        *end = '\0';
    return line;
}
