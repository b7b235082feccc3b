/* SPDX-License-Identifier: ISC */
/*
 * What the programs of a platform start after they have rewritten system files, or when a new image boots:
 * each starts the copy of breakglass-restore that an upgrade of the image takes over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "admin/conf/conffile.h"
#include "admin/gear/gear.h"
#include "admin/messages.h"

#define WRITTEN   "# Written by \"breakglass init\"; \"breakglass init --undo\" removes it.\n"
#define VYOS_KEPT "/config/breakglass/restore"

/* config-setup reads it into its own shell, once, when a new image boots for the first time. */
#define SONIC_HOOK                                                                                           \
    WRITTEN "( for kept in " BG_SYSCONFDIR "/sonic/old_config/breakglass " BG_SYSCONFDIR                     \
            "/sonic/breakglass; do\n"                                                                        \
            "    [ ! -x \"$kept/restore\" ] || { timeout 600 \"$kept/restore\"; break; }\n"                  \
            "done ) </dev/null >/dev/null 2>&1 || true\n"

/* It runs as whoever commits, who cannot look into the copy; a commit waits for it, so no packages. */
#define VYOS_COMMIT                                                                                          \
    "#!/bin/sh\n" WRITTEN "[ -d /config/breakglass ] || exit 0\n"                                            \
    "[ \"$(id -u)\" -eq 0 ] && exec timeout 120 " VYOS_KEPT " commit </dev/null >/dev/null 2>&1\n"           \
    "exec sudo -n timeout 120 " VYOS_KEPT " commit </dev/null >/dev/null 2>&1\n"

#define VYOS_BOOT                                                                                            \
    "[ ! -x " VYOS_KEPT " ] || timeout 600 " VYOS_KEPT " </dev/null >/dev/null 2>&1 # breakglass init\n"

/* Elsewhere the path is not even looked at: it may be somebody else's mount, and dead. */
static bool is_here(enum gear g, enum conf_kind k)
{
    return gear_now() == g || gear_detect() == g || undo_knows(conffiles[k].path);
}

bool hook_sonic_here(void)
{
    return is_here(GEAR_SONIC, CONF_SONIC);
}

bool hook_commit_here(void)
{
    return is_here(GEAR_VYOS, CONF_VYOS_COMMIT);
}

bool hook_boot_here(void)
{
    return is_here(GEAR_VYOS, CONF_VYOS_BOOT);
}

enum bg_err hook_sonic_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    (void)job;
    (void)why;
    if (gear_now() != GEAR_SONIC)
        return BG_E_NOENT;
    return (*out = strdup(SONIC_HOOK)) != NULL ? BG_OK : BG_E_NOMEM;
}

enum bg_err hook_commit_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    (void)job;
    (void)why;
    if (gear_now() != GEAR_VYOS)
        return BG_E_NOENT;
    return (*out = strdup(VYOS_COMMIT)) != NULL ? BG_OK : BG_E_NOMEM;
}

/* A person's own script goes on to run, before ours. */
enum bg_err hook_boot_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    const char *text = job->text != NULL ? job->text : "#!/bin/sh\n";
    size_t n = strlen(text);

    (void)why;
    if (gear_now() != GEAR_VYOS)
        return BG_E_NOENT;
    if (strstr(text, VYOS_BOOT) != NULL)
        return (*out = strdup(text)) != NULL ? BG_OK : BG_E_NOMEM;
    return asprintf(out, "%s%s%s", text, n > 0 && text[n - 1] != '\n' ? "\n" : "", VYOS_BOOT) < 0 ? BG_E_NOMEM
                                                                                                  : BG_OK;
}

char *hook_boot_strip(const char *text)
{
    return conf_without(text, VYOS_BOOT);
}

static enum bg_err look(const struct conf_job *job, struct conf_problem *why,
                        enum bg_err (*add)(const struct conf_job *, char **, struct conf_problem *))
{
    char *right = NULL;
    enum bg_err r = add(job, &right, why);

    if (r == BG_OK && (job->text == NULL || strcmp(job->text, right) != 0))
        r = conf_refuse(why, BG_M_CMD_GEAR_HOOK, job->path, 0, "");
    free(right);
    return r;
}

enum bg_err hook_sonic_look(const struct conf_job *job, struct conf_problem *why)
{
    return look(job, why, hook_sonic_add);
}

enum bg_err hook_commit_look(const struct conf_job *job, struct conf_problem *why)
{
    return look(job, why, hook_commit_add);
}

enum bg_err hook_boot_look(const struct conf_job *job, struct conf_problem *why)
{
    return look(job, why, hook_boot_add);
}

/* Folders of the platform's own have owners and modes of its own: only what is missing is made. */
enum bg_err hook_folders(const struct sysedits *e, const char **failed)
{
    static char path[PATH_MAX];

    for (enum conf_kind k = CONF_SONIC; k <= CONF_VYOS_BOOT; k++) {
        if (sysedits_planned(e, conffiles[k].path) == NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s", conffiles[k].path);
        for (char *p = path + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
            struct stat st;
            *p = '\0';
            *failed = path;
            if (stat(path, &st) != 0 && (mkdir(path, 0755) != 0 || chmod(path, 0755) != 0))
                return BG_E_IO;
        }
    }
    return BG_OK;
}
