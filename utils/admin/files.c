/* SPDX-License-Identifier: ISC */
#include "admin/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/review/review.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "base/sysuser.h"
#include "config/envelope.h"
#include "config/messages.h"
#include "record/journal.h"

#define JOURNAL_ROOM (64u * 1024u) /* bytes that a use and its end take at most */

enum group {
    ROOTS = 0,
    ALERTS /* group rights may be the alert service's */
};

/* How a file or directory is to be. */
struct wanted {
    const char *path;
    mode_t type;        /* S_IFREG or S_IFDIR */
    mode_t mode, least; /* no bit outside the one, and all of the other */
    bool needed;
    enum group group;
};

static const struct wanted ours[] = {
    {BG_CONFDIR, S_IFDIR, 0755, 0555, true, ROOTS},
    {BG_ACCOUNTS_PATH, S_IFREG, 0644, 0444, false,
     ROOTS}, /* without it there is no account; status says so */
    {BG_GROUPS_PATH, S_IFREG, 0644, 0444, false, ROOTS},
    {BG_POLICY_PATH, S_IFREG, 0644, 0400, false, ROOTS},
    {BG_CREDENTIALS_DIR, S_IFDIR, 0700, 0500, true, ROOTS},
    {BG_ENVELOPES_DIR, S_IFDIR, 0700, 0500, false, ROOTS},
    {BG_PEOPLE_PATH, S_IFREG, 0600, 0400, false, ROOTS},
    {BG_SAFES_PATH, S_IFREG, 0600, 0400, false, ROOTS},
    {BG_CONFDIR "/ssh", S_IFDIR, 0755, 0555, true, ROOTS},
    {BG_CONFDIR "/secrets", S_IFDIR, 0750, 0500, false, ALERTS},
    {BG_STATEDIR, S_IFDIR, 0755, 0555, true, ROOTS},
    {BG_STATEDIR "/home", S_IFDIR, 0755, 0555, true, ROOTS},
    {UNDO_DIR, S_IFDIR, 0700, 0500, false, ROOTS},
    {REVIEW_EVIDENCE_DIR, S_IFDIR, 0700, 0500, false, ROOTS},
    {BG_JOURNAL_DIR, S_IFDIR, 0750, 0700, false,
     ALERTS}, /* the journal's own check says that it is missing */
    {BG_RUNDIR, S_IFDIR, 0755, 0555, false, ROOTS},
};

static const struct wanted credential = {NULL, S_IFREG, 0600, 0400, false, ROOTS};
static const struct wanted ssh_keys = {NULL, S_IFREG, 0644, 0444, true, ROOTS};
static const struct wanted secret = {NULL, S_IFREG, 0640, 0400, false, ALERTS};
static const struct wanted segment = {NULL, S_IFREG, 0640, 0600, false, ALERTS};

static json_t *modes; /* not NULL: only wrong modes are looked for, and go there */

static files_told *is_told;
static const void *told_arg;

static void tell(const char *path, const char *what)
{
    if (modes == NULL && (is_told == NULL || !is_told(told_arg, path)))
        ui_finding(BG_M_CMD_ST_FILE, BG_ARGS(path, what));
}

static bool is_alerts(gid_t gid)
{
    uid_t uid;
    gid_t alerts;

    return bg_sysuser(BG_ALERT_USER, &uid, &alerts) == BG_OK && gid == alerts;
}

static void note_mode(const char *path, mode_t has, mode_t wanted)
{
    char is[8], want[8];

    (void)snprintf(is, sizeof is, "%04o", (unsigned)has);
    (void)snprintf(want, sizeof want, "%04o", (unsigned)wanted);
    (void)json_array_append_new(modes,
                                json_pack("{s:s, s:s, s:s}", "path", path, "mode", is, "right_mode", want));
}

/* Mode and owner of a file that is of the right kind and root's. */
static void look_mode(const char *path, const struct wanted *w, const struct stat *st)
{
    const mode_t has = st->st_mode & 0777;
    char what[80];

    if ((has & ~w->mode) != 0 || (has & w->least) != w->least) {
        (void)snprintf(what, sizeof what, "its mode is %04o instead of %04o", (unsigned)has,
                       (unsigned)w->mode);
        tell(path, what);
        if (modes != NULL && st->st_uid == 0)
            note_mode(path, has, w->mode);
    } else if ((w->mode & 0007) == 0 && (has & 0070) != 0 && st->st_gid != 0 &&
               (w->group != ALERTS || !is_alerts(st->st_gid))) {
        (void)snprintf(what, sizeof what, "group %u may use it", (unsigned)st->st_gid);
        tell(path, what);
    }
}

static void look(const char *path, const struct wanted *w)
{
    const char *why = bg_unsafe_why(path, w->type);
    struct stat st;

    if (lstat(path, &st) != 0) {
        if (errno != ENOENT || w->needed)
            tell(path, errno == ENOENT ? "it is missing" : strerror(errno));
    } else if (S_ISLNK(st.st_mode) && w->type == S_IFDIR) {
        /* a directory may be elsewhere, if nobody else decides where */
        if (bg_path_safe(path) != BG_OK)
            tell(path, why);
        else if (stat(path, &st) == 0)
            look_mode(path, w, &st);
    } else if (why != NULL && (S_ISLNK(st.st_mode) || (st.st_mode & S_IFMT) != w->type || st.st_uid != 0)) {
        tell(path, why);
    } else {
        look_mode(path, w, &st);
    }
}

static void look_named(const char *dir, const char *name, const struct wanted *w)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    look(path, w);
}

/* Every file of a directory, or those whose name ends so. */
static void look_all(const char *dir, const char *suffix, const struct wanted *w)
{
    struct dirent *e;
    DIR *d = opendir(dir);

    while (d != NULL && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name), tail = strlen(suffix);
        if (e->d_name[0] != '.' && n >= tail && strcmp(e->d_name + n - tail, suffix) == 0)
            look_named(dir, e->d_name, w);
    }
    if (d != NULL)
        (void)closedir(d);
}

/* The directories above ours: who can change one of them can put another in the place of ours. */
static void look_way(const char *dir)
{
    char above[PATH_MAX];
    char *slash;

    (void)snprintf(above, sizeof above, "%s", dir);
    if ((slash = strrchr(above, '/')) == NULL || slash == above)
        return;
    *slash = '\0';
    if (bg_path_safe(above) == BG_E_UNSAFE)
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(above, bg_strerror(BG_E_UNSAFE)));
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* -1 and errno: nothing can be appended to the journal. */
static int journal_writable(void)
{
    struct statvfs fs;
    struct dirent *e;
    int writable = access(BG_JOURNAL_DIR, W_OK | X_OK);
    DIR *d = writable == 0 ? opendir(BG_JOURNAL_DIR) : NULL;

    while (d != NULL && writable == 0 && (e = readdir(d)) != NULL)
        if (strstr(e->d_name, ".jsonl") != NULL)
            writable = faccessat(dirfd(d), e->d_name, W_OK, 0);
    if (d != NULL) {
        int saved = errno;
        (void)closedir(d);
        errno = saved;
    }
    if (writable == 0 && statvfs(BG_JOURNAL_DIR, &fs) == 0 &&
        ((uint64_t)fs.f_bfree * fs.f_frsize < JOURNAL_ROOM || (fs.f_files > 0 && fs.f_ffree == 0)))
        return refuse(ENOSPC);
    return writable;
}

static void look_journal(void)
{
    struct stat st;

    if (stat(BG_JOURNAL_DIR, &st) == 0 && journal_writable() != 0)
        ui_finding(BG_M_CMD_ST_UNWRITABLE, BG_ARGS(BG_JOURNAL_DIR, strerror(errno)));
}

static void look_ours(const struct account_rows *rows)
{
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        look(ours[i].path, &ours[i]);
    for (const struct account_row *row = rows->row; row < rows->row + rows->n; row++)
        if (row->wrong[0] == '\0')
            look_named(BG_CONFDIR "/ssh", row->name, &ssh_keys);
    look_all(BG_CREDENTIALS_DIR, "", &credential);
    look_all(BG_ENVELOPES_DIR, "", &credential);
    look_all(BG_CONFDIR "/secrets", "", &secret);
    look_all(BG_JOURNAL_DIR, ".jsonl", &segment);
}

void files_wrong_modes(const struct account_rows *rows, json_t *list)
{
    modes = list;
    look_ours(rows);
    modes = NULL;
}

void files_look(const struct account_rows *rows, files_told *told, const void *arg)
{
    is_told = told;
    told_arg = arg;
    look_way(BG_CONFDIR);
    look_way(BG_STATEDIR);
    look_ours(rows);
    look_journal();
}
