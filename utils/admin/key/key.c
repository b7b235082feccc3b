/* SPDX-License-Identifier: ISC */
/* breakglass key: the commands, list, remove */
#include "admin/key/key.h"
#include "admin/key/ssh.h"

#include <stdio.h>
#include <string.h>
#include "admin/rows.h"
#include "admin/admin.h"
#include "admin/ui.h"
#include "admin/messages.h"

size_t key_find(const struct bg_credential *c, const char *label)
{
    size_t i = 0;

    while (i < c->key_count && strcmp(c->key[i].label, label) != 0)
        i++;
    return i;
}

bool key_was_added(enum bg_err r)
{
    if (r != BG_OK)
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
    return r == BG_OK;
}

json_t *key_json(const char *account, const struct bg_key *k, uint32_t counter)
{
    char aaguid[2 * BG_FIDO_AAGUID + 1];

    bg_hex(aaguid, k->aaguid, BG_FIDO_AAGUID);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:b, s:b, s:s}",
                     "account", account, "label", k->label, "type", bg_key_type_name(k->pub.type), "uv",
                     bg_key_uv_name(k->uv), "rp_id", k->rp, "aaguid", aaguid, "firmware",
                     (json_int_t)k->firmware, "created", k->created, "counter", (json_int_t)counter,
                     "custodian", k->custodian, "transports", k->transports, "attestation",
                     bg_key_attestation_name(k->attestation), "attestation_key", k->attestation_key, "probe",
                     k->probe, "suspended", k->suspended, "use", k->use == BG_USE_TEXT ? "text" : "console");
}

void key_decide_uv(struct bg_key *k, const struct bg_fido_said *said)
{
    k->uv = (said->flags & BG_FIDO_UV) != 0 ? BG_UV_REQUIRED : BG_UV_NO;
}

const char *key_uv_words(enum bg_key_uv uv)
{
    return uv == BG_UV_REQUIRED ? "PIN or fingerprint required" : "touch only";
}

void key_warn_of_touch_only(const char *account, const struct bg_key *k)
{
    if (k->uv == BG_UV_NO)
        ui_alarm(BG_M_CMD_KEY_TOUCH_ONLY, BG_ARGS(k->label, account));
}

/* Of the model that was asked for, in hex, with hyphens or without. */
static const char *wish_aaguid;
static uint8_t aaguid[BG_FIDO_AAGUID];

static bool parse_aaguid(const char *value)
{
    char hex[2 * BG_FIDO_AAGUID + 1];
    size_t n = 0;

    for (; *value != '\0' && n < sizeof hex - 1; value++)
        if (*value != '-')
            hex[n++] = (char)(*value >= 'A' && *value <= 'F' ? *value - 'A' + 'a' : *value);
    hex[n] = '\0';
    wish_aaguid = "";
    return *value == '\0' && n == 2 * BG_FIDO_AAGUID && bg_unhex(hex, aaguid, sizeof aaguid);
}

const struct command_option key_list_options[] = {
    {"aaguid", "ID", "only keys of this model, as the maker names it", .parse = parse_aaguid,
     .expected = "32 hex digits, with hyphens or without"},
    {0},
};

static bool list_keys(const char *account, const struct bg_credential *c, json_t *keys)
{
    bool listed = false;

    for (size_t i = 0; i < c->key_count; i++) {
        const struct bg_key *k = &c->key[i];
        if (wish_aaguid != NULL && memcmp(k->aaguid, aaguid, sizeof aaguid) != 0)
            continue;
        listed = true;
        uint32_t counter = bg_key_counter_read(BG_KEY_COUNTERS, &k->id);
        json_t *o = key_json(account, k, counter);
        ui_text("%-12s %-18s %-6s %-10s %10u  %.10s%s\n", account, k->label,
                json_string_value(json_object_get(o, "type")), bg_key_uv_name(k->uv), counter, k->created,
                k->suspended ? ", SUSPENDED" : "");
        (void)json_array_append_new(keys, o);
    }
    if (wish_aaguid == NULL)
        listed = ssh_list(account, c, keys) || listed;
    return listed;
}

static enum admin_exit key_list(char *const words[], json_t *root)
{
    static const struct list l = {.member = "keys",
                                  .header =
                                      "ACCOUNT      KEY                TYPE   UV            COUNTER  MADE",
                                  .none = "no key",
                                  .one = list_keys};

    return list_credentials(&l, words[0], root);
}

static void warn_of_loss(const char *account, const struct bg_credential *c, bool *suspended,
                         const char *label)
{
    bool before = *suspended, sufficed = bg_credential_suffices(c), suffices;

    *suspended = true;
    suffices = bg_credential_suffices(c);
    *suspended = before;
    if (!sufficed || suffices)
        return;
    ui_warning(BG_M_CMD_LAST_CREDENTIAL, BG_ARGS(account, label));
    if (c->enabled && !rows_another_opens(account))
        ui_warning(BG_M_CMD_LAST_ACCOUNT, BG_ARGS(account));
}

void key_warn_of_loss(const char *account, struct bg_credential *c, size_t at)
{
    warn_of_loss(account, c, &c->key[at].suspended, c->key[at].label);
}

void ssh_warn_of_loss(const char *account, struct bg_credential *c, size_t at)
{
    warn_of_loss(account, c, &c->ssh[at].suspended, c->ssh[at].label);
}

static enum admin_exit take_out(const char *account, struct bg_credential *c, size_t at)
{
    struct bg_key gone = c->key[at];
    char message[96], failure[96];
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "key \"%s\" revoked", gone.label);
    (void)snprintf(failure, sizeof failure, "key \"%s\" could not be revoked", gone.label);
    bg_credential_drop(c, at);
    if ((x = rows_credential_record(account, c, BG_EV_CREDENTIAL_REVOKED, message, failure)) != ADMIN_GOOD)
        return x;
    if (!rows_key_enrolled(&gone.id)) /* else its counter and its suspension are another account's too */
        bg_key_counter_forget(BG_KEY_COUNTERS, &gone.id);
    ui_text("Key %s no longer opens %s.\n", gone.label, account);
    return ADMIN_GOOD;
}

static enum admin_exit key_remove(char *const words[], json_t *root)
{
    static struct bg_credential c;
    const char *account = words[0], *label = words[1];
    char question[128];
    enum admin_exit x;
    size_t at, ssh;

    (void)root;
    if (!rows_credential(account, false, &c))
        return ADMIN_CANNOT;
    ssh = ssh_find(&c, label);
    if ((at = key_find(&c, label)) == c.key_count && ssh == c.ssh_count) {
        ui_finding(BG_M_CMD_KEY_NO_SUCH, BG_ARGS(account, label));
        return ADMIN_USAGE;
    }
    if (at < c.key_count)
        key_warn_of_loss(account, &c, at);
    else
        ssh_warn_of_loss(account, &c, ssh);
    (void)snprintf(question, sizeof question, "Remove key \"%.31s\" from %.31s?", label, account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    return at < c.key_count ? take_out(account, &c, at) : ssh_take_out(account, &c, ssh);
}

const struct command key_commands[] = {
    {.name = "key add",
     .operands = "ACCOUNT",
     .help = "enrol the FIDO2 key that is plugged in",
     .about =
         "Make a credential on the FIDO2 key that is plugged in, let it sign once, and save its public key. "
         "It is touched twice, within 30 seconds each.",
     .example = "breakglass key add bg1 --label blue",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = key_add_options,
     .run = key_add},
    {.name = "key list",
     .operands = "[ACCOUNT]",
     .help = "list the keys that are enrolled",
     .example = "breakglass key list",
     .needs = COMMAND_ROOT,
     .options = key_list_options,
     .run = key_list},
    {.name = "key test",
     .operands = "ACCOUNT",
     .help = "have an enrolled key sign, and check the signature",
     .about =
         "Let an enrolled key sign, as at a login, and tell whether that would open the account: one that is "
         "plugged in, or one that is far away, by --text or --ssh.",
     .example = "breakglass key test bg1",
     .needs = COMMAND_ROOT,
     .options = key_test_options,
     .run = key_test},
    {.name = "key remove",
     .operands = "ACCOUNT LABEL",
     .help = "remove a key from an account",
     .about = "Remove a key from the account, so that it no longer opens it. The key need not be there.",
     .example = "breakglass key remove bg1 blue",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .run = key_remove},
    {.name = "key suspend",
     .operands = "ACCOUNT LABEL",
     .help = "have a key open nothing for now",
     .about = "The key stays enrolled and opens nothing, on any way in, until \"key resume\".",
     .example = "breakglass key suspend bg1 blue",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .run = key_suspend},
    {.name = "key resume",
     .operands = "ACCOUNT LABEL",
     .help = "have a suspended key open the account again",
     .about = "A key whose counter did not grow is suspended by itself, since it may have a copy. If it was "
              "a false "
              "alarm this lifts it; the key counts on from what it said then.",
     .example = "breakglass key resume bg1 blue",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .run = key_resume},
    {0},
};
