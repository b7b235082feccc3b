/* SPDX-License-Identifier: ISC */
/* The message table as the compiler reads it: four lines an entry, the number and the three parts. */
#include <stdio.h>

/* A line break inside a sentence is a blank here, so that a part is always one line. */
static void part(const char *s)
{
    for (; *s != '\0'; s++)
        (void)putchar(*s == '\n' ? ' ' : *s);
    (void)putchar('\n');
}

int main(void)
{
#define BG_MESSAGE(number, name, what, means, next)                                                          \
    (void)printf("%d\n", number);                                                                            \
    part(what);                                                                                              \
    part(means);                                                                                             \
    part(next);
#include "man/all-messages.def"
#undef BG_MESSAGE
    return fflush(stdout) == 0 ? 0 : 1;
}
