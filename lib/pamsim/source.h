/* SPDX-License-Identifier: ISC */
/*
 * Where the files of PAM come from: this machine, a root below a directory, or (tests, "what if") a table of
 * the caller's. Read as libpam reads: whoever owns them.
 */
#ifndef BG_PAMSIM_SOURCE_H
#define BG_PAMSIM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

#define BG_PAM_FILE_MAX 262144 /* bytes of one file that are read */
#define BG_PAM_ENTRIES  256    /* files of a directory like limits.d */

struct bg_pam_source {
    /*
     * The whole file as fresh memory, which the caller of it frees. What is no regular file is empty, as it
     * is to libpam. BG_E_NOENT: it cannot be opened; BG_E_RANGE: longer than BG_PAM_FILE_MAX; BG_E_NOMEM,
     * BG_E_IO.
     */
    enum bg_err (*read)(void *arg, const char *path, char **text, size_t *len);
    /* Is there a regular file, or a directory, of this name? */
    bool (*has)(void *arg, const char *path, bool directory);
    void *arg;
    /*
     * The names of a directory's files that end in `ending`, sorted by their bytes, each with its NUL, an
     * empty one after the last: fresh memory, which the caller frees. BG_E_NOENT as above; BG_E_RANGE: too
     * many. This one and the next may be NULL: then nothing is known of it.
     */
    enum bg_err (*list)(void *arg, const char *dir, const char *ending, char **names);
    /* st_mode of the path itself, or of what it leads to; 0: there is nothing. */
    unsigned (*mode)(void *arg, const char *path, bool follow);
};

/*
 * The files below `root`, "" for this machine's own. Links are followed within the root (openat2(2); without
 * it, before Linux 5.6, BG_E_IO and errno ENOSYS). root stays the caller's and must live as long as *s.
 */
void bg_pam_source_root(struct bg_pam_source *s, const char *root);

#endif
