/* SPDX-License-Identifier: ISC */
/* init for switches and routers: which one, what a hook puts back, and what is kept for a new image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/gear/gear.h"
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"

#define EXPECTED "sonic, cumulus, vyos, none or auto"

static struct gear_options saved; /* of --restore */

static enum admin_exit choose_saved(struct init_plan *plan, bool *nothing)
{
    struct init_options *o = &plan->opt;
    enum bg_err r = gear_load(&saved);

    if (r == BG_E_NOENT) {
        *nothing = true;
        return ADMIN_GOOD;
    }
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_GEAR_SAVED, BG_ARGS(GEAR_SAVED, bg_strerror(r)));
        return ADMIN_FINDING;
    }
    *nothing = saved.gear == GEAR_NONE;
    gear_set(saved.gear);
    o->account = saved.account;
    o->services = saved.services[0] != '\0' ? saved.services : NULL;
    o->sessions = saved.sessions[0] != '\0' ? saved.sessions : NULL;
    o->no_sshd = saved.no_sshd;
    o->rescue = saved.rescue;
    if (!rows_load(&plan->rows))
        return ADMIN_CANNOT;
    if (*nothing || rows_find(&plan->rows, saved.account) != NULL)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_GEAR_LOST, BG_ARGS(saved.account));
    return ADMIN_FINDING;
}

static bool is_auto(const struct init_plan *plan)
{
    return plan->opt.platform == NULL || strcmp(plan->opt.platform, "auto") == 0;
}

/* What it looks like, else what somebody said before. */
static enum gear guess(void)
{
    enum gear g = gear_detect();

    return g == GEAR_NONE && gear_load(&saved) == BG_OK ? saved.gear : g;
}

/* Lists that no option gives are those of before, so that what is set up is what --restore puts back. */
static void ask_again(struct init_options *o)
{
    if (gear_load(&saved) != BG_OK)
        return;
    if (o->services == NULL && saved.services[0] != '\0')
        o->services = saved.services;
    if (o->sessions == NULL && saved.sessions[0] != '\0')
        o->sessions = saved.sessions;
}

enum admin_exit platform_choose(struct init_plan *plan, bool *nothing)
{
    const char *name = plan->opt.platform;
    enum gear g;

    *nothing = false;
    if (plan->opt.restore)
        return choose_saved(plan, nothing);
    g = is_auto(plan) ? guess() : gear_named(name);
    if (g == GEARS)
        return admin_bad_value(name, "--platform", EXPECTED);
    gear_set(g);
    ask_again(&plan->opt);
    return ADMIN_GOOD;
}

void platform_show(void)
{
    const struct gear_row *g = &gears[gear_now()];

    if (gear_now() == GEAR_NONE)
        return;
    ui_text("Platform  %s: %s\n", g->name, g->does);
    if (g->keep != NULL)
        ui_text("          a copy of " BG_CONFDIR " is kept in %s\n", g->keep);
}

/* A unit that is started, or cannot be, is nothing that another program took out. */
static bool puts_back(const struct init_plan *plan, const json_t *made)
{
    return plan->conf.edits.n > 0 || json_array_size(made) > 0;
}

bool platform_may_restore(const struct init_plan *plan, const json_t *made)
{
    struct gear_put_back p;

    if (!plan->opt.restore || !puts_back(plan, made))
        return true;
    gear_put_backs(&p);
    if (p.n < GEAR_BUDGET)
        return true;
    ui_finding(BG_M_CMD_GEAR_FIGHT, BG_ARGS(p.what));
    if (!p.told && gear_note_spent() == BG_OK)
        report_event(
            BG_EV_CONFIG_CHANGED, plan->opt.account,
            "init --restore: given up for an hour: another program takes our lines out of system files "
            "again and again");
    return false;
}

/* "/etc/nsswitch.conf, /etc/pam.d/login"; what does not fit is cut off. */
static void name_all(const struct sysedits *e, const json_t *made, char *out, size_t cap)
{
    size_t i, n = 0;
    json_t *path;

    out[0] = '\0';
    for (i = 0; i < e->n && n < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", e->item[i].path);
    json_array_foreach(made, i, path) if (n < cap) n +=
        (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", json_string_value(path));
}

void platform_restored(const struct init_plan *plan, const json_t *made)
{
    char what[480], message[600];

    if (!puts_back(plan, made))
        return;
    name_all(&plan->conf.edits, made, what, sizeof what);
    (void)snprintf(message, sizeof message,
                   "init --restore: put back after another program had changed it: %s", what);
    (void)!gear_note_put_back(what);
    report_event(BG_EV_CONFIG_CHANGED, plan->row.name, message);
    ui_note(BG_M_CMD_GEAR_PUT, BG_ARGS(what));
}

static enum bg_err save(const struct init_plan *plan)
{
    const struct init_options *o = &plan->opt;
    struct gear_options now = {
        .gear = gear_now(), .no_sshd = o->no_sshd, .rescue = o->rescue || rescue_is_set_up()};
    char *text = NULL, *old = NULL;
    enum bg_err r;

    (void)snprintf(now.account, sizeof now.account, "%s", plan->row.name);
    (void)snprintf(now.services, sizeof now.services, "%s", o->services != NULL ? o->services : "");
    (void)snprintf(now.sessions, sizeof now.sessions, "%s", o->sessions != NULL ? o->sessions : "");
    if ((r = gear_text(&now, &text)) == BG_OK && sysfile_read(GEAR_SAVED, &old) == BG_OK &&
        (old == NULL || strcmp(old, text) != 0))
        r = bg_file_replace(GEAR_SAVED, text, strlen(text), 0644, 0, 0);
    free(text);
    free(old);
    return r;
}

/* Is a file of ours there for each account? A copy of less may be worth less than the one that is kept. */
static bool is_whole(const struct account_rows *rows)
{
    static const char *const folders[] = {BG_CREDENTIALS_DIR, BG_CONFDIR "/ssh"};
    char path[PATH_MAX];
    bool whole = true;

    for (size_t i = 0; i < 2 * rows->n; i++) {
        if (rows->row[i / 2].wrong[0] != '\0')
            continue;
        (void)snprintf(path, sizeof path, "%s/%.64s", folders[i % 2], rows->row[i / 2].name);
        if (access(path, F_OK) != 0) {
            ui_finding(BG_M_CMD_GEAR_PART, BG_ARGS(path));
            whole = false;
        }
    }
    return whole;
}

static void keep(enum gear g)
{
    const char *why = "";

    if (!gear_keep(g, &why))
        ui_finding(BG_M_CMD_GEAR_KEEP, BG_ARGS(gears[g].keep, why));
}

void platform_refresh(struct init_plan *plan)
{
    enum gear g = guess();

    if (g != GEAR_NONE && rows_load(&plan->rows) && is_whole(&plan->rows))
        keep(g);
}

void platform_finish(const struct init_plan *plan)
{
    enum bg_err r = BG_OK;

    if (gear_now() == GEAR_NONE && is_auto(plan))
        return; /* an ordinary machine; that somebody said so is kept */
    if (!plan->opt.restore)
        r = save(plan);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(GEAR_SAVED, bg_strerror(r)));
    if (plan->opt.restore && !is_whole(&plan->rows))
        return;
    keep(gear_now());
}

void platform_forget(void)
{
    const enum gear said = gear_now(); /* no other's folder is touched: it may be a dead mount */

    (void)unlink(GEAR_SAVED);
    gear_forget(said);
    gear_forget(gear_detect());
}
