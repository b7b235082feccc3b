/* SPDX-License-Identifier: ISC */
/*
 * The state room: small files for what a login must know at once and no log may be asked for, in two places.
 * The one in /run is written first and never waits for a disk; the other survives a boot. Each copy carries a
 * counter and its own hash: of those that are whole the newest one counts, so either place may refuse, be
 * emptied or be damaged. When both refuse it is kept in root's keyring of the kernel. What is in no place is
 * NOENT, and its owner begins anew (or asks the journal).
 *
 * Root only (0600 in 0700). Not synced: a copy that a power cut tore is no copy. Every call is bounded, also
 * on a disk that hangs.
 */
#ifndef BG_RECORD_ROOM_H
#define BG_RECORD_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_ROOM_MAX (64 << 10) /* bytes of one file's content */

/* For one step on the disk; after one that took longer, this process leaves the disk alone. Tests on a busy
 * machine are more patient. */
extern int64_t bg_room_disk_ms;

/* For a lock; what is held longer is changed all the same: a lost count is better than a login that stands.
 */
extern int64_t bg_room_lock_ms;

/*
 * The rooms beside a journal and its fall-back: BG_STATEDIR/state and BG_RUNDIR/state for NULL, else "state"
 * in the directory that dir is in; fallback_dir "": no second place. BG_E_RANGE for a path that is too long.
 */
struct bg_room {
    char disk[256], run[256]; /* "": not used */
};
BG_MUST_CHECK enum bg_err bg_room_of(const char *dir, const char *fallback_dir, struct bg_room *out);

/* Hold `name`.lock until `deadline`: one writer at a time. close(*lock). BG_E_BUSY; BG_E_IO: no place for it.
 */
BG_MUST_CHECK enum bg_err bg_room_lock(const struct bg_room *room, const char *name, int64_t deadline,
                                       int *lock);

/* The newest whole copy of exactly n bytes. BG_E_NOENT when there is none. */
BG_MUST_CHECK enum bg_err bg_room_load(const struct bg_room *room, const char *name, void *data, size_t n);

/*
 * Change the newest copy by fn and keep it as bg_room_save does; for who holds the lock. With `disk` fn runs
 * in the child that asks the disk, so that it costs one process and no more; only where the disk takes
 * nothing, or is not asked, it runs here. fn returns false for a copy that is of no use. BG_E_NOENT: there is
 * none, and nothing was changed.
 */
typedef bool (*bg_room_fn)(void *arg, void *data);
BG_MUST_CHECK enum bg_err bg_room_change(const struct bg_room *room, const char *name, size_t n,
                                         bg_room_fn fn, void *arg, bool disk);

/* Replace it, in /run and, if `disk`, on the disk; the disk takes it also when /run does not, the keyring
 * when neither does. BG_E_IO when no place did. */
BG_MUST_CHECK enum bg_err bg_room_save(const struct bg_room *room, const char *name, const void *data,
                                       size_t n, bool disk);

#endif
