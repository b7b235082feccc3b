/* SPDX-License-Identifier: ISC */
#include "admin/fleet/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/text.h"

#define CONF "fleet.conf"

#define AT(field) BG_FIELD(struct fleet, field)
static const struct bg_option fleet_rows[] = {
    {"id", BG_O_HEX, AT(id), .required = true},
    {"account", BG_O_TEXT, AT(account), .min = 1, .check = bg_name_valid, .form = "the name of an account",
     .required = true},
};
#undef AT
static const struct bg_section fleet_section = {.name = "fleet", BG_ROWS(fleet_rows)};
static bg_form form = {&fleet_section, &bg_credential_shares, NULL};

bool fleet_path(const char *dir, const char *name, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

    return n > 0 && n < PATH_MAX;
}

const char *fleet_name(const char *dir)
{
    const char *slash = strrchr(dir, '/');

    return slash == NULL ? dir : slash + 1;
}

enum bg_err fleet_put(const char *path, void (*put)(FILE *to, const void *what), const void *what)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    enum bg_err r;

    if (to == NULL)
        return BG_E_NOMEM;
    put(to, what);
    r = fclose(to) == 0 ? bg_file_replace(path, text, len, 0600, (uid_t)-1, (gid_t)-1) : BG_E_NOMEM;
    free(text);
    return r;
}

static void put_conf(FILE *to, const void *what)
{
    const struct fleet *f = what;

    (void)fputs("# Written by \"breakglass fleet new\". Nothing in this file opens a door.\n", to);
    bg_table_write(to, &fleet_section, f);
    (void)fputc('\n', to);
    bg_table_write(to, &bg_credential_shares, &f->credential.shares);
}

void fleet_unmake(const char *dir)
{
    char path[PATH_MAX];
    int saved = errno;

    if (fleet_path(dir, CONF, path))
        bg_remove(path);
    if (fleet_path(dir, "hosts", path))
        bg_remove(path);
    if (fleet_path(dir, "credentials", path))
        (void)rmdir(path);
    (void)rmdir(dir);
    errno = saved;
}

enum bg_err fleet_make(const char *dir, const struct fleet *f)
{
    char conf[PATH_MAX], hosts[PATH_MAX], credentials[PATH_MAX];
    enum bg_err r;

    if (!fleet_path(dir, CONF, conf) || !fleet_path(dir, "hosts", hosts) ||
        !fleet_path(dir, "credentials", credentials))
        return BG_E_RANGE;
    if (mkdir(dir, 0700) != 0)
        return errno == EEXIST ? BG_E_BUSY : errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    if ((r = bg_dir_make(credentials, 0700)) == BG_OK &&
        (r = fleet_hosts_write(hosts, &(struct fleet_hosts){0})) == BG_OK)
        r = fleet_put(conf, put_conf, f);
    if (r != BG_OK)
        fleet_unmake(dir);
    return r;
}

enum bg_err fleet_load(const char *dir, struct fleet *f, struct bg_ini_error *e)
{
    char path[PATH_MAX];
    struct fleet made = {0};
    struct bg_faults faults = {0};
    struct bg_table t;
    enum bg_err r;

    if (!fleet_path(dir, CONF, path))
        return BG_E_RANGE;
    r = bg_table_load(form, path, &made, &t, &faults);
    if (r == BG_OK &&
        (bg_table_count(&t, &fleet_section) == 0 || bg_table_count(&t, &bg_credential_shares) == 0)) {
        bg_fault(&faults, 0, "[fleet] or [shares] is missing");
        r = BG_E_SYNTAX;
    }
    *e = faults.fault[0];
    if (r == BG_OK)
        *f = made;
    return r;
}
