/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <stdio.h>
#include <string.h>

void files_add(struct files *f, const char *path)
{
    struct file *x = &f->file[f->n];

    if (f->n == FILES_MAX || path[0] == '\0')
        return;
    f->n++;
    (void)snprintf(x->path, sizeof x->path, "%s", path);
    if (stat(path, &x->seen) != 0)
        memset(&x->seen, 0, sizeof x->seen);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct file *x)
{
    struct stat now;

    if (stat(x->path, &now) != 0)
        memset(&now, 0, sizeof now);
    /* the change time tells of a new owner or mode as well, and cannot be set back */
    return now.st_dev == x->seen.st_dev && now.st_ino == x->seen.st_ino && now.st_size == x->seen.st_size &&
           same_time(&now.st_mtim, &x->seen.st_mtim) && same_time(&now.st_ctim, &x->seen.st_ctim);
}

bool files_changed(const struct files *f)
{
    for (unsigned i = 0; i < f->n; i++)
        if (!same(&f->file[i]))
            return true;
    return false;
}
