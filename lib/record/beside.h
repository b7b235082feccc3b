/* SPDX-License-Identifier: ISC */
/* A small file beside the journal's directory that is written in place, for root alone: the head, the seal.
 */
#ifndef BG_RECORD_BESIDE_H
#define BG_RECORD_BESIDE_H

#include <sys/types.h>
#include "base/err.h"

/* Its path (PATH_MAX bytes), of a journal in dir; "" when it is too long. */
void bg_beside_path(char *out, const char *dir, const char *name);

/* Open it for writing, 0600; what stands there and is not root's goes. Errors of bg_open_safe. */
BG_MUST_CHECK enum bg_err bg_beside_open(const char *path, int *fd, off_t *size);

/* The name of a new one must survive as well: its directory is on the disk. */
BG_MUST_CHECK enum bg_err bg_beside_name(const char *path);

#endif
