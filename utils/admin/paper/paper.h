/* SPDX-License-Identifier: ISC */
/* Cards with a secret each on their way to paper: as pages of a PDF or as text, to a file or to a printer. */
#ifndef BG_ADMIN_PAPER_H
#define BG_ADMIN_PAPER_H

#include <stdbool.h>
#include <stdio.h>
#include "admin/admin.h"
#include "base/err.h"

/* --cards, --paper, --output, --printer: rows of several commands. */
bool paper_parse_form(const char *value);
bool paper_parse_size(const char *value);
bool paper_parse_file(const char *value);
bool paper_parse_printer(const char *value);
#define PAPER_OPTIONS                                                                                        \
    {"cards", "pdf|text", "form of the cards on paper [pdf]", .parse = paper_parse_form,                     \
     .expected = "pdf or text"},                                                                             \
        {"paper", "a4|letter", "size of the pages [a4]", .parse = paper_parse_size,                          \
         .expected = "a4 or letter"},                                                                        \
        {"output", "FILE", "write the cards to a new file, mode 0600", .parse = paper_parse_file,            \
         .expected = "the absolute path of a file"},                                                         \
    {                                                                                                        \
        "printer", "NAME", "send the cards to lp(1); - is its default printer",                              \
            .parse = paper_parse_printer, .expected = "the name of a printer, or -"                          \
    }

/* What stands on a page; no pointer is NULL. */
#define PAPER_ITEMS 59
#define PAPER_CODE  (59 * 9 + 1)
struct paper_page {
    const char *title, *name; /* "BREAK-GLASS CARD", and of which secret */
    char number[128];         /* "Card 1 of 3" */
    const char *phone;        /* "": nobody is to be called */
    struct {
        const char *name, *value; /* "": a line to write on */
    } field[6];                   /* three on the left, three on the right */
    char made[11];                /* room for a date in one of them */
    const char *how[2];           /* what to do with it */
    const char *opened, *after;   /* what to do when its envelope was opened; and after an inspection */
    const char *caption;          /* over the secret */
    const char *letters;          /* that it is made of, and so is what hides it */
    size_t items;
    char item[PAPER_ITEMS][24]; /* words, or groups of letters */
    char code[PAPER_CODE];      /* for scanners; "": none */
};

/* Cards of one kind, in a form of each. */
struct paper_cards {
    const void *cards;
    size_t n;
    /* At most 80 columns and 24 lines. BG_E_IO: `to` did not take it. */
    enum bg_err (*print)(FILE *to, const void *cards, size_t i);
    /* Into *out, which is zero. */
    enum bg_err (*page)(const void *cards, size_t i, struct paper_page *out);
    const struct paper_cards *next; /* of another kind, behind these */
};

/* Whom a card says to call, by breakglass.conf; "": nobody. Static. */
const char *paper_phone(void);

/* Is a file or a printer named? */
bool paper_wanted(void);

/* Do the options fit together, is the file not there yet? Else the finding was shown. */
enum admin_exit paper_check(void);

/* Into the file (0600, whole or not at all) or to the printer. False: the finding was shown. */
bool paper_write(const struct paper_cards *cards);

/* The cards open nothing: the file goes. */
void paper_take_back(void);

/* --- pdf.c (only in a build with BG_WITH_CARDS) */

/*
 * One page for each card, folded twice so that the secret is inside. *bytes is from malloc(3), the caller
 * wipes and frees it. BG_E_RANGE: a text has letters that the fonts lack, *which is it (static); what .page
 * returned; BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err paper_pdf(const struct paper_cards *cards, bool letter, char **bytes, size_t *len,
                                    const char **which);

#endif
