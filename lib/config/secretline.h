/* SPDX-License-Identifier: ISC */
/* A secret that is one line of a file: a token, a routing key, an address with a token in it. */
#ifndef BG_CONFIG_SECRETLINE_H
#define BG_CONFIG_SECRETLINE_H

#include "base/err.h"

#define BG_SECRET_LINE 512 /* bytes with the NUL */

/*
 * Read it: one line of printable characters, at most BG_SECRET_LINE - 1 bytes, with or without its end, from
 * a file that only its owner can write. BG_E_SYNTAX (also for a blank at its begin or end), BG_E_NOENT,
 * BG_E_UNSAFE, BG_E_IO. The caller wipes it.
 */
BG_MUST_CHECK enum bg_err bg_secret_line(const char *path, char out[BG_SECRET_LINE]);

#endif
