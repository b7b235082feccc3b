/* SPDX-License-Identifier: ISC */
/*
 * What a session shows, recorded by script(1): its output with timing, never its input.
 *
 *     shell of the account (its profile) -> breakglass-login --record -> script -> another shell
 *
 * The person's first shell stands outside of all this and goes on by itself when anything of it fails, at
 * once or in the middle. script writes to pipes that this program always empties, and a child of it writes to
 * the disk: a disk that is full, slow or hangs costs the recording and never the terminal.
 */
#ifndef BG_LOGIN_RECORDING_H
#define BG_LOGIN_RECORDING_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/text.h"

#define RECORDING_NONE 125 /* exit status: there was no recorded shell, or it is gone; the caller goes on */

/* login: the shell inside is a login shell. The exit status: that of the shell, 124 for any above. */
int recording_run(bool login);

/* When a session closes: does its use have a recording, and has that ended as it should? "" or what is
 * missing. */
const char *recording_missing(const char *use);

/* After that: nothing in /run is kept of it any more. */
void recording_forget(const char *use);

/* --- recordfile.c: the disk's side, in a child */

#define RECORDING_MAX (INT64_C(32) << 20) /* bytes of one recording; what comes after is not kept */
#define RECORDING_TOTAL                                                                                      \
    (INT64_C(512) << 20) /* of all; the oldest give way, those of uses that await their review last */
#define RECORDING_SPARE (INT64_C(64) << 20) /* that are left free on the disk: the journal comes first */

/* What it says to its parent, each time whole. */
enum recordfile_what {
    RECORDFILE_READY = 1,
    RECORDFILE_GAP,
    RECORDFILE_REMOVED,
    RECORDFILE_DONE
};
struct recordfile_word {
    enum recordfile_what what;
    char text[128];               /* why there is a gap, which were removed, which file it is */
    char sha256[BG_HASH_HEX + 1]; /* of that file, when done */
};

/* Write what comes from out and timing, until both end, to new files of that use; words go to `back`. */
_Noreturn void recordfile_run(const char *use, int out, int timing, int back);

#endif
