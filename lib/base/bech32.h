/* SPDX-License-Identifier: ISC */
/*
 * Bech32m (BIP-173, with the constant of BIP-350): bytes as text that a person can copy. Up to 90 characters
 * its checksum finds every mistake in at most four of them.
 */
#ifndef BG_BASE_BECH32_H
#define BG_BASE_BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_BECH32_MAX 90 /* characters */

/* n bytes as text, lower case, NUL-ended; prefix: what stands before the "1", lower-case letters. BG_E_RANGE
 * when it would be too long. The text is as secret as the bytes. */
BG_MUST_CHECK enum bg_err bg_bech32m_encode(const char *prefix, const uint8_t *data, size_t n,
                                            char out[BG_BECH32_MAX + 1]);

/* Read exactly n bytes behind that prefix. Upper case is as good as lower, also mixed: a person's keyboard
 * begins lines with a capital. BG_E_SYNTAX: another prefix or length, a character that is none, or the
 * checksum does not match; data is not set then. */
BG_MUST_CHECK enum bg_err bg_bech32m_decode(const char *text, const char *prefix, uint8_t *data, size_t n);

#endif
