/* SPDX-License-Identifier: ISC */
/* A terminal that a person types on: what was typed ahead, and what is not to be seen. libc only. */
#ifndef BG_BASE_TERMINAL_H
#define BG_BASE_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#define BG_SETTLE_MS 1000 /* at most */

/*
 * Drop all input that waits on fd, and what still arrives until nothing has come for a tenth of a second or
 * BG_SETTLE_MS are over: a paste comes in pieces. Nothing is done, and no time passes, when fd is no terminal
 * or one whose foreground is somebody else's.
 */
void bg_terminal_settle(int fd);

/*
 * Stop the echo on fd and drop what was typed ahead. ctrl_c_ends: the interrupt character raises no signal
 * but ends the line like an Enter, for a reader that must put the echo back. False: no terminal, nothing was
 * changed.
 */
bool bg_terminal_hide(int fd, bool ctrl_c_ends, struct termios *saved);

/* As it was before bg_terminal_hide; what was typed ahead is dropped, never echoed into a shell
 * (CVE-2025-64170). */
void bg_terminal_show(int fd, const struct termios *saved);

/*
 * Columns of the terminal with the name that PAM or ttyname(3) has for it ("/dev/tty1", "pts/3"), 0 when that
 * is none, or tells none. Never waits for a line's carrier. Only names of terminals are opened: a caller may
 * have chosen it, and opening some other devices does something.
 */
unsigned bg_terminal_columns(const char *name);

#endif
