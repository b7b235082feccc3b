/* SPDX-License-Identifier: ISC */
/* breakglass safe list | add | change | remove: where envelopes are, and who can open that. */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/ui.h"

#define MESSAGE_MAX 1024

static struct {
    const char *site, *holders, *by;
    bool changed;
} wish;

static char typed[2][BG_SITE_MAX];

#define SITE_OPTIONS                                                                                         \
    {"site", "TEXT", "where it is", .text = &wish.site},                                                     \
    {                                                                                                        \
        "holders", "NAMES", "who can open it, commas between; \"\": nobody", .text = &wish.holders           \
    }
#define BY_OPTION                                                                                            \
    {                                                                                                        \
        "by", "NAME", "who says so", .text = &wish.by                                                        \
    }
static const struct command_option add_options[] = {SITE_OPTIONS, BY_OPTION, {0}};
static const struct command_option change_options[] = {
    SITE_OPTIONS,
    {"changed", NULL, "it has another combination, or lock, from now on", .flag = &wish.changed},
    BY_OPTION,
    {0},
};
static const struct command_option by_options[] = {BY_OPTION, {0}};

static json_t *safe_json(const struct bg_safe *s)
{
    json_t *holders = json_array();
    char name[BG_PERSON_NAME];

    for (const char *at = s->holders; bg_comma_next(&at, name, sizeof name);)
        (void)json_array_append_new(holders, json_string(name));
    return json_pack("{s:s, s:s, s:o, s:s}", "safe", s->id, "site", s->site, "holders", holders,
                     "combination_since", s->changed);
}

static enum admin_exit safe_list(char *const words[], json_t *root)
{
    struct custody *k = custody_load(false);
    json_t *all = json_array();

    (void)words;
    (void)json_object_set_new(root, "safes", all);
    if (k == NULL)
        return ADMIN_CANNOT;
    ui_text("SAFE         COMBINATION  SITE, WHO CAN OPEN IT\n");
    for (unsigned i = 0; i < k->safes.n; i++) {
        const struct bg_safe *s = &k->safes.safe[i];
        ui_text("%-12s %.10s   %s%s%s\n", s->id, s->changed, s->site, s->holders[0] != '\0' ? ": " : "",
                s->holders);
        (void)json_array_append_new(all, safe_json(s));
    }
    custody_free(k);
    return ADMIN_GOOD;
}

/* Each name as the list of people has it. */
static bool take_holders(const struct custody *k, struct bg_safe *s)
{
    char one[BG_HOLDERS_MAX];
    const char *name;
    size_t n = 0;

    s->holders[0] = '\0';
    for (const char *at = wish.holders; bg_comma_next(&at, one, sizeof one);) {
        if (!custody_person(k, one, "--holders", NULL, &name))
            return false;
        n += (size_t)snprintf(s->holders + n, sizeof s->holders - n, "%s%s", n > 0 ? ", " : "", name);
        if (n >= sizeof s->holders) {
            (void)admin_bad_value(wish.holders, "--holders", "a shorter list");
            return false;
        }
    }
    return true;
}

static bool take_wishes(const struct custody *k, struct bg_safe *s)
{
    if (wish.site != NULL && strlen(wish.site) >= sizeof s->site) {
        (void)admin_bad_value(wish.site, "--site", "a shorter text");
        return false;
    }
    if (wish.site != NULL)
        (void)snprintf(s->site, sizeof s->site, "%s", wish.site);
    if (wish.changed)
        (void)bg_time_rfc3339(s->changed);
    return wish.holders == NULL || take_holders(k, s);
}

static enum admin_exit keep(struct custody *k, const struct bg_safe *s, const char *by, const char *what,
                            json_t *root)
{
    char message[MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_CONFIG_CHANGED, NULL, by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "safe %s %s: %s; it can be opened by: %s", s->id, what, s->site,
                   s->holders[0] != '\0' ? s->holders : "nobody");
    if ((x = custody_keep_safes(k, &ev)) != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "safes", json_pack("[o]", safe_json(s)));
    ui_text("Safe %s %s.\n", s->id, what);
    return ADMIN_GOOD;
}

/* The safe of that id, or NULL. */
static struct bg_safe *safe_of(struct custody *k, const char *id)
{
    const struct bg_safe *s = bg_safe_find(&k->safes, id);

    return s == NULL ? NULL : &k->safes.safe[s - k->safes.safe];
}

static enum admin_exit add_to(struct custody *k, const char *id, const char *by, json_t *root)
{
    struct bg_safe *s = &k->safes.safe[k->safes.n];

    if (k->safes.n == BG_SAFES_MAX) {
        ui_finding(BG_M_CUS_FULL, BG_ARGS(BG_SAFES_PATH));
        return ADMIN_FINDING;
    }
    if (strlen(id) >= sizeof s->id)
        return admin_bad_value(id, "SAFE", "1 to 31 of a-z, 0-9 and -");
    (void)snprintf(s->id, sizeof s->id, "%s", id);
    (void)bg_time_rfc3339(s->changed);
    if (!take_wishes(k, s))
        return ADMIN_USAGE;
    k->safes.n++;
    return keep(k, s, by, "is on the list of safes", root);
}

static bool ask_by(void)
{
    return custody_need(&wish.by, "--by", "Who says so? ", typed[0], sizeof typed[0]);
}

static enum admin_exit safe_add(char *const words[], json_t *root)
{
    enum admin_exit x = ADMIN_FINDING;
    struct custody *k;
    const char *by;

    if (!custody_need(&wish.site, "--site", "Where is it? ", typed[1], sizeof typed[1]) || !ask_by())
        return ADMIN_USAGE;
    if ((k = custody_begin(NULL)) == NULL)
        return ADMIN_CANNOT;
    if (safe_of(k, words[0]) != NULL)
        ui_finding(BG_M_CUS_LISTED, BG_ARGS(words[0]));
    else if (custody_person(k, wish.by, "--by", NULL, &by))
        x = add_to(k, words[0], by, root);
    custody_free(k);
    return x;
}

typedef enum admin_exit (*safe_fn)(struct custody *k, struct bg_safe *s, const char *by, json_t *root);

/* Do something to the safe of that id, which --by says. */
static enum admin_exit with_safe(const char *id, safe_fn fn, json_t *root)
{
    enum admin_exit x = ADMIN_FINDING;
    struct bg_safe *s;
    struct custody *k;
    const char *by;

    if (!ask_by())
        return ADMIN_USAGE;
    if ((k = custody_begin(NULL)) == NULL)
        return ADMIN_CANNOT;
    if ((s = safe_of(k, id)) == NULL)
        ui_finding(BG_M_CUS_NO_SAFE, BG_ARGS(id));
    else if (custody_person(k, wish.by, "--by", NULL, &by))
        x = fn(k, s, by, root);
    custody_free(k);
    return x;
}

static enum admin_exit change(struct custody *k, struct bg_safe *s, const char *by, json_t *root)
{
    if (!take_wishes(k, s) || !custody_rules_hold(k))
        return ADMIN_FINDING;
    return keep(k, s, by, wish.changed ? "has another combination" : "has another entry", root);
}

static enum admin_exit safe_change(char *const words[], json_t *root)
{
    return with_safe(words[0], change, root);
}

/* An envelope that is in it, or NULL; *account: whose. */
static const struct bg_envelope *envelope_in(const struct custody *k, const char *safe, const char **account)
{
    for (size_t i = 0; i < k->c.n; i++)
        for (unsigned n = 0; n < k->envelopes[i]->n; n++) {
            const struct bg_envelope *e = &k->envelopes[i]->envelope[n];
            *account = k->account[i].name;
            if (e->status != BG_ENVELOPE_DESTROYED && strcmp(e->safe, safe) == 0)
                return e;
        }
    return NULL;
}

static enum admin_exit take_out(struct custody *k, struct bg_safe *s, const char *by, json_t *root)
{
    const char *account = "";
    const struct bg_envelope *e = envelope_in(k, s->id, &account);
    struct bg_safe gone = *s;

    if (e != NULL) {
        ui_finding(BG_M_CUS_SAFE_USED, BG_ARGS(s->id, e->id, account));
        return ADMIN_FINDING;
    }
    memmove(s, s + 1, (size_t)(&k->safes.safe[k->safes.n] - (s + 1)) * sizeof *s);
    k->safes.n--;
    return keep(k, &gone, by, "is taken off the list of safes", root);
}

static enum admin_exit safe_remove(char *const words[], json_t *root)
{
    return with_safe(words[0], take_out, root);
}

const struct command safe_commands[] = {
    {.name = "safe list",
     .operands = "",
     .help = "safes, and who can open them",
     .example = "breakglass safe list",
     .needs = COMMAND_ROOT,
     .run = safe_list},
    {.name = "safe add",
     .operands = "SAFE",
     .help = "put a safe on the list",
     .example = "breakglass safe add north --site Berlin --holders jane --by bob",
     .needs = COMMAND_ROOT,
     .options = add_options,
     .run = safe_add},
    {.name = "safe change",
     .operands = "SAFE",
     .help = "another site, other people, another combination",
     .example = "breakglass safe change north --changed --holders Bob --by bob",
     .needs = COMMAND_ROOT,
     .options = change_options,
     .run = safe_change},
    {.name = "safe remove",
     .operands = "SAFE",
     .help = "take a safe off the list",
     .example = "breakglass safe remove north --by bob",
     .needs = COMMAND_ROOT,
     .options = by_options,
     .run = safe_remove},
    {0},
};
