/* SPDX-License-Identifier: ISC */
/* Files that are read for what they say and not trusted: logs, outputs of earlier runs. */
#ifndef BG_ADMIN_PLAINFILE_H
#define BG_ADMIN_PLAINFILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The newest bytes of a plain file of whatever owner, `most` of them at the most, NUL-ended in fresh memory
 * that the caller frees; *len without the NUL. NULL and errno, EINVAL for what is no plain file: a pipe or a
 * device would be waited for.
 */
char *plainfile_newest(const char *path, off_t most, size_t *len);

#endif
