/* SPDX-License-Identifier: ISC */
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
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "record/reserve.h"

/* Whose group has the cursors beside it delivers from it: a directory that somebody made anew, as root's
 * alone, must not shut the alarms out. */
static void open_to_readers(int dir, const char *parent)
{
    char cursors[PATH_MAX];
    struct stat st, beside;

    if ((size_t)snprintf(cursors, sizeof cursors, "%s/cursors", parent) >= sizeof cursors ||
        fstat(dir, &st) != 0 || lstat(cursors, &beside) != 0 || !S_ISDIR(beside.st_mode) || st.st_gid != 0 ||
        beside.st_gid == 0)
        return;
    if (fchown(dir, (uid_t)-1, beside.st_gid) == 0)
        (void)fchmod(dir, 0750);
}

enum bg_err bg_segdir_open(const char *path, bool make, int *dir)
{
    char copy[PATH_MAX], *parent;
    int up = -1;
    enum bg_err r;

    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy)
        return BG_E_RANGE;
    parent = dirname(copy);
    if (make && (r = bg_dirs_make(path, 0750)) != BG_OK)
        return r;
    if ((r = bg_open_safe(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0, &up, NULL)) != BG_OK)
        return r;
    (void)close(up);
    r = bg_open_safe(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, dir, NULL);
    if (r == BG_OK && make)
        open_to_readers(*dir, parent);
    return r;
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
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir closes it */
    DIR *d = again < 0 ? NULL : fdopendir(again);
    enum bg_err r;

    if (d == NULL) {
        bg_close(again);
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

    bg_reserve_in_place(fd);
    if (fstat(dir, &st) != 0 || fchmod(fd, 0640) != 0)
        return BG_E_IO;
    return fchown(fd, (uid_t)-1, st.st_gid) == 0 && fsync(dir) == 0 ? BG_OK : BG_E_IO;
}

/* One that was put back from a copy may be root's alone: who delivers has to read it. */
static void redress(int dir, int fd)
{
    struct stat at, st;

    if (fstat(dir, &at) != 0 || fstat(fd, &st) != 0 || geteuid() != 0 ||
        (st.st_gid == at.st_gid && (st.st_mode & 07777) == 0640))
        return;
    if (fchown(fd, (uid_t)-1, at.st_gid) == 0)
        (void)fchmod(fd, 0640);
}

enum bg_err bg_segment_open(int dir, unsigned number, int flags, int *fd, off_t *size)
{
    char name[BG_SEGMENT_NAME];
    int f;
    enum bg_err r;

    bg_segment_name(name, number);
    if ((flags & O_CREAT) != 0)
        flags |= O_EXCL;
    if ((r = bg_open_safe(dir, name, flags | O_NOFOLLOW, 0640, &f, size)) != BG_OK)
        return r;
    if ((flags & O_CREAT) != 0 && (r = dress(dir, f)) != BG_OK) {
        int saved = errno;
        (void)unlinkat(dir, name, 0);
        errno = saved;
        bg_close(f);
        return r;
    }
    if ((flags & O_ACCMODE) == O_RDWR && (flags & O_CREAT) == 0)
        redress(dir, f);
    *fd = f;
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
            break; /* truncated meanwhile */
        n += (size_t)got;
    }
    p[n] = '\0';
    *buf = p;
    *len = n;
    return BG_OK;
}

enum bg_err bg_segment_read(int dir, unsigned number, off_t from, off_t to, char **buf, size_t *len)
{
    off_t size;
    int fd;
    enum bg_err r;

    if ((r = bg_segment_open(dir, number, O_RDONLY, &fd, &size)) != BG_OK)
        return r;
    r = from > size || to > size ? BG_E_MISMATCH : bg_segment_load(fd, from, to < 0 ? size : to, buf, len);
    (void)close(fd);
    return r;
}

enum bg_err bg_segdir_open_copy(const char *path, int *dir)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    *dir = fd;
    return BG_OK;
}

/* What opening could set off, as of a device, is not opened. */
static enum bg_err open_plain(int dir, const char *name, int *fd, off_t *size)
{
    struct stat st;
    int f;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    if (!S_ISREG(st.st_mode))
        return BG_E_UNSAFE;
    f = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (f < 0 || fstat(f, &st) != 0 || !S_ISREG(st.st_mode)) {
        bg_close(f);
        return f < 0 && errno != ELOOP ? BG_E_IO : BG_E_UNSAFE;
    }
    *fd = f;
    *size = st.st_size;
    return BG_OK;
}

enum bg_err bg_segment_read_copy(int dir, unsigned number, char **buf, size_t *len)
{
    char name[BG_SEGMENT_NAME];
    off_t size;
    int fd;
    enum bg_err r;

    bg_segment_name(name, number);
    if ((r = open_plain(dir, name, &fd, &size)) != BG_OK)
        return r;
    r = bg_segment_load(fd, 0, size, buf, len);
    bg_close(fd);
    return r;
}

/* --- the end of a journal --------------------------------------------------------------------- */

#define STEP      65536 /* bytes looked at first; several lines of any length */
#define ASIDE_MAX 1000u /* files that were set aside for one number */

/* Offset just after the last newline before `to`, 0 when there is none. */
static enum bg_err last_newline(int fd, off_t to, off_t *end)
{
    while (to > 0) {
        off_t from = to > STEP ? to - STEP : 0;
        char *buf, *nl;
        size_t len;
        enum bg_err r = bg_segment_load(fd, from, to, &buf, &len);
        if (r != BG_OK)
            return r;
        nl = memrchr(buf, '\n', len);
        *end = nl == NULL ? 0 : from + (nl - buf) + 1;
        free(buf);
        if (nl != NULL)
            return BG_OK;
        to = from;
    }
    *end = 0;
    return BG_OK;
}

/* Go back over the lines in buf (it ends in a newline) to the newest that is an event; head is the hash of
 * the last one, whatever it is. */
static enum bg_err newest_link(const char *buf, size_t len, struct bg_chain *c)
{
    char head[BG_HASH_HEX + 1] = "";
    uint64_t unread = 0;

    while (len > 0) {
        const char *nl = memrchr(buf, '\n', len - 1);
        const char *line = nl == NULL ? buf : nl + 1;
        size_t n = (size_t)(buf + len - 1 - line);
        json_t *ev;
        if (head[0] == '\0' && bg_sha256_hex(line, n, head) != BG_OK)
            return BG_E_CRYPTO;
        if (bg_chain_parse(line, n, &ev, c) == BG_OK) {
            json_decref(ev);
            memcpy(c->head, head, sizeof head);
            c->last.sequence += unread;
            return BG_OK;
        }
        unread++;
        len = (size_t)(line - buf);
    }
    return BG_E_SYNTAX;
}

static enum bg_err chain_before(int fd, off_t end, struct bg_chain *c)
{
    enum bg_err r = BG_E_SYNTAX;

    for (off_t room = STEP;; room *= 8) {
        off_t from = end > room ? end - room : 0, whole = 0;
        char *buf;
        size_t len;
        if (from > 0 && (r = last_newline(fd, from, &whole)) != BG_OK)
            return r;
        if ((r = bg_segment_load(fd, whole, end, &buf, &len)) != BG_OK)
            return r;
        r = len > 0 ? newest_link(buf, len, c) : BG_E_SYNTAX;
        free(buf);
        if (r != BG_E_SYNTAX || whole == 0)
            return r;
    }
}

/* Where complete lines end in one segment. */
static enum bg_err measure(int dir, unsigned number, int *fd, off_t *end, off_t *size)
{
    enum bg_err r = bg_segment_open(dir, number, O_RDONLY, fd, size);

    if (r == BG_OK && (r = last_newline(*fd, *size, end)) != BG_OK)
        (void)close(*fd);
    return r;
}

/* A file that nobody can load must not stand in the way of those behind it either. */
static enum bg_err sizes_hold(int dir, const struct bg_segments *list, unsigned *bad)
{
    char name[BG_SEGMENT_NAME];
    struct stat st;

    for (size_t i = 0; i < list->count; i++) {
        bg_segment_name(name, list->number[i]);
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_size > BG_SEGMENT_LOAD) {
            *bad = list->number[i];
            return BG_E_RANGE;
        }
    }
    return BG_OK;
}

static enum bg_err find_in(int dir, const struct bg_segments *list, struct bg_tail *t, unsigned *bad)
{
    for (size_t i = list->count; i-- > 0;) {
        off_t end, size;
        int fd;
        enum bg_err r;
        *bad = list->number[i];
        if ((r = measure(dir, *bad, &fd, &end, &size)) != BG_OK)
            return r;
        if (i == list->count - 1) {
            t->number = list->number[i];
            t->end = end;
            t->size = size;
        }
        if (end > 0) {
            t->begun = true;
            r = chain_before(fd, end, &t->chain);
        }
        bg_close(fd);
        if (end > 0)
            return r;
    }
    return BG_OK;
}

enum bg_err bg_tail_find(int dir, struct bg_tail *t, unsigned *bad)
{
    struct bg_segments list;
    struct bg_tail found;
    enum bg_err r;

    memset(&found, 0, sizeof found);
    if ((r = bg_segdir_list(dir, &list)) != BG_OK)
        return r;
    if ((r = sizes_hold(dir, &list, bad)) == BG_OK)
        r = find_in(dir, &list, &found, bad);
    free(list.number);
    if (r == BG_OK)
        *t = found;
    return r;
}

enum bg_err bg_segment_set_aside(int dir, unsigned number, char aside[BG_ASIDE_NAME])
{
    char name[BG_SEGMENT_NAME];

    bg_segment_name(name, number);
    for (unsigned i = 1; i <= ASIDE_MAX; i++) {
        (void)snprintf(aside, BG_ASIDE_NAME, "%s" BG_ASIDE "%u", name, i);
        if (faccessat(dir, aside, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        return renameat(dir, name, dir, aside) == 0 && fsync(dir) == 0 ? BG_OK : BG_E_IO;
    }
    return BG_E_EXIST;
}
