/* SPDX-License-Identifier: ISC */
/* breakglass fleet new | enroll | derive | install */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/admin.h"
#include "admin/fleet/fleet.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"
#include "share/sharetyper.h"

static struct shareplan plan = {
    .set = {.bytes = 32, .group_count = 1, .group = {{.threshold = 2, .count = 3}}}};

static struct {
    const char *account;
    uint32_t epoch;
    bool next, from_stdin, on_a_host, replace;
} wish = {.account = "bg1"};

#define HERE                                                                                                 \
    {                                                                                                        \
        "on-a-host", NULL, "go on although this machine has emergency accounts itself",                      \
            .flag = &wish.on_a_host                                                                          \
    }
#define TYPED                                                                                                \
    {                                                                                                        \
        "card-stdin", NULL, "read the words of the cards from standard input", .flag = &wish.from_stdin      \
    }

/* --- what all of them ask first --------------------------------------------------------------------- */

/* Cards of a fleet that are typed on a host are known to whoever owns that host, and with them the fleet. */
static bool on_no_host(void)
{
    if (wish.on_a_host || access(BG_ACCOUNTS_PATH, F_OK) != 0)
        return true;
    ui_finding(BG_M_FLEET_HERE, BG_ARGS(BG_ACCOUNTS_PATH));
    return false;
}

static bool somebody_types(void)
{
    if (wish.from_stdin || (ui_form() != UI_OBJECT && ui_interactive()))
        return true;
    ui_finding(BG_M_CMD_CARD_NOBODY, BG_NOARGS);
    return false;
}

static bool load_fleet(const char *dir, struct fleet *f)
{
    struct bg_ini_error e = {0};
    enum bg_err r = fleet_load(dir, f, &e);

    if (r == BG_OK)
        return true;
    if (e.line > 0)
        ui_finding(BG_M_FLEET_LINE, BG_ARGS("fleet.conf", BG_DIGITS(e.line), e.text));
    else
        ui_finding(BG_M_FLEET_BAD, BG_ARGS(dir, e.text[0] != '\0' ? e.text : bg_strerror(r)));
    return false;
}

static bool load_hosts(const char *path, bool epochs, struct fleet_hosts *l)
{
    struct bg_ini_error e = {0};

    if (fleet_hosts_read(path, epochs, l, &e) == BG_OK)
        return true;
    if (e.line > 0)
        ui_finding(BG_M_FLEET_LINE, BG_ARGS(path, BG_DIGITS(e.line), e.text));
    else
        ui_finding(BG_M_CMD_FILE, BG_ARGS(path, e.text));
    return false;
}

/* The hosts of the fleet, and the path of their list. */
static bool load_known(const char *dir, char path[PATH_MAX], struct fleet_hosts *l)
{
    if (fleet_path(dir, "hosts", path))
        return load_hosts(path, true, l);
    ui_finding(BG_M_FLEET_BAD, BG_ARGS(dir, bg_strerror(BG_E_RANGE)));
    return false;
}

/* Let the cards be typed. True: the fleet's secret, which the caller wipes. */
static bool type_secret(const char *dir, const struct fleet *f, uint8_t secret[SLIP39_MAX_BYTES])
{
    static struct bg_sharetyper t;
    static const struct bg_identity no_host; /* sets of the old kind were never a fleet's */
    const struct bg_message *why = NULL;
    bool good;

    bg_sharetyper_start(&t, &f->credential.shares);
    good = sharecards_type(&t, true, wish.from_stdin, &why);
    if (good && bg_sharetyper_secret(&t, f->account, &no_host, secret) != BG_OK) {
        ui_finding(BG_M_FLEET_WRONG, BG_ARGS(fleet_name(dir)));
        good = false;
    }
    bg_sharetyper_wipe(&t);
    return good;
}

/* --- new -------------------------------------------------------------------------------------------- */

static bool parse_shares(const char *value)
{
    return shareplan_groups(value, &plan.set) && plan.set.group_count == 1;
}

static bool parse_group(const char *value)
{
    return shareplan_group(value, &plan);
}

static bool parse_keeper(const char *value)
{
    return shareplan_keeper(value, &plan);
}

static bool parse_account(const char *value)
{
    wish.account = value;
    return bg_name_valid(value);
}

static const struct command_option new_options[] = {
    {"account", "NAME", "the emergency account of all hosts [bg1]", .parse = parse_account,
     .expected = "the name of an account"},
    {"shares", "T/N", "any T of N cards give the secret [2/3]", .parse = parse_shares,
     .expected = "T/N with T of 2 to N and N up to 16, or 1/1"},
    {"group", "GROUP", "\"NAME T/N\": a group of cards with a name; repeat it", .parse = parse_group,
     .expected = "a name of its own and T/N: \"ops 2/3\""},
    {"custodian", "WHO", "of the next card: NAME[:ENVELOPE[:SEAL]]; repeat it", .parse = parse_keeper,
     .expected = "NAME, NAME:ENVELOPE or NAME:ENVELOPE:SEAL"},
    PAPER_OPTIONS,
    HERE,
    {0},
};

static bool is_made; /* the directory, by this command */

static enum admin_exit made(const char *dir, json_t *root)
{
    struct fleet f = {.credential.shares = plan.set};
    enum bg_err r = bg_random(f.id, sizeof f.id);

    (void)snprintf(f.account, sizeof f.account, "%s", wish.account);
    if (r == BG_OK)
        r = fleet_make(dir, &f);
    if (r != BG_OK) {
        ui_finding(BG_M_FLEET_VOID, BG_ARGS(dir, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    is_made = true;
    ui_text("Made: fleet %s. Next: breakglass fleet enroll %s HOSTS\n", fleet_name(dir), dir);
    (void)json_object_update_new(root, json_pack("{s:s, s:s, s:s, s:o}", "fleet", fleet_name(dir), "account",
                                                 wish.account, "label", plan.set.label, "cards",
                                                 sharecards_json(&plan.set)));
    return ADMIN_GOOD;
}

static enum admin_exit hand_out(const char *dir, const struct slip39_share *shares, size_t n, json_t *root)
{
    struct sharecard cards[BG_CARDS_MAX];
    size_t k = sharecards_of(&plan.set, shares, n, wish.account, fleet_name(dir), cards);
    enum admin_exit x;

    for (size_t i = 0; i < k; i++)
        cards[i].fleet = true;
    if ((x = sharecards_out(cards, k, NULL)) == ADMIN_GOOD && !sharecards_kept(wish.account, &plan.set, root))
        x = ADMIN_FINDING;
    if (x == ADMIN_GOOD)
        x = made(dir, root);
    if (x == ADMIN_GOOD && ui_form() == UI_OBJECT && !paper_wanted())
        (void)json_object_set_new(root, "shares", sharewords_json(shares, n));
    if (x != ADMIN_GOOD)
        paper_take_back();
    return x;
}

/* JSON tells the cards at the end; without them the directory is of no use to anybody. Cards on paper are
 * there, whoever hears of them. */
static enum admin_exit take_back(char *const words[])
{
    if (!is_made || paper_wanted())
        return ADMIN_CANNOT;
    ui_mode(UI_TEXT, false, true, false); /* standard output is gone */
    fleet_unmake(words[0]);
    ui_finding(BG_M_FLEET_VOID, BG_ARGS(words[0], "its cards could not be written"));
    return ADMIN_CANNOT;
}

static enum admin_exit check_new(const char *dir)
{
    enum admin_exit x;

    if (!on_no_host())
        return ADMIN_FINDING;
    if (access(dir, F_OK) == 0) {
        ui_finding(BG_M_FLEET_EXISTS, BG_ARGS(dir));
        return ADMIN_FINDING;
    }
    plan.set.group_threshold = plan.set.group_count;
    if (!shareplan_cards(&plan)) {
        ui_finding(BG_M_CMD_CARDS_MANY, BG_ARGS(BG_DIGITS(BG_CARDS_MAX)));
        return ADMIN_USAGE;
    }
    if ((x = paper_check()) != ADMIN_GOOD)
        return x;
    if (!ui_is_yes() && (ui_form() == UI_OBJECT || !ui_interactive())) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return paper_wanted() || pages_private() ? ADMIN_GOOD : ADMIN_FINDING;
}

static enum admin_exit fleet_new(char *const words[], json_t *root)
{
    struct slip39_share *shares;
    size_t n = 0;
    enum admin_exit x;
    enum bg_err r = BG_E_NOMEM;

    pages_mind_buffers();
    if ((x = check_new(words[0])) != ADMIN_GOOD)
        return x;
    if ((shares = calloc(SHARES_MAX, sizeof *shares)) != NULL)
        r = sharenew_make(&plan.set, shares, &n);
    if (r == BG_OK) {
        x = hand_out(words[0], shares, n, root);
    } else {
        ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(r)));
        x = ADMIN_CANNOT;
    }
    if (shares != NULL)
        bg_wipe(shares, SHARES_MAX * sizeof *shares);
    free(shares);
    return x;
}

/* --- enroll ----------------------------------------------------------------------------------------- */

static const struct command_option enroll_options[] = {
    {"next", NULL, "move hosts that are known on to their next epoch", .flag = &wish.next},
    TYPED,
    HERE,
    {0},
};

static void progress(size_t done, size_t all)
{
    if (all > 1000 && !ui_is_quiet() && isatty(STDERR_FILENO) == 1)
        (void)fprintf(stderr, "\r%zu of %zu hosts", done, all);
}

/*
 * The list of epochs comes last: if it cannot be written, the new files are of epochs that it does not know,
 * and the same command, run again, makes them once more.
 */
static enum admin_exit write_hosts(const char *dir, const struct fleet *f, const char *list,
                                   struct fleet_hosts *known, const struct fleet_hosts *some)
{
    uint8_t secret[SLIP39_MAX_BYTES];
    enum bg_err r;

    if (!type_secret(dir, f, secret))
        return ADMIN_FINDING;
    if ((r = fleet_enroll(dir, f, secret, some, progress)) == BG_OK)
        r = fleet_hosts_write(list, known);
    bg_wipe(secret, sizeof secret);
    if (r == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_FLEET_WRITE, BG_ARGS(dir, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit enroll(const char *dir, const struct fleet *f, struct fleet_hosts *known,
                              struct fleet_hosts *some, const char *list, json_t *root)
{
    size_t before = known->n;
    enum bg_err r = fleet_hosts_join(known, some, wish.next);
    enum admin_exit x;

    if (r != BG_OK) {
        ui_finding(BG_M_FLEET_WRITE, BG_ARGS(dir, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if ((x = write_hosts(dir, f, list, known, some)) != ADMIN_GOOD)
        return x;
    ui_text("%zu credentials files in %s/credentials, %zu of them for new hosts.\n", some->n, dir,
            known->n - before);
    (void)json_object_update_new(root, json_pack("{s:s, s:i, s:i}", "fleet", fleet_name(dir), "hosts",
                                                 (int)some->n, "new", (int)(known->n - before)));
    return ADMIN_GOOD;
}

static enum admin_exit fleet_enroll_command(char *const words[], json_t *root)
{
    struct fleet f;
    struct fleet_hosts known = {0}, some = {0};
    char list[PATH_MAX];
    enum admin_exit x = ADMIN_CANNOT;

    pages_mind_buffers();
    if (!on_no_host())
        return ADMIN_FINDING;
    if (!somebody_types())
        return ADMIN_USAGE;
    if (load_fleet(words[0], &f) && load_known(words[0], list, &known) && load_hosts(words[1], false, &some))
        x = enroll(words[0], &f, &known, &some, list, root);
    fleet_hosts_free(&known);
    fleet_hosts_free(&some);
    return x;
}

/* --- derive ----------------------------------------------------------------------------------------- */

static const struct command_option derive_options[] = {
    {"epoch", "N", "for this epoch of the host [the newest]", .number = &wish.epoch, .min = 1,
     .max = BG_FLEET_EPOCH_MAX},
    TYPED,
    PAPER_OPTIONS,
    HERE,
    {0},
};

/* One card: the only share of the host's set. */
static enum admin_exit show_card(const struct fleet *f, const struct fleet_host *h, struct bg_shareset *set,
                                 const struct slip39_share *share, json_t *root)
{
    struct sharecard card = {f->account, h->name, set, share, &set->card[0], false};
    enum admin_exit x;

    set->cards = 1;
    bg_share_card_at(&set->card[0], 1, 1, 0);
    (void)snprintf(set->label, sizeof set->label, "epoch %u", h->epoch);
    (void)bg_time_rfc3339(set->created);
    if ((x = sharecards_out(&card, 1, NULL)) != ADMIN_GOOD)
        return x;
    (void)json_object_update_new(
        root, json_pack("{s:s, s:s, s:i}", "host", h->name, "account", f->account, "epoch", (int)h->epoch));
    if (ui_form() == UI_OBJECT && !paper_wanted())
        (void)json_object_set_new(root, "shares", sharewords_json(share, 1));
    return ADMIN_GOOD;
}

static enum admin_exit derive(const char *dir, const struct fleet *f, struct fleet_host *h, json_t *root)
{
    static struct bg_shareset set;
    struct bg_fleet_host of = {.host = h->name, .account = f->account};
    struct slip39_share share;
    uint8_t secret[SLIP39_MAX_BYTES];
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r;

    if (wish.epoch != 0)
        h->epoch = wish.epoch;
    of.epoch = h->epoch;
    memcpy(of.fleet, f->id, sizeof of.fleet);
    if (!type_secret(dir, f, secret))
        return ADMIN_FINDING;
    if ((r = bg_fleet_derive(&of, secret, f->credential.shares.bytes, &set, &share)) == BG_OK)
        x = show_card(f, h, &set, &share, root);
    else
        ui_finding(BG_M_FLEET_BAD, BG_ARGS(dir, bg_strerror(r)));
    bg_wipe(secret, sizeof secret);
    bg_wipe(&share, sizeof share);
    return x;
}

static enum admin_exit check_derive(void)
{
    enum admin_exit x = paper_check();

    if (x != ADMIN_GOOD)
        return x;
    if (!on_no_host() || (!paper_wanted() && !pages_private()))
        return ADMIN_FINDING;
    return somebody_types() ? ADMIN_GOOD : ADMIN_USAGE;
}

static enum admin_exit fleet_derive(char *const words[], json_t *root)
{
    struct fleet f;
    struct fleet_hosts known = {0};
    struct fleet_host *h;
    char list[PATH_MAX];
    enum admin_exit x;

    pages_mind_buffers();
    if ((x = check_derive()) != ADMIN_GOOD)
        return x;
    if (!load_fleet(words[0], &f) || !load_known(words[0], list, &known))
        return ADMIN_CANNOT;
    if ((h = fleet_hosts_find(&known, words[1])) == NULL) {
        ui_finding(BG_M_FLEET_NO_HOST, BG_ARGS(words[1], fleet_name(words[0])));
        x = ADMIN_USAGE;
    } else {
        x = derive(words[0], &f, h, root);
    }
    fleet_hosts_free(&known);
    return x;
}

/* --- install: on the host --------------------------------------------------------------------------- */

static bool load_file(const char *path, struct bg_credential *c)
{
    struct bg_ini_error e = {0};
    enum bg_err r = bg_credential_load_file(path, c, &e);

    if (r == BG_OK && c->has_shares)
        return true;
    if (e.line > 0)
        ui_finding(BG_M_FLEET_LINE, BG_ARGS(path, BG_DIGITS(e.line), e.text));
    else
        ui_finding(BG_M_CMD_FILE, BG_ARGS(path, r == BG_OK          ? "it has no [shares]"
                                                : e.text[0] != '\0' ? e.text
                                                                    : bg_strerror(r)));
    return false;
}

static const struct command_option install_options[] = {
    {"replace", NULL, "also by a set that was replaced here before", .flag = &wish.replace},
    {0},
};

static bool same_set(const struct bg_credential *c, const struct bg_shareset *set)
{
    return c->has_shares && c->shares.id == set->id &&
           memcmp(c->shares.verifier, set->verifier, sizeof set->verifier) == 0;
}

/* A card that was used is known to whoever was near: what it opens does not come back unasked. */
static bool is_spent(const char *account, const struct bg_credential *c, const struct bg_shareset *set)
{
    for (size_t i = 0; i < c->shares.olds && !same_set(c, set); i++)
        if (strtoul(c->shares.old[i].place, NULL, 10) == set->id) {
            ui_finding(BG_M_FLEET_SPENT, BG_ARGS(account, bg_shareset_title(set), c->shares.old[i].replaced));
            return true;
        }
    return false;
}

enum admin_exit fleet_take(const char *account, const char *path, bool spent, const struct bg_credential *c,
                           struct bg_shareset *out)
{
    static struct bg_credential from;
    struct bg_identity host;

    if (!load_file(path, &from))
        return ADMIN_CANNOT;
    bg_credential_free(&from);
    if (!spent && is_spent(account, c, &from.shares))
        return ADMIN_FINDING;
    memcpy(from.shares.from, c->shares.from, sizeof from.shares.from);
    bg_identity_read(&host);
    (void)!bg_identity_print(&host, from.shares.host); /* else it stays "elsewhere" */
    *out = from.shares;
    out->olds = 0;
    return ADMIN_GOOD;
}

static enum admin_exit fleet_install(char *const words[], json_t *root)
{
    static struct bg_credential c;
    static struct bg_shareset set;
    char now[BG_TIME_LEN], message[96];
    enum admin_exit x;

    if (!rows_credential(words[0], false, &c))
        return ADMIN_CANNOT;
    if ((x = fleet_take(words[0], words[1], wish.replace, &c, &set)) != ADMIN_GOOD)
        return x;
    (void)bg_time_rfc3339(now);
    memcpy(set.old, c.shares.old, sizeof set.old);
    set.olds = c.shares.olds;
    if (c.has_shares && !same_set(&c, &set))
        bg_shareset_retire(&c.shares, now, &set);
    c.shares = set;
    c.has_shares = true;
    (void)snprintf(message, sizeof message, "share set \"%s\" of a fleet enrolled",
                   bg_shareset_title(&c.shares));
    if ((x = rows_credential_record(words[0], &c, BG_EV_CREDENTIAL_ENROLLED, message,
                                    "a share set of a fleet could not be enrolled")) != ADMIN_GOOD)
        return x;
    ui_text("%s is opened by the card of %s now.\n", words[0], bg_shareset_title(&c.shares));
    (void)json_object_update_new(root,
                                 json_pack("{s:s, s:s}", "set", c.shares.words, "label", c.shares.label));
    return ADMIN_GOOD;
}

const struct command fleet_commands[] = {
    {.name = "fleet new",
     .operands = "DIR",
     .help = "make one secret for many hosts, and its cards",
     .about =
         "On a machine without a network: draw the secret of a fleet, show or print a card of it for each "
         "custodian, and keep in the new directory DIR what is needed to recognize it. These cards are "
         "never typed on a host: \"fleet derive\" makes a host's own card from them.",
     .example = "breakglass fleet new /media/safe/west --shares 2/3",
     .needs = COMMAND_ASKS,
     .options = new_options,
     .run = fleet_new,
     .unheard = take_back},
    {.name = "fleet enroll",
     .operands = "DIR HOSTS",
     .help = "write one credentials file for each host",
     .about =
         "Let the cards of the fleet be typed, and write DIR/credentials/HOST for each host of the list "
         "HOSTS, "
         "a name a line. A host's file tells nothing of another host. With --next a known host is given its "
         "next secret: do that after each use.",
     .example = "breakglass fleet enroll /media/safe/west hosts.txt",
     .options = enroll_options,
     .run = fleet_enroll_command},
    {.name = "fleet derive",
     .operands = "DIR HOST",
     .help = "make the card that opens one host",
     .about = "Let the cards of the fleet be typed, and show or print the one card that opens HOST, whose "
              "epoch the "
              "prompt there names. It is typed like any card; after that use, run \"fleet enroll --next\".",
     .example = "breakglass fleet derive /media/safe/west web01",
     .options = derive_options,
     .run = fleet_derive},
    {.name = "fleet install",
     .operands = "ACCOUNT FILE",
     .help = "on the host: take the share set of a fleet's file",
     .about = "Take the share set of FILE, which \"fleet enroll\" wrote for this host, in the place of the "
              "account's "
              "own; its keys and everything else stay.",
     .example = "breakglass fleet install bg1 /run/web01",
     .needs = COMMAND_ROOT,
     .options = install_options,
     .run = fleet_install},
    {0},
};
