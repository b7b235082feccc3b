/* SPDX-License-Identifier: ISC */
/*
 * Where the journal ends, known in a second place: a file outside its directory that only root reads, and a
 * copy in /run that the alert service reads as well. Whoever finds a journal that is behind it knows, without
 * help from outside, that lines are gone.
 *
 *     breakglass-head 1
 *     journal 5f0c...                  id
 *     durable 47 9a41...               number and SHA-256 of the newest line that is on the disk
 *     at 1 67890 131074                its segment, the offset after it, the inode of that file
 *     newest 48 77ab...                of the newest line that was written; a power cut may take it back
 *     boot 3c1e...                     id of the boot that wrote this
 *     sum 12cd...                      SHA-256 of all bytes before this line; blanks up to 512 bytes
 *
 * It is written in place, after the journal's fsync and without one of its own: that needs no room on a full
 * disk and no wait. After a power cut it may be older than the journal, never newer than what was written.
 */
#ifndef BG_RECORD_HEAD_H
#define BG_RECORD_HEAD_H

#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/hash.h"
#include "base/host.h"
#include "record/journal.h"

#define BG_HEAD_NAME "head"    /* beside the journal's directory, 0600 */
#define BG_MARK_NAME "durable" /* in the fall-back's directory, 0640 and its group */
#define BG_HEAD_SIZE 512

struct bg_link {
    uint64_t sequence;
    char hash[BG_HASH_HEX + 1];
};

struct bg_head {
    char journalid[BG_JOURNALID_LEN + 1];
    struct bg_link durable, newest;
    unsigned segment; /* of the durable line */
    off_t end;
    uint64_t inode;
    char boot[BG_BOOT_ID_LEN + 1];
};

/* Text of a head, and back; BG_E_SYNTAX for anything that the first would not write. *h is set on BG_OK only.
 */
BG_MUST_CHECK enum bg_err bg_head_print(const struct bg_head *h, char out[BG_HEAD_SIZE]);
BG_MUST_CHECK enum bg_err bg_head_parse(const char text[BG_HEAD_SIZE], struct bg_head *h);

/*
 * Read a file of that form. BG_E_NOENT: there is none; BG_E_SYNTAX: it is damaged; BG_E_UNSAFE: not root's;
 * BG_E_IO, with EACCES for somebody who may not.
 */
BG_MUST_CHECK enum bg_err bg_head_load(const char *path, struct bg_head *h);

/* Write it, in place where it is one already; a new one is on the disk with its name. gid -1: the caller's.
 */
BG_MUST_CHECK enum bg_err bg_head_save(const char *path, mode_t mode, gid_t gid, const struct bg_head *h);

/* Save the copy in the fall-back's directory, which is made when it is missing (0750, of that group). Best
 * effort. */
void bg_mark_save(const char *run, gid_t gid, const struct bg_head *h);

/* Paths of the two, PATH_MAX bytes: of a journal in dir, and of its fall-back in run. */
void bg_head_path(char *out, const char *dir);
void bg_mark_path(char *out, const char *run);

#endif
