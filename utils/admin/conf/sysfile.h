/* SPDX-License-Identifier: ISC */
/*
 * Changes to several system files that happen all or not at all. Every new text is written and synced beside
 * its file first (a full disk shows there, while nothing has changed); after that only links and renames
 * follow, and a rename back undoes each of them.
 */
#ifndef BG_ADMIN_CONF_SYSFILE_H
#define BG_ADMIN_CONF_SYSFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

#define SYSFILE_LIMIT (256u * 1024u) /* bytes of a system file that we edit */
#define SYSFILES_MAX  64
#define SYSFILE_LOCK  BG_RUNDIR "/init.lock"

struct conffile;
struct sysedit;

/* A file that another program writes: we ask it to, and never edit the file. */
struct sysowner {
    /* Have it changed from old to new. What goes wrong is shown; BG_E_REFUSED then. */
    enum bg_err (*apply)(const struct sysedit *s);
    /* Have that taken back; apply may have got anywhere. */
    enum bg_err (*back)(const struct sysedit *s);
};

struct sysedit {
    const struct conffile *kind;
    const struct sysowner *owner; /* NULL: we write the file */
    char *vendor;                 /* what new was made from, where there is no file; ours to free, or NULL */
    char path[PATH_MAX];
    char *old, *new; /* NUL-ended, ours to free; NULL: the file is not there, before or after */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    bool touched;                          /* it may have been changed on disk */
    char staged[PATH_MAX], kept[PATH_MAX]; /* the new text's and the old file's other name; "" : none */
};

struct sysedits {
    struct sysedit item[SYSFILES_MAX];
    size_t n;
};

/*
 * Only one program at a time edits system files. Waits at most 5 s; BG_E_BUSY when another still holds the
 * lock. The lock ends with the process.
 */
BG_MUST_CHECK enum bg_err sysfile_lock(void);

/* Read path (root's, regular, no NUL byte) into *out, NULL and BG_OK when it is not there. */
BG_MUST_CHECK enum bg_err sysfile_read(const char *path, char **out);

/*
 * Plan a change from old, as read, to new; both are taken over, also on failure. Equal texts are no change.
 * Mode and owner are those of the file that is there, else 0644 root.
 */
BG_MUST_CHECK enum bg_err sysedits_add(struct sysedits *e, const struct conffile *kind, const char *path,
                                       char *old, char *new);

/* The planned new text of path, or NULL when no change of it is planned. */
const char *sysedits_planned(const struct sysedits *e, const char *path);

/* Write all new texts beside their files. From here to sysedits_finish signals wait. */
BG_MUST_CHECK enum bg_err sysedits_stage(struct sysedits *e);

/* Put one change in place. BG_E_MISMATCH: the file is no longer what was read when the change was planned. */
BG_MUST_CHECK enum bg_err sysedit_apply(struct sysedit *s);

/*
 * Undo what was applied, last first. BG_E_IO when a file could not be put back (*failed names it): its old
 * text then stays beside it.
 */
BG_MUST_CHECK enum bg_err sysedits_rollback(struct sysedits *e, const char **failed);

/* Remove the temporary names and free everything. What was applied stays. */
void sysedits_finish(struct sysedits *e);

#endif
