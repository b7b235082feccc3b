/* SPDX-License-Identifier: ISC */
#include "record/head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/beside.h"
#include "record/reserve.h"
#include "record/segment.h"

#define FORM                                                                                                 \
    "breakglass-head 1\njournal %s\ndurable %" PRIu64 " %s\nat %u %jd %" PRIu64 "\nnewest %" PRIu64          \
    " %s\nboot %s\n"
#define SUM_LEN    (4 + BG_HASH_HEX + 1) /* "sum HEX\n" */
#define READS      5                     /* a write in place may be seen half done */
#define READS_WAIT 2                     /* ms between them */

enum bg_err bg_head_print(const struct bg_head *h, char out[BG_HEAD_SIZE])
{
    char sum[BG_HASH_HEX + 1];
    int n = snprintf(out, BG_HEAD_SIZE - SUM_LEN, FORM, h->journalid, h->durable.sequence, h->durable.hash,
                     h->segment, (intmax_t)h->end, h->inode, h->newest.sequence, h->newest.hash,
                     h->boot[0] == '\0' ? "-" : h->boot);
    enum bg_err r;

    if (n < 0 || n >= BG_HEAD_SIZE - SUM_LEN)
        return BG_E_RANGE;
    if ((r = bg_sha256_hex(out, (size_t)n, sum)) != BG_OK)
        return r;
    n += snprintf(out + n, BG_HEAD_SIZE - (size_t)n, "sum %s\n", sum);
    memset(out + n, ' ', BG_HEAD_SIZE - (size_t)n);
    out[BG_HEAD_SIZE - 1] = '\n';
    return BG_OK;
}

/* The text is what bg_head_print makes of these very values: anything else is damage. */
enum bg_err bg_head_parse(const char text[BG_HEAD_SIZE], struct bg_head *h)
{
    char copy[BG_HEAD_SIZE + 1], again[BG_HEAD_SIZE];
    struct bg_head read;
    intmax_t end = 0;

    memcpy(copy, text, BG_HEAD_SIZE);
    copy[BG_HEAD_SIZE] = '\0';
    memset(&read, 0, sizeof read);
    if (sscanf(copy,
               "breakglass-head 1\njournal %32[0-9a-f]\ndurable %" SCNu64 " %64[0-9a-f]\nat %u %jd %" SCNu64
               "\nnewest %" SCNu64 " %64[0-9a-f]\nboot %36[-0-9a-f]\nsum ",
               read.journalid, &read.durable.sequence, read.durable.hash, &read.segment, &end, &read.inode,
               &read.newest.sequence, read.newest.hash, read.boot) != 9)
        return BG_E_SYNTAX;
    read.end = (off_t)end;
    if (bg_head_print(&read, again) != BG_OK || memcmp(again, text, BG_HEAD_SIZE) != 0 ||
        strlen(read.journalid) != BG_JOURNALID_LEN || read.newest.sequence < read.durable.sequence)
        return BG_E_SYNTAX;
    *h = read;
    return BG_OK;
}

static enum bg_err read_once(const char *path, struct bg_head *h)
{
    char text[BG_HEAD_SIZE];
    off_t size;
    ssize_t got;
    int fd;
    enum bg_err r;

    if ((r = bg_open_safe(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, &fd, &size)) != BG_OK)
        return r;
    got = size == BG_HEAD_SIZE ? pread(fd, text, sizeof text, 0) : 0;
    bg_close(fd);
    if (got < 0)
        return BG_E_IO;
    return got == BG_HEAD_SIZE ? bg_head_parse(text, h) : BG_E_SYNTAX;
}

enum bg_err bg_head_load(const char *path, struct bg_head *h)
{
    enum bg_err r = read_once(path, h);

    for (int i = 1; i < READS && r == BG_E_SYNTAX; i++) {
        bg_sleep_ms(READS_WAIT);
        r = read_once(path, h);
    }
    return r;
}

enum bg_err bg_head_save(const char *path, mode_t mode, gid_t gid, const struct bg_head *h)
{
    char text[BG_HEAD_SIZE];
    off_t size;
    int fd;
    enum bg_err r;

    if ((r = bg_head_print(h, text)) != BG_OK || (r = bg_beside_open(path, &fd, &size)) != BG_OK)
        return r;
    if (size == 0)
        bg_reserve_in_place(fd);
    if (pwrite(fd, text, sizeof text, 0) != (ssize_t)sizeof text)
        r = BG_E_IO;
    else if (size != BG_HEAD_SIZE && /* a new one, or none of ours */
             (ftruncate(fd, BG_HEAD_SIZE) != 0 || fchmod(fd, mode) != 0 || fchown(fd, (uid_t)-1, gid) != 0))
        r = BG_E_IO;
    else if (size != BG_HEAD_SIZE)
        r = fsync(fd) == 0 ? bg_beside_name(path) : BG_E_IO;
    bg_close(fd);
    return r;
}

void bg_head_path(char *out, const char *dir)
{
    bg_beside_path(out, dir, BG_HEAD_NAME);
}

void bg_mark_path(char *out, const char *run)
{
    if ((size_t)snprintf(out, PATH_MAX, "%s/" BG_MARK_NAME, run) >= PATH_MAX)
        out[0] = '\0';
}

void bg_mark_save(const char *run, gid_t gid, const struct bg_head *h)
{
    char path[PATH_MAX];
    int dir;

    bg_mark_path(path, run);
    if (bg_head_save(path, 0640, gid, h) != BG_E_NOENT || bg_segdir_open(run, true, &dir) != BG_OK)
        return;
    (void)!fchown(dir, (uid_t)-1, gid);
    bg_close(dir);
    (void)!bg_head_save(path, 0640, gid, h);
}
