/* SPDX-License-Identifier: ISC */
/*
 * SLIP-0039 (SatoshiLabs, status Final, with the extendable flag of 2024-05): a master secret split over
 * shares in two levels, groups and members.
 *
 * Constant time on share values, secrets and passphrases; indices, thresholds, the set's id and the words
 * looked up by position are public. No heap. Callers wipe what they are done with (bg_wipe).
 */
#ifndef BG_SHARE_SLIP39_H
#define BG_SHARE_SLIP39_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define SLIP39_MAX_BYTES  64 /* of a master secret here; 16..64, even */
#define SLIP39_MIN_BYTES  16
#define SLIP39_MAX_WORDS  59 /* 7 + ceil(8 * 64 / 10) */
#define SLIP39_MIN_WORDS  20
#define SLIP39_MAX_SHARES 16 /* of one group, and groups of one set */

/* One decoded share; see the table of fields in the standard. */
struct slip39_share {
    uint16_t id;      /* 15 bits, the set */
    bool extendable;  /* ext: customisation string of RS1024 and salt of the cipher */
    uint8_t exponent; /* e, 0..15 */
    uint8_t group_index, group_threshold, group_count; /* threshold, count: 1..16 */
    uint8_t member_index, member_threshold;            /* threshold: 1..16 */
    uint8_t bytes;                                     /* length of value */
    uint8_t value[SLIP39_MAX_BYTES];
};

/* The plan of a set: what its shares must look like. */
struct slip39_params {
    uint16_t id;
    bool extendable;
    uint8_t exponent;
    uint8_t bytes;
    uint8_t group_threshold, group_count;
    uint8_t member_threshold[SLIP39_MAX_SHARES], member_count[SLIP39_MAX_SHARES]; /* per group */
};

/* Number of words of a share with a value of `bytes`. */
size_t slip39_words_for(size_t bytes);

/* The i-th word (0..1023) of the list, lower case, static storage. */
const char *slip39_word(uint16_t index);

/*
 * Find a typed word: any case, a full word or a prefix of at least 4 letters of it. Scans the whole list
 * whatever the answer. BG_E_NOENT when there is none.
 */
BG_MUST_CHECK enum bg_err slip39_word_find(const char *typed, size_t len, uint16_t *index);

/* True when the RS1024 checksum over n words fits (customisation by the share's own ext bit). */
bool slip39_checksum_ok(const uint16_t *words, size_t n);

/*
 * Where a share with a bad checksum is wrong: BG_OK and the 0-based position when exactly one word
 * explains it; BG_E_NOENT otherwise.
 */
BG_MUST_CHECK enum bg_err slip39_locate_error(const uint16_t *words, size_t n, size_t *position);

/* Two neighbours that were swapped: the 0-based first one, or BG_E_NOENT. */
BG_MUST_CHECK enum bg_err slip39_locate_swap(const uint16_t *words, size_t n, size_t *position);

/*
 * A share typed with one word too many (n is then one more than the share has): the 0-based word that must
 * go. With one word too few: the 0-based position where it belongs. BG_E_NOENT when it is not exactly one.
 */
BG_MUST_CHECK enum bg_err slip39_locate_extra(const uint16_t *words, size_t n, size_t *position);
BG_MUST_CHECK enum bg_err slip39_locate_missing(const uint16_t *words, size_t n, size_t *position);

/*
 * Decode n words. BG_E_RANGE (illegal length), BG_E_MISMATCH (checksum), BG_E_SYNTAX (padding, thresholds,
 * group index beyond the count).
 */
BG_MUST_CHECK enum bg_err slip39_decode(const uint16_t *words, size_t n, struct slip39_share *out);

/* Encode into words (SLIP39_MAX_WORDS of room). */
BG_MUST_CHECK enum bg_err slip39_encode(const struct slip39_share *s, uint16_t *words, size_t *n);

/*
 * Join n shares: exactly the group threshold of groups, in each exactly the member threshold of members;
 * more or fewer, duplicates and shares of another set are BG_E_SYNTAX; a digest that does not fit is
 * BG_E_MISMATCH.
 * passphrase: printable ASCII or "" (NULL is ""). secret: SLIP39_MAX_BYTES of room.
 */
BG_MUST_CHECK enum bg_err slip39_combine(const struct slip39_share *shares, size_t n, const char *passphrase,
                                         uint8_t *secret, size_t *bytes);

/*
 * Split secret (p->bytes long) as p says; p->id is taken as given. Shares go to out in order of groups and
 * members; room for the sum of all member counts, *n is that sum. Refuses a threshold of 1 with several
 * members (SLIP-0039). Before it returns, recovers the secret from every subset of members that meets
 * each threshold (encrypted form: no slow hash) and fails with BG_E_CRYPTO if one differs.
 */
BG_MUST_CHECK enum bg_err slip39_split(const struct slip39_params *p, const uint8_t *secret,
                                       const char *passphrase, struct slip39_share *out, size_t room,
                                       size_t *n);

/*
 * The one door through which a value that depends on secrets becomes public, such as "this digest fits":
 * hands v back. Alone in its file so that the constant-time test can put its own in place, which tells
 * valgrind that v may be branched on; every other object under test is then the one that is installed.
 */
uint32_t slip39_public(uint32_t v);

#endif
