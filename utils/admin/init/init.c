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
#include "record/seal.h"

#define FORGET_MS 2000

static struct init_services services;
static struct init_options asked = {.uid = INIT_NO_UID, .audit_uid = INIT_NO_UID};
static bool sealed;           /* its key is in the JSON object */
static struct init_plan plan; /* large, and not in the file of the program: all zeros until init begins */

static bool parse_audit_uid(const char *value)
{
    asked.audit_given = true;
    return strcmp(value, "none") == 0 || bg_number(value, 0, UINT32_MAX - 1, &asked.audit_uid);
}

static bool parse_seal(const char *value)
{
    asked.unsealed = strcmp(value, "no") == 0;
    return asked.unsealed || strcmp(value, "yes") == 0;
}

static bool parse_instance(const char *value)
{
    asked.no_instance = strcmp(value, "none") == 0;
    asked.instance = 0;
    return asked.no_instance || bg_number(value, 1, UINT16_MAX, &asked.instance);
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
    {"sshd-instance", "PORT", "an sshd for the accounts alone there; none: removed", .parse = parse_instance,
     .expected = "a port, or none"},
    {"seal", "yes|no", "seal a new journal [yes]", .parse = parse_seal, .expected = "yes or no"},
    {"small", NULL, "one account, one envelope: asks, and leads to the seal", .flag = &asked.small},
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

static enum admin_exit write_host(json_t *made, json_t *root)
{
    char message[128];
    enum bg_err r;
    enum admin_exit x;

    services_user(&services); /* whose group reads the journal */
    if (!init_host(&plan, false, made, root))
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
    (void)init_host(&plan, true, made, root);
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
        x = write_host(made, root);
        sealed = json_object_get(root, "journal_seal") != NULL;
        show_made(made, false);
        if (x == ADMIN_GOOD) {
            services_start(&services, started, !plan.opt.restore);
            ui_text("Done.\n");
            if (!plan.opt.restore && !plan.opt.small)
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

/* The kinds that are ours on this host: sshd's drop-in may have been declined, and two were asked for or not.
 */
static void mend_kinds(const char *names[CONFFILES])
{
    const char *dropin = conffiles[CONF_SSHD].path;

    names[CONF_SSHD] = access(dropin, F_OK) == 0 || undo_knows(dropin) ? NULL : "";
    names[CONF_SSHD_RUN] = names[CONF_SSHD];
    names[CONF_SSHD_OWN] = sshd_instance_is_set_up() ? NULL : "";
    names[CONF_SSHD_UNIT] = names[CONF_SSHD_KEEP] = names[CONF_SSHD_OWN];
    names[CONF_RESCUE] = names[CONF_EMERGENCY] = rescue_is_set_up() ? NULL : "";
}

static enum admin_exit lock_unless_dry(void)
{
    return ui_is_dry_run() ? ADMIN_GOOD : lock();
}

/* Where nothing of ours is in them, or not any more. */
static void folders_away(void)
{
    if (ui_is_dry_run())
        return;
    rescue_folders_away();
    hook_folders_away();
    sshd_own_folder_away();
}

enum admin_exit init_mend_plan(json_t *diffs, size_t *n)
{
    const char *names[CONFFILES] = {0};
    enum admin_exit x;

    *n = 0;
    if ((x = lock_unless_dry()) != ADMIN_GOOD)
        return x;
    rows_load_quietly(&plan.rows); /* check tells of it; in a dry run it may be what the modes are about */
    if (!modules_sound())
        return ADMIN_CANNOT;
    for (size_t i = 0; i < plan.rows.n && plan.row.name[0] == '\0'; i++)
        if (plan.rows.row[i].wrong[0] == '\0')
            plan.row = plan.rows.row[i];
    if (plan.row.name[0] == '\0')
        return ADMIN_GOOD; /* no account: nothing to open, nothing to mend */
    mend_kinds(names);
    ui_quiet(true); /* a file that cannot take our lines is found by the check, and the rest goes on */
    x = conf_plan(&plan.conf, &plan.rows, names);
    ui_quiet(false);
    if (x > ADMIN_FINDING)
        return x;
    *n = plan.conf.edits.n;
    conf_show(&plan.conf.edits, diffs);
    return ADMIN_GOOD;
}

enum admin_exit init_mend(void)
{
    char message[80];
    enum admin_exit x;
    enum bg_err r = undo_prepare(&plan.conf.edits);

    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(UNDO_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if ((x = apply()) != ADMIN_GOOD)
        return x;
    (void)bg_seen_forget(FORGET_MS);
    (void)snprintf(message, sizeof message, "check --fix: %zu system files changed", plan.conf.edits.n);
    report_event(BG_EV_CONFIG_CHANGED, NULL, message);
    return ADMIN_GOOD;
}

void init_mend_end(void)
{
    sysedits_finish(&plan.conf.edits);
    folders_away();
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

/* Does an option say what else is to be done? */
static bool says_more(const struct init_options *o)
{
    return o->undo || o->restore || o->purge || o->no_sshd || o->rescue || o->unsealed || o->audit_given ||
           o->account != NULL || o->shell != NULL || o->services != NULL || o->sessions != NULL ||
           o->platform != NULL || o->uid != INIT_NO_UID;
}

static enum admin_exit carry(struct init_options *o, json_t *root)
{
    if (o->no_instance)
        return instance_remove(&plan, root);
    return o->undo ? undo(o, &plan.conf, root) : choose(root);
}

static enum admin_exit init(char *const words[], json_t *root)
{
    struct init_options *o = &plan.opt;
    enum admin_exit x;

    (void)words;
    plan.opt = asked;
    if (o->small) { /* what need not be asked is not */
        o->account = o->account == NULL ? "bg1" : o->account;
        o->uid = o->uid == INIT_NO_UID ? 0 : o->uid;
    }
    if (o->purge && !o->undo) {
        ui_finding(BG_M_CMD_ALONE, BG_ARGS("--purge", "--undo"));
        return ADMIN_USAGE;
    }
    if (o->restore && (o->undo || o->account != NULL || o->platform != NULL || o->services != NULL ||
                       o->sessions != NULL || o->no_sshd || o->rescue || o->instance != 0)) {
        ui_finding(BG_M_CMD_GEAR_ALONE, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (o->no_instance && says_more(o)) {
        ui_finding(BG_M_CMD_INSTANCE_ALONE, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if ((x = lock_unless_dry()) != ADMIN_GOOD)
        return x;
    x = carry(o, root);
    folders_away();
    if (o->small && x == ADMIN_GOOD && !ui_is_dry_run()) {
        x = small_lead(plan.row.name);
    }
    return x;
}

/* Nobody has seen the verification key of the seal: none is better than one that nobody can check. The next
 * line of the journal tells it. */
static enum admin_exit unheard(char *const words[])
{
    (void)words;
    if (sealed)
        (void)unlink(BG_STATEDIR "/" BG_SEAL_FILE);
    return ADMIN_CANNOT;
}

const struct command init_commands[] = {
    {.name = "init",
     .operands = "",
     .help = "set up this host and an emergency account, or undo that",
     .about = "Make an emergency account and put it into PAM, nsswitch.conf and sshd.",
     .example = "breakglass init --dry-run",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DRY,
     .options = options,
     .run = init,
     .unheard = unheard},
    {0},
};
