/* SPDX-License-Identifier: ISC */
/*
 * Lines of colon-separated fields, for accounts.c and groups.c. Nothing here changes the text.
 * libc only, no heap, no globals.
 */
#ifndef BG_ACCOUNT_FIELDS_H
#define BG_ACCOUNT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of the file. */
struct bg_span {
    char *at;
    size_t n;
};

bool bg_span_same(struct bg_span a, struct bg_span b);
bool bg_span_is(struct bg_span a, const char *s);

/* Decimal digits only, no leading zero, below 2^32-1: (uid_t)-1 means "leave it" to the kernel. */
bool bg_span_number(struct bg_span s, uint32_t *out);

/* The next line before `end` that is neither empty nor a comment; *number counts all lines passed. */
bool bg_span_line(char **at, const char *end, struct bg_span *line, unsigned *number);

/*
 * Split a line at its colons into exactly `want` fields, and check what passwd(5) and group(5) share: valid
 * UTF-8 without control characters, a valid name, "x", a number. NULL, or a phrase that says what is wrong.
 */
const char *bg_span_fields(struct bg_span line, struct bg_span *field, size_t want, uint32_t *number);

#endif
