/* SPDX-License-Identifier: ISC */
/* Our own files and directories: what init makes, and what purge removes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/accounts.h"
#include "config/credential.h"
#include "config/envelope.h"
#include "config/policy.h"
#include "config/rotation.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"
#include "admin/init/init.h"
#include "admin/journal/journal.h"
#include "admin/messages.h"
#include "admin/session/session.h"
#include "admin/ui.h"
#include "programs.h"
#include "record/journal.h"
#include "record/seal.h"
#include "record/tamper.h"

static const struct {
    const char *path;
    mode_t mode;
} dirs[] = {
    {BG_CONFDIR, 0755},        {BG_CREDENTIALS_DIR, 0700},
    {BG_CONFDIR "/ssh", 0755}, {BG_CONFDIR "/secrets", 0700},
    {BG_STATEDIR, 0755},       {BG_STATEDIR "/home", 0755},
};

struct making {
    bool dry;
    bool restore; /* what a person made is lost, not new: an empty file would hide that */
    json_t *made, *root;
};

static bool there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Report a path that was made, or would be (BG_OK), or could not be. True: go on. */
static bool tell(const struct making *m, const char *path, enum bg_err r)
{
    size_t i;
    json_t *known;

    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(path, bg_strerror(r)));
        return false;
    }
    json_array_foreach(m->made, i, known) if (strcmp(json_string_value(known), path) == 0) return true;
    (void)json_array_append_new(m->made, json_string(path));
    return true;
}

static bool make_dirs(const struct making *m)
{
    bool good = true;

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0] && good; i++) {
        bool had = there(dirs[i].path);
        enum bg_err r = m->dry ? BG_OK : bg_dir_make(dirs[i].path, dirs[i].mode);
        good = (had && r == BG_OK) || tell(m, dirs[i].path, r);
    }
    return good;
}

/* A file that is only made where there is none. */
static bool make_file(const struct making *m, const char *path, const char *text)
{
    return there(path) ||
           tell(m, path, m->dry ? BG_OK : bg_file_replace(path, text, strlen(text), 0644, 0, 0));
}

/* Add text to the end of one of our own files, unless an interrupted run did so already. */
static bool append(const struct making *m, const char *path, const char *text)
{
    char *old = NULL, *joined;
    enum bg_err r = sysfile_read(path, &old);
    size_t n = old == NULL ? 0 : strlen(old);

    if (r == BG_OK && !m->dry && (n == 0 || strstr(old, text) == NULL)) {
        if (asprintf(&joined, "%s%s%s", n > 0 ? old : "", n > 0 && old[n - 1] != '\n' ? "\n" : "", text) < 0)
            return free(old), tell(m, path, BG_E_NOMEM);
        r = bg_file_replace(path, joined, strlen(joined), 0644, 0, 0);
        free(joined);
    }
    free(old);
    return tell(m, path, r);
}

static bool make_policy(const struct making *m)
{
    char *text = bg_policy_template();
    bool good = text != NULL ? make_file(m, BG_POLICY_PATH, text) : tell(m, BG_POLICY_PATH, BG_E_NOMEM);

    free(text);
    return good;
}

/* Whatever becomes of the program, the shell that reads this goes on unless it says that the person is done.
 * A login shell that was given a command ("su - NAME -c") runs that and nothing else. */
#define RECORD(how)                                                                                          \
    "if [ \"${-#*i}\" != \"$-\" ] && [ -n \"$BREAKGLASS_USE\" ] && [ -z \"$BREAKGLASS_RECORDED\" ] &&\n"     \
    "    [ -t 0 ] && [ -t 1 ]; then\n"                                                                       \
    "    " PROGRAM_LOGIN " --record" how "\n"                                                                \
    "    breakglass_status=$?\n"                                                                             \
    "    [ \"$breakglass_status\" -ge 125 ] || exit \"$breakglass_status\"\n"                                \
    "    unset breakglass_status; export BREAKGLASS_RECORDED=no; stty sane 2>/dev/null\n"                    \
    "fi\n"
#define PROFILE_MADE "# Made by breakglass init, for session-record in breakglass.conf(5).\n"

/* Of a shell that is a login shell, and of one that is none (su without -). */
static const struct profile {
    const char *name, *text;
    bool zsh; /* that shell alone reads it */
} profiles[] = {
    {".profile",
     PROFILE_MADE RECORD(" login") "[ -z \"$BASH_VERSION\" ] || [ ! -r ~/.bashrc ] || . ~/.bashrc\n", false},
    {".bashrc", PROFILE_MADE "case $- in *i*) ;; *) return ;; esac\n" RECORD(""), false},
    {".zprofile", PROFILE_MADE RECORD(" login"), true},
    {".zshrc", PROFILE_MADE RECORD(""), true},
};
#define PROFILES (sizeof profiles / sizeof profiles[0])

/* Only where there is no such file: what a person wrote stays. */
static bool make_profiles(const struct making *m, const struct account_row *row)
{
    bool zsh = session_shell_is(row, "zsh");
    char path[PATH_MAX];
    bool good = true;

    if (row->uid != 0)
        return true; /* a recording is root's to write */
    for (size_t i = 0; i < PROFILES && good; i++) {
        const char *text = profiles[i].text;
        (void)snprintf(path, sizeof path, "%s/%s", row->home, profiles[i].name);
        good = (profiles[i].zsh && !zsh) || there(path) ||
               tell(m, path, m->dry ? BG_OK : bg_file_replace(path, text, strlen(text), 0600, 0, 0));
    }
    return good;
}

static bool make_home(const struct making *m, const struct account_row *row)
{
    struct stat st;
    enum bg_err r = BG_OK;

    if (lstat(row->home, &st) == 0) {
        if (S_ISDIR(st.st_mode) && (st.st_uid == row->uid || st.st_uid == 0))
            return make_profiles(m, row);
        return tell(m, row->home, BG_E_UNSAFE);
    }
    if (!m->dry && (mkdir(row->home, 0700) != 0 || lchown(row->home, row->uid, row->gid) != 0))
        r = BG_E_IO;
    return tell(m, row->home, r) && make_profiles(m, row);
}

static bool make_credential(const struct making *m, const char *account)
{
    const struct bg_credential c = {.enabled = true};
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", BG_CREDENTIALS_DIR, account);
    return m->restore || there(path) ||
           tell(m, path, m->dry ? BG_OK : bg_credential_save(BG_CREDENTIALS_DIR, account, &c));
}

/* Its own keys: sshd reads them as the account's uid, so the file is for all to read. They are public. */
static bool make_keys(const struct making *m, const char *account)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/ssh/%s", BG_CONFDIR, account);
    return m->restore || make_file(m, path, "");
}

/*
 * Where the alert service has a user of its own, its group reads the journal and the secrets of the sinks.
 * New segments take the group of their directory.
 */
static enum bg_err give_to_alerts(void)
{
    uid_t uid;
    gid_t gid;

    if (bg_sysuser(BG_ALERT_USER, &uid, &gid) != BG_OK)
        return BG_OK;
    if (lchown(BG_JOURNAL_DIR, 0, gid) != 0 || lchown(BG_CONFDIR "/secrets", 0, gid) != 0 ||
        chmod(BG_CONFDIR "/secrets", 0750) != 0)
        return BG_E_IO;
    return lchown(BG_JOURNAL_DIR "/000001.jsonl", 0, gid) == 0 || errno == ENOENT ? BG_OK : BG_E_IO;
}

/* Sealed from its first line on. BG_E_BUSY: something is known of a journal that was there. */
static enum bg_err create_sealed(struct bg_recorder *rec, json_t *told)
{
    char journalid[BG_JOURNALID_LEN + 1];
    struct bg_known known;
    struct bg_seal seal;
    enum bg_err r;

    bg_known_load(BG_JOURNAL_DIR, BG_FALLBACK_DIR, &known);
    if (known.known)
        return BG_E_BUSY; /* before a key is shown that never gets to work */
    if ((r = bg_journal_id(journalid)) != BG_OK || (r = bg_seal_make(journalid, 2, &seal)) != BG_OK)
        return r;
    r = seal_tell(journalid, &seal, told) ? bg_journal_create_sealed(rec, journalid, &seal) : BG_E_EOF;
    bg_wipe(&seal, sizeof seal);
    return r;
}

/* It goes on with the numbers of one that was removed, and says so in its first line: sealed behind that. */
static enum bg_err create_then_seal(struct bg_recorder *rec, json_t *told)
{
    struct bg_seal seal = {.start = 0};
    enum bg_err r = bg_journal_create(rec), sealed;

    if (json_object_size(told) > 0)
        ui_warning(BG_M_SEAL_VOID, BG_ARGS(bg_json_str(told, "seal_name")));
    (void)json_object_clear(told);
    if (r != BG_OK)
        return r;
    if ((sealed = seal_begin(&seal, told)) != BG_OK)
        ui_warning(BG_M_INIT_UNSEALED, BG_ARGS(bg_strerror(sealed)));
    bg_wipe(&seal, sizeof seal);
    return BG_OK;
}

/* Sealed, if somebody sees its key: a hook and --quiet show none. */
static enum bg_err create_journal(const struct making *m, const struct init_options *o)
{
    struct bg_recorder rec;
    struct bg_position end;
    json_t *told;
    enum bg_err r;

    bg_recorder_init(&rec);
    if (o->unsealed || m->restore || ui_is_quiet() || bg_journal_end(&rec, &end) == BG_OK)
        return bg_journal_create(&rec);
    told = json_object();
    if ((r = create_sealed(&rec, told)) != BG_OK && r != BG_E_EXIST)
        r = create_then_seal(&rec, told);
    if (r == BG_OK && json_object_size(told) > 0)
        (void)json_object_set(m->root, "journal_seal", told);
    json_decref(told);
    return r;
}

static bool make_journal(const struct making *m, const struct init_options *o)
{
    bool had = there(BG_JOURNAL_DIR);
    enum bg_err r = BG_OK;

    if (!m->dry) {
        r = create_journal(m, o);
        had = r == BG_E_EXIST;
        if (r == BG_OK || had)
            r = give_to_alerts();
    }
    return (had && r == BG_OK) || tell(m, BG_JOURNAL_DIR, r);
}

/* The line that makes the account exist comes last, when all that it needs is there. */
static bool make_account(const struct making *m, const struct account_row *row)
{
    char text[700], group[80];
    int n;

    n = snprintf(text, sizeof text, "%s:x:%u:%u:Break-glass account:%s:%s\n", row->name, row->uid, row->gid,
                 row->home, row->shell);
    if (row->has_audit_uid)
        (void)snprintf(text + n, sizeof text - (size_t)n, "%s:x:%u:%u:Break-glass account (audit id):%s:%s\n",
                       row->name, row->audit_uid, row->gid, row->home, row->shell);
    (void)snprintf(group, sizeof group, "%s:x:%u:\n", row->name, row->gid);
    return (row->gid == 0 || append(m, BG_GROUPS_PATH, group)) && append(m, BG_ACCOUNTS_PATH, text);
}

bool init_host(const struct init_plan *plan, bool dry, json_t *made, json_t *root)
{
    const struct account_row *row = &plan->row;
    const struct making m = {dry, plan->opt.restore, made, root};

    return make_dirs(&m) && make_journal(&m, &plan->opt) && make_policy(&m) &&
           make_file(&m, BG_GROUPS_PATH, "") && make_credential(&m, row->name) && make_keys(&m, row->name) &&
           make_home(&m, row) && (!plan->new_account || make_account(&m, row));
}

/* What a person wrote in its place stays. */
static void unmake_profile(const struct account_row *row, const char *name)
{
    char path[PATH_MAX], *text = NULL;

    (void)snprintf(path, sizeof path, "%s/%s", row->home, name);
    if (sysfile_read(path, &text) == BG_OK && text != NULL &&
        strncmp(text, PROFILE_MADE, strlen(PROFILE_MADE)) == 0)
        (void)unlink(path);
    free(text);
}

void init_purge(void)
{
    static struct account_rows rows;
    char path[PATH_MAX];

    if (rows_load(&rows))
        for (const struct account_row *row = rows.row; row < rows.row + rows.n; row++) {
            (void)snprintf(path, sizeof path, "%s/%.64s", BG_CREDENTIALS_DIR, row->name);
            (void)unlink(path);
            (void)!bg_rotation_drop(BG_CREDENTIALS_DIR, row->name);
            (void)snprintf(path, sizeof path, "%s/ssh/%.64s", BG_CONFDIR, row->name);
            (void)unlink(path);
            for (size_t i = 0; i < PROFILES; i++)
                unmake_profile(row, profiles[i].name);
            (void)snprintf(path, sizeof path, "%s/%.64s", BG_ENVELOPES_DIR, row->name);
            (void)unlink(path);
            (void)rmdir(row->home);
        }
    (void)unlink(BG_ACCOUNTS_PATH);
    (void)unlink(BG_GROUPS_PATH);
    (void)unlink(BG_POLICY_PATH);
    (void)unlink(BG_PEOPLE_PATH);
    (void)unlink(BG_SAFES_PATH);
    (void)rmdir(BG_ENVELOPES_DIR);
    for (size_t i = sizeof dirs / sizeof dirs[0]; i-- > 0;)
        (void)rmdir(dirs[i].path);
}
