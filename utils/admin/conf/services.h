/* PAM service files read once each, as they are or (with planned edits) as they will be. */
#ifndef BG_ADMIN_CONF_SERVICES_H
#define BG_ADMIN_CONF_SERVICES_H

#include <limits.h>
#include <stdbool.h>
#include "admin/conf/sysfile.h"

struct services;

/* edits may be NULL, and must outlive the result otherwise. NULL when memory is gone. */
struct services *services_open(const struct sysedits *edits);
void services_close(struct services *s);

/* The text of a service, NULL without one; a pam_source's function (arg is the struct services). */
const char *services_text(void *arg, const char *service);

/* PAMFILE_DIR/service; false for a word that cannot be a service's name. */
bool services_path(const char *service, char path[PATH_MAX]);

#endif
