/* SPDX-License-Identifier: ISC */
/* Reading a journal from its end: what the newest lines cost does not depend on how many there are. */
#ifndef BG_RECORD_BACKWARD_H
#define BG_RECORD_BACKWARD_H

#include <stdbool.h>
#include "record/lines.h"

/*
 * Every whole line, the newest first, as the files were when the walk came to them; fn stops it by false. At
 * least one segment is read. *end (may be NULL) is the point behind the newest line, for bg_lines_after.
 * Otherwise as bg_lines_walk.
 */
BG_MUST_CHECK enum bg_err bg_lines_back(const char *dir, struct bg_linepos *end, bg_rawline_fn fn, void *arg);

/* Is the time of a line older than since, the beginning of an RFC 3339 time in UTC? What tells no time is
 * not. */
bool bg_line_is_older(const struct bg_rawline *l, const char *since);

/*
 * The point from which on bg_lines_after finds the lines that are not older than since, or all of them. A
 * segment is left out when its first line and that of the next one are both older: a clock that was wrong is
 * not fatal unless it went forward and back within one segment. Reads the first line of each segment.
 */
BG_MUST_CHECK enum bg_err bg_lines_since(const char *dir, const char *since, struct bg_linepos *pos);

#endif
