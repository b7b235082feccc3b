/* SPDX-License-Identifier: ISC */
#include "account/fields.h"

#include <string.h>
#include "base/text.h"

bool bg_span_same(struct bg_span a, struct bg_span b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

bool bg_span_is(struct bg_span a, const char *s)
{
    return a.n == strlen(s) && memcmp(a.at, s, a.n) == 0;
}

bool bg_span_line(char **at, const char *end, struct bg_span *line, unsigned *number)
{
    while (*at < end) {
        char *start = *at;
        char *eol = memchr(start, '\n', (size_t)(end - start));
        size_t n = (size_t)((eol == NULL ? end : eol) - start);
        *at = start + n + (eol != NULL);
        (*number)++;
        if (n == 0 || start[0] == '#')
            continue;
        *line = (struct bg_span){start, n};
        return true;
    }
    return false;
}

/* False when there are not exactly `want` fields. */
static bool split(struct bg_span line, struct bg_span *field, size_t want)
{
    char *at = line.at;
    const char *end = line.at + line.n;

    for (size_t i = 0; i < want; i++) {
        char *colon = memchr(at, ':', (size_t)(end - at));
        if ((colon == NULL) != (i == want - 1))
            return false;
        field[i] = (struct bg_span){at, (size_t)((colon == NULL ? end : colon) - at)};
        at = colon == NULL ? at : colon + 1;
    }
    return true;
}

/* Valid UTF-8 without any control character, so no NUL and no CR either. */
static bool clean(struct bg_span s)
{
    uint32_t cp;
    size_t used;

    for (size_t i = 0; i < s.n; i += used)
        if ((used = bg_utf8_next(s.at + i, s.n - i, &cp)) == 0 || bg_text_hostile(cp))
            return false;
    return true;
}

bool bg_span_number(struct bg_span s, uint32_t *out)
{
    uint64_t v = 0;

    if (s.n == 0 || s.n > 10 || (s.n > 1 && s.at[0] == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s.at[i] - '0');
    }
    if (v >= UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool is_name(struct bg_span s)
{
    char name[40];

    if (s.n >= sizeof name)
        return false;
    memcpy(name, s.at, s.n);
    name[s.n] = '\0';
    return strlen(name) == s.n && bg_name_valid(name);
}

/* What editors of other systems leave behind, by name. */
static const char *foreign(struct bg_span line)
{
    if (line.n >= 3 && memcmp(line.at, "\xef\xbb\xbf", 3) == 0)
        return "a byte order mark stands before it";
    return line.n > 0 && line.at[line.n - 1] == '\r' ? "it ends with a carriage return, as on Windows" : NULL;
}

const char *bg_span_fields(struct bg_span line, struct bg_span *field, size_t want, uint32_t *number)
{
    const char *wrong = foreign(line);

    if (wrong != NULL)
        return wrong;
    if (!clean(line))
        return "a control character, a NUL or a byte that is not UTF-8";
    if (!split(line, field, want))
        return "too few or too many fields between colons";
    if (!is_name(field[0]))
        return "not a name of a-z, 0-9, _ and -";
    if (!bg_span_is(field[1], "x"))
        return "the password field is not x";
    if (!bg_span_number(field[2], number))
        return "the id is not a number in range";
    return NULL;
}
