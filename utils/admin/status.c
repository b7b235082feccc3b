/* SPDX-License-Identifier: ISC */
/* breakglass status: accounts, their state, and what is wrong with our files and lines. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "base/identity.h"
#include "config/credential.h"
#include "admin/session/session.h"
#include "config/policy.h"
#include "admin/admin.h"
#include "admin/check/check.h"
#include "admin/conf/conffile.h"
#include "admin/custody/custody.h"
#include "admin/due/due.h"
#include "admin/files.h"
#include "admin/gear/gear.h"
#include "admin/init/init.h"
#include "admin/key/ssh.h"
#include "admin/rotate/rotate.h"
#include "record/life.h"
#include "record/state.h"
#include "admin/places.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "config/messages.h"
#include "admin/messages.h"

static struct bg_identity identity; /* of this host, now */

/* A use that a journal does not tell of, because it is gone, cannot be ruled out: nobody is called sealed
 * then. */
static const char *state_name(enum bg_account_state s, bool journal)
{
    static const char *const names[] = {"", "sealed", "in use", "awaiting review", "to be rotated"};

    return s == BG_STATE_SEALED && !journal ? "unknown" : names[s];
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

static json_t *factor_json(const char *factor, const char *label, const char *created, const char *host)
{
    bool key = strcmp(factor, "shares") != 0;
    enum bg_same_host same = bg_identity_compare(&identity, host);

    return json_pack("{s:s, s:s, s:s, s:s}", "factor", factor, key ? "label" : "set", label, "created",
                     created, "host_identity", bg_same_host_name(same));
}

static json_t *status_of_key(const struct bg_key *k)
{
    json_t *o = factor_json("key", k->label, k->created, k->host);

    (void)json_object_set_new(o, "suspended", json_boolean(k->suspended));
    return o;
}

static json_t *status_of_ssh(const struct bg_ssh_key *k)
{
    json_t *o = factor_json("ssh-key", k->label, k->created, k->host);

    (void)json_object_set_new(o, "suspended", json_boolean(k->suspended));
    return o;
}

static json_t *status_of_password(const struct bg_password *w)
{
    return json_pack("{s:s, s:i, s:s, s:s}", "factor", "password", "parts", (int)w->parts, "created",
                     w->created, "host_identity", bg_same_host_name(BG_HOST_UNKNOWN));
}

#define NAMES 12 /* that a sentence holds; of the others their number is told */

/* Names in a sentence. */
struct names {
    size_t n;
    char text[NAMES * (BG_KEY_LABEL + 12) + 32];
};

static void name_if_elsewhere(struct names *all, const char *host, const char *kind, const char *label)
{
    size_t at = strlen(all->text);

    if (bg_identity_compare(&identity, host) != BG_HOST_OTHER)
        return;
    if (all->n++ < NAMES)
        (void)snprintf(all->text + at, sizeof all->text - at, "%s%s%s", at > 0 ? ", " : "", kind, label);
}

/* What another host made, or this one under another identity; false when there is none. */
static bool from_elsewhere(const struct bg_credential *c, struct names *all)
{
    size_t at;

    *all = (struct names){0};
    if (c->has_shares)
        name_if_elsewhere(all, c->shares.host, "share set", "");
    for (size_t i = 0; i < c->key_count; i++)
        name_if_elsewhere(all, c->key[i].host, "key ", c->key[i].label);
    for (size_t i = 0; i < c->ssh_count; i++)
        name_if_elsewhere(all, c->ssh[i].host, "ssh key ", c->ssh[i].label);
    at = strlen(all->text);
    if (all->n > NAMES)
        (void)snprintf(all->text + at, sizeof all->text - at, " and %zu more", all->n - NAMES);
    return all->n > 0;
}

static void look_uv(const char *account, const struct bg_credential *c)
{
    for (size_t i = 0; i < c->key_count; i++)
        if (c->key[i].uv == BG_UV_PREFERRED)
            ui_finding(BG_M_CMD_ST_KEY_UNDECIDED, BG_ARGS(account, c->key[i].label));
}

static void look_keys(const char *account, const struct bg_credential *c)
{
    size_t plugged = 0; /* keys that only breakglass-fido can ask; a text challenge needs none of it */

    for (size_t i = 0; i < c->key_count; i++) {
        plugged += c->key[i].use != BG_USE_TEXT;
        if (c->key[i].suspended)
            ui_finding(BG_M_CMD_ST_KEY_SUSPENDED, BG_ARGS(account, c->key[i].label));
    }
    for (size_t i = 0; i < c->ssh_count; i++)
        if (c->ssh[i].suspended)
            ui_finding(BG_M_CMD_ST_KEY_SUSPENDED, BG_ARGS(account, c->ssh[i].label));
    if (!BG_WITH_FIDO && plugged > 0)
        ui_finding(BG_M_CMD_ST_KEY_IDLE, BG_ARGS(account, BG_DIGITS(plugged)));
}

static void look_host(const char *account, const struct bg_credential *c)
{
    const char *now = identity.fault != NULL ? identity.fault : "it has another machine-id";
    struct names all;

    if (from_elsewhere(c, &all))
        ui_finding(BG_M_CMD_ST_HOST, BG_ARGS(account, all.text, now));
    if (c->has_shares && c->shares.host[0] == '\0')
        ui_finding(BG_M_CMD_ST_OLD_SET,
                   BG_ARGS(account, identity.fault != NULL ? identity.fault : "its machine-id is there"));
}

static json_t *credential_json(const struct bg_credential *c, bool readable)
{
    json_t *factors = json_array();

    if (readable && c->has_shares)
        (void)json_array_append_new(
            factors, factor_json("shares", bg_shareset_title(&c->shares), c->shares.created, c->shares.host));
    for (size_t i = 0; readable && i < c->key_count; i++)
        (void)json_array_append_new(factors, status_of_key(&c->key[i]));
    for (size_t i = 0; readable && i < c->ssh_count; i++)
        (void)json_array_append_new(factors, status_of_ssh(&c->ssh[i]));
    if (readable && c->has_password)
        (void)json_array_append_new(factors, status_of_password(&c->password));
    return json_pack("{s:b, s:o}", "enabled", readable && c->enabled, "factors", factors);
}

static void print_factor(const json_t *f)
{
    const char *factor = json_string_value(json_object_get(f, "factor"));
    const char *made = json_string_value(json_object_get(f, "created"));
    bool key = strcmp(factor, "shares") != 0;

    if (strcmp(factor, "password") == 0)
        ui_text("     password: %d parts, made %.10s\n", (int)json_integer_value(json_object_get(f, "parts")),
                made);
    else
        ui_text("     %s%s%s, made %.10s%s\n", factor, key ? ": " : ": set ",
                json_string_value(json_object_get(f, key ? "label" : "set")), made,
                json_is_true(json_object_get(f, "suspended")) ? ", SUSPENDED" : "");
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
    rotate_print_line(json_object_get(o, "rotation"));
}

/* What the looks at the accounts have in common. */
struct looked {
    const struct check_findings *found; /* by check */
    bool journal;                       /* it is all there */
    json_t *list;
};

static void look_account(const struct account_row *row, const struct looked *k)
{
    struct bg_credential c = {.key = NULL};
    static struct bg_life life;
    char use[BG_ULID_LEN + 1] = "";
    enum bg_account_state state;
    bool readable;
    json_t *o, *rotation;

    if (row->wrong[0] != '\0')
        return;
    ui_quiet(true); /* by check */
    readable = rows_credential(row->name, true, &c);
    ui_quiet(false);
    o = credential_json(&c, readable);
    state = bg_state_account(NULL, row->name, use);
    (void)json_object_set_new(o, "account", json_string(row->name));
    (void)json_object_set_new(o, "uid", json_integer(row->uid));
    (void)json_object_set_new(o, "audit_uid",
                              row->has_audit_uid ? json_integer(row->audit_uid) : json_null());
    (void)json_object_set_new(o, "state", json_string(state_name(state, k->journal)));
    (void)json_object_set_new(o, "use", json_string(use));
    (void)json_object_set_new(o, "failures", json_integer(failures(row->name)));
    rotation = readable ? rotate_known(row->name) : json_null();
    (void)json_object_set_new(o, "rotation", rotation);
    print_account(o);
    (void)json_object_set_new(o, "known", json_boolean(check_libc_knows(k->found, row->name)));
    (void)json_array_append_new(k->list, o);
    if (readable) {
        look_host(row->name, &c);
        look_uv(row->name, &c);
        look_keys(row->name, &c);
        sshfile_look(row->name, &c);
        places_look(row->name, &c, state, o);
    }
    session_look(row);
    if (bg_life_load(NULL, NULL, row->name, &life) == BG_OK)
        review_look(&life);
    rotate_find_late(rotation);
    bg_credential_free(&c);
}

/* Is there anything that "init --undo --purge" would take? The journal stays after it. */
static bool is_set_up(void)
{
    return access(BG_ACCOUNTS_PATH, F_OK) == 0 || access(UNDO_DIR, F_OK) == 0;
}

static bool lacks_nothing(const json_t *journal)
{
    const char *missing = json_string_value(json_object_get(journal, "missing"));

    return missing == NULL || missing[0] == '\0';
}

/* What sshd makes of our settings is more than whether they are there. */
static void judge_sshd(const struct check_findings *found, json_t *root)
{
    if (json_is_true(json_object_get(root, "sshd")))
        (void)json_object_set_new(root, "sshd", json_boolean(check_sshd_sound(found, "sshd")));
    if (json_is_true(json_object_get(root, "sshd_instance")))
        (void)json_object_set_new(root, "sshd_instance",
                                  json_boolean(check_sshd_sound(found, "breakglass-sshd")));
}

static bool all;

static const struct command_option options[] = {
    {"all", NULL, "also show what is right: the journal, its seal, every sink", .flag = &all},
    {0},
};

static enum admin_exit status(char *const words[], json_t *root)
{
    const char *only = words[0];
    static struct account_rows rows;
    json_t *list = json_array(), *journal;
    struct check_findings found;
    struct looked k = {.found = &found, .list = list};

    bg_identity_read(&identity);
    (void)json_object_set_new(root, "accounts", list);
    if (!is_set_up()) {
        ui_finding(BG_M_CMD_ST_NOTHING, BG_NOARGS);
        return ADMIN_FINDING;
    }
    alert_keep(true);
    (void)check_quietly(only, &found); /* of an accounts file that cannot be read there is one, too */
    rows_load_quietly(&rows);
    (void)json_object_set_new(root, "journal", journal = json_object());
    k.journal = journal_status(journal, all) == ADMIN_GOOD && lacks_nothing(journal);
    for (size_t i = 0; i < rows.n; i++)
        if (only == NULL || strcmp(only, rows.row[i].name) == 0)
            look_account(&rows.row[i], &k);
    due_look(list);
    files_look(&rows, check_names_file, &found);
    (void)json_object_set_new(root, "modules", json_boolean(check_modules_sound(&found)));
    conf_look(&rows, root, check_names_file, &found);
    judge_sshd(&found, root);
    gear_look(root);
    custody_look(root);
    (void)alert_look(root, all);
    check_for_status(&found, root);
    check_free(&found);
    alert_keep(false);
    if (ui_findings() == 0)
        ui_text("No findings.\n");
    return ADMIN_GOOD;
}

const struct command status_commands[] = {
    {.name = "status",
     .operands = "[ACCOUNT]",
     .help = "accounts, and what is wrong; would they open now?",
     .about =
         "Show each account with its state, and everything that is wrong with files, modules, the lines in "
         "the system's files, sinks and journal. The exit status is 1 if anything is.",
     .example = "breakglass status",
     .needs = COMMAND_ROOT | COMMAND_PAIR,
     .options = options,
     .run = status},
    {0},
};

/* --- config check ----------------------------------------------------------------------------- */

static enum admin_exit check(char *const words[], json_t *root)
{
    static struct bg_policy policy;
    const char *path = words[0] == NULL ? BG_POLICY_PATH : words[0];
    int there = access(path, F_OK);
    json_t *sinks = json_array();

    (void)json_object_set_new(root, "file", json_string(path));
    (void)json_object_set_new(root, "sinks", sinks);
    if (there < 0 && words[0] != NULL) {
        ui_finding(BG_M_CMD_FILE, BG_ARGS(path, strerror(errno)));
        return ADMIN_CANNOT;
    }
    if (there < 0 && errno == ENOENT)
        ui_note(BG_M_CMD_NO_CONFIG, BG_ARGS(path));
    else if (rows_policy(path, &policy) && BG_WITH_ALERT)
        rows_sink_files(&policy.sinks);
    else if (!BG_WITH_ALERT && policy.sinks.n > 0)
        alert_idle(&policy, false);
    if (there == 0 && ui_findings() == 0)
        ui_text("%s has no faults.\n", path);
    for (unsigned i = 0; i < policy.sinks.n; i++)
        (void)json_array_append_new(sinks, sink_json(&policy.sinks.sink[i]));
    return ADMIN_GOOD;
}

const struct command config_commands[] = {
    {.name = "config check",
     .operands = "[FILE]",
     .help = "list every fault of breakglass.conf",
     .about =
         "Read breakglass.conf, or another file of that form, and list every fault with its line. Nothing is "
         "changed.",
     .example = "breakglass config check",
     .run = check},
    {0},
};
