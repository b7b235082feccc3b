/*
 * The checksum RS1024 of SLIP-0039: a Reed-Solomon code over GF(1024) of distance 4, begun with a
 * customisation string ("shamir", or "shamir_extendable" for shares with the ext bit).
 * The remainder of a correct share is 0; a remainder depends on the typing errors alone, never on the share.
 */
#ifndef BG_SHARE_RS1024_H
#define BG_SHARE_RS1024_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS1024_WORDS 3 /* of checksum, at the end */

/* The ext bit of a share that begins with these words (at least 2). */
bool rs1024_extendable(const uint16_t *words);

/* Three symbols of 10 bits: what is left of n words; 0 when the checksum fits. Branch-free over the words. */
uint32_t rs1024_remainder(bool extendable, const uint16_t *words, size_t n);

/* Put the checksum of words[0 .. n - 4] into the last three of n words. */
void rs1024_seal(bool extendable, uint16_t *words, size_t n);

/*
 * True when a single error `v` (to be added to the word) at position `at` of n words explains the remainder.
 * An error of 0 explains nothing.
 */
bool rs1024_explains(uint32_t remainder, size_t n, size_t at, uint16_t *v);

#endif
