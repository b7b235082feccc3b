/* The unified diff between two texts, by diff(1), with a plain fall-back where there is none. */
#ifndef BG_ADMIN_CONF_DIFF_H
#define BG_ADMIN_CONF_DIFF_H

#include "base/err.h"

/* old or new may be NULL (no such file). *out is NUL-ended and the caller's to free. Takes at most 10 s. */
BG_MUST_CHECK enum bg_err diff_texts(const char *path, const char *old, const char *new, char **out);

/* Print a diff on standard output, coloured if the terminal may be, with hostile characters made visible. */
void diff_show(const char *diff);

#endif
