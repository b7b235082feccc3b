/* SPDX-License-Identifier: ISC */
/*
 * The seal: a MAC in each line, made with a key that is moved forward and erased, so that whoever breaks in
 * cannot rewrite what was written before.
 *
 * The construction, for a second implementation. A seal begins at a number s with 32 random bytes K[s].
 *
 *     K[n+1] = SHA-256("breakglass-seal-next-1\n" || K[n])                       (one block)
 *     seal of line n, 64 lower-case hex digits = HMAC-SHA256(K[n], the bytes of the line from its first,
 *              "{", up to and not including ',"seal":')                          (its linehash is in them)
 *     name   = the first 16 bytes of SHA-256("breakglass-seal-name-1\n" || J || S || K[s]) as hex, with
 *              J the first 8 bytes of the journal's id, S the number s as 8 bytes, most significant first
 *     verification key = Bech32m (BIP-350) with the prefix "bgseal" of J || S || K[s]     (90 characters)
 *
 * Every number has its key, whether a line with it is there or not: lines lost in a power cut leave numbers
 * that are never given again, and their keys are passed over. Each line before s is covered by the first
 * sealed one, through prevhash. A seal begins behind a line journal.sealed, or journal.genesis, with the
 * number s-1, whose detail says "seal NAME from S" (S in decimal); where an older seal was good, that line is
 * the last one of it: who does not have its key cannot begin another one in the past.
 *
 * The verification key is shown once and kept nowhere on the host. On the host stands the key of the next
 * line, in a file beside the journal's directory that root alone reads, in two copies, so that a power cut
 * at any byte leaves one. It is written after the line, never before: when it is behind, its lines are there
 * to go on from. The first copy has gone to the disk before the append ends and before the second is begun;
 * neither is flushed, the next line's fsync does that.
 */
#ifndef BG_RECORD_SEAL_H
#define BG_RECORD_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/hash.h"
#include "base/host.h"
#include "record/chain.h"
#include "record/head.h"
#include "record/journal.h"

#define BG_SEAL_NAME_LEN 32 /* hex digits of a seal's name */
#define BG_SEAL_KEY_LEN  90 /* characters of a verification key */
#define BG_SEAL_JOURNAL  16 /* hex digits of the journal's id that are in it */

/* --- one key ---------------------------------------------------------------------------------- */

/* A seal, as far as it has come. */
struct bg_seal {
    char name[BG_SEAL_NAME_LEN + 1]; /* "": there is none */
    uint64_t start, next;            /* its first number, and the one that key is for */
    uint8_t key[BG_HASH];
};

/* The seal of a line: n bytes, up to its own member. The key stays. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_seal_mac(const struct bg_seal *s, const char *line, size_t n,
                                      char mac[BG_HASH_HEX + 1]);

/* Move the key forward to that number; the old one is gone. BG_E_RANGE when it is behind or more than
 * BG_SEAL_FAR ahead. */
#define BG_SEAL_FAR 1000000
BG_MUST_CHECK enum bg_err bg_seal_move(struct bg_seal *s, uint64_t number);

/* A new one with a random key, that begins at `start`. The caller wipes it. */
BG_MUST_CHECK enum bg_err bg_seal_make(const char *journalid, uint64_t start, struct bg_seal *s);

/* Its verification key while s->next is s->start, else BG_E_RANGE. */
BG_MUST_CHECK enum bg_err bg_seal_print(const char *journalid, const struct bg_seal *s,
                                        char text[BG_SEAL_KEY_LEN + 1]);

/* A verification key as it was read. */
struct bg_seal_key {
    char journal[BG_SEAL_JOURNAL + 1]; /* how the id of its journal begins */
    struct bg_seal seal;
};

/*
 * Verification keys from a text: blanks, "-" and line ends do not count, nor do lines that begin with "#". At
 * most cap of them, sorted by their first number; *n is how many. BG_E_NOENT: there is none; BG_E_SYNTAX: one
 * has a mistake (*bad counts from 1), or something else stands there; BG_E_RANGE: too many.
 */
#define BG_SEAL_KEYS 64
BG_MUST_CHECK enum bg_err bg_seal_keys(const char *text, struct bg_seal_key *key, size_t cap, size_t *n,
                                       size_t *bad);

/* --- where a line's own seal stands ------------------------------------------------------------- */

/* What ends a line. */
struct bg_seal_tail {
    size_t covered;  /* bytes that its seal is made of */
    const char *mac; /* 64 digits; NULL: "seal" is null */
};
/* BG_E_SYNTAX when it ends otherwise. */
BG_MUST_CHECK enum bg_err bg_seal_tail(const char *line, size_t n, struct bg_seal_tail *t);

/* Does a journal.sealed or journal.genesis line (anything else: false) begin a seal? name[] and *start are
 * what it says. */
bool bg_seal_begins(const char *line, size_t n, char name[BG_SEAL_NAME_LEN + 1], uint64_t *start);

/* Detail of the event journal.sealed: what bg_seal_begins reads. */
#define BG_SEAL_DETAIL_MAX 80
void bg_seal_detail(const struct bg_seal *s, char out[BG_SEAL_DETAIL_MAX]);

/* --- the file of the host's own key (seal_file.c) ----------------------------------------------- */

#define BG_SEAL_FILE "seal" /* beside the journal's directory, 0600 */
#define BG_SEAL_SLOT 1024   /* bytes of one copy */
#define BG_SEAL_AT   4096   /* where the second one begins */
#define BG_SEAL_SIZE (BG_SEAL_AT + BG_SEAL_SLOT)

struct bg_seal_state {
    char journalid[BG_JOURNALID_LEN + 1];
    struct bg_seal now;    /* seals the next line */
    struct bg_seal coming; /* takes over behind the line journal.sealed, if that is written */
    struct bg_link last;   /* newest line that was written when this was */
    char boot[BG_BOOT_ID_LEN + 1];
    uint64_t writes; /* of this file */
    unsigned worse;  /* the copy to write first: 0 or 1 */
};

/* Text of a copy, and back; BG_E_SYNTAX for anything that the first would not write. */
BG_MUST_CHECK enum bg_err bg_seal_slot_print(const struct bg_seal_state *s, char out[BG_SEAL_SLOT]);
BG_MUST_CHECK enum bg_err bg_seal_slot_parse(const char text[BG_SEAL_SLOT], struct bg_seal_state *s);

/* Path of the file of a journal in dir, PATH_MAX bytes. */
void bg_seal_path(char *out, const char *dir);

/* The newer whole copy. BG_E_NOENT; BG_E_SYNTAX: neither is whole; BG_E_UNSAFE: others may read it, or it is
 * not root's; BG_E_IO. The caller wipes it. */
BG_MUST_CHECK enum bg_err bg_seal_load(const char *path, struct bg_seal_state *s);

/* Write both copies over the old ones, the worse first. A file that is none is made, with its name on the
 * disk. s->writes moves on. BG_E_IO: one copy may be new. */
BG_MUST_CHECK enum bg_err bg_seal_save(const char *path, struct bg_seal_state *s);

/* --- going on with it (seal_writer.c) ----------------------------------------------------------- */

/* Why lines carry no seal, though there was one. */
enum bg_seal_fault {
    BG_SEAL_NONE = 0, /* there never was one, as far as anything tells */
    BG_SEAL_SOUND,
    BG_SEAL_MISSING,
    BG_SEAL_DAMAGED,
    BG_SEAL_UNSAFE,
    BG_SEAL_UNREADABLE,
    BG_SEAL_FOREIGN, /* of another journal */
    BG_SEAL_AHEAD,   /* of a number that the journal has not reached */
    BG_SEAL_BEHIND,  /* too far to go after it */
    BG_SEAL_MISFIT   /* a line behind it does not verify */
};

/* Words for a sentence: "its file is missing". */
const char *bg_seal_fault_text(enum bg_seal_fault f);

struct bg_seal_writer {
    char path[4096];
    enum bg_seal_fault fault; /* unless BG_SEAL_SOUND: lines carry no seal */
    struct bg_seal_state state;
    bool changed;            /* state is not what the file holds */
    bool stale;              /* it was older than it must be, and caught up */
    uint64_t stood, reached; /* the number that it was for, and the journal's last */
};

/* Load the seal of the journal in dir; sealed: its last line carries one. w->fault and w->state are set. */
void bg_seal_open(struct bg_seal_writer *w, const char *dir, bool sealed);

/*
 * Go after the lines that were written since, and see that they verify. end: the end of the journal, where
 * the next line gets end->last.sequence + 1. written: newest number that is known to have been written
 * before (record/head.h), 0 when nothing is.
 */
void bg_seal_catch_up(struct bg_seal_writer *w, const char *dir, const struct bg_chain *end,
                      uint64_t written);

/* The seal for the next line, NULL: none. */
struct bg_seal *bg_seal_now(struct bg_seal_writer *w);

/* Get a new one ready: on the disk before anything is linked, the line that begins it among them. What was
 * good stays good, and without that line nothing comes of the new one. */
BG_MUST_CHECK enum bg_err bg_seal_prepare(struct bg_seal_writer *w, const char *journalid,
                                          const struct bg_seal *coming);

/* The lines up to end are written, with the one that begins the new seal if begun: keep the key. False: it
 * could not be written, and the next append goes after these lines. */
bool bg_seal_keep(struct bg_seal_writer *w, const struct bg_chain *end, bool begun);

/* --- checking (seal_check.c) -------------------------------------------------------------------- */

enum bg_seal_found {
    BG_SEAL_FORGED = 1, /* its MAC is not that of its number: not written by this host, or changed */
    BG_SEAL_UNSEALED,   /* no MAC, though the seal had begun */
    BG_SEAL_GAP,        /* numbers are missing */
    BG_SEAL_LOST,  /* the same, but the sealed line behind it says why; it can only say so, not prove it */
    BG_SEAL_NO_KEY /* sealed by a seal whose key was not given */
};

/* A run of numbers with the same finding. */
struct bg_seal_finding {
    enum bg_seal_found what;
    uint64_t from, to;
    size_t key;                      /* of the keys; not for NO_KEY */
    char name[BG_SEAL_NAME_LEN + 1]; /* NO_KEY: of the seal */
};

#define BG_SEAL_FINDINGS 64
#define BG_SEAL_LOSTS    16 /* of them BG_SEAL_LOST */
struct bg_seal_check {
    const struct bg_seal_key *key;
    size_t keys;
    struct bg_seal now;               /* of key[at] */
    size_t at;                        /* keys: none yet */
    uint64_t last;                    /* number of the line before; 0: none */
    uint64_t trimmed;                 /* up to there lines were removed, and it is known why */
    char named[BG_SEAL_NAME_LEN + 1]; /* a seal that the line before begins, from the next number on */
    char other[BG_SEAL_NAME_LEN + 1]; /* a seal whose key was not given and that has begun */
    uint64_t good, before, bad;       /* lines: sealed and sound, before every key, neither */
    uint64_t passed; /* numbers that are not there and whose keys were made: BG_SEAL_FAR in all */
    uint64_t good_of[BG_SEAL_KEYS]; /* of each key */
    bool known[BG_SEAL_KEYS];       /* the journal names it */
    struct bg_seal_finding finding[BG_SEAL_FINDINGS];
    size_t findings, lost; /* how many there are, and of them BG_SEAL_LOST */
    uint64_t more;         /* findings that had no room, */
    uint64_t more_lost;    /* and BG_SEAL_LOST that had none */
};

/* keys: sorted (bg_seal_keys), at most BG_SEAL_KEYS; they stay the caller's. Wipe with bg_seal_check_end. */
void bg_seal_check_begin(struct bg_seal_check *c, const struct bg_seal_key *key, size_t keys);

/* Before the first line: those up to that number are not there, and a line of the journal, which is checked
 * as well, says why (struct bg_verify). */
void bg_seal_check_trimmed(struct bg_seal_check *c, uint64_t last);

/* The next line of the journal, n bytes without its newline, with its number. The chain is for others to
 * check. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_seal_check_line(struct bg_seal_check *c, uint64_t number, const char *line,
                                             size_t n);

/* Is key i none of this journal's seals? Then what was found with it means nothing. */
bool bg_seal_check_wrong(const struct bg_seal_check *c, size_t i);

/* Does key i begin behind a number that the journal does not have? A key is made of a journal that ends right
 * in front of it, so if it is one of this journal's, lines were cut off. */
bool bg_seal_check_cut(const struct bg_seal_check *c, size_t i);

/* Does every line from the first key's start on carry its seal, with none missing that no sealed line
 * explains? BG_E_NOENT: there was no such line; BG_E_MISMATCH. */
BG_MUST_CHECK enum bg_err bg_seal_check_end(struct bg_seal_check *c);

#endif
