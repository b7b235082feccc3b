/* breakglass share new | list */
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/credential.h"
#include "admin/admin.h"
#include "base/secret.h"
#include "admin/opts.h"
#include "admin/rows.h"
#include "admin/share/card.h"
#include "admin/share/new.h"
#include "admin/ui.h"
#include "admin/who.h"
#include "admin/messages.h"

static const char new_usage[] =
    "usage: breakglass share new ACCOUNT [OPTION...]\n"
    "\n"
    "Draw a fresh secret, split it, show one card for each custodian, and save what verifies the\n"
    "secret (never the secret). The old set of the account stops working when the new one is saved.\n"
    "\n"
    "  --shares T/N         any T of N cards open it [2/3]\n"
    "  --groups T/N,T/N...  several groups of cards instead\n"
    "  --group-threshold N  how many groups it takes [all]\n"
    "  --bits 128|256       of the secret: 20 or 33 words a card [128]\n"
    "  --exponent N         0..6: cost of reading the cards, 10000 << N rounds [0]\n"
    "  --replace            the account may have a set already\n"
    "  --yes                answer every question with yes\n"
    "  --json               the cards as one JSON object\n";

enum {
    O_SHARES = 1000,
    O_GROUPS,
    O_GROUPT,
    O_BITS,
    O_EXPONENT,
    O_REPLACE,
    O_YES,
    O_JSON
};

static const struct option new_options[] = {
    {"shares", required_argument, NULL, O_SHARES},
    {"groups", required_argument, NULL, O_GROUPS},
    {"group-threshold", required_argument, NULL, O_GROUPT},
    {"bits", required_argument, NULL, O_BITS},
    {"exponent", required_argument, NULL, O_EXPONENT},
    {"replace", no_argument, NULL, O_REPLACE},
    {"yes", no_argument, NULL, O_YES},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};
static const struct option list_options[] = {
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

struct wish {
    const char *account;
    struct bg_shareset set;
    bool replace, yes, json;
};

static enum admin_exit take_option(struct wish *w, int c, const char *value)
{
    uint32_t number = 0;

    switch (c) {
    case O_SHARES:
    case O_GROUPS:
        if (!sharenew_parse_groups(value, &w->set) || (c == O_SHARES && w->set.group_count != 1))
            return (enum admin_exit)opts_bad_value(value, "the cards",
                                                   "T/N with T of 2..N, N up to 16, or 1/1");
        return ADMIN_GOOD;
    case O_GROUPT:
        if (!opts_number(value, BG_GROUPS_MAX, &number) || number == 0)
            return (enum admin_exit)opts_bad_value(value, "--group-threshold", "a number of 1..16");
        w->set.group_threshold = (uint8_t)number;
        return ADMIN_GOOD;
    case O_BITS:
        if (!opts_number(value, 256, &number) || (number != 128 && number != 256))
            return (enum admin_exit)opts_bad_value(value, "--bits", "128 or 256");
        w->set.bytes = (uint8_t)(number / 8);
        return ADMIN_GOOD;
    case O_EXPONENT:
        if (!opts_number(value, BG_EXPONENT_MAX, &number))
            return (enum admin_exit)opts_bad_value(value, "--exponent", "a number of 0..6");
        w->set.exponent = (uint8_t)number;
        return ADMIN_GOOD;
    default:
        w->replace = w->replace || c == O_REPLACE;
        w->yes = w->yes || c == O_YES;
        w->json = w->json || c == O_JSON;
        return ADMIN_GOOD;
    }
}

static enum admin_exit read_wish(int argc, char **argv, struct wish *w, bool *done)
{
    char threshold[8];
    int c;

    *done = true;
    (void)sharenew_parse_groups("2/3", &w->set);
    w->set.bytes = 16;
    while ((c = opts_next(argc, argv, new_options, "share new")) != -1) {
        if (c == OPT_HELP)
            return fputs(new_usage, stdout), ADMIN_GOOD;
        if (c == 0 || take_option(w, c, optarg) != ADMIN_GOOD)
            return ADMIN_USAGE;
    }
    if (argc - optind != 1)
        return ui_finding(BG_M_CMD_WORDS, BG_ARGS("share new")), ADMIN_USAGE;
    if (w->set.group_threshold == 0)
        w->set.group_threshold = w->set.group_count;
    (void)snprintf(threshold, sizeof threshold, "%u", w->set.group_threshold);
    if (w->set.group_threshold > w->set.group_count)
        return (enum admin_exit)opts_bad_value(threshold, "--group-threshold",
                                               "at most the number of groups");
    w->account = argv[optind];
    *done = false;
    return ADMIN_GOOD;
}

static enum admin_exit finish(enum admin_exit x, json_t *root)
{
    if (!ui_is_json()) {
        json_decref(root);
        return x;
    }
    if (root == NULL)
        root = json_object();
    (void)json_object_set_new(root, "exit", json_integer(x));
    ui_json(root);
    return x;
}

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

static json_t *cards_json(const struct wish *w, const struct slip39_share *shares, size_t n)
{
    json_t *list = json_array(), *root;
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
    root = json_pack("{s:s, s:s, s:i, s:i, s:o}", "account", w->account, "set", w->set.label, "groups",
                     (int)w->set.group_count, "group_threshold", (int)w->set.group_threshold, "shares", list);
    if (w->set.group_count == 1)
        (void)json_object_set_new(root, "threshold", json_integer(w->set.group[0].threshold));
    return root;
}

static enum bg_err show_cards(const struct wish *w, const struct slip39_share *shares, size_t n)
{
    char host[65] = "?";
    struct sharecard card = {.account = w->account, .host = host, .set = &w->set};

    (void)gethostname(host, sizeof host - 1);
    return sharecards_show(&card, shares, n);
}

/* The set is saved when all cards are out: else the old one, if any, goes on working. */
static enum admin_exit save(const struct wish *w, struct bg_credential *c, const char *question)
{
    char message[96];
    enum bg_err r;

    if (ui_interactive() && !w->json && ui_ask(question) != UI_YES) {
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS("it was not confirmed"));
        return ADMIN_FINDING;
    }
    c->has_shares = true;
    c->shares = w->set;
    if ((r = bg_credential_save(BG_CREDENTIALS_DIR, w->account, c)) != BG_OK) {
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS(bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    (void)snprintf(message, sizeof message, "share set \"%s\" enrolled", w->set.label);
    who_record(BG_EV_CREDENTIAL_ENROLLED, w->account, message);
    return ADMIN_GOOD;
}

/* JSON tells the result together with the cards, so there the set is saved first: without cards it is
 * worthless. */
static enum admin_exit take_back(const struct wish *w, const struct bg_credential *before)
{
    char message[96];
    enum bg_err r = bg_credential_save(BG_CREDENTIALS_DIR, w->account, before);

    ui_mode(false, false); /* standard output is gone */
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
    (void)snprintf(message, sizeof message, "share set \"%s\" taken back: its cards could not be written",
                   w->set.label);
    who_record(BG_EV_CREDENTIAL_ENROLLED, w->account, message);
    return ADMIN_CANNOT;
}

static char output[BUFSIZ]; /* of stdout, so that it can be wiped */

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
}

static enum admin_exit make_set(struct wish *w, struct bg_credential *c)
{
    struct slip39_share *shares = calloc(SHARES_MAX, sizeof *shares);
    const struct bg_credential before = *c;
    json_t *root = NULL;
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r = BG_E_NOMEM;
    size_t n = 0;

    if (shares != NULL)
        r = sharenew_make(w->account, &w->set, shares, &n);
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(r)));
    } else if (w->json) {
        root = cards_json(w, shares, n);
        x = save(w, c, "");
    } else if ((r = show_cards(w, shares, n)) != BG_OK) {
        ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
        x = r == BG_E_CANCEL ? ADMIN_FINDING : ADMIN_CANNOT;
    } else if ((x = save(w, c, "Save this set? The account's old set then stops working.")) == ADMIN_GOOD &&
               ui_interactive()) {
        ui_text("Saved: set %s of %s.\n", w->set.label, w->account);
    }
    if (shares != NULL)
        bg_wipe(shares, SHARES_MAX * sizeof *shares);
    free(shares);
    x = finish(x, root);
    if ((fflush(stdout) != 0 || ferror(stdout)) && w->json && x == ADMIN_GOOD)
        x = take_back(w, &before);
    bg_wipe(output, sizeof output);
    return x;
}

static enum admin_exit share_new(int argc, char **argv)
{
    struct wish w = {0};
    struct bg_credential c = {.enabled = true};
    struct bg_ini_error bad = {0};
    enum admin_exit x;
    enum bg_err r;
    bool done = false;

    x = read_wish(argc, argv, &w, &done);
    if (done)
        return x;
    mind_the_buffers();
    ui_mode(w.json, w.yes);
    if (geteuid() != 0)
        return ui_finding(BG_M_CMD_ROOT, BG_ARGS("share new")), finish(ADMIN_CANNOT, NULL);
    if (!rows_require(w.account) || !stdout_private())
        return finish(ADMIN_FINDING, NULL);
    r = bg_credential_load(BG_CREDENTIALS_DIR, w.account, &c, &bad);
    if (r != BG_OK && r != BG_E_NOENT && !w.replace) {
        ui_finding(BG_M_CMD_ST_CREDENTIAL,
                   BG_ARGS(w.account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
        return finish(ADMIN_CANNOT, NULL);
    }
    if (r != BG_OK)
        c = (struct bg_credential){.enabled = true};
    if (c.has_shares && !w.replace) {
        ui_finding(BG_M_CMD_SET_EXISTS, BG_ARGS(w.account));
        return finish(ADMIN_FINDING, NULL);
    }
    if (!w.yes && !(ui_interactive() && !w.json)) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return finish(ADMIN_USAGE, NULL);
    }
    return make_set(&w, &c);
}

/* --- list ----------------------------------------------------------------------------------- */

static json_t *set_json(const char *account, const struct bg_shareset *s)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < s->group_count; i++)
        (void)json_array_append_new(groups, json_pack("{s:i, s:i}", "threshold", (int)s->group[i].threshold,
                                                      "count", (int)s->group[i].count));
    return json_pack("{s:s, s:s, s:i, s:b, s:i, s:i, s:o, s:i, s:s}", "account", account, "set", s->label,
                     "id", (int)s->id, "extendable", s->extendable, "exponent", (int)s->exponent,
                     "group_threshold", (int)s->group_threshold, "groups", groups, "bits", (int)s->bytes * 8,
                     "created", s->created);
}

static void print_set(const char *account, const struct bg_shareset *s)
{
    ui_text("%-12s %-18s ", account, s->label);
    for (size_t i = 0; i < s->group_count; i++)
        ui_text("%s%u of %u", i > 0 ? " + " : "", s->group[i].threshold, s->group[i].count);
    if (s->group_count > 1)
        ui_text(" (%u groups)", s->group_threshold);
    ui_text(", %d bits, %.10s\n", s->bytes * 8, s->created);
}

static void list_one(const char *account, json_t *sets)
{
    struct bg_credential c;
    struct bg_ini_error bad = {0};
    enum bg_err r = bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad);

    if (r != BG_OK) {
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
    } else if (c.has_shares) {
        (void)json_array_append_new(sets, set_json(account, &c.shares));
        print_set(account, &c.shares);
    } else {
        ui_text("%-12s no share set\n", account);
    }
}

static enum admin_exit share_list(int argc, char **argv)
{
    static struct account_rows rows;
    json_t *sets;
    bool json = false;
    int c;

    while ((c = opts_next(argc, argv, list_options, "share list")) != -1) {
        if (c == OPT_HELP)
            return puts("usage: breakglass share list [ACCOUNT] [--json]"), ADMIN_GOOD;
        if (c == 0)
            return ADMIN_USAGE;
        json = true;
    }
    ui_mode(json, false);
    if (argc - optind > 1)
        return ui_finding(BG_M_CMD_OPTION, BG_ARGS(argv[optind + 1], "share list")), ADMIN_USAGE;
    if (geteuid() != 0)
        return ui_finding(BG_M_CMD_ROOT, BG_ARGS("share list")), finish(ADMIN_CANNOT, NULL);
    if (optind < argc && !rows_require(argv[optind]))
        return finish(ADMIN_FINDING, NULL);
    sets = json_array();
    if (rows_load(&rows) == BG_OK)
        for (size_t i = 0; i < rows.n; i++)
            if (optind == argc || strcmp(argv[optind], rows.row[i].name) == 0)
                list_one(rows.row[i].name, sets);
    return finish(ui_findings() > 0 ? ADMIN_FINDING : ADMIN_GOOD, json_pack("{s:o}", "sets", sets));
}

enum admin_exit cmd_share(int argc, char **argv)
{
    static const struct subcommand table[] = {
        {"new", "make a share set and show its cards", share_new},
        {"list", "the sets, without any secret", share_list},
        {NULL, NULL, NULL},
    };

    return admin_dispatch(table, "usage: breakglass share new|list [OPTION...]", argc, argv);
}
