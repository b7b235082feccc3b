/* One share as a card for its custodian: printable ASCII, at most 80 columns and 24 lines; and typing one
 * back. */
#ifndef BG_ADMIN_SHARE_CARD_H
#define BG_ADMIN_SHARE_CARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "config/credential.h"
#include "base/err.h"
#include "share/slip39.h"

struct sharecard {
    const char *account, *host; /* host: its name, for people */
    const struct bg_shareset *set;
    const struct slip39_share *share;
    unsigned number; /* 1-based, within its group */
};

/* The words are in capitals as far as they must be typed (four letters). BG_E_IO when `to` did not take it.
 */
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
 * Let one written card be typed back, as at a login, and tell whether it is sound and of this set, and its
 * number; "set", "group" and "card" go into root. False: the finding was shown. Nothing of it is kept.
 */
bool sharecard_test(const char *account, const struct bg_shareset *set, bool from_stdin, json_t *root);

#endif
