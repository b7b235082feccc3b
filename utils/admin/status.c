/* breakglass status: accounts, their state, and what is wrong with our files and lines. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "config/credential.h"
#include "config/policy.h"
#include "admin/admin.h"
#include "admin/conf/conffile.h"
#include "admin/init/moduletest.h"
#include "admin/opts.h"
#include "record/state.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "config/messages.h"
#include "admin/messages.h"

enum {
    O_JSON = 1000
};

static const struct option options[] = {
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char *state_name(enum bg_account_state s)
{
    return s == BG_STATE_SEALED ? "sealed" : s == BG_STATE_IN_USE ? "in use" : "awaiting review";
}

/* Failures of the last hour since the last granted use, from everywhere. */
static unsigned failures(const char *account)
{
    unsigned sum = 0;

    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++) {
        unsigned count = 0;
        int64_t since;
        bg_state_failures(NULL, NULL, account, s, &count, &since);
        sum += count;
    }
    return sum;
}

static json_t *credential_json(const char *account)
{
    struct bg_credential c;
    struct bg_ini_error bad = {0};
    char line[16];
    enum bg_err r = bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad);
    json_t *factors = json_array();

    if (r == BG_E_SYNTAX && bad.line > 0) {
        (void)snprintf(line, sizeof line, "%u", bad.line);
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%.64s", BG_CREDENTIALS_DIR, account);
        ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(path, line, bad.text));
    } else if (r != BG_OK) {
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
    } else {
        if (!c.enabled)
            ui_finding(BG_M_CMD_ST_DISABLED, BG_ARGS(account));
        if (c.has_shares)
            (void)json_array_append_new(factors, json_pack("{s:s, s:s, s:s}", "factor", "shares", "set",
                                                           c.shares.label, "created", c.shares.created));
        for (size_t i = 0; i < c.key_count; i++)
            (void)json_array_append_new(factors, json_pack("{s:s, s:s, s:s}", "factor", "key", "set",
                                                           c.key[i].label, "created", c.key[i].created));
        if (json_array_size(factors) == 0)
            ui_finding(BG_M_CMD_ST_NO_FACTOR, BG_ARGS(account));
    }
    return json_pack("{s:b, s:o}", "enabled", r == BG_OK && c.enabled, "factors", factors);
}

static void print_factor(const json_t *f)
{
    bool key = strcmp(json_string_value(json_object_get(f, "factor")), "key") == 0;

    ui_text("     %s%s, made %.10s\n", key ? "key: " : "shares: set ",
            json_string_value(json_object_get(f, "set")), json_string_value(json_object_get(f, "created")));
}

static void print_account(json_t *o)
{
    const json_t *factors = json_object_get(o, "factors");

    ui_text("%s  uid %lld, %s, %s\n", json_string_value(json_object_get(o, "account")),
            (long long)json_integer_value(json_object_get(o, "uid")),
            json_is_true(json_object_get(o, "enabled")) ? "enabled" : "not enabled",
            json_string_value(json_object_get(o, "state")));
    for (size_t i = 0; i < json_array_size(factors); i++)
        print_factor(json_array_get(factors, i));
    if (json_integer_value(json_object_get(o, "failures")) > 0)
        ui_text("     %lld failed attempts in the last hour\n",
                (long long)json_integer_value(json_object_get(o, "failures")));
    if (*json_string_value(json_object_get(o, "use")) != '\0')
        ui_text("     newest use: %s\n", json_string_value(json_object_get(o, "use")));
}

static void look_account(const struct account_row *row, json_t *list)
{
    char use[BG_ULID_LEN + 1] = "", line[16];
    enum bg_account_state state;
    json_t *o;

    if (row->wrong[0] != '\0') {
        (void)snprintf(line, sizeof line, "%u", row->line);
        ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(BG_ACCOUNTS_PATH, line, row->wrong));
        return;
    }
    o = credential_json(row->name);
    state = bg_state_account(NULL, row->name, use);
    (void)json_object_set_new(o, "account", json_string(row->name));
    (void)json_object_set_new(o, "uid", json_integer(row->uid));
    (void)json_object_set_new(o, "audit_uid",
                              row->has_audit_uid ? json_integer(row->audit_uid) : json_null());
    (void)json_object_set_new(o, "state", json_string(state_name(state)));
    (void)json_object_set_new(o, "use", json_string(use));
    (void)json_object_set_new(o, "failures", json_integer(failures(row->name)));
    print_account(o);
    (void)json_array_append_new(list, o);
}

static void look_policy(void)
{
    struct bg_policy p;
    struct bg_ini_error bad = {0};
    char line[16];
    enum bg_err r = bg_policy_load(BG_POLICY_PATH, &p, &bad);

    (void)snprintf(line, sizeof line, "%u", bad.line);
    if (r == BG_E_SYNTAX)
        ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(BG_POLICY_PATH, line, bad.text));
    else if (r != BG_OK)
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(BG_POLICY_PATH, bg_strerror(r)));
}

static enum admin_exit look_all(const char *only, json_t *root)
{
    static struct account_rows rows;
    json_t *list = json_array();
    enum bg_err r = rows_load(&rows);

    (void)json_object_set_new(root, "accounts", list);
    if (r != BG_OK)
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(BG_ACCOUNTS_PATH, bg_strerror(r)));
    else if (rows.n == 0)
        ui_finding(BG_M_CMD_ST_NO_ACCOUNT, BG_ARGS(BG_ACCOUNTS_PATH));
    for (size_t i = 0; i < rows.n; i++)
        if (only == NULL || strcmp(only, rows.row[i].name) == 0)
            look_account(&rows.row[i], list);
    look_policy();
    (void)json_object_set_new(root, "modules", json_boolean(modules_sound()));
    conf_look(&rows, root);
    if (ui_findings() == 0)
        ui_text("No findings.\n");
    return ui_findings() == 0 ? ADMIN_GOOD : ADMIN_FINDING;
}

enum admin_exit cmd_status(int argc, char **argv)
{
    json_t *root;
    bool json = false;
    enum admin_exit x;
    int c;

    while ((c = opts_next(argc, argv, options, "status")) != -1) {
        if (c == OPT_HELP)
            return puts("usage: breakglass status [ACCOUNT] [--json]"), ADMIN_GOOD;
        if (c == 0)
            return ADMIN_USAGE;
        json = true;
    }
    ui_mode(json, false);
    if (argc - optind > 1)
        return ui_finding(BG_M_CMD_OPTION, BG_ARGS(argv[optind + 1], "status")), ADMIN_USAGE;
    if (geteuid() != 0) {
        ui_finding(BG_M_CMD_ROOT, BG_ARGS("status"));
        x = ADMIN_CANNOT;
        root = json_object();
    } else if (optind < argc && !rows_require(argv[optind])) {
        x = ADMIN_FINDING;
        root = json_object();
    } else {
        root = json_object();
        x = look_all(optind < argc ? argv[optind] : NULL, root);
    }
    (void)json_object_set_new(root, "exit", json_integer(x));
    if (json)
        ui_json(root);
    else
        json_decref(root);
    return x;
}
