/* SPDX-License-Identifier: ISC */
/* QR codes on a terminal. */
#ifndef BG_CODE_H
#define BG_CODE_H

#include <stdbool.h>
#include <stdio.h>

/* True where it was shown on `to`: this build has QR codes, and that is a UTF-8 terminal. In capitals and
 * digits alone a code is small enough for one. */
bool code_show(FILE *to, const char *text);

#endif
