/* SPDX-License-Identifier: ISC */
/* breakglass: the administrator's single command. Every duty is a command with a row of its own. */
#include <sys/stat.h>
#include "admin/admin.h"
#include "base/secret.h"

int main(int argc, char **argv)
{
    static const struct command *const tables[] = {init_commands,
                                                   share_commands,
                                                   fleet_commands,
                                                   key_commands,
                                                   password_commands,
                                                   journal_commands,
                                                   alert_commands,
                                                   config_commands,
                                                   status_commands,
                                                   enable_commands,
                                                   arm_commands,
                                                   respond_commands,
                                                   NULL};

    bg_secret_process();
    (void)umask(077);
    return (int)admin_run(tables, argc, argv);
}
