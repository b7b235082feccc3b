/* SPDX-License-Identifier: ISC */
#include "admin/conf/conffile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"

#define NAME_ROOM 100

#define PAM_DIR BG_SYSCONFDIR "/pam.d"

const struct conffile conffiles[CONFFILES] = {
    [CONF_PAM] = {.name = "pam",
                  .path = PAM_DIR,
                  .files = "login,sshd,su,su-l",
                  .shared = "common-",
                  .add = pam_add,
                  .look = pam_look,
                  .strip = pam_strip,
                  .needless = pam_needless},
    [CONF_SESSIONS] = {.name = "sessions",
                       .path = PAM_DIR,
                       .files = CONF_WATCHED,
                       .shared = "common-",
                       .extra = true,
                       .add = pam_session_add,
                       .look = pam_session_look,
                       .strip = pam_strip,
                       .needless = pam_needless},
    [CONF_SSHD] = {.name = "sshd",
                   .path = BG_SYSCONFDIR "/ssh/sshd_config.d/10-breakglass.conf",
                   .add = sshd_add,
                   .look = sshd_look,
                   .check = sshd_check,
                   .reload = sshd_reload},
    [CONF_NSCD] = {.name = "nscd",
                   .path = BG_SYSCONFDIR "/nscd.conf",
                   .add = nscd_add,
                   .look = nscd_look,
                   .strip = nscd_strip,
                   .reload = nscd_reload},
    [CONF_RESCUE] = {.name = "rescue",
                     .path = BG_SYSCONFDIR "/systemd/system/rescue.service.d/breakglass.conf",
                     .add = rescue_add,
                     .look = rescue_look,
                     .check = rescue_check,
                     .reload = rescue_reload},
    [CONF_EMERGENCY] = {.name = "emergency",
                        .path = BG_SYSCONFDIR "/systemd/system/emergency.service.d/breakglass.conf",
                        .add = rescue_add,
                        .look = rescue_look,
                        .check = rescue_check,
                        .reload = rescue_reload},
    [CONF_NSSWITCH] = {.name = "nsswitch",
                       .path = BG_SYSCONFDIR "/nsswitch.conf",
                       .add = nsswitch_add,
                       .look = nsswitch_look,
                       .strip = nsswitch_strip},
};

enum bg_err conf_refuse(struct conf_problem *why, const struct bg_message *id, const char *file,
                        unsigned line, const char *what)
{
    why->id = id;
    (void)snprintf(why->arg[0], sizeof why->arg[0], "%s", file);
    (void)snprintf(why->arg[1], sizeof why->arg[1], "%u", line);
    (void)snprintf(why->arg[2], sizeof why->arg[2], "%s", what);
    return BG_E_REFUSED;
}

static enum admin_exit tell(const char *path, enum bg_err r, const struct conf_problem *why)
{
    if (r != BG_E_REFUSED) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(path, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (why->id != NULL)
        ui_finding(why->id, BG_ARGS(why->arg[0], why->arg[1], why->arg[2]));
    return ADMIN_FINDING;
}

/* Call f for each of `names` (NULL: the usual ones) of a folder, or for the kind's one file. */
static enum admin_exit each_file(const struct conffile *k, const char *names,
                                 enum admin_exit (*f)(void *, const struct conffile *, const char *),
                                 void *arg)
{
    char path[PATH_MAX], *save = NULL, *list;
    enum admin_exit worst = ADMIN_GOOD, x;

    if (names != NULL && names[0] == '\0')
        return ADMIN_GOOD;
    if (k->files == NULL)
        return f(arg, k, k->path);
    if ((list = strdup(names != NULL ? names : k->files)) == NULL)
        return ADMIN_CANNOT;
    for (char *s = strtok_r(list, ", ", &save); s != NULL; s = strtok_r(NULL, ", ", &save)) {
        if (s[0] == '.' || strchr(s, '/') != NULL || strlen(s) > NAME_ROOM ||
            strncmp(s, k->shared, strlen(k->shared)) == 0) {
            ui_finding(BG_M_CMD_SERVICE, BG_ARGS(s));
            x = ADMIN_USAGE;
        } else {
            (void)snprintf(path, sizeof path, "%s/%s", k->path, s);
            x = f(arg, k, path);
        }
        worst = x > worst ? x : worst;
    }
    free(list);
    return worst;
}

struct planning {
    struct conf_plan *plan;
    const struct account_rows *rows;
};

/* A file of an extra kind that cannot be edited stays as it is: that is no reason to do without the rest. */
static enum admin_exit left_out(const struct conffile *k, const char *path, enum bg_err r,
                                const struct conf_problem *why)
{
    if (!k->extra)
        return tell(path, r, why);
    if (r != BG_E_REFUSED)
        ui_warning(BG_M_FILE_UNSAFE, BG_ARGS(path, bg_strerror(r)));
    else
        ui_warning(why->id, BG_ARGS(why->arg[0], why->arg[1], why->arg[2]));
    return ADMIN_GOOD;
}

static enum admin_exit plan_file(void *arg, const struct conffile *k, const char *path)
{
    const struct planning *p = arg;
    struct conf_job job = {.path = path, .rows = p->rows, .edits = &p->plan->edits};
    struct conf_problem why = {0};
    char *old = NULL, *new = NULL;
    enum bg_err r;

    if (sysedits_planned(&p->plan->edits, path) != NULL)
        return ADMIN_GOOD; /* it gets all of our lines already */
    r = sysfile_read(path, &old);

    job.text = old;
    if (r == BG_OK && (r = k->add(&job, &new, &why)) == BG_OK) {
        p->plan->checked[k - conffiles] = k->check != NULL;
        return sysedits_add(&p->plan->edits, k, path, old, new) == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
    }
    free(old);
    return r == BG_E_NOENT ? ADMIN_GOOD : left_out(k, path, r, &why);
}

enum admin_exit conf_plan(struct conf_plan *p, const struct account_rows *rows,
                          const char *const names[CONFFILES])
{
    struct planning planning = {p, rows};
    enum admin_exit worst = ADMIN_GOOD;

    /* all of them, so that one run shows every finding */
    for (const struct conffile *k = conffiles; k < conffiles + CONFFILES; k++) {
        enum admin_exit x = each_file(k, names[k - conffiles], plan_file, &planning);
        worst = x > worst ? x : worst;
    }
    return worst;
}

static enum admin_exit refused(const char *path, enum bg_err r)
{
    if (r == BG_E_MISMATCH) {
        ui_finding(BG_M_CMD_CHANGED, BG_ARGS(path));
        return ADMIN_FINDING;
    }
    ui_finding(BG_M_CMD_WRITE, BG_ARGS(path, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit apply_kind(struct conf_plan *p, size_t kind, const struct account_row *row)
{
    enum bg_err r;

    for (struct sysedit *s = p->edits.item; s < p->edits.item + p->edits.n; s++)
        if (s->kind == &conffiles[kind] && (r = sysedit_apply(s)) != BG_OK)
            return refused(s->path, r);
    return !p->checked[kind] || conffiles[kind].check(row, false) ? ADMIN_GOOD : ADMIN_FINDING;
}

static void reload(const struct conf_plan *p)
{
    for (size_t i = 0; i < p->edits.n; i++) {
        const struct conffile *k = p->edits.item[i].kind;
        if ((k->check == NULL || p->checked[k - conffiles]) && k->reload != NULL)
            k->reload();
    }
}

enum admin_exit conf_apply(struct conf_plan *p, const struct account_row *row)
{
    enum bg_err r = sysedits_stage(&p->edits);
    enum admin_exit x = r == BG_OK ? ADMIN_GOOD : refused(BG_SYSCONFDIR, r);
    const char *stuck = NULL;

    for (size_t i = 0; i < CONFFILES && x == ADMIN_GOOD; i++)
        x = apply_kind(p, p->backwards ? CONFFILES - 1 - i : i, row);
    if (x == ADMIN_GOOD) {
        reload(p);
    } else if (sysedits_rollback(&p->edits, &stuck) == BG_OK) {
        ui_note(BG_M_CMD_ROLLED_BACK, BG_NOARGS);
    } else {
        ui_finding(BG_M_CMD_STUCK, BG_ARGS(stuck, UNDO_DIR));
        x = ADMIN_CANNOT;
    }
    return x;
}

struct looking {
    const struct account_rows *rows;
    json_t *into;
};

static enum admin_exit look_file(void *arg, const struct conffile *k, const char *path)
{
    const struct looking *l = arg;
    struct conf_job job = {.path = path, .rows = l->rows};
    struct conf_problem why = {0};
    char *text = NULL;
    enum bg_err r = sysfile_read(path, &text);

    job.text = text;
    if (r == BG_OK)
        r = k->look(&job, &why);
    free(text);
    if (r == BG_E_NOENT)
        return ADMIN_GOOD;
    (void)json_object_set_new(l->into, k->files == NULL ? k->name : strrchr(path, '/') + 1,
                              json_boolean(r == BG_OK));
    return r == BG_OK ? ADMIN_GOOD : tell(path, r, &why);
}

void conf_look(const struct account_rows *rows, json_t *root)
{
    for (const struct conffile *k = conffiles; k < conffiles + CONFFILES; k++) {
        struct looking l = {rows, root};
        if (k->files != NULL)
            (void)json_object_set_new(root, k->name, l.into = json_object());
        (void)each_file(k, NULL, look_file, &l);
    }
}
