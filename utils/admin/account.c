/* SPDX-License-Identifier: ISC */
/* breakglass account show | set: what [account] of a credentials file says of when and where it is opened. */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/text.h"

/* The rows that are set here, by the names of the file. `enabled` has commands of its own. */
static struct {
    const char *key, *wish;
} setting[] = {{"open", NULL},          {"from", NULL},
               {"require", NULL},       {"require-console", NULL},
               {"require-local", NULL}, {"require-network", NULL}};

#define SETTINGS (sizeof setting / sizeof setting[0])
#define ANYWHERE "everywhere" /* the word for an empty `from` */

static const struct command_option set_options[] = {
    {"open", "WHEN", "always, or armed: only while a second person has armed it", .text = &setting[0].wish},
    {"from", "PLACES", "console, local, network, addresses; or everywhere", .text = &setting[1].wish},
    {"require", "WHAT", "any, key, shares, password, key+shares, two-keys ...", .text = &setting[2].wish},
    {"require-console", "WHAT", "the same at a console; same: as require", .text = &setting[3].wish},
    {"require-local", "WHAT", "by su on this host", .text = &setting[4].wish},
    {"require-network", "WHAT", "over the network", .text = &setting[5].wish},
    {0},
};

static const struct bg_option *row_of(const char *key)
{
    const struct bg_section *s = bg_credential_form[0];
    size_t i = 0;

    while (strcmp(s->row[i].key, key) != 0) /* each is there: tests/utils/admin/test_password.py */
        i++;
    return &s->row[i];
}

static void value_of(const char *key, const struct bg_credential *c, char out[BG_INI_LINE_MAX])
{
    const struct bg_option *o = row_of(key);

    o->kind->print(o, (const char *)c + bg_credential_form[0]->at + o->at, out);
    if (out[0] == '\0')
        (void)snprintf(out, BG_INI_LINE_MAX, ANYWHERE);
}

/* "key or shares, then password"; "": nothing opens it there. */
static void ways_text(const struct bg_credential *c, enum bg_source s, char *out, size_t cap)
{
    static const char *const names[] = {"key", "shares", "password"}; /* in the order of the bits */
    struct bg_place best = bg_place_of(s);
    struct bg_ways w = {0};
    size_t n = 0;

    out[0] = '\0';
    if (!bg_credential_ways(c, &best, &w))
        return;
    for (unsigned step = 0; step < w.steps; step++) {
        const char *between = step == 0 ? "" : ", then ";
        for (size_t i = 0; i < 3 && n < cap; i++)
            if ((w.kinds[step] >> i & 1) != 0) {
                n += (size_t)snprintf(out + n, cap - n, "%s%s", between, names[i]);
                between = " or ";
            }
    }
}

static json_t *account_json(const struct bg_credential *c)
{
    json_t *o = json_object(), *ways = json_object();
    char value[BG_INI_LINE_MAX], name[32];

    (void)json_object_set_new(o, "enabled", json_boolean(c->enabled));
    for (size_t i = 0; i < SETTINGS; i++) {
        value_of(setting[i].key, c, value);
        (void)snprintf(name, sizeof name, "%s", setting[i].key);
        for (char *at = name; (at = strchr(at, '-')) != NULL;)
            *at = '_';
        (void)json_object_set_new(o, name, json_string(value));
    }
    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++) {
        ways_text(c, s, value, sizeof value);
        (void)json_object_set_new(ways, bg_source_name(s), json_string(value));
    }
    (void)json_object_set_new(o, "ways", ways);
    return o;
}

static void show_ways(const struct bg_credential *c)
{
    char value[128];

    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++) {
        ways_text(c, s, value, sizeof value);
        ui_text("opens at %-8s %s\n", bg_source_name(s), value[0] != '\0' ? value : "nothing");
    }
}

static enum admin_exit account_show(char *const words[], json_t *root)
{
    static struct bg_credential c;
    char value[BG_INI_LINE_MAX];

    if (!rows_credential(words[0], true, &c))
        return ADMIN_CANNOT;
    ui_text("%-17s %s\n", "enabled", c.enabled ? "yes" : "no");
    for (size_t i = 0; i < SETTINGS; i++) {
        value_of(setting[i].key, &c, value);
        ui_text("%-17s %s\n", setting[i].key, value);
    }
    show_ways(&c);
    (void)json_object_update_new(root, account_json(&c));
    return ADMIN_GOOD;
}

/* Put the wishes into c. False: one is no such value, and that was shown. */
static bool apply(struct bg_credential *c)
{
    char bounds[256], option[32];

    for (size_t i = 0; i < SETTINGS; i++) {
        const struct bg_option *o = row_of(setting[i].key);
        const char *value = setting[i].wish;
        void *field = (char *)c + bg_credential_form[0]->at + o->at;

        if (value == NULL)
            continue;
        if (o->min == 0 && o->word == NULL && strcmp(value, ANYWHERE) == 0)
            value = "";
        if (o->kind->read(o, value, field))
            continue;
        bg_option_bounds(o, bounds, sizeof bounds);
        (void)snprintf(option, sizeof option, "--%s", setting[i].key);
        (void)admin_bad_value(value, option, bounds);
        return false;
    }
    return true;
}

/* Each setting that is another one, a line each for the person, and one text for the record. */
static unsigned show_changes(const struct bg_credential *was, const struct bg_credential *c, char *out,
                             size_t cap)
{
    char before[BG_INI_LINE_MAX], after[BG_INI_LINE_MAX];
    unsigned changes = 0;
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < SETTINGS; i++) {
        value_of(setting[i].key, was, before);
        value_of(setting[i].key, c, after);
        if (strcmp(before, after) == 0)
            continue;
        ui_text("%-17s %s, was %s\n", setting[i].key, after, before);
        if (n < cap)
            n += (size_t)snprintf(out + n, cap - n, "%s%s = %s, was %s", changes == 0 ? "" : "; ",
                                  setting[i].key, after, before);
        changes++;
    }
    return changes;
}

/* Which places open it no more: said before anybody agrees to that. */
static void warn_of_places(const char *account, const struct bg_credential *was,
                           const struct bg_credential *c)
{
    char before[128], after[128];

    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++) {
        ways_text(was, s, before, sizeof before);
        ways_text(c, s, after, sizeof after);
        if (before[0] != '\0' && after[0] == '\0')
            ui_warning(BG_M_CMD_SET_SHUTS, BG_ARGS(account, bg_source_name(s), before));
    }
    if (was->open != BG_OPEN_ARMED && c->open == BG_OPEN_ARMED)
        ui_warning(BG_M_CMD_SET_ARMED, BG_ARGS(account));
}

static enum admin_exit save(const char *account, const struct bg_credential *c, const char *what,
                            json_t *root)
{
    enum admin_exit x;

    if (ui_is_dry_run())
        return ADMIN_GOOD;
    if ((x = ui_confirm("Change what opens the account?")) != ADMIN_GOOD)
        return x;
    x = rows_credential_record(account, c, BG_EV_CONFIG_CHANGED, what,
                               "what opens the account could not be changed");
    if (x == ADMIN_GOOD)
        (void)json_object_set_new(root, "changed", json_true());
    return x;
}

static enum admin_exit account_set(char *const words[], json_t *root)
{
    static struct bg_credential was, c;
    char what[768];
    bool asked = false;

    (void)json_object_set_new(root, "changed", json_false());
    for (size_t i = 0; i < SETTINGS; i++)
        asked = asked || setting[i].wish != NULL;
    if (!asked) {
        ui_finding(BG_M_CMD_SET_WHAT, BG_ARGS(words[0]));
        return ADMIN_USAGE;
    }
    if (!rows_credential(words[0], true, &was))
        return ADMIN_CANNOT;
    c = was;
    if (!apply(&c))
        return ADMIN_USAGE;
    if (show_changes(&was, &c, what, sizeof what) == 0) {
        ui_text("Nothing to change.\n");
        return ADMIN_GOOD;
    }
    if (bg_credential_suffices(&was) && !bg_credential_suffices(&c)) {
        ui_finding(BG_M_CMD_SET_NOTHING, BG_ARGS(words[0]));
        return ADMIN_FINDING;
    }
    warn_of_places(words[0], &was, &c);
    (void)json_object_update_new(root, account_json(&c));
    return save(words[0], &c, what, root);
}

const struct command account_commands[] = {
    {.name = "account show",
     .operands = "ACCOUNT",
     .help = "show when, from where and with what an account is opened",
     .example = "breakglass account show bg1",
     .needs = COMMAND_ROOT,
     .run = account_show},
    {.name = "account set",
     .operands = "ACCOUNT",
     .help = "change when, from where and with what it is opened",
     .about = "Change the options of the account's credentials file. What would leave no way in is refused.",
     .example = "breakglass account set bg1 --require two-keys",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DRY,
     .options = set_options,
     .run = account_set},
    {0},
};
