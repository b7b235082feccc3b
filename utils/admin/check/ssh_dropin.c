/* SPDX-License-Identifier: ISC */
/* SSH-16: our Match block among the drop-ins of others. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "admin/check/ssh.h"
#include "admin/conf/conffile.h"
#include "admin/conf/sshd.h"

#define DROPIN BG_SYSCONFDIR "/ssh/sshd_config.d/10-breakglass.conf"

static bool is_dropin(void *arg, const struct bg_sshd_line *l)
{
    bool *seen = arg;

    *seen = *seen || strcmp(l->file, DROPIN) == 0;
    return !*seen;
}

enum ssh_dropin ssh_dropin(const struct ssh_server *s)
{
    bool seen = false;

    if (access(DROPIN, F_OK) != 0)
        return undo_knows(DROPIN) ? SSH_DROPIN_GONE : SSH_DROPIN_NEVER;
    (void)!bg_sshd_walk(s->config, is_dropin, &seen);
    return seen ? SSH_DROPIN_READ : SSH_DROPIN_UNREAD;
}

bool ssh_is_ours(enum check_rule_name rule)
{
    return rule == CHECK_SSH_ROOT || rule == CHECK_SSH_INTERACTIVE || rule == CHECK_SSH_METHODS ||
           rule == CHECK_SSH_KEY_FIRST || rule == CHECK_SSH_TRIES || rule == CHECK_SSH_COMMAND ||
           rule == CHECK_SSH_LOSES;
}

void ssh_unread(struct check *c, const struct ssh_server *s, enum ssh_dropin state, const char *account)
{
    const struct check_at at = {
        .account = account, .service = s->name, .file = state == SSH_DROPIN_UNREAD ? s->config : DROPIN};

    if (state == SSH_DROPIN_NEVER)
        check_find(c, CHECK_SSH_NOT_SET_UP, &at, BG_ARGS(account));
    else if (state == SSH_DROPIN_GONE)
        check_find(c, CHECK_SSH_DROPIN_GONE, &at, BG_ARGS(DROPIN, account));
    else
        check_find(c, CHECK_SSH_DROPIN_UNREAD, &at, BG_ARGS(s->config, DROPIN, account));
}

/* Of our settings, those that no rule of their own looks at. */
static bool has_rule(const char *key)
{
    static const char *const keys[] = {"AuthenticationMethods",
                                       "KbdInteractiveAuthentication",
                                       "AuthorizedKeysCommand",
                                       "PermitRootLogin",
                                       "PermitTTY",
                                       "MaxAuthTries",
                                       "AllowUsers",
                                       "ForceCommand",
                                       "ChrootDirectory"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcasecmp(keys[i], key) == 0)
            return true;
    return false;
}

void ssh_loses(const struct ssh_look *l)
{
    const char *key, *want;
    char got[256], value[300], said[SSH_SAID];
    struct ssh_where w;

    for (size_t i = 0; sshd_setting(i, &key, &want); i++) {
        if (has_rule(key))
            continue;
        ssh_value(l->dump, key, got, sizeof got);
        if (strcasecmp(got, want) == 0)
            continue;
        ssh_where(l->server, key, NULL, l->user, &l->from->from, &w);
        (void)snprintf(value, sizeof value, "%.80s instead of %.80s", got, want);
        ssh_said(said, key, value, &w);
        ssh_fault(l, CHECK_SSH_LOSES, CHECK_SSH_LOSES, said, &w);
    }
}
