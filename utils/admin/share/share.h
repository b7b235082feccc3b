/* SPDX-License-Identifier: ISC */
/* What the parts of "breakglass share" have in common. */
#ifndef BG_ADMIN_SHARE_SHARE_H
#define BG_ADMIN_SHARE_SHARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/err.h"
#include "config/credential.h"
#include "share/slip39.h"

/* --- new.c: making a share set; pure work, no terminal */

#define SHARES_MAX (SLIP39_MAX_SHARES * SLIP39_MAX_SHARES)

/*
 * Fill *set (its groups, group_threshold, bytes and exponent are given) with a fresh id, label, salt,
 * verifier, host and time, and shares[SHARES_MAX] with the shares of a fresh master secret; *n is their
 * number. Each share is read back as its words would be, and one sufficient set of them is joined and
 * compared with the verifier. The secret does not outlive the call. BG_E_RANGE (thresholds), BG_E_CRYPTO,
 * BG_E_MISMATCH (self-check), BG_E_IO.
 */
BG_MUST_CHECK enum bg_err sharenew_make(struct bg_shareset *set, struct slip39_share *shares, size_t *n);

/* "2/3" or "2/3,3/5" into set->group and group_count. False when it is not of that form or out of bounds. */
bool sharenew_parse_groups(const char *text, struct bg_shareset *set);

/* --- card.c: one share as a card for its custodian: printable ASCII, at most 80 columns and 24 lines */

struct sharecard {
    const char *account, *host; /* host: its name, for people */
    const struct bg_shareset *set;
    const struct slip39_share *share;
    unsigned number; /* 1-based, within its group */
};

/* The words are in capitals as far as they must be typed (four letters). BG_E_IO: `to` did not take it. */
BG_MUST_CHECK enum bg_err sharecard_print(FILE *to, const struct sharecard *card);

/* "ACADemic" into out[12]. */
void sharecard_word(const char *word, char out[12]);

/*
 * All cards: on a terminal one at a time, each wiped from screen and scroll-back when Enter is pressed; else
 * with a form feed between them. BG_E_CANCEL when the person gave up (Ctrl-C, end of input), BG_E_IO.
 */
BG_MUST_CHECK enum bg_err sharecards_show(const struct sharecard *first, const struct slip39_share *shares,
                                          size_t n);

/*
 * --- test.c
 *
 * Let one written card be typed back, as at a login, and tell whether it is sound and of this set, and its
 * number; "set", "group" and "card" go into root. False: the finding was shown. Nothing of it is kept.
 */
bool sharecard_test(const char *account, const struct bg_shareset *set, bool from_stdin, json_t *root);

#endif
