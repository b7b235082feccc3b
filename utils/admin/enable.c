/* breakglass disable | enable: the flag in the account's credentials. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "config/credential.h"
#include "admin/admin.h"
#include "admin/opts.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "admin/who.h"
#include "admin/messages.h"

enum {
    O_YES = 1000,
    O_JSON
};

static const struct option options[] = {
    {"yes", no_argument, NULL, O_YES},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static enum admin_exit change(const char *account, bool enabled, bool *changed)
{
    struct bg_credential c;
    struct bg_ini_error bad = {0};
    enum bg_err r;

    if ((r = bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad)) != BG_OK) {
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (c.enabled == enabled)
        return ADMIN_GOOD;
    c.enabled = enabled;
    if ((r = bg_credential_save(BG_CREDENTIALS_DIR, account, &c)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    *changed = true;
    who_record(BG_EV_CONFIG_CHANGED, account, enabled ? "account enabled" : "account disabled");
    return ADMIN_GOOD;
}

static enum admin_exit ask_and_change(const char *account, bool enabled, bool *changed)
{
    char question[128];

    if (!rows_require(account))
        return ADMIN_FINDING;
    (void)snprintf(question, sizeof question,
                   enabled ? "Let %.31s be used again?" : "Refuse every login of %.31s?", account);
    switch (ui_ask(question)) {
    case UI_YES:
        return change(account, enabled, changed);
    case UI_NO:
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
        return ADMIN_FINDING;
    case UI_NOBODY:
    default:
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
}

static enum admin_exit run(int argc, char **argv, bool enabled)
{
    bool yes = false, json = false, changed = false;
    const char *command = enabled ? "enable" : "disable";
    enum admin_exit x;
    int c;

    while ((c = opts_next(argc, argv, options, command)) != -1) {
        if (c == OPT_HELP)
            return printf("usage: breakglass %s ACCOUNT [--yes] [--json]\n", command), ADMIN_GOOD;
        if (c == 0)
            return ADMIN_USAGE;
        yes = yes || c == O_YES;
        json = json || c == O_JSON;
    }
    ui_mode(json, yes);
    if (argc - optind != 1) {
        ui_finding(BG_M_CMD_WORDS, BG_ARGS(command));
        x = ADMIN_USAGE;
    } else if (geteuid() != 0) {
        ui_finding(BG_M_CMD_ROOT, BG_ARGS(command));
        x = ADMIN_CANNOT;
    } else {
        x = ask_and_change(argv[optind], enabled, &changed);
    }
    if (x == ADMIN_GOOD)
        ui_text("%s is %s%s.\n", argv[optind], changed ? "now " : "", enabled ? "enabled" : "disabled");
    if (json)
        ui_json(json_pack("{s:b, s:i}", "changed", changed, "exit", (int)x));
    return x;
}

enum admin_exit cmd_disable(int argc, char **argv)
{
    return run(argc, argv, false);
}

enum admin_exit cmd_enable(int argc, char **argv)
{
    return run(argc, argv, true);
}
