/*
 * Strict INI on top of inih: a table says which keys exist; an unknown key, an unknown section, a
 * repeated key, a value that does not parse or a line that is too long is an error with its line
 * number, and then nothing at all is taken from the file.
 */
#ifndef BG_ACCOUNT_INI_H
#define BG_ACCOUNT_INI_H

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
 * Called for each `key = value` in order. `section` is "" before the first header. Returns BG_OK or
 * fills `why` (cap bytes) and returns BG_E_SYNTAX. Repeats are found by the reader, not by the callback:
 * two equal (section, key) pairs and two equal section headers are errors.
 */
typedef enum bg_err (*bg_ini_fn)(void *arg, const char *section, const char *key, const char *value,
                                 char *why, size_t cap);

/* Parse text (NUL-ended). On BG_E_SYNTAX *e names the first bad line. */
BG_MUST_CHECK enum bg_err bg_ini_parse(const char *text, bg_ini_fn fn, void *arg, struct bg_ini_error *e);

/* Read path safely (base/safefile.h), then parse. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO, BG_E_RANGE, BG_E_SYNTAX.
 */
BG_MUST_CHECK enum bg_err bg_ini_load(const char *path, bg_ini_fn fn, void *arg, struct bg_ini_error *e);

#endif
