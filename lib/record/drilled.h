/* SPDX-License-Identifier: ISC */
/*
 * Is a use part of a drill? What happens inside the window that somebody announced is, by the wall clock at
 * the moment when the use begins; a clock that is before the announcement is in no window. A use keeps what
 * it was granted with, whatever becomes of the window.
 *
 * Asked by logins, so it is bounded: what nobody can tell within BG_DRILLED_MS is no drill.
 */
#ifndef BG_RECORD_DRILLED_H
#define BG_RECORD_DRILLED_H

#include <stdbool.h>
#include <stdint.h>
#include "base/text.h"

#define BG_DRILLED_MS 500

struct bg_drilled {
    char id[BG_ULID_LEN + 1]; /* of the drill */
    char by[96];              /* who announced it, clean UTF-8; "": not known any more */
    int64_t until_ms;         /* wall clock; 0: not known any more */
};

/* A use that begins at that time; false: it is a real one. NULL: the compiled-in directories. */
bool bg_drilled_at(const char *dir, const char *fallback_dir, const char *account, int64_t wall_ms,
                   struct bg_drilled *out);

/* A use that was granted. */
bool bg_drilled_use(const char *dir, const char *fallback_dir, const char *account, const char *use,
                    struct bg_drilled *out);

#endif
