/* SPDX-License-Identifier: ISC */
/* What "status" finds wrong with the accounts' shells and homes, and with the files and directories of ours.
 */
#ifndef BG_ADMIN_FILES_H
#define BG_ADMIN_FILES_H

#include "admin/rows.h"

/*
 * Kind, owner, mode and presence of everything below the configuration and state directories, and of the
 * directories on the way there; whether the journal can be written. Each fault is a finding. Nothing is
 * changed.
 */
void files_look(const struct account_rows *rows);

/* The shell and the home of one account. */
void files_look_account(const struct account_row *row);

#endif
