/* SPDX-License-Identifier: ISC */
/* breakglass key suspend | resume */
#include "admin/key/key.h"

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

/* On record first; then in the credentials file and, for what no login may undo, beside the counter. */
static enum admin_exit change(const char *account, struct bg_credential *c, struct bg_key *k, bool suspended)
{
    const char *what = suspended ? "suspended" : "resumed";
    char message[96];
    enum bg_err r;

    (void)snprintf(message, sizeof message, "key \"%s\" %s", k->label, what);
    if (!report_first(BG_EV_CONFIG_CHANGED, account, message))
        return ADMIN_CANNOT;
    if (!suspended && (r = bg_key_resume(BG_KEY_COUNTERS, &k->id)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_KEY_COUNTERS, bg_strerror(r)));
        return failed(account, k->label, what);
    }
    k->suspended = suspended;
    if (!rows_credential_save(account, c))
        return failed(account, k->label, what);
    ui_text("Key %s of %s is %s.\n", k->label, account, what);
    return ADMIN_GOOD;
}

static enum admin_exit run(char *const words[], bool suspended)
{
    static struct bg_credential c;
    const char *account = words[0], *label = words[1];
    char question[160];
    enum admin_exit x;
    size_t at;

    if (!rows_credential(account, false, &c))
        return ADMIN_CANNOT;
    if ((at = key_find(&c, label)) == c.key_count) {
        ui_finding(BG_M_CMD_KEY_NO_SUCH, BG_ARGS(account, label));
        return ADMIN_USAGE;
    }
    if (c.key[at].suspended == suspended) {
        ui_text("Key %s of %s is %ssuspended already.\n", label, account, suspended ? "" : "not ");
        return ADMIN_GOOD;
    }
    if (suspended)
        key_warn_of_loss(account, &c, at);
    else
        ui_warning(BG_M_CMD_KEY_RESUME, BG_ARGS(label, account));
    (void)snprintf(question, sizeof question, "%s key \"%.31s\" of %.31s?", suspended ? "Suspend" : "Resume",
                   label, account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD)
        return x;
    return change(account, &c, &c.key[at], suspended);
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
