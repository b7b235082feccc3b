/* SPDX-License-Identifier: ISC */
/* The rules of breakglass check as the compiler reads them: seven lines a row, id to why. */
#include <stdio.h>

static void part(const char *s)
{
    for (; *s != '\0'; s++)
        (void)putchar(*s == '\n' ? ' ' : *s);
    (void)putchar('\n');
}

int main(void)
{
#define CHECK_RULE(name, id, severity, title, what, means, next, why)                                        \
    part(id);                                                                                                \
    part(#severity);                                                                                         \
    part(title);                                                                                             \
    part(what);                                                                                              \
    part(means);                                                                                             \
    part(next);                                                                                              \
    part(why);
#define CHECK_OURS CHECK_RULE
#include "utils/admin/check/rules.def"
#undef CHECK_OURS
#undef CHECK_RULE
    return fflush(stdout) == 0 ? 0 : 1;
}
