/* SPDX-License-Identifier: ISC */
/* breakglass: the administrator's single command. Every duty is a command with a row of its own. */
#include "admin/admin.h"
#include "admin/caller.h"

int main(int argc, char **argv)
{
    static const struct command *const tables[] = {init_commands,     share_commands,
                                                   fleet_commands,    key_commands,
                                                   password_commands, envelope_commands,
                                                   people_commands,   safe_commands,
                                                   journal_commands,  alert_commands,
                                                   config_commands,   status_commands,
                                                   check_commands,    due_commands,
                                                   drill_commands,    account_commands,
                                                   enable_commands,   arm_commands,
                                                   respond_commands,  rotate_commands,
                                                   session_commands,  quiet_commands,
                                                   review_commands,   compliance_commands,
                                                   page_commands,     NULL};

    caller_begin();
    return (int)admin_run(tables, argc, argv);
}
