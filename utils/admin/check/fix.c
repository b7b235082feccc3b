/* SPDX-License-Identifier: ISC */
/* --fix: what init puts in place is put back, and modes of our own files. Everything else is for a person. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/check/output.h"
#include "admin/files.h"
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"

static void show_modes(const json_t *modes)
{
    const json_t *m;
    size_t i;

    json_array_foreach(modes, i, m)
    {
        ui_text("chmod %s %s\n", check_says(m, "right_mode"), check_says(m, "path"));
        if ((strtoul(check_says(m, "mode"), NULL, 8) & 0022) != 0)
            ui_warning(BG_M_CHECK_MODE_OPEN, BG_ARGS(check_says(m, "path")));
    }
}

/* Still root's, and no link: whoever could write to the directory may have put another thing there. */
static bool change_mode(const char *path, mode_t mode)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    bool done = false;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        done = fchmod(fd, mode) == 0;
    else if (fd >= 0)
        errno = EPERM;
    bg_close(fd);
    return done;
}

static enum admin_exit change_modes(const json_t *modes)
{
    enum admin_exit x = ADMIN_GOOD;
    const json_t *m;
    size_t i;

    json_array_foreach(modes, i, m)
    {
        const char *path = check_says(m, "path"), *wanted = check_says(m, "right_mode");
        if (change_mode(path, (mode_t)strtoul(wanted, NULL, 8)))
            continue;
        ui_finding(BG_M_CHECK_MODE, BG_ARGS(path, strerror(errno), wanted));
        x = ADMIN_CANNOT;
    }
    return x;
}

/* May it be done? ADMIN_GOOD: not in a dry run. */
static enum admin_exit ask(size_t n, const char *what)
{
    char question[96];

    if (ui_is_dry_run())
        return ADMIN_FINDING;
    (void)snprintf(question, sizeof question, "Change %zu %s?", n, what);
    return ui_confirm(question);
}

static enum admin_exit fix_modes(const struct account_rows *rows, json_t *modes)
{
    enum admin_exit x;

    files_wrong_modes(rows, modes);
    if (json_array_size(modes) == 0)
        return ADMIN_GOOD;
    show_modes(modes);
    x = ask(json_array_size(modes), "modes");
    return x == ADMIN_GOOD ? change_modes(modes) : x;
}

static enum admin_exit fix_lines(json_t *diffs, size_t *files)
{
    enum admin_exit x = init_mend_plan(diffs, files);

    if (x == ADMIN_GOOD && *files > 0 && (x = ask(*files, "system files")) == ADMIN_GOOD)
        x = init_mend();
    init_mend_end();
    return x;
}

enum admin_exit check_fix(const struct account_rows *rows, json_t *root)
{
    json_t *diffs = json_array(), *modes = json_array();
    size_t files = 0;
    enum admin_exit x, more;

    (void)json_object_set_new(root, "fix", json_pack("{s:o, s:o}", "diffs", diffs, "modes", modes));
    x = fix_modes(rows, modes); /* first: a file that others may write is not read */
    if (x == ADMIN_USAGE)
        return x;
    more = fix_lines(diffs, &files);
    if (ui_is_dry_run() && (files > 0 || json_array_size(modes) > 0))
        ui_text("Nothing was changed (--dry-run).\n");
    else if (files == 0 && json_array_size(modes) == 0 && more == ADMIN_GOOD)
        ui_text("There is nothing that --fix mends.\n");
    if (ui_is_dry_run())
        return ADMIN_GOOD;
    return more > x ? more : x;
}
