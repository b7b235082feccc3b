/* SPDX-License-Identifier: ISC */
#include "base/msg.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"

void bg_msg_name(char out[8], const struct bg_message *m)
{
    if (m->id != NULL)
        (void)snprintf(out, 8, "%s", m->id);
    else
        (void)snprintf(out, 8, "BG%03u", m->number % 10000);
}

/* Copies an argument into out (cap > 0), NUL-ended; the length. */
typedef size_t fill_fn(char *out, size_t cap, const char *arg, size_t n);

/* As it is, cut between two characters. */
static size_t fill_raw(char *out, size_t cap, const char *arg, size_t n)
{
    size_t fit = n < cap ? n : cap - 1;

    while (fit > 0 && fit < n && ((unsigned char)arg[fit] & 0xC0) == 0x80)
        fit--;
    memcpy(out, arg, fit);
    out[fit] = '\0';
    return fit;
}

/* After the number 1: " seconds" is " second". NULL: what comes is not such a word; else what is left of it.
 */
static const char *singular(const char *rest, const char **one)
{
    static const char *const words[][2] = {
        {" seconds", " second"}, {" minutes", " minute"},     {" hours", " hour"},
        {" days", " day"},       {" questions", " question"}, {" events", " event"},
        {" sinks", " sink"},     {" words", " word"},         {" letters", " letter"},
        {" times", " time"},     {" parts", " part"},         {" characters", " character"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i][0]);
        if (strncmp(rest, words[i][0], n) == 0 && (rest[n] < 'a' || rest[n] > 'z')) {
            *one = words[i][1];
            return rest + n;
        }
    }
    return NULL;
}

/* Append `sentence` with its %N filled in; stops silently when out is full. */
static size_t append(char *out, size_t cap, size_t at, const char *sentence, const char *const *args,
                     fill_fn *fill)
{
    size_t given = 0;

    while (args[given] != NULL)
        given++;
    for (const char *p = sentence; *p != '\0' && at + 1 < cap; p++) {
        if (p[0] == '%' && p[1] >= '1' && p[1] <= '4') {
            size_t which = (size_t)(*++p - '1');
            const char *arg = which < given ? args[which] : "?", *one, *left;
            at += fill(out + at, cap - at, arg, strlen(arg));
            if (strcmp(arg, "1") == 0 && (left = singular(p + 1, &one)) != NULL) {
                at += fill_raw(out + at, cap - at, one, strlen(one));
                p = left - 1;
            }
        } else {
            out[at++] = *p;
        }
    }
    out[at] = '\0';
    return at;
}

static size_t number_first(char *out, size_t cap, const struct bg_message *m, const char *const *args,
                           fill_fn *fill)
{
    char name[8];
    size_t at;

    bg_msg_name(name, m);
    at = append(out, cap, 0, name, BG_NOARGS, fill);
    at = append(out, cap, at, " ", BG_NOARGS, fill);
    return append(out, cap, at, m->what, args, fill);
}

static size_t append_next(char *out, size_t cap, size_t at, const struct bg_message *m,
                          const char *const *args, fill_fn *fill)
{
    if (*m->next == '\0')
        return at;
    at = append(out, cap, at, " ", BG_NOARGS, fill);
    return append(out, cap, at, m->next, args, fill);
}

size_t bg_msg_text(char *out, size_t cap, const struct bg_message *m, const char *const *args)
{
    return number_first(out, cap, m, args, bg_text_ascii);
}

size_t bg_msg_full(char *out, size_t cap, const struct bg_message *m, const char *const *args)
{
    return append_next(out, cap, bg_msg_text(out, cap, m, args), m, args, bg_text_ascii);
}

size_t bg_msg_raw(char *out, size_t cap, const struct bg_message *m, const char *const *args)
{
    return number_first(out, cap, m, args, fill_raw);
}

#define NUMBER_ROOM 8 /* " (BG204)" */

size_t bg_msg_say(char *out, size_t cap, const struct bg_message *m, const char *const *args)
{
    size_t room = cap > NUMBER_ROOM ? cap - NUMBER_ROOM : 1, at;
    char name[8];

    bg_msg_name(name, m);
    at = append(out, room, 0, m->what, args, bg_text_clean);
    at = append_next(out, room, at, m, args, bg_text_clean);
    at += (size_t)snprintf(out + at, cap - at, " (%s)", name);
    return at < cap ? at : cap - 1;
}

const char *bg_msg_counted(char out[48], int64_t n, const char *noun)
{
    (void)snprintf(out, 48, "%lld %.24s%s", (long long)n, noun, n == 1 ? "" : "s");
    return out;
}

const char *bg_msg_digits(char out[24], int64_t n)
{
    (void)snprintf(out, 24, "%lld", (long long)n);
    return out;
}
