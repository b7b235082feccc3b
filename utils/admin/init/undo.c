#include <unistd.h>
#include "admin/init/init.h"
#include "admin/conf/sshd.h"
#include "admin/ui.h"
#include "admin/conf/undo.h"
#include "admin/who.h"
#include "admin/messages.h"

static bool touches_sshd(const struct sysedits *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->item[i].new == NULL)
            return true;
    return false;
}

static enum admin_exit apply_all(struct sysedits *e)
{
    enum admin_exit x = ADMIN_GOOD;

    if (sysedits_stage(e) != BG_OK) {
        ui_finding(BG_M_CMD_WRITE, BG_ARGS(BG_SYSCONFDIR));
        return ADMIN_CANNOT;
    }
    for (size_t i = 0; i < e->n && x == ADMIN_GOOD; i++)
        x = init_apply_one(&e->item[i]);
    return x;
}

/* All or none; sshd must be as good as it was before. */
static enum admin_exit take_back(struct sysedits *e)
{
    char why[256];
    bool sshd = touches_sshd(e) && sshd_installed(), was_good = sshd && sshd_config_ok(why, sizeof why);
    enum admin_exit x = apply_all(e);

    if (x == ADMIN_GOOD && was_good && !sshd_config_ok(why, sizeof why)) {
        ui_finding(BG_M_CMD_SSHD_AFTER, BG_ARGS(why));
        x = ADMIN_FINDING;
    }
    if (x == ADMIN_GOOD && was_good)
        sshd_reload();
    if (x != ADMIN_GOOD && init_take_back(e) == ADMIN_CANNOT)
        x = ADMIN_CANNOT;
    return x;
}

static enum admin_exit undo_changes(const struct init_options *opt, struct sysedits *e, json_t *changed)
{
    init_show(e, changed);
    if (e->n == 0)
        ui_text("No system file has a line of ours.\n");
    if (opt->dry_run || (e->n == 0 && !opt->purge)) {
        ui_text("Nothing was changed.\n");
        return ADMIN_GOOD;
    }
    switch (ui_ask(opt->purge ? "Take all this back, and remove accounts and credentials?"
                              : "Take all this back?")) {
    case UI_YES:
        break;
    case UI_NO:
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
        return ADMIN_FINDING;
    case UI_NOBODY:
    default:
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return take_back(e);
}

enum admin_exit init_undo(const struct init_options *opt)
{
    static struct sysedits edits;
    json_t *root = json_object(), *changed = json_array();
    enum admin_exit x = ADMIN_CANNOT;
    enum bg_err r = undo_plan(&edits);

    (void)json_object_set_new(root, "changed", changed);
    if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(UNDO_DIR, bg_strerror(r)));
    } else {
        bool work = !opt->dry_run && (edits.n > 0 || opt->purge);
        x = undo_changes(opt, &edits, changed);
        if (x == ADMIN_GOOD && work) {
            undo_forget();
            who_record(BG_EV_CONFIG_CHANGED, NULL,
                       opt->purge ? "init --undo --purge: our lines, accounts and credentials removed"
                                  : "init --undo: our lines removed from the system files");
            if (opt->purge)
                init_purge();
            ui_text("Done.\n");
        }
    }
    sysedits_finish(&edits);
    if (ui_is_json()) {
        (void)json_object_set_new(root, "exit", json_integer(x));
        ui_json(root);
    } else {
        json_decref(root);
    }
    return x;
}
