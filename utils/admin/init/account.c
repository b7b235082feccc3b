/* SPDX-License-Identifier: ISC */
/* The account that init makes: are its name, numbers and shell free and sound on this host? */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/text.h"
#include "config/messages.h"

#define AUDIT_UID_FIRST 59001u
#define PASSWD          BG_SYSCONFDIR "/passwd"
#define GROUP           BG_SYSCONFDIR "/group"

/*
 * Each of these returns NULL when free, else a phrase that says what holds the name or number. Files only: a
 * directory service may hang, and is not asked.
 */

/* Ranges from which others take numbers without asking: systemd.io/UIDS-GIDS. */
static const char *range_taken(uint32_t id)
{
    static const struct {
        uint32_t from, to;
        const char *why;
    } ranges[] = {
        {0, 0, "it belongs to root"},
        {61184, 65519, "systemd gives it to services of its own (DynamicUser)"},
        {65534, 65535, "it belongs to nobody"},
        {524288, 1879048191, "systemd gives it to containers"},
        {UINT32_MAX, UINT32_MAX, "it means \"no uid\""},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (id >= ranges[i].from && id <= ranges[i].to)
            return ranges[i].why;
    return NULL;
}

/* Does a line NAME:x:ID:... of passwd or group have that name or, with name NULL, that number? */
static bool is_entry(char *line, const char *name, uint32_t id)
{
    const char *first = strsep(&line, ":"), *third;

    if (name != NULL)
        return strcmp(first, name) == 0;
    (void)strsep(&line, ":");
    third = strsep(&line, ":");
    return third != NULL && third[0] != '\0' && strtoul(third, NULL, 10) == id;
}

/* Does a line NAME:START:COUNT of subuid or subgid have that number in its range? */
static bool is_range(char *line, const char *name, uint32_t id)
{
    unsigned long start, count;

    (void)name;
    return sscanf(line, "%*[^:]:%lu:%lu", &start, &count) == 2 && id >= start && id - start < count;
}

static bool in_file(const char *path, bool (*is)(char *, const char *, uint32_t), const char *name,
                    uint32_t id)
{
    char *line = NULL;
    size_t room = 0;
    bool hit = false;
    FILE *f = fopen(path, "re");

    while (f != NULL && !hit && getline(&line, &room, f) > 0)
        hit = is(line, name, id);
    free(line);
    if (f != NULL)
        (void)fclose(f);
    return hit;
}

static bool process_has(uint32_t uid)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    struct stat st;
    bool hit = false;

    while (d != NULL && !hit && (e = readdir(d)) != NULL)
        hit = e->d_name[0] >= '1' && e->d_name[0] <= '9' && fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
              st.st_uid == uid;
    if (d != NULL)
        (void)closedir(d);
    return hit;
}

static const char *name_taken(const char *name)
{
    if (in_file(PASSWD, is_entry, name, 0))
        return "a user of that name is in " PASSWD;
    return in_file(GROUP, is_entry, name, 0) ? "a group of that name is in " GROUP : NULL;
}

static const char *gid_taken(uint32_t gid)
{
    if (range_taken(gid) != NULL)
        return range_taken(gid);
    if (in_file(GROUP, is_entry, NULL, gid))
        return "it is in " GROUP;
    return in_file(BG_SYSCONFDIR "/subgid", is_range, NULL, gid) ? "it is in a range of " BG_SYSCONFDIR
                                                                   "/subgid"
                                                                 : NULL;
}

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
    if (row_has_uid(rows, uid))
        return "another emergency account has it";
    if (range_taken(uid) != NULL)
        return range_taken(uid);
    if (in_file(PASSWD, is_entry, NULL, uid))
        return "it is in " PASSWD;
    if (in_file(BG_SYSCONFDIR "/subuid", is_range, NULL, uid))
        return "it is in a range of " BG_SYSCONFDIR "/subuid";
    return process_has(uid) ? "a process runs with it" : NULL;
}

const char *init_shell_wrong(const char *shell)
{
    struct stat st;

    if (shell[0] != '/' || strpbrk(shell, ":\n") != NULL)
        return "it is not an absolute path";
    if (strlen(shell) >= sizeof((struct account_row *)0)->shell)
        return "it is too long";
    if (stat(shell, &st) != 0 || !S_ISREG(st.st_mode) || access(shell, X_OK) != 0)
        return "there is no such program";
    return NULL;
}

/* True when nothing is wrong, else shows why. */
static bool good(const struct bg_message *id, const char *what, const char *why)
{
    if (why != NULL)
        ui_finding(id, BG_ARGS(what, why));
    return why == NULL;
}

/* The account is there already: nothing may differ from what the options ask for. */
static enum admin_exit known_account(struct init_plan *plan, const struct account_row *row)
{
    const struct init_options *o = &plan->opt;
    uint32_t audit_uid = row->has_audit_uid ? row->audit_uid : INIT_NO_UID;

    if (row->wrong[0] != '\0')
        return rows_bad_line(row), ADMIN_FINDING;
    if ((o->uid != INIT_NO_UID && o->uid != row->uid) || (o->audit_given && o->audit_uid != audit_uid) ||
        (o->shell != NULL && strcmp(o->shell, row->shell) != 0)) {
        ui_finding(BG_M_CMD_ACCOUNT_DIFFERS, BG_ARGS(row->name, BG_ACCOUNTS_PATH));
        return ADMIN_FINDING;
    }
    plan->row = *row;
    return ADMIN_GOOD;
}

/* An account that shares uid 0 gets the first free audit uid unless one was named. */
static bool choose_audit_uid(const struct init_plan *plan, struct account_row *row)
{
    const struct init_options *o = &plan->opt;

    if (row->uid != 0 || (o->audit_given && o->audit_uid == INIT_NO_UID))
        return true;
    row->has_audit_uid = true;
    row->audit_uid = o->audit_given ? o->audit_uid : AUDIT_UID_FIRST;
    while (!o->audit_given && row->audit_uid < AUDIT_UID_FIRST + 100 &&
           uid_taken(&plan->rows, row->audit_uid) != NULL)
        row->audit_uid++;
    return good(BG_M_CMD_UID_TAKEN, BG_DIGITS(row->audit_uid), uid_taken(&plan->rows, row->audit_uid));
}

/* What no option gave is asked for, if a person is there; *value comes with the default. */
static void ask(const char *question, char *value, size_t cap)
{
    if (!ui_is_yes() && ui_form() == UI_TEXT && !ui_is_dry_run() && ui_interactive())
        ui_ask_value(question, value, cap);
}

static void explain_uid(void)
{
    if (ui_is_yes() || ui_form() != UI_TEXT || ui_is_dry_run() || !ui_interactive())
        return;
    ui_wrapped(
        stdout, 0, 0,
        "With uid 0 the account is root under a name of its own: it can repair everything without the help "
        "of sudo, and its audit uid tells what it did from what root did. With a number of its own it can do "
        "nothing until a sudo rule lets it, and sudo has to work in the emergency as well.");
}

static enum admin_exit new_account(struct init_plan *plan)
{
    const struct init_options *o = &plan->opt;
    const char *shell = o->shell == NULL ? INIT_SHELL : o->shell;
    struct account_row row = {.name = ""};
    uint32_t uid = o->uid;
    char number[16] = "0";

    if (!good(BG_M_CMD_NAME_TAKEN, o->account, name_taken(o->account)))
        return ADMIN_FINDING;
    if (uid == INIT_NO_UID) {
        explain_uid();
        ask("Its uid (0 needs no sudo; another number needs a rule)", number, sizeof number);
        if (!bg_number(number, 0, UINT32_MAX - 1, &uid))
            return admin_bad_value(number, "--uid", "a number");
    }
    row.uid = row.gid = uid;
    if ((uid != 0 && (!good(BG_M_CMD_UID_TAKEN, BG_DIGITS(uid), uid_taken(&plan->rows, uid)) ||
                      !good(BG_M_CMD_GID_TAKEN, BG_DIGITS(uid), gid_taken(uid)))) ||
        !choose_audit_uid(plan, &row))
        return ADMIN_FINDING;
    if (!good(BG_M_CMD_SHELL, shell, init_shell_wrong(shell)))
        return ADMIN_USAGE;
    (void)snprintf(row.name, sizeof row.name, "%.31s", o->account);
    (void)snprintf(row.home, sizeof row.home, "%s/home/%s", BG_STATEDIR, row.name);
    (void)snprintf(row.shell, sizeof row.shell, "%s", shell);
    if (plan->rows.n == ROWS_MAX)
        return ADMIN_CANNOT;
    plan->row = plan->rows.row[plan->rows.n++] = row;
    plan->new_account = true;
    return ADMIN_GOOD;
}

enum admin_exit init_account(struct init_plan *plan)
{
    static char name[64] = "bg1";
    const struct account_row *row;

    if (!rows_load(&plan->rows))
        return ADMIN_CANNOT;
    if (plan->opt.account == NULL) {
        ask("Name of the account", name, sizeof name);
        plan->opt.account = name;
    }
    if (!bg_name_valid(plan->opt.account)) {
        ui_finding(BG_M_CMD_NAME, BG_ARGS(plan->opt.account));
        return ADMIN_USAGE;
    }
    row = rows_find(&plan->rows, plan->opt.account);
    return row != NULL ? known_account(plan, row) : new_account(plan);
}
