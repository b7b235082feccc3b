/* SPDX-License-Identifier: ISC */
/* What this program changes of itself for its own safety, and what a program that takes its place gets back.
 */
#ifndef BG_ADMIN_CALLER_H
#define BG_ADMIN_CALLER_H

/* First of all: no core files, nothing that others may read, and what was is kept. */
void caller_begin(void);

/* Before an exec: umask and limits as the caller had them. */
void caller_restore(void);

#endif
