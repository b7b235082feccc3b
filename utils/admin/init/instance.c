/* SPDX-License-Identifier: ISC */
/* init --sshd-instance none: what --undo does, for the sshd of the emergency accounts alone. */
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"

static const bool kinds[CONFFILES] = {
    [CONF_SSHD_OWN] = true, [CONF_SSHD_UNIT] = true, [CONF_SSHD_KEEP] = true};

/* Nothing is missed any more. */
static enum admin_exit forget(void)
{
    enum bg_err r = undo_forget_kinds(kinds);

    if (r == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_MAKE, BG_ARGS(UNDO_DIR, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit take_away(struct init_plan *plan)
{
    enum admin_exit x = ui_confirm("Remove the sshd of the emergency accounts?");

    if (x != ADMIN_GOOD)
        return x;
    plan->conf.checked[CONF_SSHD_OWN] = true; /* so that it is told */
    if ((x = conf_apply(&plan->conf, NULL)) != ADMIN_GOOD)
        return x;
    x = forget();
    report_event(BG_EV_CONFIG_CHANGED, NULL,
                 "init --sshd-instance none: the sshd of the emergency accounts removed");
    platform_refresh(plan);
    ui_text("Done.\n");
    return x;
}

enum admin_exit instance_remove(struct init_plan *plan, json_t *root)
{
    struct conf_plan *conf = &plan->conf;
    json_t *diffs = json_array();
    enum admin_exit x = ADMIN_GOOD;
    enum bg_err r = undo_plan_kinds(conf, kinds);

    (void)json_object_set_new(root, "diffs", diffs);
    if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(conf->stuck, bg_strerror(r)));
        x = ADMIN_CANNOT;
        goto out;
    }
    conf_show(&conf->edits, diffs);
    if (conf->edits.n > 0 && !ui_is_dry_run()) {
        x = take_away(plan);
        goto out;
    }
    if (conf->edits.n == 0)
        ui_text("There is no sshd of the emergency accounts.\n");
    if (!ui_is_dry_run())
        x = forget(); /* somebody has removed its files */
    ui_text("Nothing was changed.\n");
out:
    sysedits_finish(&conf->edits);
    return x;
}
