/*
 * What the person sees: text in 79 columns, questions, findings with their ids, or one JSON object instead of
 * all that. Colour on a terminal only, and never with NO_COLOR (no-color.org).
 */
#ifndef BG_ADMIN_UI_H
#define BG_ADMIN_UI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/msg.h"

enum ui_answer {
    UI_YES = 1,
    UI_NO = 2,
    UI_NOBODY = 3 /* no terminal to ask on, and no --yes */
};

/* Once, after the options are read. json: text is dropped, findings are kept for ui_json. */
void ui_mode(bool json, bool yes);
bool ui_is_json(void);
/* A person sits at standard input and output. */
bool ui_interactive(void);
/* May standard output carry colour? */
bool ui_color(void);

/* Plain text to standard output; nothing in JSON mode. */
void ui_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print s, broken at blanks (in place), where `column` columns of the first line are taken already. */
void ui_wrapped(FILE *to, char *s, size_t column);

/* Something is wrong (counts) or worth knowing (does not): full sentence to standard error, wrapped. */
void ui_finding(const struct bg_message *id, const char *const *args);
void ui_note(const struct bg_message *id, const char *const *args);
unsigned ui_findings(void);

/* Ask; the default is no. --yes answers with yes and shows that. */
enum ui_answer ui_ask(const char *question);
/* Ask for a value; an empty line leaves out[] as it is. Only when ui_interactive(). */
void ui_ask_value(const char *question, char *out, size_t cap);

/* Print root (reference is taken) with "findings" and "notes" added, on standard output. */
void ui_json(json_t *root);

#endif
