/* SPDX-License-Identifier: ISC */
#include "base/safefile.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"

#define LINKS_MAX    16 /* in one path */
#define LOCK_LOOK_MS 2  /* between two looks at a lock */

static bool owned_safely(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

const char *bg_unsafe_why(const char *path, mode_t want)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return NULL;
    if (S_ISLNK(st.st_mode))
        return "it is a symbolic link";
    if ((st.st_mode & S_IFMT) != want)
        return want == S_IFDIR ? "it is not a directory" : "it is not a regular file";
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return "it does not belong to root";
    return owned_safely(&st) ? NULL : "others than its owner may write to it";
}

enum bg_err bg_open_safe(int dir, const char *name, int flags, mode_t mode, int *fd, off_t *size)
{
    const mode_t type = (flags & O_DIRECTORY) != 0 ? S_IFDIR : S_IFREG;
    struct stat st;
    /* O_NONBLOCK: a FIFO in the file's place must not hold up a login. */
    int f = openat(dir, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
    enum bg_err r = BG_OK;

    if (f < 0 && (errno == ELOOP || (errno == ENOTDIR && type == S_IFDIR)))
        return BG_E_UNSAFE;
    if (f < 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    if (fstat(f, &st) != 0)
        r = BG_E_IO;
    else if ((st.st_mode & S_IFMT) != type || !owned_safely(&st))
        r = BG_E_UNSAFE;
    if (r != BG_OK) {
        bg_close(f);
        return r;
    }
    *fd = f;
    if (size != NULL)
        *size = st.st_size;
    return BG_OK;
}

enum bg_err bg_lock(int dir, const char *name, int64_t deadline, int *lock)
{
    int fd;
    enum bg_err r = bg_open_safe(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &fd, NULL);

    if (r != BG_OK)
        return r;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || bg_left_ms(deadline) == 0) {
            r = errno == EWOULDBLOCK ? BG_E_BUSY : BG_E_IO;
            bg_close(fd);
            return r;
        }
        bg_sleep_ms(LOCK_LOOK_MS);
    }
    *lock = fd;
    return BG_OK;
}

static enum bg_err read_fd(int fd, char *buf, size_t cap, size_t *len)
{
    size_t n = 0;

    while (n < cap) {
        ssize_t got = read(fd, buf + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return BG_E_IO;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    if (n == cap)
        return BG_E_RANGE;
    buf[n] = '\0';
    *len = n;
    return BG_OK;
}

enum bg_err bg_file_read(const char *path, char *buf, size_t cap, size_t *len)
{
    int fd;
    off_t size;
    enum bg_err r;

    if ((r = bg_open_safe(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, &fd, &size)) != BG_OK)
        return r;
    r = (size_t)size >= cap ? BG_E_RANGE : read_fd(fd, buf, cap, len);
    (void)close(fd);
    return r;
}

enum bg_err bg_file_slurp(const char *path, size_t limit, char **out, size_t *len)
{
    int fd;
    off_t size;
    char *buf = NULL;
    enum bg_err r;

    if ((r = bg_open_safe(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, &fd, &size)) != BG_OK)
        return r;
    if (size < 0 || (size_t)size > limit)
        r = BG_E_RANGE;
    else if ((buf = malloc((size_t)size + 1)) == NULL)
        r = BG_E_NOMEM;
    else /* a file that has grown since fstat does not fit */
        r = read_fd(fd, buf, (size_t)size + 1, len);
    bg_close(fd);
    if (r == BG_OK)
        *out = buf;
    else
        free(buf);
    return r;
}

void bg_close(int fd)
{
    int saved = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = saved;
}

void bg_remove(const char *path)
{
    int saved = errno;

    (void)unlink(path);
    errno = saved;
}

enum bg_err bg_write_all(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0)
            errno = ENOSPC; /* nothing was written, and nothing said why */
        if (put <= 0)
            return BG_E_IO;
        p += put;
        n -= (size_t)put;
    }
    return BG_OK;
}

static enum bg_err sync_parent(const char *path)
{
    char copy[PATH_MAX];
    int fd;
    enum bg_err r = BG_OK;

    (void)snprintf(copy, sizeof copy, "%s", path);
    if ((fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return BG_E_IO;
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: this file system has no fsync */
        r = BG_E_IO;
    bg_close(fd);
    return r;
}

static enum bg_err fill(int fd, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
    enum bg_err r;

    if ((r = bg_write_all(fd, data, len)) != BG_OK)
        return r;
    if (fchown(fd, uid, gid) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0)
        return BG_E_IO;
    return BG_OK;
}

enum bg_err bg_file_stage(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid,
                          char *tmp)
{
    int fd, n;
    enum bg_err r;

    n = snprintf(tmp, PATH_MAX, "%s.XXXXXX", path);
    if (n < 0 || n >= PATH_MAX)
        return BG_E_RANGE;
    if ((fd = mkostemp(tmp, O_CLOEXEC)) < 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    r = fill(fd, data, len, mode, uid, gid);
    if (r != BG_OK)
        bg_close(fd);
    else if (close(fd) != 0)
        r = BG_E_IO;
    if (r != BG_OK)
        bg_remove(tmp);
    return r;
}

enum bg_err bg_file_commit(const char *tmp, const char *path)
{
    return rename(tmp, path) == 0 ? sync_parent(path) : BG_E_IO;
}

enum bg_err bg_file_replace(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
    char tmp[PATH_MAX];
    enum bg_err r;

    if ((r = bg_file_stage(path, data, len, mode, uid, gid, tmp)) != BG_OK)
        return r;
    if ((r = bg_file_commit(tmp, path)) != BG_OK)
        bg_remove(tmp);
    return r;
}

enum bg_err bg_dir_make(const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0 ? sync_parent(path) : BG_E_IO;
    if (errno != EEXIST)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    if (lstat(path, &st) != 0)
        return BG_E_IO;
    return S_ISDIR(st.st_mode) && owned_safely(&st) ? BG_OK : BG_E_UNSAFE;
}

enum bg_err bg_dirs_make(const char *path, mode_t mode)
{
    char copy[PATH_MAX];
    enum bg_err r;

    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy)
        return BG_E_RANGE;
    r = bg_dir_make(dirname(copy), 0755);
    return r == BG_OK ? bg_dir_make(path, mode) : r;
}

/* One component of a path. *link: it is a symbolic link, whose mode means nothing. */
static enum bg_err component_safe(const char *path, bool *link)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    *link = S_ISLNK(st.st_mode);
    return st.st_uid == 0 && (*link || (st.st_mode & (S_IWGRP | S_IWOTH)) == 0) ? BG_OK : BG_E_UNSAFE;
}

/* Replace the component that is a link, from `start` to `end` of path, by what it points to. */
static enum bg_err follow(char path[PATH_MAX], size_t start, size_t end)
{
    char head[PATH_MAX], target[PATH_MAX], tail[PATH_MAX];
    ssize_t n;

    (void)strcpy(head, path);
    (void)strcpy(tail, path + end);
    head[end] = '\0';
    if ((n = readlink(head, target, sizeof target - 1)) < 0)
        return BG_E_IO;
    target[n] = '\0';
    head[target[0] == '/' ? 0 : start] = '\0';
    if (strlen(head) + strlen(target) + strlen(tail) >= PATH_MAX)
        return BG_E_UNSAFE;
    (void)stpcpy(stpcpy(stpcpy(path, head), target), tail);
    return BG_OK;
}

enum bg_err bg_path_safe(const char *path)
{
    char at[PATH_MAX];
    size_t start = 0, end = 0; /* of the component that is looked at; the first is the root itself */
    int links = 0;
    enum bg_err r;

    if (path[0] != '/' || strlen(path) >= sizeof at)
        return BG_E_UNSAFE;
    (void)strcpy(at, path);
    for (;;) {
        char after = at[end];
        bool link = false;
        at[end] = '\0';
        r = component_safe(end == 0 ? "/" : at, &link);
        at[end] = after;
        if (r == BG_OK && link)
            r = ++links > LINKS_MAX ? BG_E_UNSAFE : follow(at, start, end);
        if (r != BG_OK || (after == '\0' && !link))
            return r;
        start = link ? 0 : end + 1;
        end = link ? 0 : start + strcspn(at + start, "/");
    }
}
