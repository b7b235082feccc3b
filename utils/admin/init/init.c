/* breakglass init: set up this host and an emergency account, or take that back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/conf/undo.h"
#include "admin/init/init.h"
#include "admin/init/moduletest.h"
#include "admin/messages.h"
#include "admin/opts.h"
#include "admin/ui.h"
#include "admin/who.h"

static const char usage[] =
    "usage: breakglass init [OPTION...]\n"
    "\n"
    "Make an emergency account and put it into PAM, nsswitch.conf and sshd. Every change of a\n"
    "system file is shown first. Running it again changes nothing that is right already.\n"
    "\n"
    "  --account NAME      name of the account [bg1]\n"
    "  --uid N             0 (default) or a uid of its own\n"
    "  --audit-uid N|none  number that marks what it did, for uid 0 [first free from 59001]\n"
    "  --shell PATH        [/bin/bash]\n"
    "  --services LIST     PAM services, by comma [login,sshd,su,su-l]\n"
    "  --no-sshd           no sshd drop-in\n"
    "  --undo              take our lines out of every system file again\n"
    "  --purge             with --undo: remove accounts and credentials too, never the journal\n"
    "  --dry-run           show only\n"
    "  --yes               answer every question with yes\n"
    "  --json              one JSON object instead of text\n";

enum {
    O_ACCOUNT = 1000,
    O_UID,
    O_AUDIT,
    O_SHELL,
    O_SERVICES,
    O_NOSSHD,
    O_UNDO,
    O_PURGE,
    O_DRY,
    O_YES,
    O_JSON
};

static const struct option options[] = {
    {"account", required_argument, NULL, O_ACCOUNT},
    {"uid", required_argument, NULL, O_UID},
    {"audit-uid", required_argument, NULL, O_AUDIT},
    {"shell", required_argument, NULL, O_SHELL},
    {"services", required_argument, NULL, O_SERVICES},
    {"no-sshd", no_argument, NULL, O_NOSSHD},
    {"undo", no_argument, NULL, O_UNDO},
    {"purge", no_argument, NULL, O_PURGE},
    {"dry-run", no_argument, NULL, O_DRY},
    {"yes", no_argument, NULL, O_YES},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool take_text(char *out, size_t cap, const char *value)
{
    return (size_t)snprintf(out, cap, "%s", value) < cap;
}

/* The options that carry a value. */
static enum admin_exit take_value(struct init_options *o, int c, const char *value)
{
    bool good = true;

    switch (c) {
    case O_ACCOUNT:
        good = take_text(o->account, sizeof o->account, value);
        break;
    case O_UID:
        o->uid_given = good = opts_number(value, UINT32_MAX - 1, &o->uid);
        break;
    case O_AUDIT:
        o->audit_given = true;
        o->has_audit_uid = strcmp(value, "none") != 0;
        good = !o->has_audit_uid || opts_number(value, UINT32_MAX - 1, &o->audit_uid);
        break;
    case O_SHELL:
        o->shell_given = good = take_text(o->shell, sizeof o->shell, value);
        break;
    default:
        good = take_text(o->services, sizeof o->services, value);
        break;
    }
    return good ? ADMIN_GOOD : (enum admin_exit)opts_bad_value(value, "that option", "see --help");
}

static enum admin_exit take_option(struct init_options *o, int c, const char *value)
{
    switch (c) {
    case O_NOSSHD:
        o->no_sshd = true;
        return ADMIN_GOOD;
    case O_UNDO:
        o->undo = true;
        return ADMIN_GOOD;
    case O_PURGE:
        o->purge = true;
        return ADMIN_GOOD;
    case O_DRY:
        o->dry_run = true;
        return ADMIN_GOOD;
    case O_YES:
        o->yes = true;
        return ADMIN_GOOD;
    case O_JSON:
        o->json = true;
        return ADMIN_GOOD;
    default:
        return take_value(o, c, value);
    }
}

/* *done: --help was answered or an option was wrong; the return value is then the exit code. */
static enum admin_exit read_options(int argc, char **argv, struct init_options *o, bool *done)
{
    enum admin_exit x = ADMIN_GOOD;
    int c;

    *done = true;
    while ((c = opts_next(argc, argv, options, "init")) != -1) {
        if (c == OPT_HELP)
            return fputs(usage, stdout), ADMIN_GOOD;
        if (c == 0 || (x = take_option(o, c, optarg)) != ADMIN_GOOD)
            return ADMIN_USAGE;
    }
    if (optind < argc) {
        ui_finding(BG_M_CMD_OPTION, BG_ARGS(argv[optind], "init"));
        return ADMIN_USAGE;
    }
    *done = false;
    return ADMIN_GOOD;
}

/* What was not said by options is asked for, when a person is there. */
static enum admin_exit ask_missing(struct init_options *o, bool account_given)
{
    char uid[16];

    if (o->yes || o->json || o->dry_run || o->undo || !ui_interactive())
        return ADMIN_GOOD;
    if (!account_given)
        ui_ask_value("Name of the account", o->account, sizeof o->account);
    if (o->uid_given)
        return ADMIN_GOOD;
    (void)snprintf(uid, sizeof uid, "%u", o->uid);
    ui_ask_value("Its uid (0 needs no sudo; another number needs a rule)", uid, sizeof uid);
    if (!opts_number(uid, UINT32_MAX - 1, &o->uid))
        return (enum admin_exit)opts_bad_value(uid, "--uid", "a number");
    return ADMIN_GOOD;
}

static void show_account(const struct account_row *row)
{
    ui_text("Account   %s, uid %u", row->name, row->uid);
    if (row->has_audit_uid)
        ui_text(", audit uid %u", row->audit_uid);
    ui_text(", shell %s\n", row->shell);
    if (row->uid != 0)
        ui_text("          It is not root by itself. Give it a rule, for example the sudoers line\n"
                "          %s ALL=(ALL:ALL) NOPASSWD: ALL\n",
                row->name);
}

static void show_made(const json_t *made, bool dry)
{
    size_t i;
    json_t *path;

    json_array_foreach(made, i, path) ui_text("%-9s %s\n",
                                              i > 0 ? ""
                                              : dry ? "To make"
                                                    : "Made",
                                              json_string_value(path));
}

static enum admin_exit finish(json_t *root, enum admin_exit x)
{
    if (ui_is_json()) {
        (void)json_object_set_new(root, "exit", json_integer(x));
        ui_json(root);
    } else {
        json_decref(root);
    }
    return x;
}

/* May we go on? ADMIN_GOOD: yes. */
static enum admin_exit ask(const char *question)
{
    switch (ui_ask(question)) {
    case UI_YES:
        return ADMIN_GOOD;
    case UI_NO:
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
        return ADMIN_FINDING;
    case UI_NOBODY:
    default:
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
}

/* Nobody else may edit the system's files from the first look at them to the last change. */
static enum admin_exit lock(void)
{
    enum bg_err r = sysfile_lock();

    if (r == BG_OK)
        return ADMIN_GOOD;
    if (r == BG_E_BUSY)
        ui_finding(BG_M_CMD_LOCKED, BG_NOARGS);
    else
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(SYSFILE_LOCK, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit write_host(struct init_plan *plan, json_t *made)
{
    const char *failed = "";
    char message[128];
    enum bg_err r = init_host(plan, false, made, &failed);
    enum admin_exit x;
    size_t edits = plan->conf.edits.n;

    if (r == BG_OK && edits > 0) {
        failed = UNDO_DIR;
        r = undo_prepare(&plan->conf.edits);
    }
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(failed, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if ((x = conf_apply(&plan->conf, &plan->row)) != ADMIN_GOOD)
        return x;
    (void)snprintf(message, sizeof message, "init: account %s, uid %u; %zu system files changed",
                   plan->row.name, plan->row.uid, edits);
    who_record(BG_EV_CONFIG_CHANGED, plan->row.name, message);
    return ADMIN_GOOD;
}

/* Show the plan, ask, do it. */
static enum admin_exit carry_out(struct init_plan *plan, json_t *root)
{
    json_t *changed = json_array(), *made = json_array();
    const char *failed;
    enum admin_exit x = ADMIN_GOOD;

    (void)json_object_set_new(root, "changed", changed);
    (void)json_object_set_new(root, "made", made);
    (void)init_host(plan, true, made, &failed);
    show_account(&plan->row);
    show_made(made, true);
    ui_text("%-9s %zu system files\n\n", "To change", plan->conf.edits.n);
    conf_show(&plan->conf.edits, changed);
    if (plan->conf.edits.n == 0 && json_array_size(made) == 0) {
        ui_text("Nothing to do: all of it is as it should be.\n");
    } else if (plan->opt.dry_run) {
        ui_text("Nothing was changed (--dry-run).\n");
    } else if ((x = ask("Do all this?")) == ADMIN_GOOD) {
        (void)json_array_clear(made);
        x = write_host(plan, made);
        show_made(made, false);
        if (x == ADMIN_GOOD)
            ui_text("Done. Next: breakglass share new %s\n", plan->row.name);
    }
    return x;
}

static enum admin_exit set_up(struct init_plan *plan)
{
    json_t *root;
    enum admin_exit x;

    if ((x = init_account(plan)) != ADMIN_GOOD)
        return finish(json_object(), x);
    root = json_pack("{s:s, s:i, s:o, s:b}", "account", plan->row.name, "uid", (int)plan->row.uid,
                     "audit_uid", plan->row.has_audit_uid ? json_integer(plan->row.audit_uid) : json_null(),
                     "dry_run", plan->opt.dry_run);
    if (!modules_sound())
        return finish(root, ADMIN_FINDING);
    x = conf_plan(&plan->conf, &plan->rows, plan->opt.services, plan->opt.no_sshd ? "sshd" : NULL);
    if (x == ADMIN_GOOD)
        x = carry_out(plan, root);
    else
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
    sysedits_finish(&plan->conf.edits);
    return finish(root, x);
}

static enum admin_exit take_back(const struct init_options *opt, struct conf_plan *conf)
{
    enum admin_exit x =
        ask(opt->purge ? "Take all this back, and remove accounts and credentials?" : "Take all this back?");

    if (x != ADMIN_GOOD)
        return x;
    /* what was broken before us may stay so */
    for (size_t i = 0; i < conf->edits.n; i++) {
        const struct conffile *k = conf->edits.item[i].kind;
        conf->checked[k - conffiles] = k->check != NULL && k->check(NULL, true);
    }
    if ((x = conf_apply(conf, NULL)) != ADMIN_GOOD)
        return x;
    undo_forget();
    who_record(BG_EV_CONFIG_CHANGED, NULL,
               opt->purge ? "init --undo --purge: our lines, accounts and credentials removed"
                          : "init --undo: our lines removed from the system files");
    if (opt->purge)
        init_purge();
    ui_text("Done.\n");
    return ADMIN_GOOD;
}

static enum admin_exit undo(const struct init_options *opt, struct conf_plan *conf)
{
    json_t *changed = json_array(), *root = json_pack("{s:o}", "changed", changed);
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r = undo_plan(conf);

    if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(UNDO_DIR, bg_strerror(r)));
    } else {
        conf_show(&conf->edits, changed);
        if (conf->edits.n == 0)
            ui_text("No system file has a line of ours.\n");
        if (opt->dry_run || (conf->edits.n == 0 && !opt->purge)) {
            ui_text("Nothing was changed.\n");
            x = ADMIN_GOOD;
        } else {
            x = take_back(opt, conf);
        }
    }
    sysedits_finish(&conf->edits);
    return finish(root, x);
}

enum admin_exit cmd_init(int argc, char **argv)
{
    static struct init_plan plan;
    struct init_options *o = &plan.opt;
    bool done = false;
    enum admin_exit x;

    (void)take_text(o->shell, sizeof o->shell, "/bin/bash");
    (void)take_text(o->services, sizeof o->services, "login,sshd,su,su-l");
    x = read_options(argc, argv, o, &done);
    if (done)
        return x;
    ui_mode(o->json, o->yes);
    if (geteuid() != 0 && !o->dry_run) {
        ui_finding(BG_M_CMD_ROOT, BG_ARGS("init"));
        return finish(json_object(), ADMIN_CANNOT);
    }
    if (!o->dry_run && (x = lock()) != ADMIN_GOOD)
        return finish(json_object(), x);
    if (o->undo)
        return undo(o, &plan.conf);
    bool given = o->account[0] != '\0';
    if (!given)
        (void)take_text(o->account, sizeof o->account, "bg1");
    if ((x = ask_missing(o, given)) != ADMIN_GOOD)
        return x;
    return set_up(&plan);
}
