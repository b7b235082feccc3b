/* SPDX-License-Identifier: ISC */
/*
 * The files of a journal: DIR/000001.jsonl, 000002.jsonl ... and DIR/lock. Everything is opened by descriptor
 * of the directory, never through a link; directory, its parent and files must be root's (or the caller's
 * own, for tests) and not writable by group or others, else BG_E_UNSAFE.
 */
#ifndef BG_RECORD_SEGMENT_H
#define BG_RECORD_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/chain.h"

#define BG_SEGMENT_NAME 16         /* "000001.jsonl" and its NUL */
#define BG_SEGMENT_LAST 999999u    /* six digits */
#define BG_SEGMENT_LOAD (64 << 20) /* bytes: a bigger file cannot be a segment */
#define BG_ASIDE        ".aside-"  /* 000001.jsonl.aside-1: a file that could not be read as a segment */

struct bg_segments {
    unsigned *number; /* ascending; free() */
    size_t count;
};

/* Open the directory. make: create it (0750) and its parent (0755) when missing. BG_E_NOENT, BG_E_UNSAFE,
 * BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_segdir_open(const char *path, bool make, int *dir);

/* The writers' lock in the directory, for bg_lock: a file of its own, for whoever may read the segments must
 * not be able to lock them. */
#define BG_SEGDIR_LOCK "lock"

/* Every segment there is. The caller frees list->number. */
BG_MUST_CHECK enum bg_err bg_segdir_list(int dir, struct bg_segments *list);

void bg_segment_name(char out[BG_SEGMENT_NAME], unsigned number);

/* Open one: flags are O_RDONLY or O_RDWR | O_APPEND, with O_CREAT for a new one (0640, group of the
 * directory, its name on the disk). */
BG_MUST_CHECK enum bg_err bg_segment_open(int dir, unsigned number, int flags, int *fd, off_t *size);

/* The bytes [from, to) of an open segment in fresh memory with a NUL after them. BG_E_RANGE past
 * BG_SEGMENT_LOAD. */
BG_MUST_CHECK enum bg_err bg_segment_load(int fd, off_t from, off_t to, char **buf, size_t *len);

/* The same of a segment that is not open; to: -1 for its end. BG_E_MISMATCH when it is shorter than from or
 * to. */
BG_MUST_CHECK enum bg_err bg_segment_read(int dir, unsigned number, off_t from, off_t to, char **buf,
                                          size_t *len);

/*
 * The same of a copy of a journal, which may be anybody's and writable by anybody: its lines alone tell what
 * it is worth. Nothing but plain files is opened below the directory, and no link is followed there.
 */
BG_MUST_CHECK enum bg_err bg_segdir_open_copy(const char *path, int *dir);
BG_MUST_CHECK enum bg_err bg_segment_read_copy(int dir, unsigned number, char **buf, size_t *len);

/* Where a journal ends. */
struct bg_tail {
    unsigned number;       /* newest segment; 0: there is none */
    off_t end, size;       /* of it: after its last newline, and of the file; end < size: a torn line */
    bool begun;            /* there is at least one complete line in the journal */
    struct bg_chain chain; /* after the last complete line, if begun */
};

/*
 * Find it in an open, locked directory, from the last lines only. Lines at the end that are no events of ours
 * are counted, so that the chain goes on after them (verification names them). BG_E_SYNTAX when not a single
 * line of the newest segment is one, BG_E_RANGE when a segment is larger than BG_SEGMENT_LOAD, BG_E_UNSAFE
 * when the newest is not a file of root's alone: *bad is it.
 */
BG_MUST_CHECK enum bg_err bg_tail_find(int dir, struct bg_tail *t, unsigned *bad);

/* Give a segment the name under which nobody reads it (BG_ASIDE and a number); its name into aside. */
#define BG_ASIDE_NAME 40
BG_MUST_CHECK enum bg_err bg_segment_set_aside(int dir, unsigned number, char aside[BG_ASIDE_NAME]);

#endif
