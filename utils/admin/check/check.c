/* SPDX-License-Identifier: ISC */
/* breakglass check: the command. */
#include <string.h>
#include "account/accounts.h"
#include "admin/admin.h"
#include "admin/check/check.h"
#include "admin/check/facts.h"
#include "admin/check/output.h"
#include "admin/check/prove.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "config/credential.h"

static const char *service, *baseline;
static unsigned scenario;
static bool trace, sarif, on_record, fix, prove;

/* "normal", "ldap-down" ...: all that were not named are left out. */
static bool parse_scenario(const char *value)
{
    for (unsigned i = 0; i < BG_PAM_SCENARIOS; i++)
        if (strcmp(value, bg_pam_scenario_word(i)) == 0) {
            scenario |= 1U << i;
            return true;
        }
    return false;
}

static const struct command_option options[] = {
    {"service", "SERVICE", "only this service of PAM; otherwise login, sshd, su and su-l", .text = &service},
    {"scenario", "SCENARIO", "only this one; otherwise all", .parse = parse_scenario,
     .expected = "normal, ldap-down, dns-down, locked, nologin, disk-full, idle-100d or clock+1y"},
    {"prove", .help = "go each way to the first question, in a room without a network", .flag = &prove},
    {"trace", .help = "show the lines of PAM that lead to each verdict", .flag = &trace},
    {"baseline", "FILE", "only what FILE, the --json output of an earlier run, does not have",
     .text = &baseline},
    {"sarif", .help = "SARIF 2.1.0 instead of text", .flag = &sarif},
    {"fix", .help = "put back what init puts in place, then look again", .flag = &fix},
    {"record", .help = "put on record what has come to shut the account out: for a timer",
     .flag = &on_record},
    {0},
};

static bool service_sound(const char *s)
{
    return *s != '\0' && *s != '.' && strlen(s) < 64 && strchr(s, '/') == NULL;
}

/* One service alone is PAM's business. */
static const struct check_group *const groups[] = {
    &check_pam, &check_ssh, &check_res, &check_mac, &check_mgr,
    &check_acc, &check_nss, &check_con, &check_sud, &check_own,
};

static void check_account(struct check *c, const struct account_row *row)
{
    struct bg_credential credential = {.key = NULL};
    struct check_facts facts;
    struct check_account a = {row, &facts, NULL};

    if (own_read(c, row->name, &credential))
        a.credential = &credential;
    check_facts(row, &facts);
    for (size_t i = 0; i < (c->service == NULL ? sizeof groups / sizeof *groups : 1); i++)
        if (groups[i]->account != NULL)
            groups[i]->account(c, &a);
    bg_credential_free(&credential);
}

static void check_host(struct check *c)
{
    for (size_t i = 0; c->service == NULL && i < sizeof groups / sizeof *groups; i++)
        if (groups[i]->host != NULL)
            groups[i]->host(c);
}

/* A finding that only warns does not make the command end with 1. */
static enum admin_exit verdict(struct check *c)
{
    for (size_t i = 0; i < c->found.n; i++)
        if (c->found.of[i].severity != CHECK_WARN && c->exit == ADMIN_GOOD)
            c->exit = ADMIN_FINDING;
    return c->exit;
}

static void tell(struct check *c)
{
    const struct check_findings *all = check_found(c);

    if (sarif)
        check_sarif(c, verdict(c));
    for (size_t i = 0; i < all->n && !sarif; i++)
        check_show(&all->of[i]);
}

static bool load(struct check *c, struct account_rows *rows)
{
    struct check_reader reader = {c, CHECK_ACC_FILE, {.file = BG_ACCOUNTS_PATH}};
    bool r;

    ui_divert(check_take, &reader);
    r = rows_load(rows);
    for (size_t i = 0; r && i < rows->n; i++)
        if (rows->row[i].wrong[0] != '\0')
            rows_bad_line(&rows->row[i]);
    if (r && rows->n == 0)
        ui_finding(BG_M_CMD_ST_NO_ACCOUNT, BG_ARGS(BG_ACCOUNTS_PATH));
    ui_divert(NULL, NULL);
    return r;
}

bool check_run(struct check *c, const char *only)
{
    static struct account_rows rows;

    if (!load(c, &rows))
        return false;
    facts_keep(true);
    check_libpam(&c->libpam);
    check_host(c);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i].wrong[0] == '\0' && (only == NULL || strcmp(only, rows.row[i].name) == 0))
            check_account(c, &rows.row[i]);
    facts_keep(false);
    return true;
}

bool check_quietly(const char *only, struct check_findings *found)
{
    bool quiet = ui_is_quiet(), known;
    struct check c = {.scenarios = (1U << BG_PAM_SCENARIOS) - 1, .played = json_array()};

    ui_mode(ui_form(), ui_is_yes(), true, ui_is_dry_run());
    known = check_run(&c, only);
    ui_mode(ui_form(), ui_is_yes(), quiet, ui_is_dry_run());
    json_decref(c.played);
    *found = *check_found(&c);
    return known;
}

/* Options that want different things. */
static bool excludes(const char *account)
{
    const struct {
        bool both;
        const char *a, *b;
    } pairs[] = {
        {sarif && ui_form() == UI_OBJECT, "--sarif", "--json"},
        {on_record && account != NULL, "--record", "ACCOUNT"},
        {on_record && service != NULL, "--record", "--service"},
        {on_record && scenario != 0, "--record", "--scenario"},
        {on_record && baseline != NULL, "--record", "--baseline"},
        {on_record && sarif, "--record", "--sarif"},
        {on_record && fix, "--record", "--fix"},
        {sarif && fix, "--sarif", "--fix"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].both) {
            ui_finding(BG_M_CHECK_EXCLUDES, BG_ARGS(pairs[i].a, pairs[i].b));
            return true;
        }
    return false;
}

/* What becomes of what was found. */
static enum admin_exit report(struct check *c, json_t *root)
{
    size_t known;
    enum admin_exit x;

    if (on_record)
        return check_record(c, root), verdict(c);
    if (baseline != NULL) {
        if (!check_news(c, baseline, &known))
            return ADMIN_CANNOT;
        (void)json_object_set_new(root, "known_before", json_integer((json_int_t)known));
        ui_text("%zu findings of before are left out.\n", known);
    }
    x = verdict(c);
    tell(c);
    return x;
}

/* What cannot be read is told by the look that follows. */
static enum admin_exit mend(json_t *root)
{
    static struct account_rows rows;

    rows_load_quietly(&rows);
    return check_fix(&rows, root);
}

static enum admin_exit check(char *const words[], json_t *root)
{
    struct check c = {.service = service,
                      .scenarios = scenario == 0 ? (1U << BG_PAM_SCENARIOS) - 1 : scenario,
                      .trace = trace,
                      .played = json_array()};
    const bool narrows = service != NULL || scenario != 0 || baseline != NULL;
    enum admin_exit x, mended = ADMIN_GOOD;

    (void)json_object_set_new(root, "checks", c.played);
    if (prove)
        return prove_run(words[0], narrows || trace || sarif || on_record || fix, root);
    if (excludes(words[0]))
        return ADMIN_USAGE;
    if (service != NULL && !service_sound(service))
        return admin_bad_value(service, "service", "a name below /etc/pam.d");
    if (sarif || (on_record && ui_form() == UI_TEXT)) /* text would be in the way */
        ui_mode(UI_LINES, ui_is_yes(), ui_is_quiet(), ui_is_dry_run());
    if (fix && (mended = mend(root)) == ADMIN_USAGE)
        return ADMIN_USAGE;
    ui_text("%-12s %-12s %-10s %-8s %-8s %-8s %s\n", "ACCOUNT", "SERVICE", "SCENARIO", "AUTH", "ACCOUNT",
            "SESSION", "WAITS");
    if (!check_run(&c, words[0]))
        c.exit = ADMIN_CANNOT;
    x = report(&c, root);
    check_free(&c.found);
    return x > mended ? x : mended;
}

const struct command check_commands[] = {
    {.name = "check",
     .operands = "[ACCOUNT]",
     .help = "would it open now, and when something is wrong?",
     .about =
         "Plays the stacks of PAM for an account, without PAM, as this host's libpam would: with "
         "nothing wrong, and "
         "when directories, names, the disk or the clock fail, and looks at what else it depends on. Ends "
         "with 1 if anything but warnings was found.",
     .example = "breakglass check bg1 --service sshd --scenario ldap-down --trace",
     .needs = COMMAND_ROOT | COMMAND_DRY | COMMAND_YES,
     .options = options,
     .run = check},
    {0},
};
