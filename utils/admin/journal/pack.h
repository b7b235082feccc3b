/* SPDX-License-Identifier: ISC */
/*
 * A tar file as POSIX.1-1988 (ustar) has it, of a few flat files with a list of their SHA-256 sums. Written
 * here rather than by tar(1): on a host that somebody broke into or broke, one program less has a say in what
 * the evidence is, and the same content gives the same bytes.
 */
#ifndef BG_ADMIN_JOURNAL_PACK_H
#define BG_ADMIN_JOURNAL_PACK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/hash.h"

#define PACK_FOLDER "breakglass-evidence/" /* all files are in it */
#define PACK_SUMS   "SHA256SUMS"           /* the last of them, as sha256sum(1) reads it */

struct pack {
    char path[4096], temporary[4096 + 8];
    int fd;
    off_t start; /* of the header of the file that is being written */
    const char *name;
    int64_t mtime;   /* of every file, in seconds */
    json_t *files;   /* name, size, hash */
    enum bg_err bad; /* of the first step that failed; errno is in why */
    int why;
};

/* Begin path beside where it will be, 0600. BG_E_EXIST: there is one; BG_E_RANGE, BG_E_IO (errno). */
BG_MUST_CHECK enum bg_err pack_begin(struct pack *p, const char *path, int64_t mtime);

/* One file: a name without a slash, its bytes in pieces, its end. Errors are kept until pack_finish. */
void pack_file(struct pack *p, const char *name);
void pack_add(struct pack *p, const void *bytes, size_t n);
void pack_file_end(struct pack *p);

/*
 * Add the list of sums, sync, and give the file its name, unless there is one of that name by now
 * (BG_E_EXIST). sum: SHA-256 of the whole. On an error nothing is left, and errno tells. p->files is the
 * caller's then, in any case.
 */
BG_MUST_CHECK enum bg_err pack_finish(struct pack *p, char sum[BG_HASH_HEX + 1]);

#endif
