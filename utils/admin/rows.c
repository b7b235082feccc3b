/* SPDX-License-Identifier: ISC */
#include "admin/rows.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/admin.h"
#include "base/safefile.h"
#include "base/sysuser.h"
#include "base/text.h"
#include "admin/ui.h"
#include "admin/messages.h"
#include "config/messages.h"
#include "config/sinkcred.h"

static void take(void *arg, unsigned line, const char *name, const struct bg_account *a, const char *wrong)
{
    struct account_rows *rows = arg;
    struct account_row *r = &rows->row[rows->n];

    if (rows->n == ROWS_MAX)
        return;
    memset(r, 0, sizeof *r);
    (void)snprintf(r->name, sizeof r->name, "%s", name == NULL ? "?" : name);
    r->line = line;
    if (a == NULL) {
        (void)snprintf(r->wrong, sizeof r->wrong, "%s", wrong == NULL ? "not a sound line" : wrong);
    } else {
        r->uid = a->uid;
        r->gid = a->gid;
        r->has_audit_uid = a->has_audit_uid;
        r->audit_uid = a->audit_uid;
        (void)snprintf(r->home, sizeof r->home, "%s", a->home);
        (void)snprintf(r->shell, sizeof r->shell, "%s", a->shell);
    }
    rows->n++;
}

bool rows_load(struct account_rows *out)
{
    char text[BG_ACCOUNTS_MAX];
    size_t len;
    enum bg_err r = bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len);

    out->n = 0;
    if (r == BG_OK)
        bg_accounts_walk(text, len, take, out);
    if (r == BG_OK || r == BG_E_NOENT)
        return true;
    ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(BG_ACCOUNTS_PATH, bg_strerror(r)));
    return false;
}

void rows_load_quietly(struct account_rows *out)
{
    ui_quiet(true);
    if (!rows_load(out))
        out->n = 0;
    ui_quiet(false);
}

const struct account_row *rows_find(const struct account_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->row[i].name, name) == 0)
            return &rows->row[i];
    return NULL;
}

bool rows_is_caller(const struct account_row *row)
{
    int64_t me[2];

    report_caller(&me[0], &me[1]);
    for (int i = 0; i < 2; i++)
        if (me[i] > 0 && row->wrong[0] == '\0' &&
            (me[i] == row->uid || (row->has_audit_uid && me[i] == row->audit_uid)))
            return true;
    return false;
}

void rows_bad_line(const struct account_row *row)
{
    ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(BG_ACCOUNTS_PATH, BG_DIGITS(row->line), row->wrong));
}

enum admin_exit rows_require(const char *name)
{
    static struct account_rows rows;
    const struct account_row *row;

    if (!rows_load(&rows))
        return ADMIN_CANNOT;
    if ((row = rows_find(&rows, name)) == NULL)
        return ui_finding(BG_M_CMD_NO_ACCOUNT, BG_ARGS(name, BG_ACCOUNTS_PATH)), ADMIN_USAGE;
    if (row->wrong[0] != '\0')
        return rows_bad_line(row), ADMIN_FINDING;
    return ADMIN_GOOD;
}

bool rows_sound(const char *path, enum bg_err r, const struct bg_ini_error *bad)
{
    if (r == BG_E_SYNTAX && bad->line > 0)
        ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(path, BG_DIGITS(bad->line), bad->text));
    else if (r != BG_OK)
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(path, bad->text[0] != '\0' ? bad->text : bg_strerror(r)));
    return r == BG_OK;
}

#define CREDENTIAL_PATH (sizeof BG_CREDENTIALS_DIR + 72)
#define LOCK_PATH       BG_RUNDIR "/credentials.lock"
#define LOCK_MS         5000

static void credential_path(const char *account, char path[CREDENTIAL_PATH])
{
    (void)snprintf(path, CREDENTIAL_PATH, "%s/%.64s", BG_CREDENTIALS_DIR, account);
}

/* The file that was read last. People are asked before it is saved, and meanwhile others may have saved
 * theirs: no lock is held while somebody types. */
struct file {
    char account[72], *text; /* text NULL: no file */
    size_t len;
};
static struct file as_read, as_was; /* as_was: what the last saving replaced */

static void remember(const char *account, const char *path)
{
    free(as_read.text);
    as_read.text = NULL;
    as_read.len = 0;
    (void)snprintf(as_read.account, sizeof as_read.account, "%s", account);
    (void)!bg_file_slurp(path, BG_INI_FILE_MAX, &as_read.text, &as_read.len);
}

static bool still_as_read(const char *account, const char *path)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r = bg_file_slurp(path, BG_INI_FILE_MAX, &text, &len);
    bool same = strcmp(as_read.account, account) == 0 && (r == BG_OK) == (as_read.text != NULL) &&
                (r == BG_OK || r == BG_E_NOENT) && len == as_read.len &&
                (len == 0 || memcmp(text, as_read.text, len) == 0);

    free(text);
    return same;
}

bool rows_credential(const char *account, bool must_exist, struct bg_credential *c)
{
    struct bg_ini_error bad = {0};
    char path[CREDENTIAL_PATH];
    enum bg_err r;

    credential_path(account, path);
    remember(account, path); /* before: what changes between the two readings shows at the end */
    bg_credential_free(c);
    r = bg_credential_load(BG_CREDENTIALS_DIR, account, c, &bad);
    if (r == BG_OK)
        bg_key_marks(BG_KEY_COUNTERS, c->key, c->key_count);
    if (r == BG_E_NOENT && !must_exist) {
        *c = (struct bg_credential){.enabled = true};
        return true;
    }
    if (r == BG_E_SYNTAX && bad.line > 0)
        return rows_sound(path, r, &bad);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
    return r == BG_OK;
}

static bool can_be_opened(const char *account)
{
    struct bg_credential c;
    struct bg_ini_error bad;
    bool opens;

    if (bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad) != BG_OK)
        return false;
    bg_key_marks(BG_KEY_COUNTERS, c.key, c.key_count);
    opens = bg_credential_opens(&c);
    bg_credential_free(&c);
    return opens;
}

bool rows_another_opens(const char *account)
{
    static struct account_rows rows;
    bool opens = false;

    if (!rows_load(&rows))
        return false;
    for (size_t i = 0; i < rows.n && !opens; i++)
        opens = rows.row[i].wrong[0] == '\0' && strcmp(rows.row[i].name, account) != 0 &&
                can_be_opened(rows.row[i].name);
    return opens;
}

static enum bg_err put_back(const char *account, const char *path)
{
    if (strcmp(as_was.account, account) != 0)
        return BG_E_NOENT;
    if (as_was.text != NULL)
        return bg_file_replace(path, as_was.text, as_was.len, 0600, (uid_t)-1, (gid_t)-1);
    return unlink(path) == 0 ? BG_OK : BG_E_IO;
}

static void saved(const char *account, const char *path)
{
    free(as_was.text);
    as_was = as_read;
    as_read.text = NULL;
    remember(account, path); /* the same command may go on */
}

/* A file that cannot be read may have it. */
static bool may_have(const char *account, const struct bg_fido_id *id)
{
    struct bg_credential c;
    struct bg_ini_error bad;
    bool has = false;

    if (bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad) != BG_OK)
        return true;
    for (size_t i = 0; i < c.key_count && !has; i++)
        has = c.key[i].id.len == id->len && memcmp(c.key[i].id.bytes, id->bytes, id->len) == 0;
    bg_credential_free(&c);
    return has;
}

bool rows_key_enrolled(const struct bg_fido_id *id)
{
    DIR *d = opendir(BG_CREDENTIALS_DIR);
    bool found = d == NULL;
    const struct dirent *e;

    while (!found && (e = readdir(d)) != NULL)
        found = bg_name_valid(e->d_name) && may_have(e->d_name, id);
    if (d != NULL)
        (void)closedir(d);
    return found;
}

/* One command at a time, as far as /run takes a lock; what was read is compared in any case. c NULL: as it
 * was. */
static enum bg_err save_if_same(const char *account, const struct bg_credential *c, bool *changed)
{
    char path[CREDENTIAL_PATH];
    int lock = -1;
    enum bg_err r = bg_dir_make(BG_RUNDIR, 0755);

    credential_path(account, path);
    if (r == BG_OK)
        r = bg_lock(AT_FDCWD, LOCK_PATH, bg_deadline(LOCK_MS), &lock);
    if (r == BG_E_BUSY)
        return r;
    *changed = !still_as_read(account, path);
    if (*changed)
        r = BG_E_BUSY;
    else
        r = c != NULL ? bg_credential_save(BG_CREDENTIALS_DIR, account, c) : put_back(account, path);
    if (r == BG_OK)
        saved(account, path);
    bg_close(lock);
    return r;
}

static bool save(const char *account, const struct bg_credential *c)
{
    bool changed = false;
    enum bg_err r = save_if_same(account, c, &changed);

    if (changed)
        ui_finding(BG_M_CMD_CREDENTIAL_CHANGED, BG_ARGS(account));
    else if (r != BG_OK)
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
    return r == BG_OK;
}

bool rows_credential_save(const char *account, const struct bg_credential *c)
{
    return save(account, c);
}

enum admin_exit rows_credential_record(const char *account, const struct bg_credential *c,
                                       enum bg_event_type type, const char *message, const char *failure)
{
    if (!report_first(type, account, message))
        return ADMIN_CANNOT;
    if (rows_credential_save(account, c))
        return ADMIN_GOOD;
    report_failure(type, account, failure);
    return ADMIN_CANNOT;
}

bool rows_credential_take_back(const char *account)
{
    return save(account, NULL);
}

bool rows_policy(const char *path, struct bg_policy *p)
{
    struct bg_faults bad;
    enum bg_err r = bg_policy_load(path, p, &bad);

    for (unsigned i = 0; i < bad.n; i++)
        (void)rows_sound(path, r, &bad.fault[i]);
    return r == BG_OK || r == BG_E_SYNTAX;
}

void rows_sink_files(const struct bg_sinks *sinks)
{
    struct bg_sink_fault f;
    uid_t uid;
    gid_t gid = 0;
    const char *name;

    for (unsigned i = 0; i < sinks->n; i++)
        if ((name = bg_sinkcred_of(&sinks->sink[i])) != NULL)
            ui_note(BG_M_SINK_CREDENTIAL, BG_ARGS(sinks->sink[i].name, name));
    (void)!bg_sysuser(BG_ALERT_USER, &uid, &gid);
    for (unsigned i = 0; geteuid() == 0 && i < sinks->n; i++)
        if (!bg_sink_look(&sinks->sink[i], gid, &f))
            ui_finding(BG_M_SINK_FILE, BG_ARGS(sinks->sink[i].name, f.key, f.path, f.why));
}

enum admin_exit list_credentials(const struct list *l, const char *only, json_t *root)
{
    static struct account_rows rows;
    static struct bg_credential c;
    json_t *list = json_array();

    (void)json_object_set_new(root, l->member, list);
    if (!rows_load(&rows))
        return ADMIN_CANNOT;
    ui_text("%s\n", l->header);
    for (size_t i = 0; i < rows.n; i++) {
        const struct account_row *row = &rows.row[i];
        if (only != NULL && strcmp(only, row->name) != 0)
            continue;
        if (row->wrong[0] != '\0')
            rows_bad_line(row);
        else if (rows_credential(row->name, false, &c) && !l->one(row->name, &c, list))
            ui_text("%-12s %s\n", row->name, l->none);
    }
    bg_credential_free(&c);
    return ADMIN_GOOD;
}
