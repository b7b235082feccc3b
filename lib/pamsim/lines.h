/* SPDX-License-Identifier: ISC */
/* The lines of a PAM file as libpam puts them together: comments off, continued ones joined. */
#ifndef BG_PAMSIM_LINES_H
#define BG_PAMSIM_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define BG_PAM_OLD_LINE 1024 /* bytes of a line of the old kind, with its NUL */

struct bg_pam_lines {
    const char *text; /* of the whole file, any bytes; stays the caller's */
    size_t len, at;
    unsigned physical; /* lines of the file that were read */
    bool old;          /* as kind.h has it */
    char *raw, *line;  /* room for text and 1 byte, and at least BG_PAM_OLD_LINE, each: the caller's */
    unsigned number;   /* of the line that was handed out: where it begins, from 1 */
};

enum bg_pam_line {
    BG_PAM_LINES_END,
    BG_PAM_LINE,       /* line, NUL-ended: not blank */
    BG_PAM_LINES_TORN, /* the file ends within a continued line, or one has no room: libpam refuses the file
                        */
    BG_PAM_LINES_STUCK /* one has so little room that libpam reads nothing, for ever */
};
enum bg_pam_line bg_pam_line_next(struct bg_pam_lines *l);

/*
 * The next word of a line, ended in place: up to a blank, or [...] without its brackets, in which \] is ].
 * *at is what follows it, NULL after the last. NULL: there is none.
 */
char *bg_pam_word(char **at);

#endif
