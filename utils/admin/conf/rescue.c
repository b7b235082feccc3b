/* SPDX-License-Identifier: ISC */
/* systemd's rescue and emergency mode: a drop-in for each that asks for the account before root's password.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"

#define HELPER    BG_HELPERDIR "/breakglass-rescue" /* exit status 77: the shell was given */
#define RELOAD_MS 30000
#define SHADOW    BG_SYSCONFDIR "/shadow"

/*
 * The stock line comes unless the shell was given: the mode must open whatever has become of our program, an
 * empty file too. systemd makes one $ of two.
 */
#define DROPIN                                                                                               \
    "# Written by \"breakglass init --rescue\"; \"breakglass init --undo\" removes it.\n"                    \
    "[Service]\n"                                                                                            \
    "ExecStart=\n"                                                                                           \
    "ExecStart=-/bin/sh -c 'trap : INT QUIT; " HELPER " %1$s; test $$? -eq 77 || "                           \
    "exec %2$s/systemd-sulogin-shell %1$s'\n"

/* Where systemd keeps its own programs and units; NULL: there is no such mode here. */
static const char *systemd_dir(const char *mode)
{
    static const char *const dirs[] = {"/lib/systemd", "/usr/lib/systemd"};
    char unit[64];

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        (void)snprintf(unit, sizeof unit, "%s/system/%s.service", dirs[i], mode);
        if (access(unit, R_OK) == 0)
            return dirs[i];
    }
    return NULL;
}

/* .../rescue.service.d/breakglass.conf */
static const char *mode_of(const char *path)
{
    return strstr(path, "/emergency.service.d/") != NULL ? "emergency" : "rescue";
}

static char *dropin(const char *path)
{
    const char *mode = mode_of(path), *dir = systemd_dir(mode);
    char *text = NULL;

    return dir != NULL && asprintf(&text, DROPIN, mode, dir) >= 0 ? text : NULL;
}

bool rescue_here(void)
{
    return systemd_dir("rescue") != NULL && systemd_dir("emergency") != NULL;
}

/* sulogin opens to no password that is locked or none at all: '!' or '*' in front, which no hash begins with.
 */
bool rescue_root_locked(void)
{
    char *line = NULL;
    size_t room = 0;
    bool locked = false;
    FILE *f = fopen(SHADOW, "re");

    while (f != NULL && getline(&line, &room, f) > 0)
        if (strncmp(line, "root:", 5) == 0)
            locked = line[5] == '!' || line[5] == '*';
    if (line != NULL)
        explicit_bzero(line, room);
    free(line);
    if (f != NULL)
        (void)fclose(f);
    return locked;
}

bool rescue_is_set_up(void)
{
    return access(conffiles[CONF_RESCUE].path, F_OK) == 0 ||
           access(conffiles[CONF_EMERGENCY].path, F_OK) == 0;
}

enum bg_err rescue_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    if (systemd_dir(mode_of(job->path)) == NULL)
        return conf_refuse(why, BG_M_CMD_NO_RESCUE, mode_of(job->path), 0, "");
    *out = dropin(job->path);
    return *out != NULL ? BG_OK : BG_E_NOMEM;
}

enum bg_err rescue_look(const struct conf_job *job, struct conf_problem *why)
{
    char *text;
    bool same;

    if (job->text == NULL || (text = dropin(job->path)) == NULL)
        return BG_E_NOENT;
    same = strcmp(job->text, text) == 0;
    free(text);
    return same ? BG_OK : conf_refuse(why, BG_M_CMD_RESCUE_OTHER, job->path, 0, "");
}

bool rescue_check(const struct account_row *row, bool quiet)
{
    (void)row;
    if (access(HELPER, X_OK) == 0)
        return true;
    if (!quiet)
        ui_finding(BG_M_CMD_RESCUE_HELPER, BG_ARGS(HELPER));
    return false;
}

/* systemd reads its units again; where it does not run, or does not answer, the next boot does. */
void rescue_reload(void)
{
    static const char *const argv[] = {"/bin/systemctl", "daemon-reload", NULL};
    struct run_result res;

    if (access("/run/systemd/system", F_OK) == 0 &&
        run_program(argv, NULL, 0, 4096, RELOAD_MS, &res) == BG_OK)
        free(res.out);
}

static const char *folder_of(const char *path, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s", path);
    *strrchr(out, '/') = '\0';
    return out;
}

enum bg_err rescue_folders(const char **failed)
{
    static char folder[PATH_MAX];

    for (enum conf_kind k = CONF_RESCUE; k <= CONF_EMERGENCY; k++)
        if (mkdir(*failed = folder_of(conffiles[k].path, folder), 0755) == 0)
            (void)chmod(folder, 0755);
        else if (access(folder, F_OK) != 0)
            return BG_E_IO;
    return BG_OK;
}

void rescue_folders_away(void)
{
    char folder[PATH_MAX];

    for (enum conf_kind k = CONF_RESCUE; k <= CONF_EMERGENCY; k++)
        (void)rmdir(folder_of(conffiles[k].path, folder)); /* unless somebody has a drop-in there */
}
