/* SPDX-License-Identifier: ISC */
/* breakglass disable | enable: the flag in the account's credentials. */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "admin/messages.h"

static enum admin_exit change(const char *account, struct bg_credential *c, bool enabled)
{
    char question[96];
    enum admin_exit x;

    if (!enabled && bg_credential_opens(c) && !rows_another_opens(account))
        ui_warning(BG_M_CMD_LAST_ACCOUNT, BG_ARGS(account));
    (void)snprintf(question, sizeof question,
                   enabled ? "Let %.31s be used again?" : "Refuse every login of %.31s?", account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    c->enabled = enabled;
    return rows_credential_record(account, c, BG_EV_CONFIG_CHANGED,
                                  enabled ? "account enabled" : "account disabled",
                                  enabled ? "account could not be enabled" : "account could not be disabled");
}

static enum admin_exit set(const char *account, bool enabled, json_t *root)
{
    static struct bg_credential c;
    enum admin_exit x = ADMIN_GOOD;
    bool there;

    (void)json_object_set_new(root, "changed", json_false());
    if (!rows_credential(account, true, &c))
        return ADMIN_CANNOT;
    there = c.enabled == enabled;
    if (!there)
        x = change(account, &c, enabled);
    if (x == ADMIN_GOOD) {
        ui_text("%s is %s %s.\n", account, there ? "already" : "now", enabled ? "enabled" : "disabled");
        (void)json_object_set_new(root, "changed", json_boolean(!there));
    }
    return x;
}

enum admin_exit account_shut(const char *account, json_t *root)
{
    return set(account, false, root);
}

static enum admin_exit disable(char *const words[], json_t *root)
{
    return set(words[0], false, root);
}

static enum admin_exit enable(char *const words[], json_t *root)
{
    return set(words[0], true, root);
}

const struct command enable_commands[] = {
    {.name = "disable",
     .operands = "ACCOUNT",
     .help = "refuse every login of an account until it is enabled",
     .about =
         "Refuse every login of the account until it is enabled again. Sessions that are open stay open.",
     .example = "breakglass disable bg2",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_PAIR,
     .run = disable},
    {.name = "enable",
     .operands = "ACCOUNT",
     .help = "let a disabled account be used again",
     .example = "breakglass enable bg2",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .run = enable},
    {0},
};
