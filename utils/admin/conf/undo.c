/* SPDX-License-Identifier: ISC */
/* The copies and the manifest of undo, and the plan that is made of them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "base/hash.h"
#include "base/safefile.h"

#define MANIFEST     UNDO_DIR "/manifest"
#define MANIFEST_MAX 16384
#define PATH_ROOM    300

struct entry {
    char path[PATH_ROOM];
    char written[BG_HASH_HEX + 1]; /* SHA-256 of the text we wrote */
    bool had_file;                 /* a copy of the file as it was is kept */
    bool vendor; /* there was none: a copy of the vendor's file that it was made from is kept */
};

struct manifest {
    struct entry entry[SYSFILES_MAX];
    size_t n;
};

/* UNDO_DIR/etc_pam.d_login */
static void copy_path(const char *path, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/%.*s", UNDO_DIR, PATH_ROOM, path + 1);
    for (char *p = out + strlen(UNDO_DIR) + 1; *p != '\0'; p++)
        if (*p == '/')
            *p = '_';
}

/* One line an entry: hash, "copy", "vendor" or "none", path. No manifest is an empty one. */
static enum bg_err manifest_load(struct manifest *m)
{
    char text[MANIFEST_MAX], kind[8], *save = NULL;
    size_t len;
    enum bg_err r;

    m->n = 0;
    if ((r = bg_file_read(MANIFEST, text, sizeof text, &len)) != BG_OK)
        return r == BG_E_NOENT ? BG_OK : r;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        struct entry *e = &m->entry[m->n];
        if (m->n == SYSFILES_MAX || sscanf(line, "%64s %7s %299[^\n]", e->written, kind, e->path) != 3)
            return BG_E_SYNTAX;
        e->had_file = strcmp(kind, "copy") == 0;
        e->vendor = strcmp(kind, "vendor") == 0;
        m->n++;
    }
    return BG_OK;
}

static enum bg_err manifest_save(const struct manifest *m)
{
    char text[MANIFEST_MAX];
    size_t at = 0;

    for (const struct entry *e = m->entry; e < m->entry + m->n; e++) {
        int n = snprintf(text + at, sizeof text - at, "%s %s %s\n", e->written,
                         e->had_file ? "copy"
                         : e->vendor ? "vendor"
                                     : "none",
                         e->path);
        if (n < 0 || (size_t)n >= sizeof text - at)
            return BG_E_RANGE;
        at += (size_t)n;
    }
    return bg_file_replace(MANIFEST, text, at, 0600, (uid_t)-1, (gid_t)-1);
}

static struct entry *find(struct manifest *m, const char *path)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->entry[i].path, path) == 0)
            return &m->entry[i];
    return NULL;
}

static bool is_as_written(const struct entry *e, const char *text)
{
    char now[BG_HASH_HEX + 1];

    return e != NULL && text != NULL && bg_sha256_hex(text, strlen(text), now) == BG_OK &&
           strcmp(now, e->written) == 0;
}

/* text without what is ours; NULL: no such file. */
static enum bg_err stripped(const struct conffile *k, const char *text, char **out)
{
    *out = k->strip == NULL || text == NULL ? NULL : k->strip(text);
    if (*out == NULL && k->strip != NULL && text != NULL)
        return BG_E_NOMEM;
    if (k->alone && *out != NULL && (*out)[0] == '\0') {
        free(*out);
        *out = NULL;
    }
    return BG_OK;
}

static enum bg_err keep(const char *of, const char *text)
{
    char path[PATH_MAX];

    copy_path(of, path);
    return bg_file_replace(path, text, strlen(text), 0600, (uid_t)-1, (gid_t)-1);
}

/* Keep the file as it was before us: what is there now, less what is ours. */
static enum bg_err save_copy(const struct sysedit *s, bool *had_file)
{
    char *before = NULL;
    enum bg_err r = stripped(s->kind, s->old, &before);

    if (r == BG_OK && before != NULL)
        r = keep(s->path, before);
    *had_file = before != NULL;
    free(before);
    return r;
}

static enum bg_err note_edit(struct manifest *m, const struct sysedit *s)
{
    struct entry *e = find(m, s->path);
    bool ours = is_as_written(e, s->old); /* our own second edit: the first copy is still right */
    enum bg_err r;

    if (e == NULL) {
        if (m->n == SYSFILES_MAX || strlen(s->path) >= PATH_ROOM)
            return BG_E_RANGE;
        e = &m->entry[m->n++];
        *e = (struct entry){.had_file = false};
        memcpy(e->path, s->path, strlen(s->path) + 1);
    }
    if (s->vendor != NULL) {
        e->had_file = false;
        e->vendor = true;
        if ((r = keep(s->path, s->vendor)) != BG_OK)
            return r;
    } else if (!ours) {
        e->vendor = false;
        if ((r = save_copy(s, &e->had_file)) != BG_OK)
            return r;
    }
    return bg_sha256_hex(s->new, strlen(s->new), e->written);
}

enum bg_err undo_prepare(const struct sysedits *edits)
{
    struct manifest m;
    enum bg_err r;

    if ((r = bg_dir_make(UNDO_DIR, 0700)) != BG_OK || (r = manifest_load(&m)) != BG_OK)
        return r;
    for (size_t i = 0; i < edits->n; i++)
        if (edits->item[i].owner == NULL && (r = note_edit(&m, &edits->item[i])) != BG_OK)
            return r;
    return manifest_save(&m);
}

/* Is that what counts without the file? */
static bool is_vendors(const struct conffile *k, const char *path, const char *text)
{
    char *vendor = NULL;
    bool same = conf_vendor(k, path, &vendor) == BG_OK && vendor != NULL && strcmp(vendor, text) == 0;

    free(vendor);
    return same;
}

/* What path is to hold after undo; NULL: no such file. */
static enum bg_err wanted(struct manifest *m, const struct conffile *k, const char *path, const char *now,
                          char **out)
{
    struct entry *e = find(m, path);
    char copy[PATH_MAX];
    enum bg_err r;

    if (is_as_written(e, now)) {
        *out = NULL;
        copy_path(path, copy);
        if (!e->had_file || (sysfile_read(copy, out) == BG_OK && *out != NULL))
            return BG_OK;
    }
    if ((r = stripped(k, now, out)) == BG_OK && *out != NULL && strcmp(*out, now) != 0 &&
        is_vendors(k, path, *out)) {
        free(*out); /* a copy that we made */
        *out = NULL;
    }
    return r;
}

static enum bg_err plan_file(struct sysedits *edits, struct manifest *m, const struct conffile *k,
                             const char *path)
{
    char *now = NULL, *then = NULL;
    enum bg_err r;

    if ((r = sysfile_read(path, &now)) != BG_OK || now == NULL)
        return r;
    if ((r = wanted(m, k, path, now, &then)) == BG_OK)
        return conf_edit(edits, k, path, now, then);
    free(now);
    return r;
}

/* A file that we would not have written to, and that no manifest names as ours, is not in the way. */
static enum bg_err plan_any(struct conf_plan *p, struct manifest *m, const struct conffile *k,
                            const char *path)
{
    enum bg_err r = plan_file(&p->edits, m, k, path);

    if ((r == BG_E_UNSAFE || r == BG_E_SYNTAX || r == BG_E_RANGE) && find(m, path) == NULL)
        return BG_OK;
    if (r != BG_OK)
        (void)snprintf(p->stuck, sizeof p->stuck, "%s", path);
    return r;
}

/* Every file of the folder, because the manifest may be gone. */
static enum bg_err plan_folder(struct conf_plan *p, struct manifest *m, const struct conffile *k)
{
    char path[PATH_MAX];
    struct dirent *d;
    enum bg_err r = BG_OK;
    DIR *dir = opendir(k->path);

    while (dir != NULL && r == BG_OK && (d = readdir(dir)) != NULL) {
        if (d->d_name[0] == '.' || (d->d_type != DT_REG && d->d_type != DT_UNKNOWN))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", k->path, d->d_name);
        r = plan_any(p, m, k, path);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return r;
}

/* The same folder as another kind's, which stands before it and strips the same lines. */
static bool is_second(const struct conffile *k)
{
    for (const struct conffile *before = conffiles; before < k; before++)
        if (strcmp(before->path, k->path) == 0)
            return true;
    return false;
}

enum bg_err undo_plan(struct conf_plan *p)
{
    bool all[CONFFILES];

    memset(all, true, sizeof all);
    return undo_plan_kinds(p, all);
}

enum bg_err undo_plan_kinds(struct conf_plan *p, const bool kinds[CONFFILES])
{
    struct manifest m;
    enum bg_err r = manifest_load(&m);

    (void)snprintf(p->stuck, sizeof p->stuck, "%s", UNDO_DIR);
    p->backwards = true;
    for (size_t i = CONFFILES; i-- > 0 && r == BG_OK;) {
        const struct conffile *k = &conffiles[i];
        if (!kinds[i] || is_second(k) || (k->here != NULL && !k->here()))
            continue;
        r = k->files != NULL ? plan_folder(p, &m, k) : plan_any(p, &m, k, k->path);
    }
    return r;
}

enum undo_copy undo_compare(const struct conffile *k, const char *path, const char *text)
{
    char copy[PATH_MAX], *then = NULL, *now = NULL, *bare = NULL;
    enum undo_copy is = UNDO_SAME;
    const struct entry *e;
    struct manifest m;

    if (manifest_load(&m) != BG_OK || (e = find(&m, path)) == NULL || !e->vendor)
        return UNDO_SAME;
    copy_path(path, copy);
    if (sysfile_read(copy, &then) == BG_OK && then != NULL && conf_vendor(k, path, &now) == BG_OK &&
        now != NULL && strcmp(then, now) != 0 && stripped(k, text, &bare) == BG_OK && bare != NULL)
        is = strcmp(bare, now) == 0    ? UNDO_SAME /* brought up to date by hand */
             : strcmp(bare, then) == 0 ? UNDO_STALE
                                       : UNDO_EDITED;
    free(then);
    free(now);
    free(bare);
    return is;
}

bool undo_knows(const char *path)
{
    struct manifest m;

    return manifest_load(&m) == BG_OK && find(&m, path) != NULL;
}

static void remove_copy(const struct entry *e)
{
    char copy[PATH_MAX];

    copy_path(e->path, copy);
    (void)unlink(copy);
}

void undo_forget(void)
{
    struct manifest m;

    if (manifest_load(&m) != BG_OK)
        return;
    for (size_t i = 0; i < m.n; i++)
        remove_copy(&m.entry[i]);
    (void)unlink(MANIFEST);
    (void)rmdir(UNDO_DIR);
}

enum bg_err undo_forget_kinds(const bool kinds[CONFFILES])
{
    struct manifest m;
    struct entry *e;
    enum bg_err r = manifest_load(&m);
    size_t before = r == BG_OK ? m.n : 0;

    for (size_t i = 0; i < CONFFILES && r == BG_OK; i++)
        if (kinds[i] && (e = find(&m, conffiles[i].path)) != NULL) {
            remove_copy(e);
            *e = m.entry[--m.n];
        }
    return r == BG_OK && m.n < before ? manifest_save(&m) : r;
}
