/* SPDX-License-Identifier: ISC */
/* Where a page or a document goes that a command makes: the screen, or a file of that name. */
#ifndef BG_ADMIN_OUTPUT_H
#define BG_ADMIN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include "admin/admin.h"

/*
 * path NULL: onto standard output, where text goes there. Else into that file, mode 0600, as bg_file_replace;
 * what is a device, a pipe or a link is not replaced. ADMIN_GOOD, or the finding was shown.
 */
enum admin_exit output_deliver(const char *path, const char *text, size_t n);

/* Is that the name of a file of HTML? NULL is none. */
bool output_is_html(const char *path);

#endif
