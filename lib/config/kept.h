/* SPDX-License-Identifier: ISC */
/*
 * A file that commands keep: some tables (config/table.h), each with as many sections as a counter says. It
 * is read whole or not at all, and what could not be read again is never written.
 */
#ifndef BG_CONFIG_KEPT_H
#define BG_CONFIG_KEPT_H

#include "config/table.h"

struct bg_kept_list {
    const struct bg_section *section;
    size_t count; /* where in the whole an unsigned says how many there are; 0 or 1 of one without a label */
};

struct bg_kept {
    const char *head;                     /* comment on top of the file, lines that begin with # */
    const struct bg_section *const *form; /* the sections once more, as the engine wants them */
    const struct bg_kept_list *list;      /* in the order of the file, with a NULL section at the end */
    size_t size;                          /* bytes of the whole */
    void (*look)(const void *whole, const struct bg_table *t, struct bg_faults *faults); /* across sections */
};

/* The line on which the section stands that was read into `object`; 0: none was. */
unsigned bg_kept_line(const struct bg_table *t, const void *object);

/* NUL-ended text. BG_OK with *whole set; BG_E_SYNTAX with the first fault in *e; BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err bg_kept_parse(const struct bg_kept *k, const char *text, void *whole,
                                        struct bg_ini_error *e);

/* The same from a file, read safely: also BG_E_NOENT, BG_E_UNSAFE, BG_E_IO, BG_E_RANGE. */
BG_MUST_CHECK enum bg_err bg_kept_load(const struct bg_kept *k, const char *path, void *whole,
                                       struct bg_ini_error *e);

/* The text of such a file, in fresh memory that the caller frees. BG_E_RANGE: it could not be read again, *e
 * says why; BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err bg_kept_text(const struct bg_kept *k, const void *whole, char **out, size_t *len,
                                       struct bg_ini_error *e);

/* That text into the file, as bg_file_replace, mode 0600. */
BG_MUST_CHECK enum bg_err bg_kept_save(const struct bg_kept *k, const char *path, const void *whole,
                                       struct bg_ini_error *e);

#endif
