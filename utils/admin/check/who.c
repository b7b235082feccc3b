/* SPDX-License-Identifier: ISC */
#include "admin/check/who.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "base/host.h"
#include "base/text.h"
#include "config/sshdconf.h"

#define GROUPS "/etc/group"

static struct bg_pam_source files;

/* A group that a directory alone knows it in is none: no directory knows an emergency account. */
static void groups(const struct account_row *row, struct bg_pam_facts *out)
{
    static struct bg_sshd_user user;
    static const char *names[BG_SSHD_GROUPS + 1];
    static int64_t ids[BG_SSHD_GROUPS];
    const struct bg_account a = {.name = row->name, .uid = row->uid, .gid = row->gid};

    bg_sshd_user(&a, GROUPS, &user);
    for (size_t i = 0; i < user.groups; i++) {
        names[i] = user.group[i];
        ids[i] = user.id[i];
    }
    names[user.groups] = NULL;
    out->groups = names;
    out->group_ids = ids;
}

/* It is registered with the kernel as long as it runs. */
static enum bg_pam_sure auditd_runs(void)
{
    bool gone;
    char *text = facts_file("/run/auditd.pid", &gone), *end;
    struct bg_host_process p = {.command = ""};
    long pid = text == NULL ? 0 : strtol(text, &end, 10);
    bool runs = pid > 0 && bg_host_process(pid, &p) && strcmp(p.command, "auditd") == 0;

    free(text);
    return runs ? BG_PAM_YES : gone || pid > 0 ? BG_PAM_NO : BG_PAM_UNSURE;
}

void check_who(const struct account_row *row, struct bg_pam_facts *out)
{
    static char host[256];

    facts_source(&files);
    groups(row, out);
    out->host = gethostname(host, sizeof host - 1) == 0 ? host : NULL;
    out->now = (long long)time(NULL);
    out->files = &files;
    out->crowded = BG_PAM_NO;
    out->auditd = auditd_runs();
    out->logind = BG_PAM_YES; /* what is when it does not answer is a case of its own */
}
