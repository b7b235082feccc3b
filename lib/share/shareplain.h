/* SPDX-License-Identifier: ISC */
/*
 * A typed or pasted line in plain ASCII. Words of the list are ASCII letters, so whatever is no letter on
 * anybody's keyboard can only stand between words: blanks of every width, dashes, quotes, bullets, marks that
 * show nothing. A letter that no word has stays a slip of the finger, in its place.
 */
#ifndef BG_SHARE_SHAREPLAIN_H
#define BG_SHARE_SHAREPLAIN_H

#include <stddef.h>

/*
 * Copy len bytes at line to out (room for len bytes; it may be line itself). ASCII stays as it is, except
 * that a terminal's control sequences, such as the marks around a paste, become a blank, with or without
 * their escape character. Full-width forms and ligatures become the ASCII that they show. Another character,
 * or a byte that is not UTF-8, becomes a blank, or one byte 0x80 for a letter. Returns the new length.
 * Branches on no letter that a word may have.
 */
size_t bg_shareplain(const char *line, size_t len, char *out);

#endif
