#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/accounts.h"
#include "base/text.h"
#include "admin/init/hostids.h"
#include "admin/init/init.h"
#include "admin/ui.h"
#include "config/messages.h"
#include "admin/messages.h"

#define AUDIT_UID_FIRST 59001u

static bool row_has_uid(const struct account_rows *rows, uint32_t uid)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->row[i].wrong[0] == '\0' && uid != 0 &&
            (rows->row[i].uid == uid || (rows->row[i].has_audit_uid && rows->row[i].audit_uid == uid)))
            return true;
    return false;
}

static const char *uid_taken(const struct account_rows *rows, uint32_t uid)
{
    return row_has_uid(rows, uid) ? "another emergency account has it" : hostids_uid_taken(uid);
}

static bool uid_free(const struct account_rows *rows, uint32_t uid)
{
    char number[16];
    const char *why = uid_taken(rows, uid);

    (void)snprintf(number, sizeof number, "%u", uid);
    if (why != NULL)
        ui_finding(BG_M_CMD_UID_TAKEN, BG_ARGS(number, why));
    return why == NULL;
}

static bool shell_sound(const char *shell)
{
    struct stat st;
    const char *why = NULL;

    if (shell[0] != '/' || strpbrk(shell, ":\n") != NULL)
        why = "it is not an absolute path";
    else if (stat(shell, &st) != 0 || !S_ISREG(st.st_mode) || access(shell, X_OK) != 0)
        why = "there is no such program";
    if (why != NULL)
        ui_finding(BG_M_CMD_SHELL, BG_ARGS(shell, why));
    return why == NULL;
}

/* The account is there already: nothing may differ from what was asked for by name. */
static enum admin_exit known_account(struct init_plan *plan, const struct account_row *row)
{
    const struct init_options *o = &plan->opt;

    if (row->wrong[0] != '\0') {
        char line[16];
        (void)snprintf(line, sizeof line, "%u", row->line);
        ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(BG_ACCOUNTS_PATH, line, row->wrong));
        return ADMIN_FINDING;
    }
    if ((o->uid_given && o->uid != row->uid) || (o->shell_given && strcmp(o->shell, row->shell) != 0) ||
        (o->audit_given &&
         (o->has_audit_uid != row->has_audit_uid || (o->has_audit_uid && o->audit_uid != row->audit_uid)))) {
        ui_finding(BG_M_CMD_ACCOUNT_DIFFERS, BG_ARGS(row->name, BG_ACCOUNTS_PATH));
        return ADMIN_FINDING;
    }
    plan->row = *row;
    return ADMIN_GOOD;
}

/* An account that shares uid 0 gets the first free audit uid unless one was named. */
static bool choose_audit_uid(struct init_plan *plan, struct account_row *row)
{
    const struct init_options *o = &plan->opt;

    if (row->uid != 0 || (o->audit_given && !o->has_audit_uid))
        return true;
    row->has_audit_uid = true;
    row->audit_uid = o->audit_given ? o->audit_uid : AUDIT_UID_FIRST;
    while (!o->audit_given && row->audit_uid < AUDIT_UID_FIRST + 100 &&
           uid_taken(&plan->rows, row->audit_uid) != NULL)
        row->audit_uid++;
    return uid_free(&plan->rows, row->audit_uid);
}

static enum admin_exit new_account(struct init_plan *plan)
{
    const struct init_options *o = &plan->opt;
    struct account_row row = {.uid = o->uid, .gid = o->uid};
    const char *taken = hostids_name_taken(o->account);
    char number[16];

    (void)snprintf(row.name, sizeof row.name, "%.31s", o->account);
    (void)snprintf(row.home, sizeof row.home, "%s/home/%.31s", BG_STATEDIR, o->account);
    (void)snprintf(row.shell, sizeof row.shell, "%s", o->shell);
    if (taken != NULL) {
        ui_finding(BG_M_CMD_NAME_TAKEN, BG_ARGS(o->account, taken));
        return ADMIN_FINDING;
    }
    if (row.uid != 0 && !uid_free(&plan->rows, row.uid))
        return ADMIN_FINDING;
    if (row.uid != 0 && hostids_gid_taken(row.gid) != NULL) {
        (void)snprintf(number, sizeof number, "%u", row.gid);
        ui_finding(BG_M_CMD_GID_TAKEN, BG_ARGS(number, hostids_gid_taken(row.gid)));
        return ADMIN_FINDING;
    }
    if (!choose_audit_uid(plan, &row) || !shell_sound(row.shell))
        return ADMIN_FINDING;
    if (plan->rows.n == ROWS_MAX)
        return ADMIN_CANNOT;
    plan->row = plan->rows.row[plan->rows.n++] = row;
    plan->new_account = true;
    return ADMIN_GOOD;
}

enum admin_exit init_account(struct init_plan *plan)
{
    const struct account_row *row;
    enum bg_err r = rows_load(&plan->rows);

    if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(BG_ACCOUNTS_PATH, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (!bg_name_valid(plan->opt.account)) {
        ui_finding(BG_M_CMD_NAME, BG_ARGS(plan->opt.account));
        return ADMIN_USAGE;
    }
    row = rows_find(&plan->rows, plan->opt.account);
    return row != NULL ? known_account(plan, row) : new_account(plan);
}
