/* SPDX-License-Identifier: ISC */
/* One line of a journal by itself: has it the form of a line, and does its own hash hold? What stands before
 * it is judged by others. */
#ifndef BG_RECORD_PROOF_H
#define BG_RECORD_PROOF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/hash.h"
#include "record/chain.h"

struct bg_proof {
    struct bg_chain at;         /* as of bg_chain_parse: head is the hash of the line before */
    char hash[BG_HASH_HEX + 1]; /* of the line itself, without its newline */
    bool sealed;
    json_t *ev; /* of the few kinds that tell of the journal itself (genesis, gaps, what was accepted), else
                   NULL */
};

/*
 * NULL when the line (no newline) holds, and *p is set; bg_proof_drop it. Else what is wrong, printable
 * ASCII.
 */
const char *bg_proof_line(struct bg_hasher *h, const char *line, size_t len, struct bg_proof *p);
void bg_proof_drop(struct bg_proof *p);

#endif
