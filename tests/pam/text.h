/* SPDX-License-Identifier: ISC */
/* Texts as the scripts write them: \n \r \b \t \\ \OOO (octal), and <x*512> for 512 times the letter x. */
#ifndef BG_TESTS_PAM_TEXT_H
#define BG_TESTS_PAM_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline char unescape(const char **p)
{
    static const char letters[] = "nrbt\\", bytes[] = "\n\r\b\t\\";
    const char *at = strchr(letters, **p);
    char c = 0;

    if (**p != '\0' && at != NULL) {
        (*p)++;
        return bytes[at - letters];
    }
    for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
        c = (char)(c * 8 + *(*p)++ - '0');
    return c;
}

/* Fresh memory, NUL-ended. */
static inline char *spelled(const char *s)
{
    size_t n, at = 0;
    char letter, *out;

    if (sscanf(s, "<%c*%zu>", &letter, &n) == 2) {
        if ((out = malloc(n + 1)) == NULL)
            abort();
        memset(out, letter, n);
        out[n] = '\0';
        return out;
    }
    if ((out = malloc(strlen(s) + 1)) == NULL)
        abort();
    for (const char *p = s; *p != '\0';) {
        if (*p == '\\') {
            p++;
            out[at++] = unescape(&p);
        } else {
            out[at++] = *p++;
        }
    }
    out[at] = '\0';
    return out;
}

#endif
