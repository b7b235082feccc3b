/* SPDX-License-Identifier: ISC */
#include "admin/gear/gear.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const struct gear_row gears[GEARS] = {
    [GEAR_NONE] = {.name = "none", .does = ""},
    [GEAR_SONIC] = {.name = "sonic",
                    .does = "hostcfgd rewrites login, sshd and nsswitch.conf when AAA is configured",
                    .sign = BG_SYSCONFDIR "/sonic",
                    .keep = BG_SYSCONFDIR "/sonic/breakglass"},
    [GEAR_CUMULUS] = {.name = "cumulus",
                      .does = "NVUE and the packages of TACACS+ and RADIUS rewrite PAM and nsswitch.conf",
                      .os_id = "cumulus-linux",
                      .sign = BG_SYSCONFDIR "/cumulus"},
    [GEAR_VYOS] = {.name = "vyos",
                   .does = "each boot and commit rewrites nsswitch.conf, PAM and the configuration of sshd",
                   .os_id = "vyos",
                   .sign = "/opt/vyatta",
                   .keep = "/config/breakglass"},
};

enum gear gear_named(const char *name)
{
    enum gear g = GEAR_NONE;

    while (g < GEARS && strcmp(gears[g].name, name) != 0)
        g++;
    return g;
}

/*
 * The value of KEY=value or KEY="value" in a release file; "" without one. The file is a link as a rule, and
 * no authority: what is guessed from it is shown before anything is changed.
 */
static void release(const char *path, const char *key, char *out, size_t cap)
{
    char line[512];
    size_t n = strlen(key);
    FILE *f = fopen(path, "re");

    out[0] = '\0';
    while (f != NULL && out[0] == '\0' && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, key, n) == 0 && line[n] == '=') {
            const char *v = line + n + 1 + (line[n + 1] == '"');
            (void)snprintf(out, cap, "%.*s", (int)strcspn(v, "\"\n"), v);
        }
    if (f != NULL)
        (void)fclose(f);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum gear gear_detect(void)
{
    char id[64], lsb[64];

    release(BG_SYSCONFDIR "/os-release", "ID", id, sizeof id);
    release(BG_SYSCONFDIR "/lsb-release", "DISTRIB_ID", lsb, sizeof lsb);
    if (strcmp(lsb, "Cumulus Linux") == 0)
        return GEAR_CUMULUS;
    for (enum gear g = GEAR_NONE + 1; g < GEARS; g++)
        if (gears[g].os_id != NULL && strcmp(gears[g].os_id, id) == 0)
            return g;
    for (enum gear g = GEAR_NONE + 1; g < GEARS; g++)
        if (is_folder(gears[g].sign))
            return g;
    return GEAR_NONE;
}
