/* SPDX-License-Identifier: ISC */
/*
 * What the programs of a platform start after they have rewritten system files, or when a new image boots:
 * each starts the copy of breakglass-restore that an upgrade of the image takes over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/gear/gear.h"
#include "admin/messages.h"
#include "base/safefile.h"

#define WRITTEN   "# Written by \"breakglass init\"; \"breakglass init --undo\" removes it.\n"
#define VYOS_KEPT "/config/breakglass/restore"
/* Folders that were made for a hook, a path a line, the outer ones first. */
#define NOTED     UNDO_DIR "/folders"
#define NOTED_MAX 4096

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

static enum bg_err note_folder(const char *path)
{
    char text[NOTED_MAX] = "";
    size_t len = 0;
    enum bg_err r = bg_file_read(NOTED, text, sizeof text, &len);
    int n;

    if (r != BG_OK && r != BG_E_NOENT)
        return r;
    n = snprintf(text + len, sizeof text - len, "%s\n", path);
    if (n < 0 || (size_t)n >= sizeof text - len)
        return BG_E_RANGE;
    return bg_file_replace(NOTED, text, len + (size_t)n, 0600, (uid_t)-1, (gid_t)-1);
}

/* It is noted first: what is noted and not there does no harm. */
static enum bg_err make_folder(const char *path)
{
    struct stat st;
    enum bg_err r;

    if (stat(path, &st) == 0)
        return BG_OK;
    if ((r = note_folder(path)) != BG_OK)
        return r;
    return mkdir(path, 0755) == 0 && chmod(path, 0755) == 0 ? BG_OK : BG_E_IO;
}

/* Folders of the platform's own have owners and modes of its own: only what is missing is made. */
enum bg_err hook_folders(const struct sysedits *e, const char **failed)
{
    static char path[PATH_MAX];
    enum bg_err r;

    for (enum conf_kind k = CONF_SONIC; k <= CONF_VYOS_BOOT; k++) {
        if (sysedits_planned(e, conffiles[k].path) == NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s", conffiles[k].path);
        for (char *p = path + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
            *p = '\0';
            *failed = path;
            if ((r = make_folder(path)) != BG_OK)
                return r;
        }
    }
    return BG_OK;
}

static bool has_hook(void)
{
    for (enum conf_kind k = CONF_SONIC; k <= CONF_VYOS_BOOT; k++)
        if (undo_knows(conffiles[k].path) && access(conffiles[k].path, F_OK) == 0)
            return true;
    return false;
}

/* The inner ones were noted last. What somebody else has put into one stays, with the folder. */
void hook_folders_away(void)
{
    char text[NOTED_MAX];
    size_t len;

    if (bg_file_read(NOTED, text, sizeof text, &len) != BG_OK || has_hook())
        return;
    for (char *end; len > 0 && (end = memrchr(text, '\n', len)) != NULL; len = (size_t)(end - text)) {
        char *line;
        *end = '\0';
        line = memrchr(text, '\n', (size_t)(end - text));
        (void)rmdir(line == NULL ? text : line + 1);
    }
    (void)unlink(NOTED);
    (void)rmdir(UNDO_DIR); /* unless there is more to undo */
}
