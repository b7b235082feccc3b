/* SPDX-License-Identifier: ISC */
#include "base/msg.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"

void bg_msg_name(char out[8], const struct bg_message *m)
{
    (void)snprintf(out, 8, "BG%03u", m->number % 1000);
}

/* Append `sentence` with its %N filled in; stops silently when out is full. */
static size_t append_filled(char *out, size_t cap, size_t at, const char *sentence, const char *const *args)
{
    size_t given = 0;

    while (args[given] != NULL)
        given++;
    for (const char *p = sentence; *p != '\0' && at + 1 < cap; p++) {
        if (p[0] == '%' && p[1] >= '1' && p[1] <= '4') {
            size_t which = (size_t)(*++p - '1');
            const char *arg = which < given ? args[which] : "?";
            at += bg_text_ascii(out + at, cap - at, arg, strlen(arg));
        } else {
            out[at++] = *p;
        }
    }
    out[at] = '\0';
    return at;
}

size_t bg_msg_text(char *out, size_t cap, const struct bg_message *m, const char *const *args)
{
    char name[8];
    size_t at;

    bg_msg_name(name, m);
    at = append_filled(out, cap, 0, name, BG_NOARGS);
    at = append_filled(out, cap, at, " ", BG_NOARGS);
    return append_filled(out, cap, at, m->what, args);
}

size_t bg_msg_full(char *out, size_t cap, const struct bg_message *m, const char *const *args)
{
    size_t at = bg_msg_text(out, cap, m, args);

    if (*m->next == '\0')
        return at;
    at = append_filled(out, cap, at, " ", BG_NOARGS);
    return append_filled(out, cap, at, m->next, args);
}

const char *bg_msg_digits(char out[24], int64_t n)
{
    (void)snprintf(out, 24, "%lld", (long long)n);
    return out;
}
