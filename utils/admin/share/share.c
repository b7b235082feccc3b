/* SPDX-License-Identifier: ISC */
/* breakglass share new, and the table of what else there is */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/custody/custody.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/credential.h"

static const char *account;
static bool replace;
static struct bg_credential before; /* what was valid before */
static bool saved;                  /* the new set */

static const struct command_option new_options[] = {
    SHAREWISH_OPTIONS("2/3"),
    {"group-threshold", "N", "groups required [all]", .number = &sharewish_group_threshold, .min = 1,
     .max = BG_GROUPS_MAX},
    {"bits", "128|256", "of the secret: 20 or 33 words a card [128]", .parse = sharewish_parse_bits,
     .expected = "128 or 256"},
    {"exponent", "N", "cost of reading the cards, 10000 << N rounds [0]", .number = &sharewish_exponent,
     .max = BG_EXPONENT_MAX},
    {"replace", NULL, "replace the account's set; its cards stop working", .flag = &replace},
    PAPER_OPTIONS,
    {0},
};

void sharenew_json(const struct bg_shareset *s, const struct slip39_share *shares, size_t n, json_t *root)
{
    (void)json_object_update_new(root, json_pack("{s:s, s:s, s:o, s:i, s:o}", "set", s->words, "label",
                                                 s->label, "groups", sharegroups_json(s), "group_threshold",
                                                 (int)s->group_threshold, "cards", sharecards_json(s)));
    if (!paper_wanted())
        (void)json_object_set_new(root, "shares", sharewords_json(shares, n));
    if (s->group_count == 1)
        (void)json_object_set_new(root, "threshold", json_integer(s->group[0].threshold));
}

static enum admin_exit save(void)
{
    struct bg_credential c = before;
    char message[96], now[BG_TIME_LEN];

    (void)bg_time_rfc3339(now);
    c.has_shares = true;
    c.shares = sharewish.set;
    c.shares.olds = before.shares.olds;
    memcpy(c.shares.old, before.shares.old, sizeof c.shares.old);
    if (before.has_shares)
        bg_shareset_retire(&before.shares, now, &c.shares);
    (void)snprintf(message, sizeof message, "share set \"%s\" enrolled", sharewish.set.label);
    if (rows_credential_record(account, &c, BG_EV_CREDENTIAL_ENROLLED, message,
                               "a share set could not be enrolled") != ADMIN_GOOD) {
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS("the credentials file stays as it is"));
        return ADMIN_CANNOT;
    }
    saved = true;
    if (ui_interactive())
        ui_text("Saved: set %s of %s.\n", sharewish.set.label, account);
    return ADMIN_GOOD;
}

/* JSON tells the result together with the cards, so there the set is saved first: without its cards
 * nobody could use it. Cards on paper are there, whoever hears of them. */
static enum admin_exit take_back(char *const words[])
{
    char message[96];

    (void)words;
    if (!saved || paper_wanted())
        return ADMIN_CANNOT;
    ui_mode(UI_TEXT, false, true, false); /* standard output is gone */
    if (!rows_credential_take_back(account))
        return ADMIN_CANNOT;
    ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
    (void)snprintf(message, sizeof message, "share set \"%s\" revoked: its cards could not be written",
                   sharewish.set.label);
    report_event(BG_EV_CREDENTIAL_REVOKED, account, message);
    return ADMIN_CANNOT;
}

static enum admin_exit show_or_print(const struct slip39_share *shares, size_t n)
{
    struct sharecard cards[BG_CARDS_MAX];
    char host[65];

    bg_host_name(host, sizeof host);
    return sharecards_out(cards, sharecards_of(&sharewish.set, shares, n, account, host, cards), NULL);
}

static bool keep_cards(json_t *root)
{
    if (before.has_shares && !ui_is_yes() && ui_interactive())
        ui_text("When this set is saved, %s's old one stops working.\n", account);
    return sharecards_kept(account, &sharewish.set, root);
}

/* The set is saved when all cards are out: else the old one, if any, keeps working. */
static enum admin_exit hand_out(const struct slip39_share *shares, size_t n, json_t *root)
{
    enum admin_exit x = show_or_print(shares, n);

    if (x == ADMIN_GOOD && ui_form() == UI_OBJECT)
        sharenew_json(&sharewish.set, shares, n, root);
    else if (x == ADMIN_GOOD && !keep_cards(root))
        x = ADMIN_FINDING;
    if (x == ADMIN_GOOD)
        x = save();
    if (x != ADMIN_GOOD)
        paper_take_back();
    return x;
}

static enum admin_exit make_set(json_t *root)
{
    struct slip39_share *shares = calloc(SHARES_MAX, sizeof *shares);
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r = BG_E_NOMEM;
    size_t n = 0;

    if (shares != NULL)
        r = sharenew_make(&sharewish.set, shares, &n);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(r)));
    else
        x = hand_out(shares, n, root);
    if (shares != NULL)
        bg_wipe(shares, SHARES_MAX * sizeof *shares);
    free(shares);
    return x;
}

/* May its keepers have these cards, as they are told? */
static bool may_be_kept(void)
{
    struct bg_credential planned = before;

    planned.has_shares = true;
    planned.shares = sharewish.set;
    return custody_allows(account, &planned);
}

static enum admin_exit share_new(char *const words[], json_t *root)
{
    enum admin_exit x;

    pages_mind_buffers();
    account = words[0];
    if ((x = sharewish_complete()) != ADMIN_GOOD || (x = paper_check()) != ADMIN_GOOD)
        return x;
    if (!paper_wanted() && !pages_private())
        return ADMIN_FINDING;
    if (!rows_credential(account, false, &before)) /* one that is damaged is not replaced */
        return ADMIN_CANNOT;
    if (before.has_shares && !replace) {
        ui_finding(BG_M_CMD_SET_EXISTS, BG_ARGS(account));
        return ADMIN_FINDING;
    }
    if (!ui_is_yes() && (ui_form() == UI_OBJECT || !ui_interactive())) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return may_be_kept() ? make_set(root) : ADMIN_FINDING;
}

const struct command share_commands[] = {
    {.name = "share new",
     .operands = "ACCOUNT",
     .help = "make a share set and show or print its cards",
     .about = "Split a fresh secret, show a card for each custodian, keep what verifies it.",
     .example = "breakglass share new bg1 --shares 3/5",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = new_options,
     .run = share_new,
     .unheard = take_back},
    {.name = "share verify",
     .operands = "ACCOUNT",
     .help = "inspect one card: is it whole, and of the current set?",
     .about =
         "Let a card be typed back, hidden as at a login, and tell whether every word is right, whether it "
         "is the one that was made for the account's share set, and its number. The inspection goes on "
         "record. The account is not opened, no other card is needed, and nothing typed is kept.",
     .example = "breakglass share verify bg1 --seal B17",
     .needs = COMMAND_ROOT,
     .options = verify_options,
     .run = share_verify},
    {.name = "share list",
     .operands = "[ACCOUNT]",
     .help = "list the share sets and who keeps their cards",
     .example = "breakglass share list",
     .needs = COMMAND_ROOT,
     .run = share_list},
    {.name = "share cards",
     .operands = "ACCOUNT",
     .help = "print one card again, from its own words",
     .about =
         "Let a card be typed back, hidden as at a login, and print it anew: to a file, a printer or the "
         "terminal. The words are on the card alone, so the card is needed.",
     .example = "breakglass share cards bg1 --printer safe-room",
     .needs = COMMAND_ROOT,
     .options = cards_options,
     .run = share_cards},
    {.name = "share assign",
     .operands = "ACCOUNT CARD",
     .help = "note who keeps a card, its envelope and its seal",
     .example = "breakglass share assign bg1 2 --custodian \"Jane Doe\" --seal B17",
     .needs = COMMAND_ROOT,
     .options = assign_options,
     .run = share_assign},
    {0},
};
