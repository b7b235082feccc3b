/* SPDX-License-Identifier: ISC */
/* Cards with a secret each, shown one at a time to those who copy them. */
#ifndef BG_ADMIN_PAGES_H
#define BG_ADMIN_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* Print card i (from 0) to standard output. */
typedef enum bg_err (*page_fn)(void *arg, size_t i);

/*
 * All n: on a terminal one at a time, each wiped from screen and scroll-back when Enter is pressed; else with
 * a form feed between them. BG_E_CANCEL when the person gave up (Ctrl-C, end of input); else what print
 * returned.
 */
BG_MUST_CHECK enum bg_err pages_show(page_fn print, void *arg, size_t n);

/*
 * May what was shown or printed be saved? Asked until "save", "discard" or "test" is typed, for a stray Enter
 * must not decide about cards that are written already; "test" calls test(arg) and asks again. ready: "3
 * cards written down"; hint: what a test is. True without a question for --yes, and where nobody can be
 * asked.
 */
bool pages_kept(const char *ready, const char *hint, void (*test)(void *arg), void *arg);

/* Wipe what passes through the buffers of stdio and jansson. Once, before anything secret. */
void pages_mind_buffers(void);

/* A plain file on standard output that others may read is no place for secrets, nor is the terminal of a
 * session that is recorded. False: the finding was shown. */
bool pages_private(void);

#endif
