/* SPDX-License-Identifier: ISC */
#include <string.h>
#include "base/secret.h"
#include "share/slip39.h"

#define WORDS   1024
#define LETTERS 8 /* of the longest word */
#define PREFIX  4 /* letters that tell any two words apart */

static const char list[WORDS][LETTERS + 1] = {
#include "share/wordlist.inc"
};

const char *slip39_word(uint16_t index)
{
    return list[index % WORDS];
}

/* All ones where a == b, else 0. */
static uint64_t equal_mask(uint64_t a, uint64_t b)
{
    uint64_t d = a ^ b;

    return ((d | (UINT64_C(0) - d)) >> 63) - 1;
}

/* Lower case; what is not a letter does not become one. */
static uint8_t fold(uint8_t c)
{
    return c | 0x20;
}

#ifdef __clang__ /* a fuzzer would spend its time on recording 1024 comparisons a word */
#define UNTRACED __attribute__((no_sanitize("coverage")))
#else
#define UNTRACED
#endif

/* The whole list is read whatever was typed, so that the time tells nothing about the word. */
UNTRACED enum bg_err slip39_word_find(const char *typed, size_t len, uint16_t *index)
{
    uint8_t folded[LETTERS] = {0}, mask_bytes[LETTERS] = {0};
    uint64_t word, want, mask, hit, found = 0, where = 0;

    if (len < PREFIX || len > LETTERS)
        return BG_E_NOENT;
    for (size_t i = 0; i < len; i++)
        folded[i] = fold((uint8_t)typed[i]);
    memset(mask_bytes, 0xff, len);
    memcpy(&want, folded, sizeof want);
    memcpy(&mask, mask_bytes, sizeof mask);
    for (uint64_t i = 0; i < WORDS; i++) {
        memcpy(&word, list[i], sizeof word);
        hit = equal_mask(word & mask, want);
        found |= hit & 1;
        where |= hit & i;
    }
    bg_wipe(folded, sizeof folded);
    bg_wipe(&want, sizeof want);
    bg_wipe(&word, sizeof word);
    if (!slip39_public((uint32_t)found))
        return BG_E_NOENT;
    *index = (uint16_t)where;
    return BG_OK;
}
