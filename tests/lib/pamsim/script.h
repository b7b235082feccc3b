/* SPDX-License-Identifier: ISC */
/* What the scripted module's arguments mean: auth=7 setcred=0 acct=25 open=14 close=0 first=0 second=20 id=3.
 */
#ifndef TESTS_PAMSIM_SCRIPT_H
#define TESTS_PAMSIM_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#define SCRIPT_IGNORE 25 /* where nothing is said */

static inline int script_value(int argc, const char *const *argv, const char *name, int otherwise)
{
    size_t n = strlen(name);

    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return atoi(argv[i] + n + 1);
    return otherwise;
}

/* A number for who was called and with which arguments, byte by byte (FNV-1a). */
static inline unsigned script_mark(int argc, const char *const *argv)
{
    unsigned h = 2166136261U;

    for (int i = 0; i < argc; i++)
        for (const char *p = argv[i];; p++) {
            h = (h ^ (unsigned char)*p) * 16777619U;
            if (*p == '\0')
                break;
        }
    return h;
}

#endif
