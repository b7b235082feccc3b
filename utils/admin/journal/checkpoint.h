/* SPDX-License-Identifier: ISC */
/*
 * A checkpoint: number and hash of a line as a text that fits a message of 160 characters, a code, or a sheet
 * of paper. Whoever keeps one outside the host can prove later that the journal up to there was not changed.
 *
 *     Bech32m (BIP-350) with the prefix "bgp" of J || N || H                     (87 characters)
 *
 * with J the first 8 bytes of the journal's id, N the number of the line as 8 bytes, most significant first,
 * and H the SHA-256 of the line. It is no secret, and proves nothing about who made it.
 */
#ifndef BG_ADMIN_JOURNAL_CHECKPOINT_H
#define BG_ADMIN_JOURNAL_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/hash.h"
#include "record/chain.h"

#define CHECKPOINT_LEN     87
#define CHECKPOINT_JOURNAL 8 /* bytes of the journal's id */

struct checkpoint {
    uint8_t journal[CHECKPOINT_JOURNAL], hash[BG_HASH];
    uint64_t sequence;
};

BG_MUST_CHECK enum bg_err checkpoint_print(const struct bg_chain *end, char out[CHECKPOINT_LEN + 1]);

/* The one in a text, whatever stands around it; blanks, dashes and capitals do not matter. False: there is
 * none without a mistake. */
bool checkpoint_read(const char *text, struct checkpoint *c);

#endif
