/* SPDX-License-Identifier: ISC */
/*
 * A page of HTML for people to print and keep: whole in one file, without a script, an image, a link or
 * anything else that is fetched, and saying so to the browser. All text is escaped; what must not be shown
 * (base/text.h) becomes U+FFFD. Nothing here fails: what could not be written is seen at fclose(3).
 */
#ifndef BG_ADMIN_HTML_H
#define BG_ADMIN_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* From the doctype to the first line of the body, which is the title; for A4. */
void html_begin(FILE *f, const char *title);
void html_end(FILE *f);

/*
 * The same for a screen, wide or narrow, light or dark, as its reader has it, and for paper too: title and
 * lead, then sections, in one <main>.
 */
void html_screen_begin(FILE *f, const char *title, const char *lead);
void html_screen_end(FILE *f);
void html_section_begin(FILE *f, const char *heading); /* <h2> */
void html_section_end(FILE *f);

/* Text that may be hostile. */
void html_text(FILE *f, const char *s);

/* <tag>text</tag>, <tag class="class">text</tag> unless class is NULL, and a newline. */
void html_element(FILE *f, const char *tag, const char *class, const char *text);

void html_table_begin(FILE *f);
/* With a caption that only a screen reader says, and a row of headings of its columns; head ends with NULL.
 */
void html_table_begin_of(FILE *f, const char *caption, const char *const *head);
void html_table_end(FILE *f);
/* One row; tag "th" or "td"; cells ends with NULL. class is of the last cell, NULL: none. */
void html_row(FILE *f, const char *tag, const char *class, const char *const *cells);

/*
 * A plot of bars, one for each row, as long as its value beside the longest: an image in the page itself,
 * with title and the same in words for who does not see it.
 */
struct html_bar {
    char label[48], value[32]; /* hostile */
    int64_t length;            /* 0 or more */
    bool marked;               /* it is not as it should be */
};
void html_plot(FILE *f, const char *id, const char *title, const struct html_bar *bar, unsigned n);

#endif
