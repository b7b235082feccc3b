/* SPDX-License-Identifier: ISC */
#include "key/key.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "base/text.h"

#define COUNTER  ""
#define VERIFIED ".verified"
#define MARK     ".suspended" /* holds what the key counted then */

/* No path is made from bytes of a device: the name is a hash. */
static enum bg_err file_of(const char *dir, const struct bg_fido_id *id, const char *what,
                           char path[PATH_MAX])
{
    char hash[BG_HASH_HEX + 1];
    enum bg_err r;

    if ((r = bg_sha256_hex(id->bytes, id->len, hash)) != BG_OK)
        return r;
    return snprintf(path, PATH_MAX, "%s/%.32s%s", dir, hash, what) < PATH_MAX ? BG_OK : BG_E_RANGE;
}

static enum bg_err read_file(const char *path, uint32_t *out)
{
    char text[32];
    size_t len = 0;
    enum bg_err r = bg_file_read(path, text, sizeof text, &len);

    if (r == BG_E_NOENT) {
        *out = 0;
        return BG_OK;
    }
    if (r != BG_OK)
        return r;
    if (len == 0 || strlen(text) != len || text[len - 1] != '\n')
        return BG_E_SYNTAX;
    text[len - 1] = '\0';
    return bg_number(text, 0, UINT32_MAX, out) ? BG_OK : BG_E_SYNTAX;
}

struct work {
    const char *dir;
    char path[PATH_MAX];
    uint32_t value;
};

static enum bg_err read_work(void *arg, void *out)
{
    const struct work *w = arg;

    return read_file(w->path, out);
}

static enum bg_err write_work(void *arg, void *out)
{
    const struct work *w = arg;
    char text[16];
    int n = snprintf(text, sizeof text, "%u\n", w->value);
    enum bg_err r;

    (void)out;
    if ((r = bg_dir_make(w->dir, 0700)) != BG_OK)
        return r;
    return bg_file_replace(w->path, text, (size_t)n, 0600, (uid_t)-1, (gid_t)-1);
}

static bool is_marked(const char *dir, const struct bg_fido_id *id)
{
    char path[PATH_MAX];

    return file_of(dir, id, MARK, path) == BG_OK && access(path, F_OK) == 0;
}

struct marks {
    const char *dir;
    const struct bg_key *key;
    size_t n;
};

static enum bg_err look_for_marks(void *arg, void *out)
{
    const struct marks *m = arg;
    bool *marked = out;

    for (size_t i = 0; i < m->n; i++)
        marked[i] = is_marked(m->dir, &m->key[i].id);
    return BG_OK;
}

void bg_key_marks(const char *dir, struct bg_key *keys, size_t n)
{
    struct marks m = {dir, keys, n < BG_KEYS_MAX ? n : BG_KEYS_MAX};
    bool marked[BG_KEYS_MAX] = {false};

    if (n == 0)
        return;
    (void)!bg_child_run(look_for_marks, &m, BG_KEY_COUNTER_MS / 2, marked, sizeof marked, NULL);
    for (size_t i = 0; i < m.n; i++)
        if (marked[i] || is_marked(BG_KEY_MARKS_RUN, &keys[i].id))
            keys[i].suspended = true;
}

static bool is_suspended(const char *dir, const struct bg_fido_id *id)
{
    struct bg_key k = {.id = *id};

    bg_key_marks(dir, &k, 1);
    return k.suspended;
}

/* In /run, which answers while the disk hangs, and on the disk, so that it outlasts a reboot. */
static void suspend(const char *dir, const struct bg_fido_id *id, uint32_t now)
{
    struct work w = {.dir = BG_KEY_MARKS_RUN, .value = now};

    if (file_of(w.dir, id, MARK, w.path) == BG_OK && bg_dirs_make(w.dir, 0700) == BG_OK)
        (void)!write_work(&w, NULL);
    w.dir = dir;
    if (file_of(dir, id, MARK, w.path) == BG_OK)
        (void)!bg_child_run(write_work, &w, BG_KEY_COUNTER_MS / 2, NULL, 0, NULL);
}

static enum bg_err look(struct work *w, uint32_t *v)
{
    return bg_child_run(read_work, w, BG_KEY_COUNTER_MS / 2, v, sizeof *v, NULL);
}

enum bg_err bg_key_counter(const char *dir, const struct bg_fido_id *id, uint32_t now, enum bg_key_step *step,
                           uint32_t *before)
{
    struct work w = {.dir = dir, .value = now};
    uint32_t old = 0;
    enum bg_err r;

    *step = BG_KEY_STEP_SUSPENDED;
    *before = 0;
    if (is_suspended(dir, id))
        return BG_OK;
    *step = BG_KEY_STEP_GOOD;
    if ((r = file_of(dir, id, COUNTER, w.path)) != BG_OK || (r = look(&w, &old)) != BG_OK)
        return r;
    *before = old;
    if (now == 0 && old == 0)
        return BG_OK;
    if (now <= old) {
        *step = BG_KEY_STEP_BACK;
        suspend(dir, id, now);
        return BG_OK;
    }
    return bg_child_run(write_work, &w, BG_KEY_COUNTER_MS / 2, NULL, 0, NULL);
}

uint32_t bg_key_counter_read(const char *dir, const struct bg_fido_id *id)
{
    struct work w = {.dir = dir};
    uint32_t v = 0;

    return file_of(dir, id, COUNTER, w.path) == BG_OK && look(&w, &v) == BG_OK ? v : 0;
}

/* A number as in the other file; it is there or not. */
bool bg_key_user_seen(const char *dir, const struct bg_fido_id *id)
{
    struct work w = {.dir = dir};
    uint32_t v = 0;

    return file_of(dir, id, VERIFIED, w.path) == BG_OK && look(&w, &v) == BG_OK && v != 0;
}

void bg_key_user_note(const char *dir, const struct bg_fido_id *id)
{
    struct work w = {.dir = dir, .value = 1};

    if (file_of(dir, id, VERIFIED, w.path) == BG_OK)
        (void)!bg_child_run(write_work, &w, BG_KEY_COUNTER_MS / 2, NULL, 0, NULL);
}

static void drop(const char *dir, const struct bg_fido_id *id, const char *what)
{
    char path[PATH_MAX];

    if (file_of(dir, id, what, path) == BG_OK)
        (void)unlink(path);
}

/* The counter goes on from what the mark in `from` holds. */
static enum bg_err take_over(const char *from, const char *dir, const struct bg_fido_id *id)
{
    struct work was = {.dir = from}, counter = {.dir = dir};
    enum bg_err r;

    if ((r = file_of(from, id, MARK, was.path)) != BG_OK ||
        (r = file_of(dir, id, COUNTER, counter.path)) != BG_OK || (r = look(&was, &counter.value)) != BG_OK)
        return r;
    return bg_child_run(write_work, &counter, BG_KEY_COUNTER_MS / 2, NULL, 0, NULL);
}

enum bg_err bg_key_resume(const char *dir, const struct bg_fido_id *id)
{
    bool disk = is_marked(dir, id);
    enum bg_err r;

    if (!disk && !is_marked(BG_KEY_MARKS_RUN, id))
        return BG_OK;
    if ((r = take_over(disk ? dir : BG_KEY_MARKS_RUN, dir, id)) != BG_OK)
        return r;
    drop(dir, id, MARK);
    drop(BG_KEY_MARKS_RUN, id, MARK);
    return is_marked(dir, id) || is_marked(BG_KEY_MARKS_RUN, id) ? BG_E_IO : BG_OK;
}

void bg_key_counter_forget(const char *dir, const struct bg_fido_id *id)
{
    drop(dir, id, COUNTER);
    drop(dir, id, VERIFIED);
    drop(dir, id, MARK);
    drop(BG_KEY_MARKS_RUN, id, MARK);
}
