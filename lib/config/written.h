/* SPDX-License-Identifier: ISC */
/*
 * The text of a file that commands write: one function writes it, another one reads it, and what could not be
 * read again never replaces what can.
 */
#ifndef BG_CONFIG_WRITTEN_H
#define BG_CONFIG_WRITTEN_H

#include <stdio.h>
#include "base/err.h"

struct bg_writer {
    void (*put)(FILE *to, const void *arg);
    enum bg_err (*again)(const char *text, const void *arg); /* NUL-ended; anything but BG_OK: a fault */
    const void *arg;
};

/* In fresh memory that the caller frees. BG_E_RANGE: too long, or it could not be read again; BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err bg_written_text(const struct bg_writer *w, char **out, size_t *len);

/* That text into the file, as bg_file_replace, mode 0600. */
BG_MUST_CHECK enum bg_err bg_written_save(const struct bg_writer *w, const char *path);

#endif
