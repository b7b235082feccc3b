#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/conf/diff.h"
#include "admin/init/init.h"
#include "admin/conf/nsswitch.h"
#include "admin/conf/pamfile.h"
#include "admin/conf/services.h"
#include "admin/conf/sshd.h"
#include "admin/ui.h"
#include "admin/conf/undo.h"
#include "admin/messages.h"

static enum admin_exit cannot_read(const char *path, enum bg_err r)
{
    ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(path, bg_strerror(r)));
    return ADMIN_CANNOT;
}

/* What has no line for us to stand in front of; a password line opens nothing, so its want is not told. */
static void note_left_out(const char *service, const char *text, const struct pam_source *src)
{
    struct pam_presence p;
    struct pam_problem why;

    if (pamfile_look(service, text, src, &p, &why) != BG_OK)
        return;
    for (enum pam_type t = PAM_TYPE_AUTH; t < PAM_TYPE_PASSWORD; t++)
        if (!p.has[t] && !p.others[t])
            ui_note(BG_M_CMD_PAM_OTHER, BG_ARGS(service, pam_type_name(t)));
}

/* The vendor's file of that service (systemd-user of Debian 12): ours will be that file with our lines. */
static enum bg_err vendor_text(const char *service, char **text)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%.100s", PAMFILE_VENDOR, service);
    return sysfile_read(path, text);
}

/* The four lines into one service file. */
static enum admin_exit plan_service(struct sysedits *edits, const struct pam_source *src, const char *service)
{
    struct pam_problem why;
    char path[PATH_MAX], *old = NULL, *vendor = NULL, *new = NULL;
    enum bg_err r;

    if (!services_path(service, path) || strncmp(service, "common-", 7) == 0)
        return (enum admin_exit)(ui_finding(BG_M_CMD_SERVICE, BG_ARGS(service)), ADMIN_USAGE);
    if ((r = sysfile_read(path, &old)) != BG_OK ||
        (old == NULL && (r = vendor_text(service, &vendor)) != BG_OK))
        return cannot_read(path, r);
    if (old == NULL && vendor == NULL) {
        ui_note(BG_M_CMD_PAM_SKIPPED, BG_ARGS(service, path));
        return ADMIN_GOOD;
    }
    r = pamfile_add(service, old != NULL ? old : vendor, src, &new, &why);
    if (r == BG_OK)
        note_left_out(service, old != NULL ? old : vendor, src);
    free(vendor);
    if (r == BG_OK)
        return sysedits_add(edits, path, old, new) == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
    free(old);
    if (r != BG_E_REFUSED)
        return cannot_read(path, r);
    ui_finding(why.id, BG_ARGS(why.file, why.line, why.type));
    return ADMIN_FINDING;
}

static enum admin_exit plan_services(struct init_plan *plan)
{
    struct services *read = services_open(&plan->edits);
    struct pam_source src = {services_text, read};
    char list[256], *save = NULL;
    enum admin_exit worst = ADMIN_GOOD;

    if (read == NULL)
        return ADMIN_CANNOT;
    (void)snprintf(list, sizeof list, "%s", plan->opt.services);
    for (char *s = strtok_r(list, ", ", &save); s != NULL; s = strtok_r(NULL, ", ", &save)) {
        enum admin_exit x = plan_service(&plan->edits, &src, s);
        if (x > worst)
            worst = x;
    }
    services_close(read);
    return worst;
}

static enum admin_exit plan_sshd(struct init_plan *plan)
{
    char *old = NULL, *new, why[256];
    enum bg_err r;

    if (plan->opt.no_sshd)
        return ADMIN_GOOD;
    if (!sshd_installed() || access(BG_SYSCONFDIR "/ssh/sshd_config.d", F_OK) != 0) {
        ui_note(BG_M_CMD_SSHD_SKIPPED, BG_ARGS(SSHD_PROGRAM, BG_SYSCONFDIR "/ssh/sshd_config.d"));
        return ADMIN_GOOD;
    }
    if (geteuid() == 0 && !sshd_config_ok(why, sizeof why)) {
        ui_finding(BG_M_CMD_SSHD_BEFORE, BG_ARGS(why));
        return ADMIN_FINDING;
    }
    if ((r = sysfile_read(SSHD_DROPIN, &old)) != BG_OK)
        return cannot_read(SSHD_DROPIN, r);
    if ((new = sshd_dropin(&plan->rows)) == NULL) {
        free(old);
        return ADMIN_CANNOT;
    }
    plan->sshd = true;
    return sysedits_add(&plan->edits, SSHD_DROPIN, old, new) == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
}

static enum admin_exit plan_nsswitch(struct init_plan *plan)
{
    struct nss_problem why = {0};
    char *old = NULL, *new = NULL;
    enum bg_err r;

    if ((r = sysfile_read(NSSWITCH_PATH, &old)) != BG_OK)
        return cannot_read(NSSWITCH_PATH, r);
    r = nsswitch_add(old == NULL ? "" : old, &new, &why);
    if (r == BG_OK)
        return sysedits_add(&plan->edits, NSSWITCH_PATH, old, new) == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
    free(old);
    if (r != BG_E_REFUSED)
        return cannot_read(NSSWITCH_PATH, r);
    ui_finding(why.id, BG_ARGS(NSSWITCH_PATH, why.line, why.database));
    return ADMIN_FINDING;
}

enum admin_exit init_edits(struct init_plan *plan)
{
    enum admin_exit (*const steps[])(struct init_plan *) = {plan_services, plan_sshd, plan_nsswitch};
    enum admin_exit worst = ADMIN_GOOD;

    /* all of them, so that one run shows every finding */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum admin_exit x = steps[i](plan);
        if (x > worst)
            worst = x;
    }
    return worst;
}

static bool sshd_still_good(const struct init_plan *plan)
{
    char why[256];

    if (!sshd_config_ok(why, sizeof why)) {
        ui_finding(BG_M_CMD_SSHD_AFTER, BG_ARGS(why));
        return false;
    }
    return sshd_block_wins(&plan->row);
}

enum admin_exit init_apply_one(struct sysedit *s)
{
    enum bg_err r = sysedit_apply(s);

    if (r == BG_OK)
        return ADMIN_GOOD;
    ui_finding(r == BG_E_MISMATCH ? BG_M_CMD_CHANGED : BG_M_CMD_WRITE, BG_ARGS(s->path));
    return r == BG_E_MISMATCH ? ADMIN_FINDING : ADMIN_CANNOT;
}

/* Apply in order; nsswitch comes last, because a failed load of a module is remembered by every running
 * program. */
static enum admin_exit apply_all(struct init_plan *plan)
{
    bool tested = !plan->sshd;
    enum admin_exit x;

    for (size_t i = 0; i < plan->edits.n; i++) {
        struct sysedit *s = &plan->edits.item[i];
        if (!tested && strcmp(s->path, NSSWITCH_PATH) == 0) {
            if (!sshd_still_good(plan))
                return ADMIN_FINDING;
            tested = true;
        }
        if ((x = init_apply_one(s)) != ADMIN_GOOD)
            return x;
    }
    return tested || sshd_still_good(plan) ? ADMIN_GOOD : ADMIN_FINDING;
}

enum admin_exit init_take_back(struct sysedits *e)
{
    const char *stuck = NULL;

    if (sysedits_rollback(e, &stuck) == BG_OK) {
        ui_note(BG_M_CMD_ROLLED_BACK, BG_NOARGS);
        return ADMIN_FINDING;
    }
    ui_finding(BG_M_CMD_STUCK, BG_ARGS(stuck, UNDO_DIR));
    return ADMIN_CANNOT;
}

enum admin_exit init_apply(struct init_plan *plan)
{
    enum admin_exit x = ADMIN_CANNOT;

    if (sysedits_stage(&plan->edits) != BG_OK)
        ui_finding(BG_M_CMD_WRITE, BG_ARGS(BG_SYSCONFDIR));
    else
        x = apply_all(plan);
    if (x != ADMIN_GOOD && init_take_back(&plan->edits) == ADMIN_CANNOT)
        x = ADMIN_CANNOT;
    return x;
}

void init_show(const struct sysedits *e, json_t *changed)
{
    for (size_t i = 0; i < e->n; i++) {
        char *diff = NULL;
        if (diff_texts(e->item[i].path, e->item[i].old, e->item[i].new, &diff) != BG_OK)
            continue;
        (void)json_array_append_new(changed, json_pack("{s:s, s:s}", "path", e->item[i].path, "diff", diff));
        diff_show(diff);
        ui_text("\n");
        free(diff);
    }
}
