/* SPDX-License-Identifier: ISC */
/* breakglass password set | new | list | verify | remove */
#include "admin/password/password.h"

#include <stdio.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/secret.h"
#include "config/ways.h"

struct password_wish password_wish = {.parts = 2};

static bool parse_hash(const char *value)
{
    password_wish.hash_file = value;
    return value[0] == '/' || (value[0] == '-' && value[1] == '\0');
}

#define OPTION_PARTS                                                                                         \
    {                                                                                                        \
        "parts", "N", "in how many parts [2]", .number = &password_wish.parts, .min = 2,                     \
                                               .max = BG_PASSWORD_PARTS                                      \
    }
#define OPTION_STDIN                                                                                         \
    {                                                                                                        \
        "parts-stdin", NULL, "read the parts from standard input, one a line",                               \
            .flag = &password_wish.parts_stdin                                                               \
    }
#define OPTION_REPLACE                                                                                       \
    {                                                                                                        \
        "replace", NULL, "replace the account's password, which then stops working",                         \
            .flag = &password_wish.replace                                                                   \
    }

static const struct command_option set_options[] = {
    OPTION_PARTS,
    {"hash", "FILE", "keep this hash of crypt(5) instead of a new one; - reads it from standard input",
     .parse = parse_hash, .expected = "an absolute path or -"},
    OPTION_STDIN,
    OPTION_REPLACE,
    {0},
};
static const struct command_option new_options[] = {OPTION_PARTS, OPTION_REPLACE, PAPER_OPTIONS, {0}};
static const struct command_option verify_options[] = {OPTION_STDIN, {0}};

/* --- list ----------------------------------------------------------------------------------- */

static bool list_one(const char *account, const struct bg_credential *c, json_t *list)
{
    const struct bg_password *w = &c->password;
    const char *why = c->has_password ? bg_password_refusal(w->hash) : NULL;

    if (!c->has_password)
        return false;
    ui_text("%-12s %-6u %-12s %-8s %.10s  %s%s\n", account, w->parts, bg_password_kind(w->hash),
            w->letters ? "letters" : "exact", w->created, w->from[0] == '\0' ? "everywhere" : w->from,
            why != NULL ? ", NOT USED" : "");
    if (why != NULL)
        ui_finding(BG_M_CMD_ST_PASSWORD, BG_ARGS(account, why));
    (void)json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b}", "account", account,
                                                "parts", (int)w->parts, "kind", bg_password_kind(w->hash),
                                                "typing", w->letters ? "letters" : "exact", "created",
                                                w->created, "from", w->from, "used", why == NULL));
    return true;
}

static enum admin_exit password_list(char *const words[], json_t *root)
{
    static const struct list l = {.member = "passwords",
                                  .header = "ACCOUNT      PARTS  KIND         TYPED    MADE        FROM",
                                  .none = "no password",
                                  .one = list_one};

    return list_credentials(&l, words[0], root);
}

/* --- verify --------------------------------------------------------------------------------- */

static bool has_one(const char *account, struct bg_credential *c, enum admin_exit *x)
{
    *x = ADMIN_CANNOT;
    if (!rows_credential(account, false, c))
        return false;
    *x = ADMIN_FINDING;
    if (!c->has_password)
        ui_finding(BG_M_CMD_NO_PASSWORD, BG_ARGS(account));
    return c->has_password;
}

/* What came of it is on record, either way. */
static enum admin_exit note(const char *account, const struct bg_credential *c, enum bg_err r)
{
    if (r == BG_OK) {
        if (!report_first(BG_EV_CREDENTIAL_INSPECTED, account,
                          "the parts of the password were inspected: they fit"))
            return ADMIN_CANNOT;
        ui_text("The parts fit: they are the password of %s.\n", account);
        return ADMIN_GOOD;
    }
    if (r == BG_E_MISMATCH) {
        report_failure(BG_EV_CREDENTIAL_INSPECTED, account,
                       "the parts of the password were inspected and do not fit");
        ui_finding(BG_M_CMD_PASSWORD_WRONG, BG_ARGS(account));
        return ADMIN_FINDING;
    }
    ui_finding(BG_M_CMD_PASSWORD_CRYPT, BG_ARGS(bg_password_kind(c->password.hash)));
    return ADMIN_CANNOT;
}

static enum admin_exit password_verify(char *const words[], json_t *root)
{
    static struct bg_credential c;
    static struct bg_parts p;
    const char *why;
    enum admin_exit x;
    enum bg_err r;

    if (!has_one(words[0], &c, &x))
        return x;
    if ((why = bg_password_refusal(c.password.hash)) != NULL) {
        ui_finding(BG_M_CMD_ST_PASSWORD, BG_ARGS(words[0], why));
        return ADMIN_FINDING;
    }
    if ((x = password_can_type()) != ADMIN_GOOD)
        return x;
    if (!password_type(c.password.parts, c.password.letters, &p)) {
        bg_wipe(&p, sizeof p);
        return ADMIN_FINDING;
    }
    r = bg_password_check(c.password.hash, p.whole);
    bg_wipe(&p, sizeof p);
    (void)json_object_set_new(root, "fit", json_boolean(r == BG_OK));
    return note(words[0], &c, r);
}

/* --- remove --------------------------------------------------------------------------------- */

static void warn_of_loss(const char *account, const struct bg_credential *c)
{
    static struct bg_credential without;

    without = *c;
    without.has_password = false;
    if (!bg_credential_suffices(c) || bg_credential_suffices(&without))
        return;
    ui_warning(BG_M_CMD_PASSWORD_LAST, BG_ARGS(account));
    if (c->enabled && !rows_another_opens(account))
        ui_warning(BG_M_CMD_LAST_ACCOUNT, BG_ARGS(account));
}

static enum admin_exit password_remove(char *const words[], json_t *root)
{
    static struct bg_credential c;
    char question[96];
    enum admin_exit x;

    (void)root;
    if (!has_one(words[0], &c, &x))
        return x;
    warn_of_loss(words[0], &c);
    (void)snprintf(question, sizeof question, "Remove the password of %.31s?", words[0]);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    c.has_password = false;
    if ((x = rows_credential_record(words[0], &c, BG_EV_CREDENTIAL_REVOKED, "password revoked",
                                    "the password could not be revoked")) != ADMIN_GOOD)
        return x;
    ui_text("The password no longer opens %s.\n", words[0]);
    return ADMIN_GOOD;
}

const struct command password_commands[] = {
    {.name = "password set",
     .operands = "ACCOUNT",
     .help = "enrol a password that several people hold in parts",
     .about =
         "Let each holder type their part, hidden, in order, and keep one hash of the whole. No part has a "
         "hash of its own.",
     .example = "breakglass password set bg1 --parts 3",
     .needs = COMMAND_ROOT,
     .options = set_options,
     .run = password_set},
    {.name = "password new",
     .operands = "ACCOUNT",
     .help = "draw a password, a card for each of its parts",
     .about = "Draw a part of 20 letters (80 bits) for each holder, show its card, and keep one hash of the "
              "whole.",
     .example = "breakglass password new bg1",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = new_options,
     .run = password_new,
     .unheard = password_take_back},
    {.name = "password list",
     .operands = "[ACCOUNT]",
     .help = "list the passwords in parts, without any secret",
     .example = "breakglass password list",
     .needs = COMMAND_ROOT,
     .run = password_list},
    {.name = "password verify",
     .operands = "ACCOUNT",
     .help = "check that the holders' parts still make the password",
     .about = "Let all parts be typed, and tell whether they fit. That is put on record; nothing is opened.",
     .example = "breakglass password verify bg1",
     .needs = COMMAND_ROOT,
     .options = verify_options,
     .run = password_verify},
    {.name = "password remove",
     .operands = "ACCOUNT",
     .help = "take an account's password away",
     .example = "breakglass password remove bg1",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .run = password_remove},
    {0},
};
