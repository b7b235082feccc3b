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
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/credential.h"

static struct shareplan plan = {
    .set = {.bytes = 16, .group_count = 1, .group = {{.threshold = 2, .count = 3}}}};

static struct {
    const char *account, *label;
    uint32_t group_threshold, exponent;
    bool replace;
} wish;

static struct bg_credential before; /* what was valid before */

static bool parse_shares(const char *value)
{
    return shareplan_groups(value, &plan.set) && plan.set.group_count == 1;
}

/* How many are required, or the groups themselves. */
static bool parse_groups(const char *value)
{
    return bg_number(value, 1, BG_GROUPS_MAX, &wish.group_threshold) || shareplan_groups(value, &plan.set);
}

static bool parse_group(const char *value)
{
    return shareplan_group(value, &plan);
}

static bool parse_label(const char *value)
{
    wish.label = value;
    return strlen(value) < BG_SET_LABEL && bg_share_text_valid(value);
}

static bool parse_keeper(const char *value)
{
    return shareplan_keeper(value, &plan);
}

static bool parse_bits(const char *value)
{
    plan.set.bytes = strcmp(value, "256") == 0 ? 32 : 16;
    return plan.set.bytes == 32 || strcmp(value, "128") == 0;
}

#define GROUP_FORM  "T/N with T of 2 to N and N up to 16, or 1/1"
#define KEEPER_FORM "NAME, NAME:ENVELOPE or NAME:ENVELOPE:SEAL"

static const struct command_option new_options[] = {
    {"shares", "T/N", "any T of N cards open it [2/3]", .parse = parse_shares, .expected = GROUP_FORM},
    {"group", "GROUP", "\"NAME T/N\": a group of cards with a name; repeat it", .parse = parse_group,
     .expected = "a name of its own and T/N: \"ops 2/3\""},
    {"groups", "N", "groups required [all]; or their T/N,T/N...", .parse = parse_groups,
     .expected = "a number, or " GROUP_FORM ", several with commas"},
    {"group-threshold", "N", "groups required [all]", .number = &wish.group_threshold, .min = 1,
     .max = BG_GROUPS_MAX},
    {"label", "TEXT", "what the set is called [drawn]", .parse = parse_label,
     .expected = "at most 32 bytes of visible text without , : \" and \\"},
    {"custodian", "WHO", "of the next card: NAME[:ENVELOPE[:SEAL]]; repeat it", .parse = parse_keeper,
     .expected = KEEPER_FORM},
    {"bits", "128|256", "of the secret: 20 or 33 words a card [128]", .parse = parse_bits,
     .expected = "128 or 256"},
    {"exponent", "N", "cost of reading the cards, 10000 << N rounds [0]", .number = &wish.exponent,
     .max = BG_EXPONENT_MAX},
    {"replace", NULL, "replace the account's set; its cards stop working", .flag = &wish.replace},
    PAPER_OPTIONS,
    {0},
};

/* What goes to paper is not shown as well. */
static void cards_json(const struct slip39_share *shares, size_t n, json_t *root)
{
    const struct bg_shareset *s = &plan.set;

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
    c.shares = plan.set;
    c.shares.olds = before.shares.olds;
    memcpy(c.shares.old, before.shares.old, sizeof c.shares.old);
    if (before.has_shares)
        bg_shareset_retire(&before.shares, now, &c.shares);
    (void)snprintf(message, sizeof message, "share set \"%s\" enrolled", plan.set.label);
    if (rows_credential_record(wish.account, &c, BG_EV_CREDENTIAL_ENROLLED, message,
                               "a share set could not be enrolled") != ADMIN_GOOD) {
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS("the credentials file stays as it is"));
        return ADMIN_CANNOT;
    }
    if (ui_interactive())
        ui_text("Saved: set %s of %s.\n", plan.set.label, wish.account);
    return ADMIN_GOOD;
}

/* JSON tells the result together with the cards, so there the set is saved first: without its cards
 * nobody could use it. Cards on paper are there, whoever hears of them. */
static enum admin_exit take_back(char *const words[])
{
    char message[96];

    (void)words;
    if (paper_wanted())
        return ADMIN_CANNOT;
    ui_mode(UI_TEXT, false, true, false); /* standard output is gone */
    if (!rows_credential_take_back(wish.account))
        return ADMIN_CANNOT;
    ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
    (void)snprintf(message, sizeof message, "share set \"%s\" revoked: its cards could not be written",
                   plan.set.label);
    report_event(BG_EV_CREDENTIAL_REVOKED, wish.account, message);
    return ADMIN_CANNOT;
}

static enum admin_exit show_or_print(const struct slip39_share *shares, size_t n)
{
    struct sharecard cards[BG_CARDS_MAX];
    char host[65];

    bg_host_name(host, sizeof host);
    return sharecards_out(cards, sharecards_of(&plan.set, shares, n, wish.account, host, cards));
}

static bool keep_cards(json_t *root)
{
    if (before.has_shares && !ui_is_yes() && ui_interactive())
        ui_text("When this set is saved, %s's old one stops working.\n", wish.account);
    return sharecards_kept(wish.account, &plan.set, root);
}

/* The set is saved when all cards are out: else the old one, if any, keeps working. */
static enum admin_exit hand_out(const struct slip39_share *shares, size_t n, json_t *root)
{
    enum admin_exit x = show_or_print(shares, n);

    if (x == ADMIN_GOOD && ui_form() == UI_OBJECT)
        cards_json(shares, n, root);
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
        r = sharenew_make(&plan.set, shares, &n);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(r)));
    else
        x = hand_out(shares, n, root);
    if (shares != NULL)
        bg_wipe(shares, SHARES_MAX * sizeof *shares);
    free(shares);
    return x;
}

/* What no option shows by itself. ADMIN_GOOD, or the finding was shown. */
static enum admin_exit complete_plan(void)
{
    struct bg_shareset *s = &plan.set;

    s->exponent = (uint8_t)wish.exponent;
    s->group_threshold = wish.group_threshold == 0 ? s->group_count : (uint8_t)wish.group_threshold;
    if (wish.group_threshold > s->group_count)
        return admin_bad_value(BG_DIGITS(wish.group_threshold), "--group-threshold",
                               "at most the number of groups");
    for (size_t i = 0; i < s->group_count; i++)
        if (plan.copies[i] > 1 && s->group_threshold == 1)
            return admin_bad_value("1/N", "--group", "T/N with T of 2 to N where one group is enough");
    if (!shareplan_cards(&plan)) {
        ui_finding(BG_M_CMD_CARDS_MANY, BG_ARGS(BG_DIGITS(BG_CARDS_MAX)));
        return ADMIN_USAGE;
    }
    if (wish.label != NULL)
        (void)snprintf(s->label, sizeof s->label, "%s", wish.label);
    return paper_check();
}

static enum admin_exit share_new(char *const words[], json_t *root)
{
    enum admin_exit x;

    pages_mind_buffers();
    wish.account = words[0];
    if ((x = complete_plan()) != ADMIN_GOOD)
        return x;
    if (!paper_wanted() && !pages_private())
        return ADMIN_FINDING;
    if (!rows_credential(wish.account, false, &before)) /* one that is damaged is not replaced */
        return ADMIN_CANNOT;
    if (before.has_shares && !wish.replace) {
        ui_finding(BG_M_CMD_SET_EXISTS, BG_ARGS(wish.account));
        return ADMIN_FINDING;
    }
    if (!ui_is_yes() && (ui_form() == UI_OBJECT || !ui_interactive())) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return make_set(root);
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
