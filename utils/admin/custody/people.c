/* SPDX-License-Identifier: ISC */
/* breakglass people list | add | change | leave | review: who uses, reviews, is woken and keeps. */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/ui.h"

#define MESSAGE_MAX 512

static struct {
    const char *name, *roles, *phone, *mail, *since, *trained, *by; /* NULL: as it was */
} wish;

static char typed[2][BG_PERSON_NAME];

#define PERSON_OPTIONS                                                                                       \
    {"name", "NAME", "in full, as on the cards and at the prompt", .text = &wish.name},                      \
        {"roles", "WORDS", "some of use, review, wake, custodian; blanks between", .text = &wish.roles},     \
        {"phone", "NUMBER", "to be called at", .text = &wish.phone},                                         \
        {"mail", "ADDRESS", "to be written to", .text = &wish.mail},                                         \
        {"since", "DATE", "on the list since [today]", .text = &wish.since},                                 \
        {"trained", "DATE", "has read and tried how an account is used", .text = &wish.trained},             \
    {                                                                                                        \
        "by", "NAME", "who says so", .text = &wish.by                                                        \
    }
static const struct command_option person_options[] = {PERSON_OPTIONS, {0}};
static const struct command_option by_options[] = {{"by", "NAME", "who says so", .text = &wish.by}, {0}};

/* --- list ------------------------------------------------------------------------------------- */

static void put(json_t *o, const char *key, const char *value)
{
    if (value[0] != '\0')
        (void)json_object_set_new(o, key, json_string(value));
}

static json_t *person_json(const struct bg_person *p)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "person", p->id, "name", bg_person_name(p), "roles", p->roles);

    put(o, "phone", p->phone);
    put(o, "mail", p->mail);
    put(o, "since", p->since);
    put(o, "trained", p->trained);
    put(o, "left", p->left);
    put(o, "owes", p->owes);
    return o;
}

static void show_person(const struct bg_person *p)
{
    ui_text("%-12s %s: %s%s%.10s\n", p->id, bg_person_name(p), p->roles, p->left[0] != '\0' ? "; LEFT " : "",
            p->left);
    if (p->phone[0] != '\0' || p->mail[0] != '\0')
        ui_text("             %s%s%s\n", p->phone, p->phone[0] != '\0' && p->mail[0] != '\0' ? ", " : "",
                p->mail);
    if (p->since[0] != '\0' || p->trained[0] != '\0')
        ui_text("             %s%s%s%s\n", p->since[0] != '\0' ? "since " : "", p->since,
                p->trained[0] != '\0' ? " trained " : "", p->trained);
}

static void list(const struct bg_people *people, json_t *root)
{
    json_t *all = json_array();

    ui_text("PERSON       NAME: ROLES\n");
    for (unsigned i = 0; i < people->n; i++) {
        show_person(&people->person[i]);
        (void)json_array_append_new(all, person_json(&people->person[i]));
    }
    if (people->listed > 0)
        ui_text("\nReviewed %.10s by %s.\n", people->reviewed, people->reviewed_by);
    else
        ui_text("\nNobody has reviewed this list yet.\n");
    (void)json_object_set_new(root, "people", all);
    (void)json_object_set_new(root, "reviewed",
                              people->listed > 0 ? json_string(people->reviewed) : json_null());
    (void)json_object_set_new(root, "reviewed_by",
                              people->listed > 0 ? json_string(people->reviewed_by) : json_null());
}

static enum admin_exit people_list(char *const words[], json_t *root)
{
    struct custody *k = custody_load(false);

    (void)words;
    if (k == NULL)
        return ADMIN_CANNOT;
    list(&k->people, root);
    custody_free(k);
    return ADMIN_GOOD;
}

/* --- add, change ------------------------------------------------------------------------------ */

static struct bg_person *person(struct custody *k, const char *id)
{
    for (unsigned i = 0; i < k->people.n; i++)
        if (strcmp(k->people.person[i].id, id) == 0)
            return &k->people.person[i];
    return NULL;
}

/* An option into the field of the same name. */
#define TAKE(p, field)                                                                                       \
    if (wish.field != NULL && !take((p)->field, sizeof(p)->field, wish.field, #field))                       \
    return false

static bool take(char *to, size_t cap, const char *from, const char *option)
{
    char named[24];

    if (strlen(from) < cap) {
        (void)snprintf(to, cap, "%s", from);
        return true;
    }
    (void)snprintf(named, sizeof named, "--%s", option);
    (void)admin_bad_value(from, named, "a shorter text");
    return false;
}

/* False: one is too long. What is no such value shows when the file is made. */
static bool take_wishes(struct bg_person *p)
{
    TAKE(p, name);
    TAKE(p, roles);
    TAKE(p, phone);
    TAKE(p, mail);
    TAKE(p, since);
    TAKE(p, trained);
    return true;
}

/* The first one of a list may be who makes it. */
static bool who_says_so(const struct custody *k, const char **by)
{
    *by = wish.by;
    return k->people.n == 0 || custody_person(k, wish.by, "--by", NULL, by);
}

static enum admin_exit keep_person(struct custody *k, const struct bg_person *p, const char *by,
                                   const char *what, json_t *root)
{
    char message[MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_PEOPLE_CHANGED, NULL, by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "%s %s: %s", bg_person_name(p), what, p->roles);
    if ((x = custody_keep_people(k, &ev)) != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "people", json_pack("[o]", person_json(p)));
    ui_text("%s %s.\n", bg_person_name(p), what);
    return ADMIN_GOOD;
}

static enum admin_exit add_to(struct custody *k, const char *id, const char *by, json_t *root)
{
    struct bg_person *p = &k->people.person[k->people.n];
    char today[BG_TIME_LEN];

    if (k->people.n == BG_PEOPLE_MAX) {
        ui_finding(BG_M_CUS_FULL, BG_ARGS(BG_PEOPLE_PATH));
        return ADMIN_FINDING;
    }
    if (!take(p->id, sizeof p->id, id, "PERSON"))
        return ADMIN_USAGE;
    (void)bg_time_rfc3339(today);
    (void)snprintf(p->since, sizeof p->since, "%.10s", today);
    if (!take_wishes(p))
        return ADMIN_USAGE;
    k->people.n++;
    return keep_person(k, p, by, "is on the list of people", root);
}

static enum admin_exit people_add(char *const words[], json_t *root)
{
    enum admin_exit x = ADMIN_FINDING;
    struct custody *k;
    const char *by;

    if (!custody_need(&wish.roles, "--roles", "Roles (use review wake custodian): ", typed[0],
                      sizeof typed[0]) ||
        !custody_need(&wish.by, "--by", "Who says so? ", typed[1], sizeof typed[1]))
        return ADMIN_USAGE;
    if ((k = custody_begin(NULL)) == NULL)
        return ADMIN_CANNOT;
    if (bg_people_find(&k->people, words[0]) != NULL)
        ui_finding(BG_M_CUS_LISTED, BG_ARGS(words[0]));
    else if (who_says_so(k, &by))
        x = add_to(k, words[0], by, root);
    custody_free(k);
    return x;
}

/* A person who is on the list and has not left; NULL: the finding was shown. */
static struct bg_person *present(struct custody *k, const char *id)
{
    struct bg_person *p = person(k, id);

    if (p == NULL || p->left[0] != '\0')
        ui_finding(BG_M_CUS_NOBODY, BG_ARGS(id, "PERSON"));
    return p != NULL && p->left[0] == '\0' ? p : NULL;
}

static enum admin_exit people_change(char *const words[], json_t *root)
{
    enum admin_exit x = ADMIN_FINDING;
    struct bg_person *p;
    struct custody *k;
    const char *by;

    if (!custody_need(&wish.by, "--by", "Who says so? ", typed[1], sizeof typed[1]))
        return ADMIN_USAGE;
    if ((k = custody_begin(NULL)) == NULL)
        return ADMIN_CANNOT;
    if ((p = present(k, words[0])) != NULL && who_says_so(k, &by))
        x = take_wishes(p) ? keep_person(k, p, by, "has another entry on the list of people", root)
                           : ADMIN_USAGE;
    custody_free(k);
    return x;
}

/* --- leave ------------------------------------------------------------------------------------ */

static void show_owed(void *arg, const struct bg_person *who, const char *account, const char *what)
{
    (void)who;
    (void)json_array_append_new(arg, account[0] != '\0'
                                         ? json_pack("{s:s, s:s}", "account", account, "what", what)
                                         : json_pack("{s:s}", "what", what));
    ui_text("  %s%s%s\n", account, account[0] != '\0' ? " " : "", what);
}

static void show_all_owed(const struct custody *k, const struct bg_person *p, json_t *root)
{
    json_t *owed = json_array();

    ui_text("Because %s leaves, within 24 hours these are to be replaced (envelopes: to be sealed anew,\n"
            "safes: to get another combination):\n",
            bg_person_name(p));
    bg_leaver_keeps(&k->c, p, show_owed, owed);
    if (json_array_size(owed) == 0)
        ui_text("  nothing\n");
    (void)json_object_set_new(root, "owed", owed);
}

static enum admin_exit keep_leaver(struct custody *k, struct bg_person *p, const char *by, json_t *root)
{
    char message[BG_OWES_MAX + MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_PEOPLE_LEFT, NULL, by, message);
    bool any = bg_leaver_owes(&k->c, p, p->owes);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "%s has left; to be replaced: %s", bg_person_name(p),
                   any ? p->owes : "nothing");
    (void)bg_time_rfc3339(p->left);
    if ((x = custody_keep_people(k, &ev)) == ADMIN_GOOD)
        (void)json_object_set_new(root, "people", json_pack("[o]", person_json(p)));
    return x;
}

/* Nobody is asked while the lock is held, so the list that is shown is made once more after the answer. */
static enum admin_exit show_and_ask(const char *id, json_t *root)
{
    struct custody *k = custody_load(true);
    struct bg_person *p = k == NULL || !k->whole ? NULL : present(k, id);
    enum admin_exit x = k == NULL || !k->whole ? ADMIN_CANNOT : ADMIN_FINDING;

    if (p != NULL) {
        show_all_owed(k, p, root);
        x = ui_is_dry_run() ? ADMIN_GOOD : ui_confirm("Has this person left? It cannot be taken back.");
    }
    custody_free(k);
    return x;
}

static enum admin_exit people_leave(char *const words[], json_t *root)
{
    enum admin_exit x;
    struct bg_person *p;
    struct custody *k;
    const char *by;

    if (!custody_need(&wish.by, "--by", "Who says so? ", typed[1], sizeof typed[1]))
        return ADMIN_USAGE;
    if ((x = show_and_ask(words[0], root)) != ADMIN_GOOD || ui_is_dry_run())
        return x;
    if ((k = custody_begin(NULL)) == NULL)
        return ADMIN_CANNOT;
    x = ADMIN_FINDING;
    if ((p = present(k, words[0])) != NULL && custody_person(k, wish.by, "--by", NULL, &by))
        x = keep_leaver(k, p, by, root);
    custody_free(k);
    return x;
}

/* --- review ----------------------------------------------------------------------------------- */

static enum admin_exit people_review(char *const words[], json_t *root)
{
    char message[MESSAGE_MAX] = "";
    enum admin_exit x;
    struct custody *k;
    const char *by;

    (void)words;
    if (!custody_need(&wish.by, "--by", "Who reviews it? ", typed[1], sizeof typed[1]))
        return ADMIN_USAGE;
    if ((k = custody_load(false)) == NULL)
        return ADMIN_CANNOT;
    list(&k->people, root);
    custody_free(k);
    if ((x = ui_confirm("Is all of this right, and each number and address tried?")) != ADMIN_GOOD)
        return x;
    if ((k = custody_begin(NULL)) == NULL)
        return ADMIN_CANNOT;
    x = ADMIN_FINDING;
    if (custody_person(k, wish.by, "--by", NULL, &by)) {
        struct bg_event ev = custody_event(BG_EV_PEOPLE_REVIEWED, NULL, by, message);
        k->people.listed = 1;
        (void)bg_time_rfc3339(k->people.reviewed);
        (void)snprintf(k->people.reviewed_by, sizeof k->people.reviewed_by, "%s", by);
        (void)snprintf(message, sizeof message, "the list of %u people was reviewed", k->people.n);
        x = custody_keep_people(k, &ev);
        (void)json_object_set_new(root, "reviewed", json_string(k->people.reviewed));
        (void)json_object_set_new(root, "reviewed_by", json_string(by));
    }
    custody_free(k);
    return x;
}

const struct command people_commands[] = {
    {.name = "people list",
     .operands = "",
     .help = "who may use the accounts, reviews, is woken, keeps",
     .example = "breakglass people list",
     .needs = COMMAND_ROOT,
     .run = people_list},
    {.name = "people add",
     .operands = "PERSON",
     .help = "put somebody on the list",
     .about =
         "Put somebody on the list of people. PERSON is a short name of a-z, 0-9 and -. As soon as there is "
         "a list, only people on it can seal, keep, open and inspect.",
     .example = "breakglass people add jane --roles \"use custodian\" --by bob",
     .needs = COMMAND_ROOT,
     .options = person_options,
     .run = people_add},
    {.name = "people change",
     .operands = "PERSON",
     .help = "change an entry of the list",
     .example = "breakglass people change jane --trained 2026-11-27 --by bob",
     .needs = COMMAND_ROOT,
     .options = person_options,
     .run = people_change},
    {.name = "people leave",
     .operands = "PERSON",
     .help = "somebody leaves: what must be replaced",
     .about =
         "List what must be replaced because somebody leaves: what they keep, envelopes that they sealed or "
         "saw being sealed, safes that they can open. It is due from then on.",
     .example = "breakglass people leave jane --by bob",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DRY,
     .options = by_options,
     .run = people_leave},
    {.name = "people review",
     .operands = "",
     .help = "the list was read and is right",
     .example = "breakglass people review --by bob",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = by_options,
     .run = people_review},
    {0},
};
