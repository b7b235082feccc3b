/* SPDX-License-Identifier: ISC */
/*
 * nscd.conf: the cache must not answer by number what it was asked by name, or the other way round: two names
 * share root's number, and two numbers the account's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/seen.h"
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"

#define OUR_LINE   "\tauto-propagate\t\tpasswd\t\tno\t# breakglass\n"
#define OUR_MARK   "# breakglass"
#define SYSTEMCTL  "/usr/bin/systemctl"
#define RUNNING    "/run/nscd/nscd.pid"
#define RESTART_MS 20000
#define FORGET_MS  2000

/* The line at *at, which moves on; false at the end. */
static bool next_line(const char **at, const char **line, size_t *bytes)
{
    *line = *at;
    *bytes = strcspn(*at, "\n");
    *bytes += (*at)[*bytes] == '\n';
    *at += *bytes;
    return *bytes > 0;
}

/* Does the file let answers spread? nscd obeys the last line of a setting; without one it does. */
static bool spreads(const char *text)
{
    char copy[256], key[32], database[32], value[32];
    const char *line;
    bool spread = true;
    size_t n;

    while (next_line(&text, &line, &n)) {
        (void)snprintf(copy, sizeof copy, "%.*s", (int)n, line);
        copy[strcspn(copy, "#\n")] = '\0';
        if (sscanf(copy, " %31s %31s %31s", key, database, value) == 3 &&
            strcmp(key, "auto-propagate") == 0 && strcmp(database, "passwd") == 0)
            spread = strcmp(value, "no") != 0;
    }
    return spread;
}

enum bg_err nscd_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    size_t n;

    (void)why;
    if (job->text == NULL)
        return BG_E_NOENT; /* nscd does not start without its file */
    n = strlen(job->text);
    if (asprintf(out, "%s%s%s", job->text,
                 n > 0 && spreads(job->text) && job->text[n - 1] != '\n' ? "\n" : "",
                 spreads(job->text) ? OUR_LINE : "") < 0)
        return BG_E_NOMEM;
    return BG_OK;
}

enum bg_err nscd_look(const struct conf_job *job, struct conf_problem *why)
{
    if (job->text == NULL)
        return BG_E_NOENT;
    return spreads(job->text) ? conf_refuse(why, BG_M_CMD_NSCD_SPREADS, job->path, 0, "") : BG_OK;
}

char *nscd_strip(const char *text)
{
    char *out = malloc(strlen(text) + 1);
    const char *line;
    size_t n, at = 0;

    if (out == NULL)
        return NULL;
    while (next_line(&text, &line, &n)) {
        const char *mark = memmem(line, n, OUR_MARK, sizeof OUR_MARK - 1);
        if (mark != NULL && memmem(line, (size_t)(mark - line), "auto-propagate", 14) != NULL)
            continue;
        memcpy(out + at, line, n);
        at += n;
    }
    out[at] = '\0';
    return out;
}

/* nscd reads its file when it starts, and keeps what it knows on the disk: start it again and have it forget.
 */
void nscd_reload(void)
{
    const char *const argv[] = {SYSTEMCTL, "try-restart", "nscd.service", NULL};
    struct run_result res = {.exit_status = -1};
    struct stat st;
    bool done;

    if (stat(RUNNING, &st) != 0)
        return;
    done = run_program(argv, NULL, 0, 4096, RESTART_MS, &res) == BG_OK && res.exit_status == 0;
    free(res.out);
    if (bg_seen_forget(FORGET_MS) && done)
        ui_text("nscd was started again and has forgotten what it knew.\n");
    else
        ui_note(BG_M_CMD_NSCD_RESTART, BG_NOARGS);
}
