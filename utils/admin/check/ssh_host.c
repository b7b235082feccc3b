/* SPDX-License-Identifier: ISC */
/* SSH-09 .. SSH-11: settings that hold for everybody who comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/check/ssh.h"
#include "base/text.h"

#define STARTUPS_LEAST                                                                                       \
    10 /* sshd's own default: that many may be at the prompt before others are turned away */
#define PER_SOURCE_LEAST 3

static void find(struct check *c, const struct ssh_server *s, enum check_rule_name rule, const char *key)
{
    char value[256], said[SSH_SAID];
    struct ssh_where w;

    ssh_value(s->dump, key, value, sizeof value);
    ssh_where(s, key, NULL, NULL, NULL, &w);
    ssh_said(said, key, value, &w);
    check_find(
        c, rule,
        &(struct check_at){.service = s->name, .file = w.line > 0 ? w.file : s->config, .line = w.line},
        BG_ARGS(s->name, said));
}

/* "10:30:100" */
static void startups(struct check *c, const struct ssh_server *s)
{
    char value[64], digits[16];
    uint32_t n;

    ssh_value(s->dump, "maxstartups", value, sizeof value);
    (void)snprintf(digits, sizeof digits, "%.*s", (int)strspn(value, "0123456789"), value);
    if (bg_number(digits, 0, UINT32_MAX, &n) && n < STARTUPS_LEAST)
        find(c, s, CHECK_SSH_STARTUPS, "MaxStartups");
    if (ssh_number(s->dump, "persourcemaxstartups", PER_SOURCE_LEAST) < PER_SOURCE_LEAST)
        find(c, s, CHECK_SSH_STARTUPS, "PerSourceMaxStartups");
}

/* OpenSSH 9.8 and newer: "crash:90.0 authfail:5.0 ... max:600.0 ...", or "no" */
static void penalties(struct check *c, const struct ssh_server *s)
{
    char value[512], exempt[256];
    const char *fail;

    ssh_value(s->dump, "persourcepenalties", value, sizeof value);
    if ((fail = strstr(value, "authfail:")) == NULL || strtod(fail + strlen("authfail:"), NULL) <= 0)
        return;
    ssh_value(s->dump, "persourcepenaltyexemptlist", exempt, sizeof exempt);
    if (exempt[0] == '\0' || strcasecmp(exempt, "none") == 0)
        find(c, s, CHECK_SSH_PENALTIES, "PerSourcePenalties");
}

void ssh_host(struct check *c, const struct ssh_server *s)
{
    if (!ssh_is(s->dump, "usepam", "yes"))
        find(c, s, CHECK_SSH_PAM, "UsePAM");
    startups(c, s);
    penalties(c, s);
    if (ssh_is(s->dump, "usedns", "yes"))
        find(c, s, CHECK_SSH_DNS, "UseDNS");
    if (ssh_is(s->dump, "gssapikeyexchange", "yes"))
        find(c, s, CHECK_SSH_GSSAPI, "GSSAPIKeyExchange");
}
