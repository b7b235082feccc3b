/* SPDX-License-Identifier: ISC */
/*
 * Room on the disk that is taken before it is needed, behind the end of the newest segment, so that a use
 * still goes on record when everything else is full. What anybody can cause without a credential does not
 * get it (bg_event_by_anybody): on a full disk that goes to the fall-back.
 */
#ifndef BG_RECORD_RESERVE_H
#define BG_RECORD_RESERVE_H

#include <sys/types.h>
#include "base/err.h"

#define BG_RESERVE (64 << 10) /* bytes: some forty lines, several uses */

/* See to it that BG_RESERVE bytes are allocated behind `end`. BG_E_IO with ENOSPC when there is no room: the
 * disk is full; BG_OK also where the file system cannot. */
BG_MUST_CHECK enum bg_err bg_reserve_keep(int fd, off_t end);

/* A new, empty file: written in place on a file system that otherwise copies each block that changes (btrfs),
 * which needs room that a full disk has not. Best effort. */
void bg_reserve_in_place(int fd);

#endif
