/* SPDX-License-Identifier: ISC */
/*
 * What people are told of an event: by a page, a chat, a mail, a short message. Made of the journal's line;
 * UTF-8, with nothing in it that a terminal or a screen would not show.
 */
#ifndef BG_ALERT_TEXT_H
#define BG_ALERT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

#define ALERT_TEXT_FIRST 100 /* characters of the summary that hold what matters */

struct alert_text {
    char kind[64];     /* "use.granted"; the whole type when it is none of ours */
    char id[64];       /* of the event */
    char key[64];      /* of what it belongs to: the use, else the event itself. Names an incident */
    char account[256]; /* "" where it is about none */
    char host[260];
    char time[40];   /* RFC 3339, UTC */
    bool drill;      /* a drill that was announced */
    bool test;       /* alert.test: of the alarm itself */
    bool of_use;     /* key is a use's */
    bool closes;     /* review.closed: what has that key is over */
    char title[400]; /* "BREAK-GLASS REAL bg1@web01"; of a drill it begins with DRILL, as the others do */
    /*
     * One line: that, who (claimed), from where and why. Where it is long, the names are cut so that the
     * first ALERT_TEXT_FIRST characters have something of each.
     */
    char summary[4096];
    char body[8192]; /* all that is known, "Name: value" lines, each with its newline */
};

/* From now on a test and the use of a drill show the code of that sink (delivery/code.h). The strings are not
 * copied. */
void alert_text_codes(const char *path, const char *sink);

/* BG_E_SYNTAX: it is no JSON object. */
BG_MUST_CHECK enum bg_err alert_text_of(const char *line, size_t len, struct alert_text *t);

/*
 * Copy at most `chars` characters of s to out (cap > 0 bytes, always NUL-ended), never a part of one; what is
 * cut ends in "...", as far as there is room. The number of bytes.
 */
size_t alert_text_cut(char *out, size_t cap, const char *s, size_t chars);

/* How many characters s has; a byte that is not UTF-8 counts as one. */
size_t alert_text_chars(const char *s);

#endif
