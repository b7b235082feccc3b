/* SPDX-License-Identifier: ISC */
/*
 * Where a path leads, without waiting for what may be dead: a file system of the network, one that a program
 * serves (fuse), or one that is mounted when somebody looks (autofs), is named and not entered.
 */
#ifndef BG_ADMIN_CHECK_PLACE_H
#define BG_ADMIN_CHECK_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "base/err.h"

enum place_kind {
    PLACE_GONE,   /* nothing is there; path is where the way ends */
    PLACE_THERE,  /* st is set, a link at the end was followed */
    PLACE_REMOTE, /* the way leads into what is mounted at `path`, of type fs */
    PLACE_TO_BE   /* the same of a mount of fstab(5) that is not there now */
};

struct place {
    enum place_kind kind;
    struct stat st;
    char path[PATH_MAX]; /* the whole way without links */
    char fs[32];
};

/* An absolute path. BG_E_TIMEOUT when it takes over a second; BG_E_IO, BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err place_look(const char *path, struct place *out);

/* "a file system of the network (nfs4) at /home" */
void place_says(const struct place *p, char *out, size_t cap);

#endif
