/* SPDX-License-Identifier: ISC */
#include "admin/conf/conffile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "config/sshdconf.h"

#define NAME_ROOM 100

/* Where a distribution keeps what it ships, so that /etc holds only what differs. */
#ifndef VENDOR_ETC
#define VENDOR_ETC "/usr/etc"
#define VENDOR_LIB "/usr/lib"
#endif
const char *const pam_vendors[] = {VENDOR_LIB "/pam.d", VENDOR_ETC "/pam.d", NULL}; /* as libpam looks */
static const char *const etc_vendors[] = {VENDOR_ETC, NULL};

/* Included by the files of services, and rewritten by pam-auth-update, pam-config or authselect. */
#define SHARED "common-,system-auth,password-auth,postlogin,fingerprint-auth,smartcard-auth,switchable-auth"

const struct conffile conffiles[CONFFILES] = {
    [CONF_PAM] = {.name = "pam",
                  .path = PAM_DIR,
                  .files = "login,sshd,su,su-l",
                  .shared = SHARED,
                  .vendor = pam_vendors,
                  .add = pam_add,
                  .look = pam_look,
                  .strip = pam_strip},
    [CONF_SESSIONS] = {.name = "sessions",
                       .path = PAM_DIR,
                       .files = CONF_WATCHED,
                       .shared = SHARED,
                       .extra = true,
                       .vendor = pam_vendors,
                       .add = pam_session_add,
                       .look = pam_session_look,
                       .strip = pam_strip},
    [CONF_SONIC] = {.name = "sonic_hook",
                    .path = BG_SYSCONFDIR "/config-setup/config-migration-post-hooks.d/breakglass",
                    .mode = 0755,
                    .here = hook_sonic_here,
                    .add = hook_sonic_add,
                    .look = hook_sonic_look},
    [CONF_VYOS_COMMIT] = {.name = "vyos_commit_hook",
                          .path = "/config/scripts/commit/post-hooks.d/breakglass",
                          .mode = 0755,
                          .here = hook_commit_here,
                          .add = hook_commit_add,
                          .look = hook_commit_look},
    [CONF_VYOS_BOOT] = {.name = "vyos_boot_script",
                        .path = "/config/scripts/vyos-postconfig-bootup.script",
                        .mode = 0755,
                        .extra = true,
                        .here = hook_boot_here,
                        .add = hook_boot_add,
                        .look = hook_boot_look,
                        .strip = hook_boot_strip},
    [CONF_SSHD_RUN] = {.name = "sshd_run",
                       .path = SSHD_RUN_CONFIG,
                       .add = sshd_run_add,
                       .look = sshd_run_look,
                       .strip = sshd_run_strip,
                       .reload = sshd_reload},
    [CONF_SSHD] = {.name = "sshd",
                   .path = BG_SYSCONFDIR "/ssh/sshd_config.d/10-breakglass.conf",
                   .add = sshd_add,
                   .look = sshd_look,
                   .check = sshd_check,
                   .reload = sshd_reload},
    [CONF_SSHD_OWN] = {.name = "sshd_instance",
                       .path = BG_SSHD_CONFIG,
                       .add = sshd_own_add,
                       .look = sshd_own_look,
                       .check = sshd_own_check,
                       .reload = sshd_own_reload},
    [CONF_SSHD_UNIT] = {.name = "sshd_unit",
                        .path = BG_SYSCONFDIR "/systemd/system/breakglass-sshd.service",
                        .add = sshd_unit_add,
                        .look = sshd_unit_look,
                        .reload = sshd_own_reload},
    [CONF_SSHD_KEEP] = {.name = "sshd_keep",
                        .path = BG_SYSCONFDIR "/systemd/system/ssh.service.d/breakglass.conf",
                        .add = sshd_keep_add,
                        .look = sshd_keep_look,
                        .reload = sshd_own_reload},
    [CONF_NSCD] = {.name = "nscd",
                   .path = BG_SYSCONFDIR "/nscd.conf",
                   .vendor = etc_vendors,
                   .add = nscd_add,
                   .look = nscd_look,
                   .strip = nscd_strip,
                   .reload = nscd_reload},
    [CONF_AUDIT] = {.name = "audit",
                    .path = BG_SYSCONFDIR "/audit/rules.d/60-breakglass.rules",
                    .mode = 0640,
                    .alone = true,
                    .extra = true,
                    .here = audit_here,
                    .add = audit_add,
                    .look = audit_look,
                    .strip = audit_strip,
                    .reload = audit_reload},
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
                       .vendor = etc_vendors,
                       .here = nsswitch_here,
                       .add = nsswitch_add,
                       .look = nsswitch_look,
                       .strip = nsswitch_strip},
    [CONF_AUTHSELECT] = {.name = "nsswitch",
                         .path = BG_SYSCONFDIR "/authselect/nsswitch.conf",
                         .owner = &authselect_owner,
                         .here = authselect_here,
                         .add = authselect_add,
                         .look = authselect_look,
                         .strip = authselect_strip},
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

/* The vendor's file of that name; *out NULL and from "" without one. */
static enum bg_err vendor_text(const struct conffile *k, const char *path, char **out, char *from)
{
    enum bg_err r = BG_OK;

    *out = NULL;
    for (const char *const *v = k->vendor; v != NULL && *v != NULL && r == BG_OK && *out == NULL; v++) {
        (void)snprintf(from, PATH_MAX, "%s%s", *v, strrchr(path, '/'));
        r = sysfile_read(from, out);
    }
    if (r != BG_OK || *out == NULL)
        from[0] = '\0';
    return r;
}

enum bg_err conf_vendor(const struct conffile *k, const char *path, char **out)
{
    char from[PATH_MAX];

    return vendor_text(k, path, out, from);
}

static enum bg_err conf_text(const struct conffile *k, const char *path, char **out, char *from)
{
    enum bg_err r = sysfile_read(path, out);

    from[0] = '\0';
    return r == BG_OK && *out == NULL ? vendor_text(k, path, out, from) : r;
}

enum bg_err conf_edit(struct sysedits *e, const struct conffile *k, const char *path, char *old, char *new)
{
    size_t before = e->n;
    enum bg_err r = sysedits_add(e, k, path, old, new);

    if (e->n > before) {
        e->item[before].owner = k->owner;
        if (e->item[before].old == NULL && k->mode != 0)
            e->item[before].mode = k->mode;
    }
    return r;
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

/* An entry that ends in '-' is the begin of names. */
static bool is_shared(const struct conffile *k, const char *name)
{
    for (const char *s = k->shared; *s != '\0'; s += strcspn(s, ","), s += *s == ',') {
        size_t n = strcspn(s, ",");
        if (strncmp(s, name, n) == 0 && (s[n - 1] == '-' || name[n] == '\0'))
            return true;
    }
    return false;
}

/* Call f for each of `names` (NULL: the usual ones) of a folder, or for the kind's one file. */
static enum admin_exit each_file(const struct conffile *k, const char *names,
                                 enum admin_exit (*f)(void *, const struct conffile *, const char *),
                                 void *arg)
{
    char path[PATH_MAX], *save = NULL, *list;
    enum admin_exit worst = ADMIN_GOOD, x;

    if ((names != NULL && names[0] == '\0') || (k->here != NULL && !k->here()))
        return ADMIN_GOOD;
    if (k->files == NULL)
        return f(arg, k, k->path);
    if ((list = strdup(names != NULL ? names : k->files)) == NULL)
        return ADMIN_CANNOT;
    for (char *s = strtok_r(list, ", ", &save); s != NULL; s = strtok_r(NULL, ", ", &save)) {
        if (s[0] == '.' || strchr(s, '/') != NULL || strlen(s) > NAME_ROOM || is_shared(k, s)) {
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

/*
 * What our lines go into, and the vendor's file that it is from ("": none). A copy that init made of a
 * vendor's file, which is another now, is made again, unless somebody has edited the copy.
 */
static enum bg_err base_text(const struct conffile *k, const char *path, char **old, char **base, char *from)
{
    enum bg_err r = conf_text(k, path, base, from);

    if (r != BG_OK || *base == NULL)
        return r;
    if (from[0] == '\0' && undo_compare(k, path, *base) == UNDO_STALE) {
        *old = *base;
        *base = NULL;
        return vendor_text(k, path, base, from);
    }
    return from[0] == '\0' && (*old = strdup(*base)) == NULL ? BG_E_NOMEM : BG_OK;
}

/* The change of one file; old, new and vendor's text are taken over. */
static enum admin_exit plan_edit(struct conf_plan *p, const struct conffile *k, const char *path,
                                 char *text[3], const char *from)
{
    size_t before = p->edits.n;
    enum bg_err r = conf_edit(&p->edits, k, path, text[0], text[1]);

    if (from[0] != '\0' && p->edits.n > before) {
        p->edits.item[before].vendor = text[2];
        ui_note(BG_M_CMD_VENDOR, BG_ARGS(path, from));
    } else {
        free(text[2]);
    }
    return r == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
}

static enum admin_exit plan_file(void *arg, const struct conffile *k, const char *path)
{
    const struct planning *p = arg;
    struct conf_job job = {.path = path, .rows = p->rows, .edits = &p->plan->edits};
    struct conf_problem why = {0};
    char *text[3] = {NULL, NULL, NULL}, from[PATH_MAX]; /* old, new, base */
    enum bg_err r;

    if (sysedits_planned(&p->plan->edits, path) != NULL)
        return ADMIN_GOOD; /* it gets all of our lines already */
    r = base_text(k, path, &text[0], &text[2], from);

    job.text = text[2];
    job.vendor = from[0] != '\0';
    if (r == BG_OK && (r = k->add(&job, &text[1], &why)) == BG_OK) {
        p->plan->checked[k - conffiles] = k->check != NULL;
        return plan_edit(p->plan, k, path, text, from);
    }
    free(text[0]);
    free(text[2]);
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
    if (r == BG_E_REFUSED)
        return ADMIN_FINDING; /* its owner has said why */
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
    conf_told *told;
    const void *arg;
};

static enum admin_exit look_file(void *arg, const struct conffile *k, const char *path)
{
    const struct looking *l = arg;
    struct conf_job job = {.path = path, .rows = l->rows};
    struct conf_problem why = {0};
    char *text = NULL, from[PATH_MAX];
    enum bg_err r = conf_text(k, path, &text, from);
    enum admin_exit x;

    job.text = text;
    job.vendor = from[0] != '\0';
    ui_quiet(l->told(l->arg, path));
    if (r == BG_OK)
        r = k->look(&job, &why);
    if (r == BG_OK && text != NULL && !job.vendor && undo_compare(k, path, text) != UNDO_SAME)
        r = conf_refuse(&why, BG_M_CMD_VENDOR_NEW, path, 0, "");
    free(text);
    if (r != BG_E_NOENT)
        (void)json_object_set_new(l->into, k->files == NULL ? k->name : strrchr(path, '/') + 1,
                                  json_boolean(r == BG_OK));
    x = r == BG_OK || r == BG_E_NOENT ? ADMIN_GOOD : tell(path, r, &why);
    ui_quiet(false);
    return x;
}

void conf_look(const struct account_rows *rows, json_t *root, conf_told *told, const void *arg)
{
    for (const struct conffile *k = conffiles; k < conffiles + CONFFILES; k++) {
        struct looking l = {rows, root, told, arg};
        if (k->files != NULL)
            (void)json_object_set_new(root, k->name, l.into = json_object());
        (void)each_file(k, NULL, look_file, &l);
    }
}

char *conf_without(const char *text, const char *block)
{
    const char *at = strstr(text, block);
    char *out = NULL;

    if (at == NULL)
        return strdup(text);
    return asprintf(&out, "%.*s%s", (int)(at - text), text, at + strlen(block)) < 0 ? NULL : out;
}
