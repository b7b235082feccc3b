/* SPDX-License-Identifier: ISC */
#include "admin/journal/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/safefile.h"

#define BLOCK 512

/* The header of one file, as the standard has it: octal digits, each field ended by a NUL. */
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag, linkname[100];
    char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

static void keep_error(struct pack *p, enum bg_err r)
{
    if (r == BG_OK || p->bad != BG_OK)
        return;
    p->bad = r;
    p->why = errno;
}

enum bg_err pack_begin(struct pack *p, const char *path, int64_t mtime)
{
    memset(p, 0, sizeof *p);
    p->mtime = mtime;
    if ((size_t)snprintf(p->path, sizeof p->path, "%s", path) >= sizeof p->path)
        return BG_E_RANGE;
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return BG_E_EXIST;
    (void)snprintf(p->temporary, sizeof p->temporary, "%s.XXXXXX", path);
    if ((p->fd = mkostemp(p->temporary, O_CLOEXEC)) < 0)
        return BG_E_IO;
    p->files = json_array();
    return BG_OK;
}

void pack_file(struct pack *p, const char *name)
{
    static const char nothing[BLOCK];

    p->name = name;
    p->start = lseek(p->fd, 0, SEEK_CUR);
    keep_error(p, bg_write_all(p->fd, nothing, sizeof nothing));
}

void pack_add(struct pack *p, const void *bytes, size_t n)
{
    if (p->bad == BG_OK)
        keep_error(p, bg_write_all(p->fd, bytes, n));
}

/* Of the bytes [from, to) of the file as they were written. */
static enum bg_err sum_of(int fd, off_t from, off_t to, char sum[BG_HASH_HEX + 1])
{
    off_t page = from - from % sysconf(_SC_PAGESIZE);
    char *map;
    enum bg_err r;

    if (from == to)
        return bg_sha256_hex("", 0, sum);
    map = mmap(NULL, (size_t)(to - page), PROT_READ, MAP_PRIVATE, fd, page);
    if (map == MAP_FAILED)
        return BG_E_IO;
    r = bg_sha256_hex(map + (from - page), (size_t)(to - from), sum);
    (void)munmap(map, (size_t)(to - page));
    return r;
}

static void fill_header(struct ustar *h, const struct pack *p, off_t size)
{
    unsigned sum = 0;

    memset(h, 0, sizeof *h);
    (void)snprintf(h->name, sizeof h->name, PACK_FOLDER "%s", p->name);
    (void)snprintf(h->mode, sizeof h->mode, "%07o", 0600u);
    (void)snprintf(h->uid, sizeof h->uid, "%07o", 0u);
    (void)snprintf(h->gid, sizeof h->gid, "%07o", 0u);
    (void)snprintf(h->size, sizeof h->size, "%011" PRIo64, (uint64_t)size & UINT64_C(077777777777));
    (void)snprintf(h->mtime, sizeof h->mtime, "%011" PRIo64, (uint64_t)p->mtime & UINT64_C(077777777777));
    h->typeflag = '0';
    memcpy(h->magic, "ustar", 6);
    memcpy(h->version, "00", 2);
    memcpy(h->uname, "root", 5);
    memcpy(h->gname, "root", 5);
    memset(h->chksum, ' ', sizeof h->chksum);
    for (size_t i = 0; i < sizeof *h; i++)
        sum += ((const unsigned char *)h)[i];
    (void)snprintf(h->chksum, sizeof h->chksum, "%06o", sum & 0777777);
    h->chksum[7] = ' ';
}

void pack_file_end(struct pack *p)
{
    static const char nothing[BLOCK];
    off_t end = lseek(p->fd, 0, SEEK_CUR), size = end - p->start - BLOCK;
    char sum[BG_HASH_HEX + 1];
    struct ustar h;

    if (p->bad != BG_OK)
        return;
    keep_error(p, sum_of(p->fd, p->start + BLOCK, end, sum));
    fill_header(&h, p, size);
    if (pwrite(p->fd, &h, sizeof h, p->start) != sizeof h)
        keep_error(p, BG_E_IO);
    if (size % BLOCK != 0)
        keep_error(p, bg_write_all(p->fd, nothing, (size_t)(BLOCK - size % BLOCK)));
    if (p->bad == BG_OK)
        (void)json_array_append_new(
            p->files, json_pack("{s:s, s:I, s:s}", "name", p->name, "size", (json_int_t)size, "hash", sum));
}

static void add_sums(struct pack *p)
{
    char line[256];
    size_t i;
    json_t *o;

    pack_file(p, PACK_SUMS);
    json_array_foreach(p->files, i, o)
    {
        int n = snprintf(line, sizeof line, "%s  %s\n", json_string_value(json_object_get(o, "hash")),
                         json_string_value(json_object_get(o, "name")));
        pack_add(p, line, (size_t)n);
    }
    pack_file_end(p);
}

/* The archive ends with two empty blocks; tar(1) writes records of 20. */
static void add_end(struct pack *p)
{
    static const char nothing[BLOCK];

    do
        pack_add(p, nothing, sizeof nothing);
    while (p->bad == BG_OK && lseek(p->fd, 0, SEEK_CUR) % (20 * BLOCK) != 0);
}

/* Nothing of that name is replaced; a file system that cannot promise it can link. */
static enum bg_err give_name(const struct pack *p)
{
    char copy[sizeof p->path];
    int dir;

    if (renameat2(AT_FDCWD, p->temporary, AT_FDCWD, p->path, RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST)
            return BG_E_EXIST;
        if (link(p->temporary, p->path) != 0)
            return errno == EEXIST ? BG_E_EXIST : BG_E_IO;
        (void)unlink(p->temporary);
    }
    (void)snprintf(copy, sizeof copy, "%s", p->path);
    if ((dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
        (void)fsync(dir);
    bg_close(dir);
    return BG_OK;
}

enum bg_err pack_finish(struct pack *p, char sum[BG_HASH_HEX + 1])
{
    enum bg_err r;

    add_sums(p);
    pack_add(p, (const char[BLOCK]){0}, BLOCK);
    add_end(p);
    if (p->bad == BG_OK)
        keep_error(p, sum_of(p->fd, 0, lseek(p->fd, 0, SEEK_CUR), sum));
    if (p->bad == BG_OK && fsync(p->fd) != 0)
        keep_error(p, BG_E_IO);
    if (close(p->fd) != 0)
        keep_error(p, BG_E_IO);
    r = p->bad;
    if (r == BG_OK && (r = give_name(p)) != BG_OK)
        p->why = errno;
    if (r != BG_OK)
        (void)unlink(p->temporary);
    errno = p->why;
    return r;
}
