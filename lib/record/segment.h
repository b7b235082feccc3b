/*
 * The files of a journal: DIR/000001.jsonl, 000002.jsonl ... and DIR/lock. All opening is by descriptor of
 * the directory, never through a link; directory, its parent and files must be root's (or the caller's own,
 * for tests) and not writable by group or others, else BG_E_UNSAFE.
 */
#ifndef BG_RECORD_SEGMENT_H
#define BG_RECORD_SEGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

#define BG_SEGMENT_NAME 16         /* "000001.jsonl" and its NUL */
#define BG_SEGMENT_LAST 999999u    /* six digits */
#define BG_SEGMENT_LOAD (64 << 20) /* bytes: a bigger file is none of ours */

struct bg_segments {
    unsigned *number; /* ascending; free() */
    size_t count;
};

/* Open the directory. make: create it (0750) and its parent (0755) when missing. BG_E_NOENT, BG_E_UNSAFE,
 * BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_segdir_open(const char *path, int make, int *dir);

/* Hold the writers' lock; close(*lock) gives it back. BG_E_BUSY when somebody else holds it until deadline.
 */
BG_MUST_CHECK enum bg_err bg_segdir_lock(int dir, int64_t deadline, int *lock);

/* Every segment there is. dir stays open. The caller frees list->number. */
BG_MUST_CHECK enum bg_err bg_segdir_list(int dir, struct bg_segments *list);

void bg_segment_name(char out[BG_SEGMENT_NAME], unsigned number);

/* Open one: flags are O_RDONLY or O_RDWR | O_APPEND, with O_CREAT for a new one (0640, group of the
 * directory). */
BG_MUST_CHECK enum bg_err bg_segment_open(int dir, unsigned number, int flags, int *fd, off_t *size);

/* The bytes [from, to) of an open segment in fresh memory with a NUL behind them. BG_E_RANGE past
 * BG_SEGMENT_LOAD. */
BG_MUST_CHECK enum bg_err bg_segment_load(int fd, off_t from, off_t to, char **buf, size_t *len);

#endif
