/* Options: getopt_long with our own sentences, and strict numbers. */
#ifndef BG_ADMIN_OPTS_H
#define BG_ADMIN_OPTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#define OPT_HELP ('?' + 256) /* every table has --help with this value */

/*
 * The next option of argv, -1 at the end, or 0 after the sentence for an unknown option or a missing value
 * was shown. Options stand before or after operands. `command` is named in that sentence.
 */
int opts_next(int argc, char **argv, const struct option *table, const char *command);

/* Decimal digits only, at most max. */
bool opts_number(const char *text, uint32_t max, uint32_t *out);

/* Show "no such value" for an option and return the exit code for it. */
int opts_bad_value(const char *value, const char *option, const char *expected);

#endif
