/* SPDX-License-Identifier: ISC */
/* breakglass init: set up this host and an emergency account, or take that back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/seen.h"
#include "admin/gear/gear.h"
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/admin.h"
#include "admin/ui.h"
#include "base/text.h"

#define FORGET_MS 2000

static struct init_services services;
static struct init_options asked = {.uid = INIT_NO_UID, .audit_uid = INIT_NO_UID};
static struct init_plan plan; /* large, and not in the file of the program: all zeros until init begins */

static bool parse_audit_uid(const char *value)
{
    asked.audit_given = true;
    return strcmp(value, "none") == 0 || bg_number(value, 0, UINT32_MAX - 1, &asked.audit_uid);
}

static const struct command_option options[] = {
    {"account", "NAME", "name of the account [bg1]", .text = &asked.account},
    {"uid", "N", "0 or a uid of its own [0]", .number = &asked.uid, .max = UINT32_MAX - 1},
    {"audit-uid", "N|none", "its audit uid [first free from 59001]", .parse = parse_audit_uid,
     .expected = "a number, or none"},
    {"shell", "PATH", "its shell [" INIT_SHELL "]", .text = &asked.shell},
    {"services", "LIST", "PAM services, comma-separated [login,sshd,su,su-l]", .text = &asked.services},
    {"sessions", "LIST|none", "PAM services for our session line alone [sudo,cron,...]",
     .text = &asked.sessions},
    {"no-sshd", NULL, "leave sshd's configuration alone", .flag = &asked.no_sshd},
    {"sshd-instance", "PORT", "an sshd for the accounts alone, on that port", .number = &asked.instance,
     .min = 1, .max = UINT16_MAX},
    {"rescue", NULL, "open rescue and emergency mode with the account too", .flag = &asked.rescue},
    {"platform", "NAME", "sonic, cumulus, vyos, none [auto]", .text = &asked.platform},
    {"restore", NULL, "put back what another program took out; for hooks", .flag = &asked.restore},
    {"undo", NULL, "remove our lines from every system file", .flag = &asked.undo},
    {"purge", NULL, "with --undo: remove accounts and credentials too", .flag = &asked.purge},
    {0},
};

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

/* From the first look at the system's files to the last change, no other init may edit them. */
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

/* systemd's drop-ins need folders of their own. */
static enum admin_exit apply(void)
{
    const char *folder = "";
    enum bg_err r = BG_OK;

    if (sysedits_planned(&plan.conf.edits, conffiles[CONF_RESCUE].path) != NULL ||
        sysedits_planned(&plan.conf.edits, conffiles[CONF_EMERGENCY].path) != NULL)
        r = rescue_folders(&folder);
    if (r == BG_OK)
        r = hook_folders(&plan.conf.edits, &folder);
    if (r == BG_OK)
        r = sshd_own_folder(&plan.conf.edits, &folder);
    if (r == BG_OK)
        return conf_apply(&plan.conf, &plan.row);
    ui_finding(BG_M_CMD_MAKE, BG_ARGS(folder, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit write_host(json_t *made)
{
    char message[128];
    enum bg_err r;
    enum admin_exit x;

    services_user(&services); /* whose group reads the journal */
    if (!init_host(&plan, false, made))
        return ADMIN_CANNOT;
    if (plan.conf.edits.n > 0 && (r = undo_prepare(&plan.conf.edits)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(UNDO_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if ((x = apply()) != ADMIN_GOOD)
        return x;
    (void)bg_seen_forget(FORGET_MS); /* that there was no such account */
    if (plan.opt.restore)
        return platform_restored(&plan, made), ADMIN_GOOD;
    (void)snprintf(message, sizeof message, "init: account %s, uid %u; %zu system files changed",
                   plan.row.name, plan.row.uid, plan.conf.edits.n);
    report_event(BG_EV_CONFIG_CHANGED, plan.row.name, message);
    return ADMIN_GOOD;
}

/* Show the plan, ask, do it. */
static enum admin_exit carry_out(json_t *root)
{
    json_t *diffs = json_array(), *made = json_array(), *started = json_array();
    enum admin_exit x = ADMIN_GOOD;
    char question[128];

    (void)json_object_set_new(root, "diffs", diffs);
    (void)json_object_set_new(root, "started", started);
    (void)json_object_set_new(root, "made", made);
    (void)snprintf(question, sizeof question, "Change %zu system files %s %s?", plan.conf.edits.n,
                   plan.new_account ? "and make" : "for", plan.row.name);
    (void)init_host(&plan, true, made);
    show_account(&plan.row);
    platform_show();
    show_made(made, true);
    services_plan(&services);
    services_show(&services);
    ui_text("%-9s %zu system files\n\n", "To change", plan.conf.edits.n);
    conf_show(&plan.conf.edits, diffs);
    if (plan.conf.edits.n == 0 && json_array_size(made) == 0 && !services.user && !services.start) {
        ui_text("Nothing to do: everything is as it should be.\n");
    } else if (ui_is_dry_run()) {
        ui_text("Nothing was changed (--dry-run).\n");
    } else if (!platform_may_restore(&plan, made)) {
        x = ADMIN_FINDING;
    } else if (plan.opt.restore || (x = ui_confirm(question)) == ADMIN_GOOD) {
        (void)json_array_clear(made);
        x = write_host(made);
        show_made(made, false);
        if (x == ADMIN_GOOD) {
            services_start(&services, started, !plan.opt.restore);
            ui_text("Done.\n");
            if (!plan.opt.restore)
                services_next(plan.row.name);
        }
    }
    if (x == ADMIN_GOOD && !plan.opt.restore && !ui_is_dry_run())
        platform_finish(&plan);
    return x;
}

static enum admin_exit set_up(json_t *root)
{
    const struct init_options *o = &plan.opt;
    const bool unseen = o->sessions != NULL && strcmp(o->sessions, "none") == 0;
    const char *names[CONFFILES] = {[CONF_PAM] = o->services,
                                    [CONF_SESSIONS] = unseen ? "" : o->sessions,
                                    [CONF_SSHD] = o->no_sshd ? "" : NULL};
    enum admin_exit x;

    if ((x = init_account(&plan)) != ADMIN_GOOD)
        return x;
    if (o->instance != 0 && !sshd_instance_ask(o->instance))
        return ADMIN_FINDING;
    names[CONF_SSHD_RUN] = names[CONF_SSHD];
    names[CONF_SSHD_OWN] = o->instance != 0 || sshd_instance_is_set_up() ? NULL : "";
    names[CONF_SSHD_UNIT] = names[CONF_SSHD_KEEP] = names[CONF_SSHD_OWN];
    names[CONF_RESCUE] = names[CONF_EMERGENCY] = init_rescue(o) ? NULL : "";
    (void)json_object_update_new(
        root, json_pack("{s:s, s:I, s:o, s:b}", "account", plan.row.name, "uid", (json_int_t)plan.row.uid,
                        "audit_uid", plan.row.has_audit_uid ? json_integer(plan.row.audit_uid) : json_null(),
                        "dry_run", ui_is_dry_run()));
    if (!modules_sound())
        return ADMIN_FINDING;
    x = conf_plan(&plan.conf, &plan.rows, names);
    if (x == ADMIN_GOOD)
        x = carry_out(root);
    else
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
    sysedits_finish(&plan.conf.edits);
    return x;
}

static enum admin_exit choose(json_t *root)
{
    bool nothing;
    enum admin_exit x = platform_choose(&plan, &nothing);

    if (x != ADMIN_GOOD)
        return x;
    if (!nothing) {
        x = set_up(root);
        if (plan.opt.restore && !ui_is_dry_run())
            platform_finish(&plan); /* whatever failed: what was replaced must not come back with an image */
        return x;
    }
    ui_note(BG_M_CMD_GEAR_NOTHING, BG_ARGS(GEAR_SAVED));
    return ADMIN_GOOD;
}

/* Nothing puts our lines back any more. */
static void forget(void)
{
    platform_forget();
    services_forget();
}

static enum admin_exit take_back(bool purge, struct conf_plan *conf)
{
    enum admin_exit x = ui_confirm(purge ? "Take all this back, and remove accounts and credentials?"
                                         : "Take all this back?");

    if (x != ADMIN_GOOD)
        return x;
    /* what is broken already may stay broken */
    for (size_t i = 0; i < conf->edits.n; i++) {
        const struct conffile *k = conf->edits.item[i].kind;
        conf->checked[k - conffiles] = k->check != NULL && k->check(NULL, true);
    }
    if ((x = conf_apply(conf, NULL)) != ADMIN_GOOD)
        return x;
    undo_forget();
    forget();
    report_event(BG_EV_CONFIG_CHANGED, NULL,
                 purge ? "init --undo --purge: our lines, accounts and credentials removed"
                       : "init --undo: our lines removed from the system files");
    if (purge)
        init_purge();
    ui_text("Done.\n");
    return ADMIN_GOOD;
}

static enum admin_exit undo(const struct init_options *opt, struct conf_plan *conf, json_t *root)
{
    json_t *diffs = json_array();
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r = undo_plan(conf);

    (void)json_object_set_new(root, "diffs", diffs);
    if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(conf->stuck, bg_strerror(r)));
    } else {
        conf_show(&conf->edits, diffs);
        if (conf->edits.n == 0)
            ui_text("No system file has a line of ours.\n");
        if (ui_is_dry_run() || (conf->edits.n == 0 && !opt->purge)) {
            if (!ui_is_dry_run())
                forget(); /* another program took out the last line: it is not to be put back */
            ui_text("Nothing was changed.\n");
            x = ADMIN_GOOD;
        } else {
            x = take_back(opt->purge, conf);
        }
    }
    sysedits_finish(&conf->edits);
    return x;
}

static enum admin_exit init(char *const words[], json_t *root)
{
    struct init_options *o = &plan.opt;
    enum admin_exit x;

    (void)words;
    plan.opt = asked;
    if (o->purge && !o->undo) {
        ui_finding(BG_M_CMD_ALONE, BG_ARGS("--purge", "--undo"));
        return ADMIN_USAGE;
    }
    if (o->restore && (o->undo || o->account != NULL || o->platform != NULL || o->services != NULL ||
                       o->sessions != NULL || o->no_sshd || o->rescue || o->instance != 0)) {
        ui_finding(BG_M_CMD_GEAR_ALONE, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!ui_is_dry_run() && (x = lock()) != ADMIN_GOOD)
        return x;
    x = o->undo ? undo(o, &plan.conf, root) : choose(root);
    if (!ui_is_dry_run()) { /* where nothing of ours is in them, or not any more */
        rescue_folders_away();
        hook_folders_away();
        sshd_own_folder_away();
    }
    return x;
}

const struct command init_commands[] = {
    {.name = "init",
     .operands = "",
     .help = "set up this host and an emergency account, or undo that",
     .about = "Make an emergency account and put it into PAM, nsswitch.conf and sshd.",
     .example = "breakglass init --dry-run",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DRY,
     .options = options,
     .run = init},
    {0},
};
