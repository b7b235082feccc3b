/* breakglass key: dispatch, list, remove */
#include "admin/key/key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "key/counter.h"
#include "admin/opts.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "admin/who.h"
#include "admin/messages.h"

enum {
    O_YES = 1000,
    O_JSON
};

static const struct option remove_options[] = {
    {"yes", no_argument, NULL, O_YES},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};
static const struct option list_options[] = {
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

enum admin_exit key_finish(enum admin_exit x, json_t *root)
{
    if (!ui_is_json()) {
        json_decref(root);
        return x;
    }
    if (root == NULL)
        root = json_object();
    (void)json_object_set_new(root, "exit", json_integer(x));
    ui_json(root);
    return x;
}

bool key_begin(const char *command, const char *account, struct bg_credential *c, enum admin_exit *x)
{
    struct bg_ini_error bad = {0};
    enum bg_err r;

    *x = ADMIN_CANNOT;
    if (geteuid() != 0) {
        ui_finding(BG_M_CMD_ROOT, BG_ARGS(command));
        return false;
    }
    if (!rows_require(account)) {
        *x = ADMIN_FINDING;
        return false;
    }
    r = bg_credential_load(BG_CREDENTIALS_DIR, account, c, &bad);
    if (r == BG_E_NOENT) {
        *c = (struct bg_credential){.enabled = true};
        return true;
    }
    if (r != BG_OK)
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
    return r == BG_OK;
}

json_t *key_json(const char *account, const struct bg_key *k)
{
    char aaguid[2 * BG_FIDO_AAGUID + 1];

    bg_hex(aaguid, k->aaguid, BG_FIDO_AAGUID);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "account", account, "label", k->label,
                     "type", k->pub.type == BG_FIDO_ES256 ? "es256" : "eddsa", "uv", bg_key_uv_name(k->uv),
                     "rp_id", k->rp, "aaguid", aaguid, "firmware", (json_int_t)k->firmware, "created",
                     k->created);
}

static void list_one(const char *account, json_t *keys)
{
    static struct bg_credential c;
    struct bg_ini_error bad = {0};
    enum bg_err r = bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad);

    if (r != BG_OK && r != BG_E_NOENT) {
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
        return;
    }
    if (r == BG_E_NOENT || c.key_count == 0) {
        ui_text("%-12s no key\n", account);
        return;
    }
    for (size_t i = 0; i < c.key_count; i++) {
        json_t *o = key_json(account, &c.key[i]);
        uint32_t counter = bg_fido_counter_read(BG_FIDO_COUNTER_DIR, &c.key[i].id);
        (void)json_object_set_new(o, "counter", json_integer(counter));
        ui_text("%-12s %-18s %s, uv %s, counter %u, %.10s\n", account, c.key[i].label,
                json_string_value(json_object_get(o, "type")), bg_key_uv_name(c.key[i].uv), counter,
                c.key[i].created);
        (void)json_array_append_new(keys, o);
    }
}

static enum admin_exit key_list(int argc, char **argv)
{
    static struct account_rows rows;
    json_t *keys;
    bool json = false;
    int c;

    while ((c = opts_next(argc, argv, list_options, "key list")) != -1) {
        if (c == OPT_HELP)
            return puts("usage: breakglass key list [ACCOUNT] [--json]"), ADMIN_GOOD;
        if (c == 0)
            return ADMIN_USAGE;
        json = true;
    }
    ui_mode(json, false);
    if (argc - optind > 1)
        return ui_finding(BG_M_CMD_OPTION, BG_ARGS(argv[optind + 1], "key list")), ADMIN_USAGE;
    if (geteuid() != 0)
        return ui_finding(BG_M_CMD_ROOT, BG_ARGS("key list")), key_finish(ADMIN_CANNOT, NULL);
    if (optind < argc && !rows_require(argv[optind]))
        return key_finish(ADMIN_FINDING, NULL);
    keys = json_array();
    if (rows_load(&rows) == BG_OK)
        for (size_t i = 0; i < rows.n; i++)
            if (optind == argc || strcmp(argv[optind], rows.row[i].name) == 0)
                list_one(rows.row[i].name, keys);
    return key_finish(ui_findings() > 0 ? ADMIN_FINDING : ADMIN_GOOD, json_pack("{s:o}", "keys", keys));
}

static enum admin_exit take_out(const char *account, struct bg_credential *c, size_t at)
{
    struct bg_key gone = c->key[at];
    char message[96];
    enum bg_err r;

    memmove(&c->key[at], &c->key[at + 1], (c->key_count - at - 1) * sizeof c->key[0]);
    c->key_count--;
    if ((r = bg_credential_save(BG_CREDENTIALS_DIR, account, c)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    bg_fido_counter_forget(BG_FIDO_COUNTER_DIR, &gone.id);
    (void)snprintf(message, sizeof message, "key \"%s\" revoked", gone.label);
    who_record(BG_EV_CREDENTIAL_REVOKED, account, message);
    ui_text("Key %s no longer opens %s.\n", gone.label, account);
    return ADMIN_GOOD;
}

static enum admin_exit remove_one(const char *account, const char *label, struct bg_credential *c)
{
    char question[128];
    size_t at = 0;

    while (at < c->key_count && strcmp(c->key[at].label, label) != 0)
        at++;
    if (at == c->key_count) {
        ui_finding(BG_M_CMD_KEY_NO_SUCH, BG_ARGS(account, label));
        return ADMIN_FINDING;
    }
    (void)snprintf(question, sizeof question, "Shall the key %.31s no longer open %.31s?", label, account);
    switch (ui_ask(question)) {
    case UI_YES:
        return take_out(account, c, at);
    case UI_NO:
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
        return ADMIN_FINDING;
    case UI_NOBODY:
    default:
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
}

static enum admin_exit key_remove(int argc, char **argv)
{
    static struct bg_credential c;
    bool yes = false, json = false;
    enum admin_exit x;
    int o;

    while ((o = opts_next(argc, argv, remove_options, "key remove")) != -1) {
        if (o == OPT_HELP)
            return puts("usage: breakglass key remove ACCOUNT LABEL [--yes] [--json]"), ADMIN_GOOD;
        if (o == 0)
            return ADMIN_USAGE;
        yes = yes || o == O_YES;
        json = json || o == O_JSON;
    }
    ui_mode(json, yes);
    if (argc - optind != 2)
        return ui_finding(BG_M_CMD_KEY_WORDS, BG_NOARGS), ADMIN_USAGE;
    if (!key_begin("key remove", argv[optind], &c, &x))
        return key_finish(x, NULL);
    return key_finish(remove_one(argv[optind], argv[optind + 1], &c), NULL);
}

enum admin_exit cmd_key(int argc, char **argv)
{
    static const struct subcommand table[] = {
        {"add", "enrol the FIDO2 key that is plugged in", key_add},
        {"list", "the keys that are enrolled", key_list},
        {"test", "let an enrolled key sign, and verify that", key_test},
        {"remove", "make a key worthless", key_remove},
        {NULL, NULL, NULL},
    };

    return admin_dispatch(table, "usage: breakglass key add|list|test|remove [OPTION...]", argc, argv);
}
