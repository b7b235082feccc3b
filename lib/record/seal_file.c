/* SPDX-License-Identifier: ISC */
#include "record/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "record/beside.h"
#include "record/reserve.h"

#define SUM_LEN (4 + BG_HASH_HEX + 1) /* "sum HEX\n" */
#define SEAL    "%s %" PRIu64 " %" PRIu64 " %s\n"
#define SEAL_IN "%32[-0-9a-f] %" SCNu64 " %" SCNu64 " %64[0-9a-f]\n"

/* A seal that is none has a "-" for its name, and zeros. */
static int print_seal(char *out, size_t cap, const char *word, const struct bg_seal *s)
{
    char key[BG_HASH_HEX + 1];
    int n;

    bg_hex(key, s->key, sizeof s->key);
    n = snprintf(out, cap, "%s " SEAL, word, s->name[0] == '\0' ? "-" : s->name, s->start, s->next, key);
    bg_wipe(key, sizeof key);
    return n;
}

enum bg_err bg_seal_slot_print(const struct bg_seal_state *s, char out[BG_SEAL_SLOT])
{
    char sum[BG_HASH_HEX + 1];
    int n =
        snprintf(out, BG_SEAL_SLOT,
                 "breakglass-seal 1\njournal %s\nlast %" PRIu64 " %s\nboot %s\nwrites %" PRIu64 "\n",
                 s->journalid, s->last.sequence, s->last.hash, s->boot[0] == '\0' ? "-" : s->boot, s->writes);
    enum bg_err r;

    n += print_seal(out + n, BG_SEAL_SLOT - (size_t)n, "now", &s->now);
    n += print_seal(out + n, BG_SEAL_SLOT - (size_t)n, "coming", &s->coming);
    if (n >= BG_SEAL_SLOT - SUM_LEN)
        return BG_E_RANGE;
    if ((r = bg_sha256_hex(out, (size_t)n, sum)) != BG_OK)
        return r;
    n += snprintf(out + n, BG_SEAL_SLOT - (size_t)n, "sum %s\n", sum);
    memset(out + n, ' ', BG_SEAL_SLOT - (size_t)n);
    out[BG_SEAL_SLOT - 1] = '\n';
    return BG_OK;
}

static bool take_seal(struct bg_seal *s, const char *key)
{
    if (strcmp(s->name, "-") == 0)
        s->name[0] = '\0';
    else if (strlen(s->name) != BG_SEAL_NAME_LEN || s->next < s->start || s->start == 0)
        return false;
    return bg_unhex(key, s->key, sizeof s->key);
}

/* The text is what bg_seal_slot_print makes of these very values: anything else is damage. */
enum bg_err bg_seal_slot_parse(const char text[BG_SEAL_SLOT], struct bg_seal_state *s)
{
    char copy[BG_SEAL_SLOT + 1], again[BG_SEAL_SLOT], now[BG_HASH_HEX + 1], coming[BG_HASH_HEX + 1];
    struct bg_seal_state read;
    enum bg_err r = BG_E_SYNTAX;

    memcpy(copy, text, BG_SEAL_SLOT);
    copy[BG_SEAL_SLOT] = '\0';
    memset(&read, 0, sizeof read);
    if (sscanf(copy,
               "breakglass-seal 1\njournal %32[0-9a-f]\nlast %" SCNu64
               " %64[0-9a-f]\nboot %36[-0-9a-f]\nwrites %" SCNu64 "\nnow " SEAL_IN "coming " SEAL_IN "sum ",
               read.journalid, &read.last.sequence, read.last.hash, read.boot, &read.writes, read.now.name,
               &read.now.start, &read.now.next, now, read.coming.name, &read.coming.start, &read.coming.next,
               coming) == 13 &&
        strlen(read.journalid) == BG_JOURNALID_LEN && strlen(read.last.hash) == BG_HASH_HEX &&
        take_seal(&read.now, now) && take_seal(&read.coming, coming) &&
        bg_seal_slot_print(&read, again) == BG_OK && memcmp(again, text, BG_SEAL_SLOT) == 0) {
        *s = read;
        r = BG_OK;
    }
    bg_wipe(copy, sizeof copy);
    bg_wipe(again, sizeof again);
    bg_wipe(now, sizeof now);
    bg_wipe(coming, sizeof coming);
    bg_wipe(&read, sizeof read);
    return r;
}

void bg_seal_path(char *out, const char *dir)
{
    bg_beside_path(out, dir, BG_SEAL_FILE);
}

/* --- reading ------------------------------------------------------------------------------------ */

static const off_t place[2] = {0, BG_SEAL_AT};

static enum bg_err read_slots(int fd, struct bg_seal_state *s)
{
    char text[BG_SEAL_SLOT];
    struct bg_seal_state one[2];
    bool good[2];
    enum bg_err r = BG_OK;
    unsigned best;

    for (unsigned i = 0; i < 2 && r == BG_OK; i++) {
        ssize_t got = pread(fd, text, sizeof text, place[i]);
        if (got < 0)
            r = BG_E_IO;
        good[i] = got == BG_SEAL_SLOT && bg_seal_slot_parse(text, &one[i]) == BG_OK;
    }
    if (r == BG_OK && !good[0] && !good[1])
        r = BG_E_SYNTAX;
    if (r == BG_OK) {
        best = !good[0] || (good[1] && one[1].writes > one[0].writes);
        one[best].worse = !best;
        *s = one[best];
    }
    bg_wipe(text, sizeof text);
    bg_wipe(one, sizeof one);
    return r;
}

/* A key that others may read is none. */
static bool for_root_alone(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & 07077) == 0;
}

enum bg_err bg_seal_load(const char *path, struct bg_seal_state *s)
{
    off_t size;
    int fd;
    enum bg_err r;

    if ((r = bg_open_safe(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, &fd, &size)) != BG_OK)
        return r;
    r = for_root_alone(fd) ? read_slots(fd, s) : BG_E_UNSAFE;
    bg_close(fd);
    return r;
}

/* --- writing ------------------------------------------------------------------------------------ */

/* Over the old one, down to the device: whoever reads that must not find the old key. No flush: the next
 * line's fsync is one. */
static enum bg_err write_slot(int fd, unsigned slot, const char text[BG_SEAL_SLOT], bool wait)
{
    const unsigned through =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | (wait ? SYNC_FILE_RANGE_WAIT_AFTER : 0);

    if (pwrite(fd, text, BG_SEAL_SLOT, place[slot]) != BG_SEAL_SLOT)
        return BG_E_IO;
    if (sync_file_range(fd, place[slot], BG_SEAL_SLOT, through) == 0 || (errno != EIO && errno != ENOSPC))
        return BG_OK; /* a file system that has no such thing */
    return BG_E_IO;
}

static enum bg_err write_both(int fd, const struct bg_seal_state *s)
{
    char text[BG_SEAL_SLOT];
    enum bg_err r;

    if ((r = bg_seal_slot_print(s, text)) == BG_OK && (r = write_slot(fd, s->worse, text, true)) == BG_OK)
        r = write_slot(fd, !s->worse, text, false); /* on its way; nobody waits for it */
    bg_wipe(text, sizeof text);
    return r;
}

/* A new file, or one that is none of ours: its mode before there is a key in it, and its name on the disk. */
static enum bg_err begin_file(int fd, const char *path)
{
    bg_reserve_in_place(fd);
    if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0 || ftruncate(fd, BG_SEAL_SIZE) != 0)
        return BG_E_IO;
    return bg_beside_name(path);
}

enum bg_err bg_seal_save(const char *path, struct bg_seal_state *s)
{
    off_t size;
    bool new;
    int fd;
    enum bg_err r;

    if ((r = bg_beside_open(path, &fd, &size)) != BG_OK)
        return r;
    new = size != BG_SEAL_SIZE || !for_root_alone(fd);
    if (new)
        r = begin_file(fd, path);
    s->writes++;
    if (r == BG_OK)
        r = write_both(fd, s);
    if (r == BG_OK && new &&fsync(fd) != 0)
        r = BG_E_IO;
    bg_close(fd);
    return r;
}
