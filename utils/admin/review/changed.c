/* SPDX-License-Identifier: ISC */
#include "admin/review/changed.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"

#define LOOK_MS   3000
#define DEPTH_MAX 16
#define SEEN_MAX  100000u

struct walk {
    struct changed *out;
    int64_t since, deadline;
    dev_t fs;
    size_t seen;
};

static int64_t newest_of(const struct stat *st)
{
    int64_t content = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
    int64_t rights = (int64_t)st->st_ctim.tv_sec * 1000 + st->st_ctim.tv_nsec / 1000000;

    return content > rights ? content : rights;
}

/* The oldest one goes where there is no room. */
static void keep(struct changed *c, const char *path, const struct stat *st)
{
    size_t at = 0;
    int64_t when = newest_of(st);

    if (c->n < CHANGED_MAX) {
        at = c->n++;
    } else {
        c->more++;
        for (size_t i = 1; i < c->n; i++)
            at = c->file[i].at_ms < c->file[at].at_ms ? i : at;
        if (c->file[at].at_ms >= when)
            return;
    }
    c->file[at].at_ms = when;
    c->file[at].directory = S_ISDIR(st->st_mode);
    (void)snprintf(c->file[at].path, sizeof c->file[at].path, "%.*s", CHANGED_PATH - 1, path);
}

static void look_in(struct walk *w, int dir, const char *path, unsigned depth);

static void look_at(struct walk *w, int dir, const char *path, const char *name, unsigned depth)
{
    char whole[4096];
    struct stat st;

    /* in an overlay files have another number than its directories */
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || (S_ISDIR(st.st_mode) && st.st_dev != w->fs))
        return;
    (void)snprintf(whole, sizeof whole, "%s/%s", path, name);
    if (newest_of(&st) >= w->since)
        keep(w->out, whole, &st);
    if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
        look_in(w, openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), whole, depth + 1);
}

static void look_in(struct walk *w, int dir, const char *path, unsigned depth)
{
    DIR *d = dir < 0 ? NULL : fdopendir(dir);
    struct dirent *e;

    if (d == NULL) {
        if (dir >= 0)
            (void)close(dir);
        return;
    }
    while (!w->out->cut && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        look_at(w, dirfd(d), path, e->d_name, depth);
        w->out->cut = ++w->seen > SEEN_MAX || bg_left_ms(w->deadline) == 0;
    }
    (void)closedir(d);
}

static int compare(const void *a, const void *b)
{
    const struct changed_file *x = a, *y = b;

    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

void changed_since(const char *top, int64_t since_ms, struct changed *out)
{
    struct walk w = {.out = out, .since = since_ms, .deadline = bg_deadline(LOOK_MS)};
    struct stat st;
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    memset(out, 0, sizeof *out);
    if (dir >= 0 && fstat(dir, &st) == 0)
        w.fs = st.st_dev;
    else
        out->cut = true;
    look_in(&w, dir, top, 0);
    qsort(out->file, out->n, sizeof out->file[0], compare);
}
