/*
 * Strict INI: [section] headers ([name] or [name name]), "key = value" lines, and lines beginning with # or ;
 * as comments. A value is all that follows the first =, without blanks around it; there are no inline
 * comments, quotes or continuation lines. The caller's table says which keys exist; an unknown key or
 * section, a repeated one, a value that does not parse, a line that is too long, indented or holds control
 * characters is an error with its line number, and then nothing at all is taken from the file.
 */
#ifndef BG_CONFIG_INI_H
#define BG_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

#define BG_INI_LINE_MAX  1000  /* bytes of one line */
#define BG_INI_FILE_MAX  65536 /* bytes of one file */
#define BG_INI_ERROR_MAX 256

struct bg_ini_error {
    unsigned line;               /* 1-based; 0 when no line is to blame */
    char text[BG_INI_ERROR_MAX]; /* printable ASCII: what is wrong with it */
};

/*
 * Called for each `key = value` in order, and with key and value NULL for each section header, so that an
 * unknown section without keys is refused too. `section` is "" before the first header. Returns BG_OK or
 * fills `why` (cap bytes) and returns BG_E_SYNTAX. Repeats are found by the reader, not by the callback:
 * two equal (section, key) pairs and two equal section headers are errors.
 */
typedef enum bg_err (*bg_ini_fn)(void *arg, const char *section, const char *key, const char *value,
                                 char *why, size_t cap);

/* Parse text (NUL-ended). On BG_E_SYNTAX *e names the first bad line; BG_E_RANGE when it is too large. */
BG_MUST_CHECK enum bg_err bg_ini_parse(const char *text, bg_ini_fn fn, void *arg, struct bg_ini_error *e);

/* Read path safely (base/safefile.h), then parse. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO, BG_E_RANGE, BG_E_SYNTAX.
 */
BG_MUST_CHECK enum bg_err bg_ini_load(const char *path, bg_ini_fn fn, void *arg, struct bg_ini_error *e);

/* Values: decimal digits only within min..max; "yes" or "no". False, and *out untouched, otherwise. */
bool bg_ini_number(const char *value, unsigned min, unsigned max, unsigned *out);
bool bg_ini_yesno(const char *value, bool *out);

#endif
