/* breakglass: the administrator's single command. Every duty is a subcommand with a file of its own. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "admin/admin.h"
#include "base/msg.h"
#include "base/secret.h"
#include "admin/ui.h"
#include "admin/messages.h"

static const struct subcommand table[] = {
    {"init", "set up this host and an emergency account, or undo that", cmd_init},
    {"share", "make and list share sets", cmd_share},
    {"key", "enrol, list, test and remove FIDO2 keys", cmd_key},
    {"journal", "show and verify the journal", cmd_journal},
    {"alert", "how far the sinks have got; test them", cmd_alert},
    {"status", "accounts, their state, and what is wrong with the files", cmd_status},
    {"disable", "shut an account until it is enabled again", cmd_disable},
    {"enable", "open a disabled account again", cmd_enable},
    {NULL, NULL, NULL},
};

static void print_usage(FILE *to, const struct subcommand *t, const char *usage)
{
    (void)fprintf(to, "%s\n", usage);
    for (; t->name != NULL; t++)
        (void)fprintf(to, "  %-9s %s\n", t->name, t->help);
}

enum admin_exit admin_dispatch(const struct subcommand *t, const char *usage, int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr, t, usage);
        return ADMIN_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout, t, usage);
        return ADMIN_GOOD;
    }
    for (const struct subcommand *s = t; s->name != NULL; s++)
        if (strcmp(argv[1], s->name) == 0)
            return s->run(argc - 1, argv + 1);
    ui_finding(BG_M_CMD_UNKNOWN, BG_ARGS(argv[1]));
    print_usage(stderr, t, usage);
    return ADMIN_USAGE;
}

int main(int argc, char **argv)
{
    enum admin_exit code;

    bg_secret_process();
    (void)umask(077);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("breakglass %s\n", PACKAGE_VERSION);
        return ADMIN_GOOD;
    }
    code = admin_dispatch(
        table, "usage: breakglass COMMAND [OPTION...]   (breakglass COMMAND --help tells more)", argc, argv);
    if (fflush(stdout) != 0 && code == ADMIN_GOOD)
        code = ADMIN_CANNOT;
    return (int)code;
}
