/* SPDX-License-Identifier: ISC */
#include "pamsim/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/safefile.h"

/* Of what the root holds; a FIFO or a terminal is never waited for. -1 as open(2). */
static int open_below(const char *root, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};
    int dir, fd;

    if (root[0] == '\0')
        return open(path, (int)how.flags);
    if ((dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    while (*path == '/')
        path++;
    fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
    bg_close(dir);
    return fd;
}

static enum bg_err read_all(int fd, char **text, size_t *len)
{
    char *out = malloc(BG_PAM_FILE_MAX + 1), *fit;
    size_t have = 0;
    ssize_t n = 1;

    if (out == NULL)
        return BG_E_NOMEM;
    while (n > 0 && have <= BG_PAM_FILE_MAX)
        if ((n = read(fd, out + have, BG_PAM_FILE_MAX + 1 - have)) > 0)
            have += (size_t)n;
    if (n < 0 || have > BG_PAM_FILE_MAX) {
        free(out);
        return n < 0 ? BG_E_IO : BG_E_RANGE;
    }
    fit = realloc(out, have + 1);
    *text = fit == NULL ? out : fit;
    (*text)[have] = '\0';
    *len = have;
    return BG_OK;
}

static enum bg_err root_read(void *arg, const char *path, char **text, size_t *len)
{
    int fd = open_below(arg, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    enum bg_err r;

    if (fd < 0)
        return errno == ENOSYS ? BG_E_IO : BG_E_NOENT;
    if (fstat(fd, &st) != 0)
        r = BG_E_IO;
    else if (S_ISREG(st.st_mode)) {
        r = read_all(fd, text, len);
    } else {
        *len = 0;
        *text = calloc(1, 1);
        r = *text == NULL ? BG_E_NOMEM : BG_OK;
    }
    bg_close(fd);
    return r;
}

static bool root_has(void *arg, const char *path, bool directory)
{
    int fd = open_below(arg, path, O_PATH);
    struct stat st;
    bool yes = fd >= 0 && fstat(fd, &st) == 0 && (directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));

    bg_close(fd);
    return yes;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

typedef char entry[256]; /* NAME_MAX and a NUL */

/* Hidden ones are left out, as glob(3) does. */
static enum bg_err take_entries(DIR *d, const char *ending, entry *all, size_t *n)
{
    size_t tail = strlen(ending);
    const struct dirent *e;

    while ((e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);
        if (e->d_name[0] == '.' || len < tail || strcmp(e->d_name + len - tail, ending) != 0)
            continue;
        if (*n == BG_PAM_ENTRIES)
            return BG_E_RANGE;
        memcpy(all[(*n)++], e->d_name, len + 1);
    }
    qsort(all, *n, sizeof *all, by_bytes);
    return BG_OK;
}

/* The table becomes a row of strings. */
static char *squeeze(entry *all, size_t n)
{
    char *out = malloc(n * sizeof *all + 1), *at = out;

    for (size_t i = 0; out != NULL && i < n; i++) {
        size_t len = strlen(all[i]) + 1;
        memcpy(at, all[i], len);
        at += len;
    }
    if (out != NULL)
        *at = '\0';
    return out;
}

static enum bg_err root_list(void *arg, const char *dir, const char *ending, char **names)
{
    int fd = open_below(arg, dir, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    entry *all = d == NULL ? NULL : calloc(BG_PAM_ENTRIES, sizeof *all);
    size_t n = 0;
    enum bg_err r;

    if (d == NULL) {
        bg_close(fd);
        return errno == ENOSYS ? BG_E_IO : BG_E_NOENT;
    }
    r = all == NULL ? BG_E_NOMEM : take_entries(d, ending, all, &n);
    if (r == BG_OK && (*names = squeeze(all, n)) == NULL)
        r = BG_E_NOMEM;
    free(all);
    (void)closedir(d);
    return r;
}

static unsigned root_mode(void *arg, const char *path, bool follow)
{
    int fd = open_below(arg, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    struct stat st;
    unsigned mode = fd >= 0 && fstat(fd, &st) == 0 ? st.st_mode : 0;

    bg_close(fd);
    return mode;
}

void bg_pam_source_root(struct bg_pam_source *s, const char *root)
{
    *s = (struct bg_pam_source){.read = root_read,
                                .has = root_has,
                                .arg = (void *)(uintptr_t)root,
                                .list = root_list,
                                .mode = root_mode};
}
