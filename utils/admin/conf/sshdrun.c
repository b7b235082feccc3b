/* SPDX-License-Identifier: ISC */
/* A configuration that a platform makes for sshd at each start, and that includes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/conf/conffile.h"

#define DROPIN_DIR   BG_SYSCONFDIR "/ssh/sshd_config.d"
#define DROPIN       DROPIN_DIR "/10-breakglass.conf"
#define INCLUDE_LINE "# breakglass init\nInclude " DROPIN "\n"

enum bg_err sshd_run_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    (void)why;
    if (job->text == NULL || access(DROPIN_DIR, F_OK) != 0)
        return BG_E_NOENT;
    /* at the top: the first Match block wins, and a value that stands before it would too */
    return asprintf(out, "%s%s", strstr(job->text, INCLUDE_LINE) == NULL ? INCLUDE_LINE : "", job->text) < 0
               ? BG_E_NOMEM
               : BG_OK;
}

/* Whether it is read is for sshd_look to say. */
enum bg_err sshd_run_look(const struct conf_job *job, struct conf_problem *why)
{
    (void)job;
    (void)why;
    return BG_E_NOENT;
}

char *sshd_run_strip(const char *text)
{
    return conf_without(text, INCLUDE_LINE);
}
