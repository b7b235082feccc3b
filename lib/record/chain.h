/* SPDX-License-Identifier: ISC */
/*
 * One link of the chain: how an event becomes a line, and how a line proves that it is whole.
 *
 *     {"specversion":... ,"journalid":J,"sequence":N,"prevhash":P, ... ,"linehash":H,"seal":null}
 *
 * J is the random id of the journal, N the number of the line (20 digits), seal null or 64 hex digits
 * (record/seal.h).
 * P is the SHA-256 of the line before, without its newline (FIPS 180-4, 64 lower-case hex digits; zeros in
 * the first line). H is the SHA-256 of this line's bytes up to, not including, ',"linehash"': without it a
 * bit that flips in the last line would go unseen until the next line is written. Neither is a secret: only
 * the seal can tell who wrote.
 */
#ifndef BG_RECORD_CHAIN_H
#define BG_RECORD_CHAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "record/journal.h"

/* The state of a chain after its last line. */
struct bg_chain {
    struct bg_position last;    /* line; sequence 0 before the first */
    char head[BG_HASH_HEX + 1]; /* hash of the last line; zeros before the first */
    bool sealed;                /* it carries a seal, or begins one */
};

struct bg_seal;

/* A chain without a line yet, with a fresh random id. */
BG_MUST_CHECK enum bg_err bg_chain_begin(struct bg_chain *c);

/*
 * Write ev as the next line of c into line (BG_LINE_MAX bytes; ended by a newline and a NUL, *len counts the
 * newline) and advance c, and seal (NULL: none), whose key must be that of the number. ev keeps the numbers
 * it was given. BG_E_RANGE when it is too long, BG_E_CRYPTO, BG_E_NOMEM; c and seal are as they were then.
 */
BG_MUST_CHECK enum bg_err bg_chain_link(json_t *ev, struct bg_chain *c, struct bg_seal *seal, char *line,
                                        size_t *len);

/* Write ev as a line that belongs to no chain, for records outside the journal (syslog). Same shape, no
 * newline. */
BG_MUST_CHECK enum bg_err bg_chain_loose(json_t *ev, char *line, size_t *len);

/* Parse a line (no newline) and read its journal id and number; at->head is its prevhash. The caller drops
 * *out. BG_E_SYNTAX. */
BG_MUST_CHECK enum bg_err bg_chain_parse(const char *line, size_t len, json_t **out, struct bg_chain *at);

/* NULL when the line's own hash holds and it ends as every line does; else what is wrong, printable ASCII. */
const char *bg_chain_fault(const char *line, size_t len, const json_t *ev);

#endif
