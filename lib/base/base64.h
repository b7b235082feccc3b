/* SPDX-License-Identifier: ISC */
/* Base64 (RFC 4648, section 4, with its padding, nothing else in between). */
#ifndef BG_BASE_BASE64_H
#define BG_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of n bytes, without the NUL. */
#define BG_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/*
 * Read exactly n characters into at most cap bytes; *len is how many. False for anything that is not base64
 * or is too long: nothing is written then. What bits a last character has to spare is not looked at.
 */
bool bg_base64_read(const char *text, size_t n, uint8_t *out, size_t cap, size_t *len);

/* n bytes as BG_BASE64_LEN(n) characters and a NUL. */
void bg_base64_print(const uint8_t *bytes, size_t n, char *out);

#endif
