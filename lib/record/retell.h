/* SPDX-License-Identifier: ISC */
/*
 * The journal and its fall-back read once, to derive something from them: in a bounded child, since a disk
 * that hangs must not hang a login. What cannot be read in time counts as empty.
 */
#ifndef BG_RECORD_RETELL_H
#define BG_RECORD_RETELL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/lines.h"

#define BG_RETELL_MS       3000 /* both together */
#define BG_RETELL_PLACE_MS 1000 /* one directory */

/*
 * fn sees the newest bytes of the journal (0: all of it), then all of the fall-back, with found (n bytes) as
 * its argument; found is changed only by a directory that could be read to its end. NULL: the compiled-in
 * directories; fallback_dir "": none. BG_OK when one of them could be read; else as bg_lines_walk or
 * BG_E_TIMEOUT.
 */
BG_MUST_CHECK enum bg_err bg_retell(const char *dir, const char *fallback_dir, off_t newest, bg_rawline_fn fn,
                                    void *found, size_t n);

/* A whole line that is an event, to be dropped by the caller; or NULL. */
json_t *bg_retell_event(const struct bg_rawline *l);

#endif
