/* SPDX-License-Identifier: ISC */
/*
 * A line of a journal read without a JSON parser, in one pass and without memory of its own: verifying many
 * lines would else cost several times what hashing them costs.
 *
 * Only what bg_chain_parse and bg_chain_fault take as well passes, and of that only the form that we write:
 * compact JSON (RFC 8259), no member twice, whole numbers, no \u escapes. Whatever is unusual is left to the
 * parser, which has the last word.
 */
#ifndef BG_RECORD_SCAN_H
#define BG_RECORD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include "record/chain.h"

struct bg_scan {
    struct bg_chain at;    /* as of bg_chain_parse */
    const char *type;      /* in the line */
    size_t type_len, body; /* body: bytes that the line's own hash covers */
    const char *linehash;  /* BG_HASH_HEX digits in the line */
    bool sealed;
};

/* False: it may be a line all the same, ask the parser. */
bool bg_scan_line(const char *line, size_t len, struct bg_scan *s);

#endif
