/*
 * Every file of ours is opened, read and written here and nowhere else.
 *
 * "Safe" means: opened without following a link in the last component, a regular file,
 * owned by root (or by the caller's effective uid, for tests and --dry-run), not writable
 * by group or others.
 */
#ifndef BG_BASE_SAFEFILE_H
#define BG_BASE_SAFEFILE_H

#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

/*
 * Read the whole file into buf (cap bytes) and end it with a NUL that is not counted in *len.
 * BG_E_NOENT, BG_E_UNSAFE, BG_E_RANGE (does not fit), BG_E_IO. Uses no heap; never blocks on
 * a FIFO or a device. Safe in a PAM or NSS host.
 */
BG_MUST_CHECK enum bg_err bg_file_read(const char *path, char *buf, size_t cap, size_t *len);

/* As bg_file_read, into fresh memory of at most `limit` bytes; the caller frees *out. */
BG_MUST_CHECK enum bg_err bg_file_slurp(const char *path, size_t limit, char **out, size_t *len);

/*
 * Replace path by data: temporary file beside it, write, fsync, chown, chmod, rename, fsync of
 * the directory. Either the old or the new content is there at any moment. uid and gid of
 * (uid_t)-1 leave the owner alone.
 */
BG_MUST_CHECK enum bg_err bg_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                                          uid_t uid, gid_t gid);

/*
 * The two halves of bg_file_replace, for changes that must hit several files or none: stage writes and syncs
 * the temporary file and puts its name into tmp (PATH_MAX bytes), commit renames it to path. A full disk
 * shows in the first half, while nothing has changed. The caller unlinks tmp when it does not commit.
 */
BG_MUST_CHECK enum bg_err bg_file_stage(const char *path, const void *data, size_t len, mode_t mode,
                                        uid_t uid, gid_t gid, char *tmp);
BG_MUST_CHECK enum bg_err bg_file_commit(const char *tmp, const char *path);

/* Make one directory (parents must exist) with exactly this mode; an existing safe one is fine. */
BG_MUST_CHECK enum bg_err bg_dir_make(const char *path, mode_t mode);

/*
 * Check that path is absolute and that it and every parent directory is owned by root and not
 * writable by group or others (a sticky world-writable parent such as /tmp is unsafe too).
 */
BG_MUST_CHECK enum bg_err bg_path_safe(const char *path);

/* Close fd unless it is negative. errno stays: it may say why something failed before. */
void bg_close(int fd);

/* Write all n bytes to fd, restarting on EINTR; BG_E_IO otherwise. */
BG_MUST_CHECK enum bg_err bg_write_all(int fd, const void *data, size_t n);

#endif
