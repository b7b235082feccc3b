/* SPDX-License-Identifier: ISC */
/* breakglass key suspend | resume */
#include "admin/key/key.h"
#include "admin/key/ssh.h"

#include <stdio.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/err.h"

static enum admin_exit failed(const char *account, const char *label, const char *what)
{
    char message[96];

    (void)snprintf(message, sizeof message, "key \"%s\" could not be %s", label, what);
    report_failure(BG_EV_CONFIG_CHANGED, account, message);
    return ADMIN_CANNOT;
}

/* A key of either kind: that which sshd verifies has no counter here, and no mark beside one. */
struct target {
    size_t key, ssh; /* its place in c; one of the two is beyond the end */
    bool *suspended;
};

static bool find(struct bg_credential *c, const char *label, struct target *t)
{
    t->key = key_find(c, label);
    t->ssh = ssh_find(c, label);
    if (t->key < c->key_count)
        t->suspended = &c->key[t->key].suspended;
    else if (t->ssh < c->ssh_count)
        t->suspended = &c->ssh[t->ssh].suspended;
    else
        return false;
    return true;
}

/* On record first; then in the credentials file and, for what no login may undo, beside the counter. */
static enum admin_exit change(const char *account, const char *label, struct bg_credential *c,
                              const struct target *t, bool suspended)
{
    const char *what = suspended ? "suspended" : "resumed";
    char message[96];
    enum bg_err r;

    (void)snprintf(message, sizeof message, "key \"%s\" %s", label, what);
    if (!report_first(BG_EV_CONFIG_CHANGED, account, message))
        return ADMIN_CANNOT;
    if (!suspended && t->key < c->key_count &&
        (r = bg_key_resume(BG_KEY_COUNTERS, &c->key[t->key].id)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_KEY_COUNTERS, bg_strerror(r)));
        return failed(account, label, what);
    }
    *t->suspended = suspended;
    if (!rows_credential_save(account, c))
        return failed(account, label, what);
    ui_text("Key %s of %s is %s.\n", label, account, what);
    return ADMIN_GOOD;
}

static void warn(const char *account, const char *label, struct bg_credential *c, const struct target *t,
                 bool suspended)
{
    if (!suspended)
        ui_warning(BG_M_CMD_KEY_RESUME, BG_ARGS(label, account));
    else if (t->key < c->key_count)
        key_warn_of_loss(account, c, t->key);
    else
        ssh_warn_of_loss(account, c, t->ssh);
}

static enum admin_exit run(char *const words[], bool suspended)
{
    static struct bg_credential c;
    const char *account = words[0], *label = words[1];
    char question[160];
    struct target t;
    enum admin_exit x;

    if (!rows_credential(account, false, &c))
        return ADMIN_CANNOT;
    if (!find(&c, label, &t)) {
        ui_finding(BG_M_CMD_KEY_NO_SUCH, BG_ARGS(account, label));
        return ADMIN_USAGE;
    }
    if (*t.suspended == suspended) {
        ui_text("Key %s of %s is %ssuspended already.\n", label, account, suspended ? "" : "not ");
        return ADMIN_GOOD;
    }
    warn(account, label, &c, &t, suspended);
    (void)snprintf(question, sizeof question, "%s key \"%.31s\" of %.31s?", suspended ? "Suspend" : "Resume",
                   label, account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    return change(account, label, &c, &t, suspended);
}

enum admin_exit key_suspend(char *const words[], json_t *root)
{
    (void)root;
    return run(words, true);
}

enum admin_exit key_resume(char *const words[], json_t *root)
{
    (void)root;
    return run(words, false);
}
