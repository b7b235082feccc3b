/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/safefile.h"
#include "login/recording.h"

#define SAID  ".said"
#define SHELL ".shell"

static void path_of(const char *use, const char *end, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, RECORDING_DIR "/%s%s", use, end);
}

static void mark(const char *use, const char *end)
{
    char path[PATH_MAX];
    int fd;

    path_of(use, end, path);
    if (bg_dirs_make(RECORDING_DIR, 0700) != BG_OK)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bg_close(fd);
}

void recording_said(const char *use)
{
    mark(use, SAID);
}

void recording_saw_shell(const char *use)
{
    mark(use, SHELL);
}

/* Is there a name that begins with the use and ends so? */
static bool any(const char *use, const char *end)
{
    DIR *d = opendir(RECORDING_DIR);
    struct dirent *de;
    bool hit = false;

    while (d != NULL && !hit && (de = readdir(d)) != NULL) {
        size_t n = strlen(de->d_name), t = strlen(end);
        hit = strncmp(de->d_name, use, BG_ULID_LEN) == 0 && n >= t && strcmp(de->d_name + n - t, end) == 0;
    }
    if (d != NULL)
        (void)closedir(d);
    return hit;
}

const char *recording_missing(const char *use, bool at_terminal, uid_t uid)
{
    if (any(use, ".timing"))
        return "what recorded it was killed";
    if (any(use, SAID) || !(at_terminal || any(use, SHELL)))
        return "";
    return uid == 0 ? "no recording was begun" : "an account with a uid of its own is not recorded";
}

void recording_forget(const char *use)
{
    DIR *d = opendir(RECORDING_DIR);
    struct dirent *de;

    while (d != NULL && (de = readdir(d)) != NULL)
        if (strncmp(de->d_name, use, BG_ULID_LEN) == 0)
            (void)unlinkat(dirfd(d), de->d_name, 0);
    if (d != NULL)
        (void)closedir(d);
}
