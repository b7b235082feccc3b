/* SPDX-License-Identifier: ISC */
/* Files of a host, as rules read them: whoever owns them, whatever is in them, and bounded. */
#ifndef BG_ADMIN_CHECK_FACTS_H
#define BG_ADMIN_CHECK_FACTS_H

#include <stdbool.h>
#include "pamsim/model.h"

/* A file as it is, NUL-ended; the caller frees it. NULL when it cannot be read; *gone: there is none. */
char *facts_file(const char *path, bool *gone);

/* The next line, its comment (# to its end) cut off and blanks around it gone; NULL at the end. *at moves. */
char *facts_line(char **at);

/* Are these bytes anywhere in that file, a program or module? False when it cannot be read. */
bool facts_has(const char *path, const char *bytes);

typedef bool facts_hit(const char *line, const void *what);

/* Does a line of the file say that? No for a file that is not there, unsure for one that cannot be read. */
enum bg_pam_sure facts_say(const char *path, facts_hit *hit, const void *what);

/* The same of all files that a pattern (glob(7)) names. */
enum bg_pam_sure facts_any_say(const char *pattern, facts_hit *hit, const void *what);

/*
 * The files of this host, for what reads and plays stacks of PAM. Between facts_keep(true) and
 * facts_keep(false) a source of then asks the disk for nothing twice: it must not outlive that.
 */
void facts_source(struct bg_pam_source *s);
void facts_keep(bool keep);

#endif
