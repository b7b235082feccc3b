#include "record/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "base/safefile.h"

#define OPEN_SAFE    (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define LOCK_LOOK_MS 2

static bool ours(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static enum bg_err from_errno(void)
{
    return errno == ENOENT ? BG_E_NOENT : errno == ELOOP || errno == ENOTDIR ? BG_E_UNSAFE : BG_E_IO;
}

/* Check what fd is; closes it when it will not do. */
static enum bg_err check(int fd, mode_t type, struct stat *st)
{
    enum bg_err r = BG_OK;

    if (fstat(fd, st) != 0)
        r = BG_E_IO;
    else if ((st->st_mode & S_IFMT) != type || !ours(st))
        r = BG_E_UNSAFE;
    if (r != BG_OK)
        (void)close(fd);
    return r;
}

static enum bg_err open_dir(const char *path, int extra, int *dir)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | extra | O_CLOEXEC);
    enum bg_err r;

    if (fd < 0)
        return from_errno();
    if ((r = check(fd, S_IFDIR, &st)) == BG_OK)
        *dir = fd;
    return r;
}

enum bg_err bg_segdir_open(const char *path, int make, int *dir)
{
    char copy[PATH_MAX], *parent;
    int up = -1;
    enum bg_err r;

    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy)
        return BG_E_RANGE;
    parent = dirname(copy);
    if (make && ((r = bg_dir_make(parent, 0755)) != BG_OK || (r = bg_dir_make(path, 0750)) != BG_OK))
        return r;
    if ((r = open_dir(parent, 0, &up)) != BG_OK)
        return r;
    (void)close(up);
    return open_dir(path, O_NOFOLLOW, dir);
}

enum bg_err bg_segdir_lock(int dir, int64_t deadline, int *lock)
{
    struct stat st;
    /* a file of its own that only root can open: whoever may read the segments must not be able to lock them
     */
    int fd = openat(dir, "lock", O_RDWR | O_CREAT | OPEN_SAFE, 0600);
    enum bg_err r;

    if (fd < 0)
        return from_errno();
    if ((r = check(fd, S_IFREG, &st)) != BG_OK)
        return r;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || bg_left_ms(deadline) == 0) {
            r = errno == EWOULDBLOCK ? BG_E_BUSY : BG_E_IO;
            (void)close(fd);
            return r;
        }
        bg_sleep_ms(LOCK_LOOK_MS);
    }
    *lock = fd;
    return BG_OK;
}

void bg_segment_name(char out[BG_SEGMENT_NAME], unsigned number)
{
    (void)snprintf(out, BG_SEGMENT_NAME, "%06u.jsonl", number % (BG_SEGMENT_LAST + 1));
}

/* The number in a segment's name, 0 for any other file. */
static unsigned number_of(const char *name)
{
    char canon[BG_SEGMENT_NAME];
    unsigned n = (unsigned)strtoul(name, NULL, 10);

    bg_segment_name(canon, n);
    return strcmp(name, canon) == 0 ? n : 0;
}

static int ascending(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static enum bg_err collect(DIR *d, struct bg_segments *list)
{
    struct dirent *de;

    while ((de = readdir(d)) != NULL) {
        unsigned n = number_of(de->d_name), *more;
        if (n == 0)
            continue;
        if ((more = realloc(list->number, (list->count + 1) * sizeof *more)) == NULL)
            return BG_E_NOMEM;
        list->number = more;
        list->number[list->count++] = n;
    }
    if (list->count > 1)
        qsort(list->number, list->count, sizeof *list->number, ascending);
    return BG_OK;
}

enum bg_err bg_segdir_list(int dir, struct bg_segments *list)
{
    struct bg_segments found = {NULL, 0};
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir takes it away */
    DIR *d = again < 0 ? NULL : fdopendir(again);
    enum bg_err r;

    if (d == NULL) {
        if (again >= 0)
            (void)close(again);
        return BG_E_IO;
    }
    r = collect(d, &found);
    (void)closedir(d);
    if (r != BG_OK)
        free(found.number);
    else
        *list = found;
    return r;
}

/* A new file: its mode whatever the umask is, and the group that may read the directory. */
static enum bg_err dress(int dir, int fd)
{
    struct stat st;

    if (fstat(dir, &st) != 0 || fchmod(fd, 0640) != 0)
        return BG_E_IO;
    return fchown(fd, (uid_t)-1, st.st_gid) == 0 && fsync(dir) == 0 ? BG_OK : BG_E_IO;
}

enum bg_err bg_segment_open(int dir, unsigned number, int flags, int *fd, off_t *size)
{
    char name[BG_SEGMENT_NAME];
    struct stat st;
    int f;
    enum bg_err r;

    bg_segment_name(name, number);
    if ((flags & O_CREAT) != 0)
        flags |= O_EXCL;
    if ((f = openat(dir, name, flags | OPEN_SAFE, 0640)) < 0)
        return from_errno();
    if ((r = check(f, S_IFREG, &st)) != BG_OK)
        return r;
    if ((flags & O_CREAT) != 0 && (r = dress(dir, f)) != BG_OK) {
        (void)close(f);
        (void)unlinkat(dir, name, 0);
        return r;
    }
    *fd = f;
    *size = st.st_size;
    return BG_OK;
}

enum bg_err bg_segment_load(int fd, off_t from, off_t to, char **buf, size_t *len)
{
    size_t want = (size_t)(to - from), n = 0;
    char *p;

    if (from < 0 || to < from || want > BG_SEGMENT_LOAD)
        return BG_E_RANGE;
    if ((p = malloc(want + 1)) == NULL)
        return BG_E_NOMEM;
    while (n < want) {
        ssize_t got = pread(fd, p + n, want - n, from + (off_t)n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(p);
            return BG_E_IO;
        }
        if (got == 0)
            break; /* cut short meanwhile: what is there is what there is */
        n += (size_t)got;
    }
    p[n] = '\0';
    *buf = p;
    *len = n;
    return BG_OK;
}
