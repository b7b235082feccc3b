/* SPDX-License-Identifier: ISC */
/* What a person has typed ahead on a terminal. libc only. */
#ifndef BG_BASE_TERMINAL_H
#define BG_BASE_TERMINAL_H

#define BG_SETTLE_MS 1000 /* at most */

/*
 * Drop all input that waits on fd, and what still arrives until nothing has come for a tenth of a second or
 * BG_SETTLE_MS are over: a paste comes in pieces. Nothing is done, and no time passes, when fd is no terminal
 * or one whose foreground is somebody else's.
 */
void bg_terminal_settle(int fd);

#endif
