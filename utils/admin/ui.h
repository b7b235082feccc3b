/* SPDX-License-Identifier: ISC */
/*
 * What the person sees: text in 79 columns, questions, findings with their ids, or one JSON object instead of
 * all that. Colour on a terminal only, and never with NO_COLOR (no-color.org).
 */
#ifndef BG_ADMIN_UI_H
#define BG_ADMIN_UI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include "admin/admin.h"
#include "base/msg.h"

enum ui_form {
    UI_TEXT = 0,
    UI_OBJECT, /* text is dropped, findings and notes are kept for ui_json */
    UI_LINES   /* text is dropped, the command prints lines of JSON itself; findings go to standard error */
};

/* Set once the options are read. quiet: neither text nor notes. */
void ui_mode(enum ui_form form, bool yes, bool quiet, bool dry_run);
enum ui_form ui_form(void);
bool ui_is_yes(void);
bool ui_is_dry_run(void);
bool ui_is_quiet(void);
/* A person sits at standard input and output. */
bool ui_interactive(void);
/* By which a person, or the line being gone, ends or stops a command. */
#define SIGNALS_OF_A_PERSON                                                                                  \
    {                                                                                                        \
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP                                                            \
    }

/* Until it is called with NULL: findings go to fn, which returns false for one that is to be shown; notes go
 * nowhere. */
typedef bool ui_taker(void *arg, const struct bg_message *id, const char *const *args);
void ui_divert(ui_taker *fn, void *arg);
/* The same with a taker that tells none of them; false: as before ui_divert(). */
void ui_quiet(bool on);

/* May standard output carry colour? */
bool ui_color(void);

/* Plain text to standard output, in UI_TEXT only. */
void ui_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* s (at most 4095 bytes) broken at blanks to 79 columns, and a newline. column: how much stands in this line;
 * indent: of the next ones. */
void ui_wrapped(FILE *to, size_t column, size_t indent, const char *s);

/* Text for one column of that many characters, and a blank; what is hostile in it is escaped. The last one of
 * what is too long is a tilde. */
void ui_cell(const char *value, size_t width);

/* Something is wrong (counts) or worth knowing (does not): full sentence to standard error, wrapped. A
 * warning is a note that --quiet does not hide: somebody is about to agree to it. A finding is shown once,
 * however often it is made in the same words. */
void ui_finding(const struct bg_message *id, const char *const *args);
/* One that is an object already, with at least "id", "severity", "text" and "next". */
void ui_finding_object(const json_t *finding, bool counts);
void ui_warning(const struct bg_message *id, const char *const *args);
void ui_note(const struct bg_message *id, const char *const *args);
/* A warning in red, where standard error is a terminal that may carry colour. */
void ui_alarm(const struct bg_message *id, const char *const *args);
unsigned ui_findings(void);

/*
 * May we go on? The default is no. ADMIN_GOOD: yes, or --yes. Else nothing may be changed, and that was said:
 * ADMIN_FINDING for no, ADMIN_USAGE where nobody can be asked.
 */
enum admin_exit ui_confirm(const char *question);
/* Ask until one of words[] (ends with NULL) is typed: which, or -1 at the end of input. */
int ui_choose(const char *question, const char *const words[]);
/* One line of standard input, trimmed, whoever sits there. False at the end of the input. */
bool ui_ask_line(const char *prompt, char *out, size_t cap);
/* Ask for a value; an empty line leaves out[] as it is. Only when ui_interactive(). */
void ui_ask_value(const char *question, char *out, size_t cap);

/*
 * A line of standard input into line[cap], NUL-ended, past stdio; on a terminal the prompt is shown and what
 * is typed is not. Its length, which may be more than there was room for; -1 at the end of input and for
 * Ctrl-C. The caller wipes it.
 */
ssize_t ui_read_hidden(const char *prompt, char *line, size_t cap);

/* Print root with "findings" and "notes" added, on standard output. */
void ui_json(json_t *root);

/* --- pager.c: long output a page at a time */

/*
 * From here to pager_end standard output goes through less -FRX, or what PAGER names. Nothing happens unless
 * standard input and output are a terminal and plain text goes there. A pager that is left early is no
 * failure.
 */
void pager_begin(void);
void pager_end(void);

#endif
