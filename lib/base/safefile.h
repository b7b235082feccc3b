/* SPDX-License-Identifier: ISC */
/*
 * Small files of ours: read, and replaced as a whole.
 *
 * A file is safe when it is a regular file, not reached through a link in the last component of its path,
 * owned by root (or by the caller's effective uid, for tests and for programs that are not root's), and not
 * writable by group or others. The directories above it are not looked at: see bg_path_safe.
 */
#ifndef BG_BASE_SAFEFILE_H
#define BG_BASE_SAFEFILE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

/*
 * Open `name` below the directory dir, or a path with AT_FDCWD, as openat(2) with these flags: a safe file,
 * or with O_DIRECTORY a directory that is as safe. Does not wait for the other end of a FIFO. A link in the
 * last component is BG_E_UNSAFE with O_NOFOLLOW. *size may be NULL. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_open_safe(int dir, const char *name, int flags, mode_t mode, int *fd,
                                       off_t *size);

/*
 * Hold the lock file `name` (below dir, as above), made when it is missing; close(*lock) gives it back. Only
 * its owner can open it, so nobody else can hold it. BG_E_BUSY when another still holds it at `deadline`;
 * else as bg_open_safe.
 */
BG_MUST_CHECK enum bg_err bg_lock(int dir, const char *name, int64_t deadline, int *lock);

/*
 * Read the whole file into buf (cap bytes) and end it with a NUL that is not counted in *len. BG_E_NOENT,
 * BG_E_UNSAFE, BG_E_RANGE (it and its NUL do not fit), BG_E_IO. Uses no heap; does not wait for the other end
 * of a FIFO. Safe in a PAM or NSS host.
 */
BG_MUST_CHECK enum bg_err bg_file_read(const char *path, char *buf, size_t cap, size_t *len);

/*
 * The same into fresh memory, which the caller frees. BG_E_RANGE when the file is longer than `limit` bytes
 * or grows while it is read; BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_file_slurp(const char *path, size_t limit, char **out, size_t *len);

/*
 * Replace path by data: temporary file beside it, write, chown, chmod, fsync, rename, fsync of the directory.
 * At any moment the name holds either the old or the new content. An id of -1 is the caller's own, not that
 * of the old file. BG_E_NOENT: no such directory. BG_E_IO: the old content is kept, or, when only the last
 * step failed, the new one, which a power failure may still take back.
 */
BG_MUST_CHECK enum bg_err bg_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                                          uid_t uid, gid_t gid);

/*
 * The two halves of bg_file_replace, for changes to several files at once: stage writes and syncs the
 * temporary file and puts its name into tmp (PATH_MAX bytes), commit renames it to path. A full disk shows in
 * the first half, while nothing has changed. What is not committed is for the caller to remove, or to keep.
 */
BG_MUST_CHECK enum bg_err bg_file_stage(const char *path, const void *data, size_t len, mode_t mode,
                                        uid_t uid, gid_t gid, char *tmp);
BG_MUST_CHECK enum bg_err bg_file_commit(const char *tmp, const char *path);

/*
 * Make one directory with exactly this mode, whatever the umask, its name on the disk; its parent must exist
 * (BG_E_NOENT). What is there already is left as it is: BG_OK for a directory, not a link, of a safe owner
 * and not writable by group or others, else BG_E_UNSAFE. BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_dir_make(const char *path, mode_t mode);

/* First the directory that it is in, with 0755, then the same. BG_E_RANGE for a path that is too long. */
BG_MUST_CHECK enum bg_err bg_dirs_make(const char *path, mode_t mode);

/*
 * Can nobody but root change what this path means? BG_OK when it is absolute and every component on the way,
 * also on the way of each link in it, is root's and (unless it is a link) not writable by group or others. A
 * sticky directory such as /tmp is none the safer for that. BG_E_UNSAFE, BG_E_NOENT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_path_safe(const char *path);

/*
 * Why a file (want is S_IFREG) or directory (S_IFDIR) is not safe, as a phrase that follows its name and a
 * colon; NULL when it is safe or not there. For messages alone: nothing is opened.
 */
const char *bg_unsafe_why(const char *path, mode_t want);

/* Close fd unless it is negative, or remove a file. errno stays: it may say why something failed before. */
void bg_close(int fd);
void bg_remove(const char *path);

/* Write all n bytes to fd, again after EINTR. BG_E_IO: some of them may be written. */
BG_MUST_CHECK enum bg_err bg_write_all(int fd, const void *data, size_t n);

#endif
