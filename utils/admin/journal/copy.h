/* SPDX-License-Identifier: ISC */
/*
 * Lines of journals in what a receiver stored, whatever stands around them: a syslog prefix, "@cee:" or the
 * header of RFC 5424, bodies of web hooks one after the other, or mails (mbox, or one a file) with the line
 * in an attachment, in base64 or quoted-printable.
 *
 * A line is known by how each begins, {"specversion":"1.0", and ends with the brace that closes it. What a
 * receiver wrote anew, with other blanks or in another order, is not found: its hash could not be checked.
 */
#ifndef BG_ADMIN_JOURNAL_COPY_H
#define BG_ADMIN_JOURNAL_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

#define COPY_AT 4096

/* One line. whole: its last brace was there; else it was cut off on its way. */
typedef void (*copy_fn)(void *arg, const char *json, size_t len, bool whole);

/*
 * Every line in a file, or in all files of a directory and of those below it. Directories that stand too deep
 * and what is no file are passed over, as is what vanishes meanwhile. at: what could not be read, as it is
 * called. BG_E_NOENT, BG_E_IO with errno.
 */
BG_MUST_CHECK enum bg_err copy_read(const char *path, copy_fn fn, void *arg, char at[COPY_AT]);

#endif
