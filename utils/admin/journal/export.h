/* SPDX-License-Identifier: ISC */
/* The evidence of some events as one file: what "journal export" writes, and what closes a review. */
#ifndef BG_ADMIN_JOURNAL_EXPORT_H
#define BG_ADMIN_JOURNAL_EXPORT_H

#include <jansson.h>
#include <stdint.h>
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "base/hash.h"

struct export_wish {
    const char *use;           /* only events of it; NULL: of all */
    char since[JOURNAL_SINCE]; /* only those since then; "": all */
};

struct export_made {
    uint64_t events;
    char sum[BG_HASH_HEX + 1]; /* SHA-256 of the file */
    json_t *files;             /* name, size and hash of each in it; the caller's */
};

/* Write it to path, which must not exist. ADMIN_GOOD, or the finding was shown, nothing is left there and
 * *made is as it was: what breaks the journal is ADMIN_FINDING, a disk that refuses ADMIN_CANNOT. */
enum admin_exit export_make(const char *path, const struct export_wish *w, struct export_made *made);

#endif
