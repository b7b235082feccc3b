/* SPDX-License-Identifier: ISC */
/*
 * Hostile text. What a person typed or a device sent passes through here before it reaches a terminal, a log
 * or the journal (CVE-2023-29383: C1 bytes pass iscntrl; CVE-2021-42574: bidirectional controls).
 */
#ifndef BG_BASE_TEXT_H
#define BG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read one UTF-8 character (RFC 3629: no overlong form, no surrogate, at most U+10FFFF) from the
 * n bytes at s. Returns its length 1..4 and sets *cp, or 0 when the bytes are not UTF-8.
 */
size_t bg_utf8_next(const char *s, size_t n, uint32_t *cp);

/*
 * True for what must never be shown raw: C0, DEL, C1, line and paragraph separators, bidirectional controls,
 * interlinear marks and characters that show nothing at all (Unicode's Default_Ignorable_Code_Point, except
 * variation selectors and the grapheme joiner, which belong to the visible character before them).
 */
bool bg_text_hostile(uint32_t cp);

/*
 * Copy n bytes at s to out (cap > 0 bytes, always NUL-ended) as printable ASCII: hostile and
 * non-ASCII characters become \u{XXXX}, bytes that are not UTF-8 become \x{XX}, a backslash
 * becomes \\. A result that does not fit ends in "...", as far as cap allows. Returns its length.
 * For terminals and plain log lines.
 */
size_t bg_text_ascii(char *out, size_t cap, const char *s, size_t n);

/*
 * Copy n bytes at s to out as clean UTF-8: hostile characters become the visible \u{XXXX}, broken
 * bytes \x{XX}; all other letters stay. For JSON strings. Same cap rules as above.
 */
size_t bg_text_clean(char *out, size_t cap, const char *s, size_t n);

/*
 * Copy s, which was cleaned before and is not escaped again, to out (cap > 0 bytes, always NUL-ended): whole
 * characters, as many as fit; what is hostile or no UTF-8 in it all the same becomes U+FFFD.
 */
void bg_text_again(char *out, size_t cap, const char *s);

/*
 * Letters of s that a reader will see: blanks, hostile characters and broken bytes do not count. *hostile is
 * set when there is something in it that will be recorded in escaped form.
 */
size_t bg_text_letters(const char *s, bool *hostile);

/* Remove leading and trailing blanks (space, tab, CR, LF) in place; returns the new length. */
size_t bg_text_trim(char *s);

/*
 * Remove the marks that a terminal sets around a paste (ESC[200~ and ESC[201~) from the n bytes at s, in
 * place; the rest of them becomes NUL. The new length; s[n] is the NUL that ends them.
 */
size_t bg_text_unpaste(char *s, size_t n);

/*
 * The line that a person meant, of the n bytes at s, in place: what cursor and function keys send is nothing
 * (ECMA-48 control sequences, ESC O x), the marks of a paste are a blank between two pieces of
 * text or where they are all there is, a backspace that the terminal did
 * not take (^H, DEL) takes the character before it away, other controls are nothing, but a tab is a blank.
 * The new length; the rest becomes NUL.
 */
size_t bg_text_typed(char *s, size_t n);

/*
 * Break lines at blanks, in place: a blank becomes a newline, so that the first line has at most `first`
 * columns and all others at most `rest` (a longer word stays whole). A character of UTF-8 counts as one
 * column.
 */
void bg_text_wrap(char *s, size_t first, size_t rest);

/* What the type of each event begins with: org.breakglass.NAME.v1 (CloudEvents) */
#define BG_EVENT_TYPE "org.breakglass."

#define BG_ULID_LEN    26
#define BG_ULID_DIGITS "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/* True for a ULID: 26 digits of Crockford's base 32, upper case. Reads at most 27 bytes. */
bool bg_ulid_valid(const char *s);

/* Decimal digits only, within min..max. False, and *out untouched, otherwise. */
bool bg_number(const char *value, uint32_t min, uint32_t max, uint32_t *out);

/* "90s", "30m", "2h", "7d", at most 1000000 of them, as milliseconds. False, and *ms untouched, otherwise. */
bool bg_duration(const char *value, int64_t *ms);

/* Is s one of these? The list ends with NULL. */
bool bg_among(const char *const words[], const char *s);

/* True for an account name: ^[a-z_][a-z0-9_-]{0,30}$ */
bool bg_name_valid(const char *s);

#endif
