/* SPDX-License-Identifier: ISC */
/* The one reader of journal files: walking, verifying, deriving state and delivering all see lines through
 * it. */
#ifndef BG_RECORD_LINES_H
#define BG_RECORD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/segment.h"

struct bg_rawline {
    const char *segment;  /* file name */
    unsigned number;      /* of the segment */
    unsigned long lineno; /* 1-based in the segment; 0 when reading began in its middle */
    const char *text;     /* no newline; not NUL-ended; gone after the callback */
    size_t len;
    off_t at;    /* offset in the segment */
    bool whole;  /* its newline is on disk */
    bool newest; /* in the newest segment */
};

/* Return false to stop. */
typedef bool (*bg_rawline_fn)(void *arg, const struct bg_rawline *l);

/*
 * Every line in order, as the files were when the walk began. newest_bytes: 0 for everything, else only
 * about that many bytes at the end (beginning with a whole line). BG_E_NOENT without a directory or a
 * segment, BG_E_UNSAFE, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_lines_walk(const char *dir, off_t newest_bytes, bg_rawline_fn fn, void *arg);

/* The same, all of it, of a copy that may be anybody's (record/segment.h). */
BG_MUST_CHECK enum bg_err bg_lines_walk_copy(const char *dir, bg_rawline_fn fn, void *arg);

/* Every line of one segment of an open directory, a copy's or a journal's, as the file was when it was
 * opened; `newest` of each is true. */
BG_MUST_CHECK enum bg_err bg_lines_of(int dir, bool copy, unsigned number, bg_rawline_fn fn, void *arg);

/* A point between two lines. */
struct bg_linepos {
    unsigned number; /* of the segment; 0: before everything */
    off_t at;
};

/*
 * Every whole line after *pos, in order; *pos moves on past each line that fn took (fn returns true). It
 * must be one that this function left: in the middle of a line the result is undefined. BG_E_MISMATCH when
 * it is no longer there (a segment is shorter, or gone): begin again at {0, 0}. Otherwise as bg_lines_walk.
 */
BG_MUST_CHECK enum bg_err bg_lines_after(const char *dir, struct bg_linepos *pos, bg_rawline_fn fn,
                                         void *arg);

/* The bytes of the line that begins at *pos and is len bytes long, in fresh memory, NUL-ended. BG_E_MISMATCH
 * when it is no longer there. */
BG_MUST_CHECK enum bg_err bg_line_read(const char *dir, const struct bg_linepos *pos, size_t len,
                                       char **line);

/* A cheap look before parsing: is `"key":"value"` in the line? What a person typed cannot fake it, its quotes
 * are escaped. value must need no escaping itself. */
bool bg_line_has(const struct bg_rawline *l, const char *key, const char *value);

#endif
