/* SPDX-License-Identifier: ISC */
/* What "status" and "check" find wrong with the files and directories of ours. */
#ifndef BG_ADMIN_FILES_H
#define BG_ADMIN_FILES_H

#include <jansson.h>
#include "admin/rows.h"

/*
 * Kind, owner, mode and presence of everything below the configuration and state directories, and of the
 * directories on the way there; whether the journal can be written. Each fault is a finding. Nothing is
 * changed. Nothing is said of a file of which told() says that there is a finding already; NULL: of none.
 */
typedef bool files_told(const void *arg, const char *path);
void files_look(const struct account_rows *rows, files_told *told, const void *arg);

/*
 * Files and directories of ours whose mode alone is wrong, each {"path", "mode", "right_mode"} (octal
 * digits): what files_look would find. What belongs to somebody else is for a person.
 */
void files_wrong_modes(const struct account_rows *rows, json_t *list);

#endif
