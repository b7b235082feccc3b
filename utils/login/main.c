/* SPDX-License-Identifier: ISC */
/* breakglass-login: what was asked for, and plain root to do it. See login.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "login/login.h"
#include "login/recording.h"

#define RELAY_FD 3

static int usage(FILE *to, int rc)
{
    (void)fputs("usage: breakglass-login --tty ACCOUNT [COMMAND [ARGUMENT ...]]\n"
                "       breakglass-login --relay        (started by pam_breakglass.so)\n"
                "       breakglass-login --counts       (started by itself)\n"
                "       breakglass-login --watch ACCOUNT USE\n"
                "       breakglass-login --record [login]  (started by the account's shell)\n"
                "       breakglass-login --record ended    (started behind the shell of rescue mode)\n",
                to);
    return rc;
}

static int needs_root(const char *what)
{
    (void)fprintf(stderr, "breakglass-login: %s\n", what);
    return 3;
}

int main(int argc, char **argv)
{
    const char *how = argc >= 2 ? argv[1] : "";
    bool relay = argc == 2 && strcmp(how, "--relay") == 0;
    bool counts = argc == 2 && strcmp(how, "--counts") == 0;
    bool watch = argc == 4 && strcmp(how, "--watch") == 0 && bg_name_valid(argv[2]) && bg_ulid_valid(argv[3]);
    bool ended = argc == 3 && strcmp(how, "--record") == 0 && strcmp(argv[2], "ended") == 0;
    bool record = (argc == 2 || (argc == 3 && strcmp(argv[2], "login") == 0)) && strcmp(how, "--record") == 0;
    bool terminal = argc >= 3 && strcmp(how, "--tty") == 0 && bg_name_valid(argv[2]);

    if (argc == 2 && strcmp(how, "--help") == 0)
        return usage(stdout, 0);
    if (argc == 2 && strcmp(how, "--version") == 0)
        return puts("breakglass-login " PACKAGE_VERSION) >= 0 ? 0 : 3;
    if (!relay && !terminal && !counts && !watch && !record && !ended)
        return usage(stderr, 2);
    if (!relay && !record && !ended && getuid() != 0)
        return needs_root("--tty, --counts and --watch are for root");
    if (record)
        return recording_run(argc == 3);
    if (ended)
        return recording_ended();
    if (relay)
        process_outlive_caller();
    if (process_become_plain_root() != BG_OK)
        return needs_root("must run as root");
    if (counts)
        return counts_run();
    if (watch)
        return watch_run(argv[2], argv[3]);
    return relay ? serve_relay(RELAY_FD) : serve_terminal(argv[2], argv + 3);
}
