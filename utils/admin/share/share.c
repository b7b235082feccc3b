/* SPDX-License-Identifier: ISC */
/* breakglass share new | test | list */
#include <jansson.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/credential.h"
#include "admin/admin.h"
#include "base/host.h"
#include "base/identity.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "admin/rows.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "admin/messages.h"

static struct {
    const char *account;
    struct bg_shareset set;
    uint32_t group_threshold, exponent;
    bool replace;
} wish = {.set = {.bytes = 16, .group_count = 1, .group = {{.threshold = 2, .count = 3}}}};

static struct bg_credential before; /* what was valid before */
static char *old_file;              /* the credentials file as it was, NULL: none */
static size_t old_len;

static bool parse_shares(const char *value)
{
    return sharenew_parse_groups(value, &wish.set) && wish.set.group_count == 1;
}

static bool parse_groups(const char *value)
{
    return sharenew_parse_groups(value, &wish.set);
}

static bool parse_bits(const char *value)
{
    wish.set.bytes = strcmp(value, "256") == 0 ? 32 : 16;
    return wish.set.bytes == 32 || strcmp(value, "128") == 0;
}

#define GROUP_FORM "T/N with T of 2 to N and N up to 16, or 1/1"

static const struct command_option new_options[] = {
    {"shares", "T/N", "any T of N cards open it [2/3]", .parse = parse_shares, .expected = GROUP_FORM},
    {"groups", "T/N,T/N...", "several groups of cards instead", .parse = parse_groups,
     .expected = GROUP_FORM ", several with commas"},
    {"group-threshold", "N", "groups required [all]", .number = &wish.group_threshold, .min = 1,
     .max = BG_GROUPS_MAX},
    {"bits", "128|256", "of the secret: 20 or 33 words a card [128]", .parse = parse_bits,
     .expected = "128 or 256"},
    {"exponent", "N", "cost of reading the cards, 10000 << N rounds [0]", .number = &wish.exponent,
     .max = BG_EXPONENT_MAX},
    {"replace", NULL, "replace the account's set, whose cards then stop working", .flag = &wish.replace},
    {0},
};

/* A plain file on standard output that others may read is no place for shares. */
static bool stdout_private(void)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ui_finding(BG_M_CMD_SHARE_STDOUT, BG_NOARGS);
        return false;
    }
    return true;
}

static json_t *groups_json(const struct bg_shareset *s)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < s->group_count; i++)
        (void)json_array_append_new(groups, json_pack("{s:i, s:i}", "threshold", (int)s->group[i].threshold,
                                                      "count", (int)s->group[i].count));
    return groups;
}

static void cards_json(const struct slip39_share *shares, size_t n, json_t *root)
{
    json_t *list = json_array();
    uint16_t words[SLIP39_MAX_WORDS];
    char line[SLIP39_MAX_WORDS * 9 + 1];

    for (size_t i = 0; i < n; i++) {
        size_t count = 0, at = 0;
        if (slip39_encode(&shares[i], words, &count) != BG_OK)
            continue;
        for (size_t k = 0; k < count; k++)
            at += (size_t)snprintf(line + at, sizeof line - at, k == 0 ? "%s" : " %s", slip39_word(words[k]));
        (void)json_array_append_new(list, json_string(line));
    }
    bg_wipe(line, sizeof line);
    bg_wipe(words, sizeof words);
    (void)json_object_update_new(root,
                                 json_pack("{s:s, s:s, s:o, s:i, s:o}", "set", wish.set.words, "label",
                                           wish.set.label, "groups", groups_json(&wish.set),
                                           "group_threshold", (int)wish.set.group_threshold, "shares", list));
    if (wish.set.group_count == 1)
        (void)json_object_set_new(root, "threshold", json_integer(wish.set.group[0].threshold));
}

static enum bg_err show_cards(const struct slip39_share *shares, size_t n)
{
    char host[65];
    struct sharecard card = {.account = wish.account, .host = host, .set = &wish.set};

    bg_host_name(host, sizeof host);
    return sharecards_show(&card, shares, n);
}

/* A stray Enter must not decide about cards that are written already. */
static bool keep_cards(size_t n, json_t *root)
{
    static const char *const answers[] = {"save", "discard", "test", NULL};
    char question[80];
    int answer;

    if (ui_is_yes() || !ui_interactive())
        return true;
    if (before.has_shares)
        ui_text("When this set is saved, %s's old one stops working.\n", wish.account);
    (void)snprintf(question, sizeof question,
                   "Are all %zu cards written down? Type \"save\", \"discard\" or \"test\"", n);
    ui_text("\"test\" lets you type one card back first, to see that no word is wrong.\n");
    while ((answer = ui_choose(question, answers)) == 2)
        (void)sharecard_test(wish.account, &wish.set, false, root);
    if (answer != 0)
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS("it was not confirmed"));
    return answer == 0;
}

static enum admin_exit save(void)
{
    struct bg_credential c = before;
    char message[96];
    enum bg_err r;

    c.has_shares = true;
    c.shares = wish.set;
    if ((r = bg_credential_save(BG_CREDENTIALS_DIR, wish.account, &c)) != BG_OK) {
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS(bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    (void)snprintf(message, sizeof message, "share set \"%s\" enrolled", wish.set.label);
    report_event(BG_EV_CREDENTIAL_ENROLLED, wish.account, message);
    if (ui_interactive())
        ui_text("Saved: set %s of %s.\n", wish.set.label, wish.account);
    return ADMIN_GOOD;
}

static void credentials_path(char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/%.64s", BG_CREDENTIALS_DIR, wish.account);
}

/* Byte for byte: it may have been damaged, or not there at all. */
static enum bg_err put_back(void)
{
    char path[PATH_MAX];

    credentials_path(path);
    if (old_file != NULL)
        return bg_file_replace(path, old_file, old_len, 0600, (uid_t)-1, (gid_t)-1);
    return unlink(path) == 0 ? BG_OK : BG_E_IO;
}

/* JSON tells the result together with the cards, so there the set is saved first: without its cards
 * nobody could use it. */
static enum admin_exit take_back(char *const words[])
{
    char message[96];
    enum bg_err r;

    (void)words;
    ui_mode(UI_TEXT, false, true, false); /* standard output is gone */
    if ((r = put_back()) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
    (void)snprintf(message, sizeof message, "share set \"%s\" revoked: its cards could not be written",
                   wish.set.label);
    report_event(BG_EV_CREDENTIAL_REVOKED, wish.account, message);
    return ADMIN_CANNOT;
}

static char output[BUFSIZ]; /* of stdout, so that it can be wiped */

static void wipe_output(void)
{
    bg_wipe(output, sizeof output);
}

static void wiping_free(void *p)
{
    if (p != NULL)
        bg_wipe(p, malloc_usable_size(p));
    free(p);
}

/* Words pass through the buffers of stdio and jansson. */
static void mind_the_buffers(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that is gone is a write that failed */
    (void)setvbuf(stdout, output, ui_interactive() ? _IOLBF : _IOFBF, sizeof output);
    json_set_alloc_funcs(malloc, wiping_free);
    (void)atexit(wipe_output);
}

/* The set is saved when all cards are out: else the old one, if any, keeps working. */
static enum admin_exit hand_out(const struct slip39_share *shares, size_t n, json_t *root)
{
    enum bg_err r;

    if (ui_form() == UI_OBJECT) {
        cards_json(shares, n, root);
    } else if ((r = show_cards(shares, n)) != BG_OK) {
        if (r == BG_E_CANCEL)
            ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS(bg_strerror(r)));
        else
            ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
        return r == BG_E_CANCEL ? ADMIN_FINDING : ADMIN_CANNOT;
    } else if (!keep_cards(n, root)) {
        return ADMIN_FINDING;
    }
    return save();
}

static enum admin_exit make_set(json_t *root)
{
    struct slip39_share *shares = calloc(SHARES_MAX, sizeof *shares);
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r = BG_E_NOMEM;
    size_t n = 0;

    if (shares != NULL)
        r = sharenew_make(&wish.set, shares, &n);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(r)));
    else
        x = hand_out(shares, n, root);
    if (shares != NULL)
        bg_wipe(shares, SHARES_MAX * sizeof *shares);
    free(shares);
    return x;
}

/* Damaged credentials are no obstacle to replacing them. */
static bool load_before(void)
{
    struct bg_ini_error bad;
    char path[PATH_MAX];

    credentials_path(path);
    (void)!bg_file_slurp(path, BG_INI_FILE_MAX, &old_file, &old_len);
    if (!wish.replace)
        return rows_credential(wish.account, false, &before);
    if (bg_credential_load(BG_CREDENTIALS_DIR, wish.account, &before, &bad) != BG_OK)
        before = (struct bg_credential){.enabled = true};
    return true;
}

static enum admin_exit share_new(char *const words[], json_t *root)
{
    mind_the_buffers();
    wish.account = words[0];
    if (wish.group_threshold > wish.set.group_count)
        return admin_bad_value(BG_DIGITS(wish.group_threshold), "--group-threshold",
                               "at most the number of groups");
    wish.set.exponent = (uint8_t)wish.exponent;
    wish.set.group_threshold =
        wish.group_threshold == 0 ? wish.set.group_count : (uint8_t)wish.group_threshold;
    if (!stdout_private())
        return ADMIN_FINDING;
    if (!load_before())
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

/* --- test ----------------------------------------------------------------------------------- */

static bool card_stdin;
static const struct command_option test_options[] = {
    {"card-stdin", NULL, "read the card's words from standard input", .flag = &card_stdin}, {0}};

/* A sound card is not enough where the set asks for the host that made it. */
static void tell_old_set(const char *account)
{
    struct bg_identity now;

    if (before.shares.host[0] != '\0')
        return;
    bg_identity_read(&now);
    ui_warning(BG_M_CMD_ST_OLD_SET,
               BG_ARGS(account, now.fault != NULL ? now.fault : "its machine-id is there"));
}

static enum admin_exit share_test(char *const words[], json_t *root)
{
    if (!rows_credential(words[0], false, &before))
        return ADMIN_CANNOT;
    if (!before.has_shares) {
        ui_finding(BG_M_CMD_NO_SET, BG_ARGS(words[0]));
        return ADMIN_FINDING;
    }
    if (!card_stdin && (ui_form() == UI_OBJECT || !ui_interactive())) {
        ui_finding(BG_M_CMD_CARD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!sharecard_test(words[0], &before.shares, card_stdin, root))
        return ADMIN_FINDING;
    tell_old_set(words[0]);
    return ADMIN_GOOD;
}

/* --- list ----------------------------------------------------------------------------------- */

static json_t *set_json(const char *account, const struct bg_shareset *s)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:i, s:i, s:o, s:i, s:s}", "account", account, "label",
                     s->label, "set", s->words, "set_id", (int)s->id, "extendable", s->extendable, "exponent",
                     (int)s->exponent, "group_threshold", (int)s->group_threshold, "groups", groups_json(s),
                     "bits", (int)s->bytes * 8, "created", s->created);
}

static bool list_set(const char *account, const struct bg_credential *c, json_t *sets)
{
    const struct bg_shareset *s = &c->shares;
    char needs[16 * BG_GROUPS_MAX + 40];
    size_t at = 0;

    if (!c->has_shares)
        return false;
    for (size_t i = 0; i < s->group_count; i++)
        at += (size_t)snprintf(needs + at, sizeof needs - at, "%s%u of %u", i > 0 ? " + " : "",
                               s->group[i].threshold, s->group[i].count);
    if (s->group_count > 1)
        at += (size_t)snprintf(needs + at, sizeof needs - at, " (%u groups)", s->group_threshold);
    (void)snprintf(needs + at, sizeof needs - at, ", %d bits", s->bytes * 8);
    ui_text("%-12s %-18s %-24s %.10s\n", account, bg_shareset_title(s), needs, s->created);
    (void)json_array_append_new(sets, set_json(account, s));
    return true;
}

static enum admin_exit share_list(char *const words[], json_t *root)
{
    static const struct list l = {.member = "sets",
                                  .header = "ACCOUNT      SET                NEEDS                    MADE",
                                  .none = "no share set",
                                  .one = list_set};

    return list_credentials(&l, words[0], root);
}

const struct command share_commands[] = {
    {.name = "share new",
     .operands = "ACCOUNT",
     .help = "make a share set and show its cards",
     .about = "Draw a fresh secret, split it, show one card for each custodian, and save what verifies the "
              "secret (never the secret). An account that has a set already is given another one only with "
              "--replace.",
     .example = "breakglass share new bg1 --shares 3/5",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = new_options,
     .run = share_new,
     .unheard = take_back},
    {.name = "share test",
     .operands = "ACCOUNT",
     .help = "check one written card against the account's set",
     .about =
         "Let a card be typed back, hidden as at a login, and tell whether every word is right, whether it "
         "belongs to the account's share set, and its number. The account is not opened; nothing typed is "
         "kept.",
     .example = "breakglass share test bg1",
     .needs = COMMAND_ROOT,
     .options = test_options,
     .run = share_test},
    {.name = "share list",
     .operands = "[ACCOUNT]",
     .help = "list the share sets, without any secret",
     .example = "breakglass share list",
     .needs = COMMAND_ROOT,
     .run = share_list},
    {0},
};
