/* SPDX-License-Identifier: ISC */
#include "record/room.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/child.h"
#include "base/hash.h"
#include "base/host.h"
#include "base/safefile.h"
#include "record/keyring.h"

#define MAGIC "BGSTATE1"
#define KEY_S 608400 /* a week and an hour: nothing in a room means anything for longer (BG_ARMED_MAX_MS) */

int64_t bg_room_disk_ms = 500;
int64_t bg_room_lock_ms = 500;

struct head {
    char magic[8];
    uint64_t size, change;
    uint8_t sum[BG_HASH]; /* of the head with zeros here, and the content */
};

enum bg_err bg_room_of(const char *dir, const char *fallback_dir, struct bg_room *out)
{
    struct bg_room r = {BG_STATEDIR "/state", BG_RUNDIR "/state"};
    const char *from[2] = {dir, fallback_dir};
    char *to[2] = {r.disk, r.run};

    for (int i = 0; i < 2; i++) {
        const char *end = from[i] == NULL ? NULL : strrchr(from[i], '/');
        if (from[i] == NULL)
            continue;
        if (end == NULL)
            to[i][0] = '\0';
        else if ((size_t)snprintf(to[i], sizeof r.disk, "%.*s/state", (int)(end - from[i]), from[i]) >=
                 sizeof r.disk)
            return BG_E_RANGE;
    }
    *out = r;
    return BG_OK;
}

/* --- one copy ------------------------------------------------------------------------------------- */

/* A file with its head, in memory. */
struct copy {
    struct head head;
    uint8_t data[BG_ROOM_MAX];
};

static enum bg_err sum_of(struct copy *c, uint8_t sum[BG_HASH])
{
    uint8_t kept[BG_HASH];
    enum bg_err r;

    memcpy(kept, c->head.sum, sizeof kept);
    memset(c->head.sum, 0, sizeof c->head.sum);
    r = bg_sha256(c, sizeof c->head + (size_t)c->head.size, sum);
    memcpy(c->head.sum, kept, sizeof kept);
    return r;
}

struct place {
    const char *dir, *name;
    size_t n;
};

static bool path_of(const struct place *p, const char *ending, char out[PATH_MAX])
{
    return *p->dir != '\0' && snprintf(out, PATH_MAX, "%s/%s%s", p->dir, p->name, ending) < PATH_MAX;
}

/* c holds as many bytes as a copy of n has. */
static bool whole(struct copy *c, size_t n)
{
    uint8_t sum[BG_HASH];

    return memcmp(c->head.magic, MAGIC, sizeof c->head.magic) == 0 && c->head.size == n &&
           sum_of(c, sum) == BG_OK && memcmp(sum, c->head.sum, sizeof sum) == 0;
}

/* A bg_child_fn: the copy of that place into *out, BG_E_NOENT unless it is whole. */
static enum bg_err get(void *arg, void *out)
{
    const struct place *p = arg;
    struct copy *c = out;
    char path[PATH_MAX];
    size_t n;

    if (!path_of(p, "", path) || bg_file_read(path, out, sizeof c->head + p->n + 1, &n) != BG_OK ||
        n != sizeof c->head + p->n || !whole(c, p->n))
        return BG_E_NOENT;
    return BG_OK;
}

/* A bg_child_fn: *out as the copy of that place. The lock makes one temporary name enough. */
static enum bg_err put(void *arg, void *out)
{
    const struct place *p = arg;
    const struct copy *c = out;
    char path[PATH_MAX], tmp[PATH_MAX];
    int fd;
    enum bg_err r;

    if (!path_of(p, "", path) || !path_of(p, ".new", tmp) || bg_dirs_make(p->dir, 0700) != BG_OK)
        return BG_E_IO;
    if ((r = bg_open_safe(AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &fd, NULL)) !=
        BG_OK)
        return r;
    r = bg_write_all(fd, c, sizeof c->head + p->n);
    if (close(fd) != 0 || (r == BG_OK && rename(tmp, path) != 0))
        r = BG_E_IO;
    if (r != BG_OK)
        bg_remove(tmp);
    return r;
}

/* c follows the newest copy that is known. */
static enum bg_err number_next(struct copy *c)
{
    uint8_t sum[BG_HASH];
    enum bg_err r;

    c->head.change++;
    if ((r = sum_of(c, sum)) == BG_OK)
        memcpy(c->head.sum, sum, sizeof sum);
    return r;
}

/* A bg_child_fn: *out, which follows the copies elsewhere, in place of the copy there, and following that as
 * well: in one child, since each costs a login a moment. */
static enum bg_err replace(void *arg, void *out)
{
    struct copy *c = out, *old = calloc(1, sizeof *old);
    enum bg_err r = old == NULL ? BG_E_NOMEM : BG_OK;

    if (r == BG_OK && get(arg, old) == BG_OK && old->head.change > c->head.change)
        c->head.change = old->head.change;
    if (r == BG_OK && (r = number_next(c)) == BG_OK)
        r = put(arg, c);
    free(old);
    return r;
}

/*
 * The kernel keeps it when no file system does. Containers may share root's keyring, so the name says whose
 * it is: by the directory above the room, and by when process 1 began.
 */
static bool key_name(const struct place *p, char out[PATH_MAX + 80])
{
    char path[PATH_MAX], up[PATH_MAX], *slash;
    struct stat st = {0};

    if (!path_of(p, "", path))
        return false;
    (void)snprintf(up, sizeof up, "%s", p->dir);
    if ((slash = strrchr(up, '/')) == NULL)
        return false;
    *slash = '\0';
    (void)!stat(up, &st);
    (void)snprintf(out, PATH_MAX + 80, "breakglass:%llu.%llu.%llu:%s",
                   (unsigned long long)bg_host_pid_start(1), (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino, path);
    return true;
}

static enum bg_err key_get(const struct place *p, struct copy *c)
{
    char name[PATH_MAX + 80];

    if (!key_name(p, name) || bg_keyring_get(name, c, sizeof c->head + p->n) != BG_OK || !whole(c, p->n))
        return BG_E_NOENT;
    return BG_OK;
}

static enum bg_err key_put(const struct place *p, const struct copy *c)
{
    char name[PATH_MAX + 80];

    return key_name(p, name) ? bg_keyring_put(name, c, sizeof c->head + p->n, KEY_S) : BG_E_IO;
}

/* --- the places ----------------------------------------------------------------------------------- */

static bool disk_hangs; /* this process has waited for it in vain */

static enum bg_err on_disk_by(bg_child_fn fn, void *arg, const struct place *p, struct copy *c)
{
    enum bg_err r;

    if (disk_hangs || *p->dir == '\0')
        return BG_E_NOENT;
    if ((r = bg_child_run(fn, arg, bg_room_disk_ms, c, c == NULL ? 0 : sizeof c->head + p->n + 1, NULL)) ==
        BG_E_TIMEOUT)
        disk_hangs = true;
    return r;
}

static enum bg_err on_disk(bg_child_fn fn, struct place *p, struct copy *c)
{
    return on_disk_by(fn, p, p, c);
}

static bool newer(struct copy *newest, const struct copy *other, size_t n)
{
    if (other->head.change <= newest->head.change)
        return false;
    memcpy(newest, other, sizeof other->head + n);
    return true;
}

/* Into *newest, with another copy as room; BG_E_NOENT: head.change is 0. */
static enum bg_err newest_copy(const struct bg_room *room, const char *name, size_t n, struct copy *newest,
                               struct copy *other)
{
    struct place run = {room->run, name, n}, disk = {room->disk, name, n};
    bool have = get(&run, newest) == BG_OK;

    if (!have)
        newest->head.change = 0;
    if (on_disk(get, &disk, other) == BG_OK)
        have = newer(newest, other, n) || have;
    if (key_get(&run, other) == BG_OK)
        have = newer(newest, other, n) || have;
    return have ? BG_OK : BG_E_NOENT;
}

enum bg_err bg_room_load(const struct bg_room *room, const char *name, void *data, size_t n)
{
    struct copy *c = calloc(2, sizeof *c);
    enum bg_err r = n >= BG_ROOM_MAX ? BG_E_RANGE : c == NULL ? BG_E_NOMEM : BG_OK;

    if (r == BG_OK && (r = newest_copy(room, name, n, &c[0], &c[1])) == BG_OK)
        memcpy(data, c[0].data, n);
    free(c);
    return r;
}

/* Into the first place that takes it at once, and the disk if asked; c is numbered. */
static bool save_places(struct place *run, struct place *disk, bool to_disk, struct copy *c)
{
    char stale[PATH_MAX];
    bool on_it = to_disk && on_disk(replace, disk, c) == BG_OK;
    bool taken = (on_it || number_next(c) == BG_OK) && put(run, c) == BG_OK;

    if (!taken && path_of(run, "", stale))
        bg_remove(stale);
    return taken || on_it || (!to_disk && on_disk(put, disk, c) == BG_OK);
}

enum bg_err bg_room_save(const struct bg_room *room, const char *name, const void *data, size_t n, bool disk)
{
    struct place at_run = {room->run, name, n}, at_disk = {room->disk, name, n};
    struct bg_room near = *room;
    struct copy *c = calloc(2, sizeof *c);
    enum bg_err r = n >= BG_ROOM_MAX ? BG_E_RANGE : c == NULL ? BG_E_NOMEM : BG_OK;

    if (disk) /* it is looked at where it is written */
        near.disk[0] = '\0';
    if (r == BG_OK) {
        (void)!newest_copy(&near, name, n, &c[0], &c[1]);
        memcpy(c->head.magic, MAGIC, sizeof c->head.magic);
        c->head.size = n;
        memcpy(c->data, data, n);
        r = save_places(&at_run, &at_disk, disk, c) ? BG_OK : key_put(&at_run, c);
    }
    free(c);
    return r;
}

struct change {
    struct place at; /* on the disk */
    bg_room_fn fn;
    void *arg;
};

/* A bg_child_fn: *out, the newest copy elsewhere (head.change 0: none), or the one there, changed and in its
 * place. BG_E_SYNTAX: there is none that is of use. */
static enum bg_err change_there(void *arg, void *out)
{
    struct change *k = arg;
    struct copy *c = out, *old = calloc(1, sizeof *old);
    enum bg_err r = old == NULL ? BG_E_NOMEM : BG_OK;

    if (r == BG_OK && get(&k->at, old) == BG_OK)
        (void)newer(c, old, k->at.n);
    if (r == BG_OK && (c->head.change == 0 || !k->fn(k->arg, c->data)))
        r = BG_E_SYNTAX;
    if (r == BG_OK && (r = number_next(c)) == BG_OK)
        r = put(&k->at, c);
    free(old);
    return r;
}

/* What the disk has taken is in /run too, or nothing older is. */
static void follow_in_run(struct place *run, struct copy *c)
{
    char stale[PATH_MAX];

    if (put(run, c) != BG_OK && path_of(run, "", stale))
        bg_remove(stale);
}

enum bg_err bg_room_change(const struct bg_room *room, const char *name, size_t n, bg_room_fn fn, void *arg,
                           bool disk)
{
    struct change k = {{room->disk, name, n}, fn, arg};
    struct place at_run = {room->run, name, n};
    struct bg_room near = *room;
    struct copy *c = calloc(2, sizeof *c);
    enum bg_err r = n >= BG_ROOM_MAX ? BG_E_RANGE : c == NULL ? BG_E_NOMEM : BG_OK;

    if (r != BG_OK)
        goto out;
    if (disk)
        near.disk[0] = '\0';
    (void)!newest_copy(&near, name, n, &c[0], &c[1]);
    if (disk && (r = on_disk_by(change_there, &k, &k.at, c)) == BG_OK) {
        follow_in_run(&at_run, c);
        goto out;
    }
    if (r == BG_E_SYNTAX || c->head.change == 0 || !fn(arg, c->data))
        r = BG_E_NOENT;
    else
        r = save_places(&at_run, &k.at, false, c) ? BG_OK : key_put(&at_run, c);
out:
    free(c);
    return r;
}

/* A bg_child_fn: does the disk take anything at all? */
static enum bg_err look(void *arg, void *out)
{
    (void)out;
    return bg_dirs_make(((const struct place *)arg)->dir, 0700);
}

enum bg_err bg_room_lock(const struct bg_room *room, const char *name, int64_t deadline, int *lock)
{
    struct place run = {.dir = room->run, .name = name}, disk = {.dir = room->disk, .name = name};
    char path[PATH_MAX];
    enum bg_err r = BG_E_IO;

    if (path_of(&run, ".lock", path) && bg_dirs_make(room->run, 0700) == BG_OK)
        r = bg_lock(AT_FDCWD, path, deadline, lock);
    if (r == BG_OK || r == BG_E_BUSY)
        return r;
    if (on_disk(look, &disk, NULL) != BG_OK || !path_of(&disk, ".lock", path))
        return BG_E_IO;
    r = bg_lock(AT_FDCWD, path, deadline, lock);
    return r == BG_OK || r == BG_E_BUSY ? r : BG_E_IO;
}
