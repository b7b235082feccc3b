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
#include <sys/types.h>
#include "base/hash.h"
#include "base/text.h"

#define RECORDING_NONE 125 /* exit status: there was no recorded shell, or it is gone; the caller goes on */

/* login: the shell inside is a login shell. The exit status: that of the shell, 124 for any above. */
int recording_run(bool login);

/* After a shell that no session of PAM holds: what is in no recording and was told by nobody is told. */
int recording_ended(void);

/* --- recordmark.c: what is known of the recordings of a use, in files of RECORDING_DIR */

#define RECORDING_DIR BG_RUNDIR "/recording"

/* A recording was begun, or that there is none was told; a person's shell was seen at a terminal. */
void recording_said(const char *use);
void recording_saw_shell(const char *use);

/*
 * What is in no recording and was told by nobody yet, "" for nothing. at_terminal: a person's shell is known
 * to have been there; else it counts only when it was seen. Static.
 */
const char *recording_missing(const char *use, bool at_terminal, uid_t uid);

/* After the session: nothing in /run is kept of it any more. */
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
